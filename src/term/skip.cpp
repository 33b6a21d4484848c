// TERM  vocabulary of every room
// Stepping over terms needs only how many are left to step over: no stack.
#include "term/skip.hpp"

#include <cassert>

namespace shelf::terms {
namespace {

const std::byte* behind_atom(const std::byte* at) noexcept {
  const auto name = atom_at(at);
  return name.data() + name.size();
}

}  // namespace

const std::byte* skip(const std::byte* at, std::uint64_t count) noexcept {
  for (; count > 0; --count) {
    switch (static_cast<tag>(*at)) {
      case tag::small_integer: at += 2; break;
      case tag::integer: at += 5; break;
      case tag::new_float: at += 9; break;
      case tag::small_big: at += 3 + std::to_integer<std::size_t>(at[1]); break;
      case tag::large_big: at += 6 + std::size_t{load_big<std::uint32_t>(at + 1)}; break;
      case tag::small_atom_utf8:
      case tag::atom_utf8: at = behind_atom(at); break;
      case tag::newer_reference:
        at = behind_atom(at + 3) + 4 + std::size_t{4} * load_big<std::uint16_t>(at + 1);
        break;
      case tag::new_port: at = behind_atom(at + 1) + 8; break;
      case tag::new_pid:
      case tag::v4_port: at = behind_atom(at + 1) + 12; break;
      case tag::new_fun: at += 1 + std::size_t{load_big<std::uint32_t>(at + 1)}; break;
      case tag::fun_export: at += 1, count += 3; break;
      case tag::before_all:
      case tag::behind_all:
      case tag::nil: at += 1; break;
      case tag::string: at += 3 + std::size_t{load_big<std::uint16_t>(at + 1)}; break;
      case tag::list: {
        const auto c = counted_at(at);
        at = c.first;
        count += c.count + 1;
        break;
      }
      case tag::map: {
        const auto c = counted_at(at);
        at = c.first;
        count += 2 * c.count;
        break;
      }
      case tag::small_tuple:
      case tag::large_tuple: {
        const auto c = counted_at(at);
        at = c.first;
        count += c.count;
        break;
      }
      case tag::binary: at += 5 + std::size_t{load_big<std::uint32_t>(at + 1)}; break;
      case tag::bit_binary: at += 6 + std::size_t{load_big<std::uint32_t>(at + 1)}; break;
      default: assert(false); return at;
    }
  }
  return at;
}

}  // namespace shelf::terms
