// TERM  vocabulary of every room
// Whether a term is in canonical form already: what every load asks of every entry.
#include "term/canonical.hpp"
#include "term/order.hpp"
#include "term/reader.hpp"

#include <algorithm>
#include <array>
#include <cstdint>
#include <utility>

namespace shelf::terms {
namespace {

constexpr std::uint64_t longest_string = 65535;

class check {
 public:
  check(bytes input, const term_limits& bounds) noexcept
      : input_(input), in_(input, bounds), bound_(std::min(bounds.nesting, max_nesting)) {}

  bool run() {
    do {
      const head h = in_.next();
      if (!h || !value(h)) return false;
    } while (depth_ > 0);
    return in_.left() == 0;
  }

 private:
  struct container {
    tag what;
    bool only_bytes;          // list: every element so far is one
    std::uint64_t awaited;    // children to come, a list's tail included
    std::uint64_t count;      // list: all its elements
    std::size_t child;        // map: where the current key or value begins
    std::size_t key, value;   // map: where the last complete key begins and ends; 0 if none
    std::size_t start, size;  // fun: where it stands, and how long it says it is
  };

  bool value(const head& h) {
    if (depth_ > 0 && levels_[depth_ - 1].what == tag::list) {
      auto& list = levels_[depth_ - 1];
      if (list.awaited == 1) {
        if (!fits_tail(list, h)) return false;
        --depth_;
      } else {
        list.only_bytes = list.only_bytes && h.what == tag::small_integer;
      }
    }
    if (!canonical_head(h)) return false;
    return h.children > 0 ? enter(h) : complete();
  }

  static bool fits_tail(const container& list, const head& h) noexcept {
    if (h.what == tag::nil) return !list.only_bytes || list.count > longest_string;
    return h.what != tag::list && h.what != tag::string;
  }

  bool enter(const head& h) noexcept {
    if (depth_ >= bound_) return false;
    auto& c = levels_[depth_++];
    c = {.what = h.what,
         .only_bytes = true,
         .awaited = h.children,
         .count = h.children - 1,
         .child = in_.position(),
         .key = 0,
         .value = 0,
         .start = h.start,
         .size = 0};
    if (h.what == tag::new_fun) c.size = load_big<std::uint32_t>(input_.data() + h.body);
    return true;
  }

  bool complete() {
    while (depth_ > 0) {
      auto& c = levels_[depth_ - 1];
      --c.awaited;
      if (c.what == tag::map && !ascends(c)) return false;
      if (c.awaited > 0) return true;
      if (c.what == tag::new_fun && in_.position() - c.start - 1 != c.size) return false;
      --depth_;
    }
    return true;
  }

  bool ascends(container& map) const noexcept {
    const auto begin = std::exchange(map.child, in_.position());
    if (map.awaited % 2 == 0) return true;  // a value
    const auto before = input_.subspan(map.key, map.value - map.key);
    const auto key = input_.subspan(begin, in_.position() - begin);
    map.key = begin;
    map.value = in_.position();
    return before.empty() || compare_exact(before, key) < 0;
  }

  bool canonical_head(const head& h) const {
    const auto content = in_.content(h);
    switch (h.what) {
      case tag::small_integer:
      case tag::new_float:
      case tag::small_tuple:
      case tag::map:
      case tag::nil:
      case tag::binary:
      case tag::small_atom_utf8: return true;
      case tag::atom_utf8: return content.size() > 255;
      case tag::integer: return load_big<std::uint32_t>(content.data()) > 255;
      case tag::small_big:
      case tag::large_big: return canonical_big(h.what, content);
      case tag::string: return !content.empty();
      case tag::list: return h.children > 1;
      case tag::large_tuple: return h.children > 255;
      case tag::bit_binary: return canonical_bits(content);
      case tag::new_pid:
      case tag::newer_reference: return canonical_head(in_.node_of(h));
      case tag::new_port:
      case tag::v4_port: return canonical_port(h);
      case tag::new_fun: return canonical_fun(h);
      case tag::fun_export:
        return std::ranges::all_of(in_.export_of(h),
                                   [&](auto& part) { return canonical_head(part); });
      default: return false;
    }
  }

  static bool canonical_big(tag what, bytes content) noexcept {
    const auto magnitude = content.subspan(1);
    if (magnitude.size() < 4 || magnitude.back() == std::byte{0}) return false;
    if (content[0] > std::byte{1}) return false;
    if ((what == tag::large_big) != (magnitude.size() > 255)) return false;
    if (magnitude.size() > 4) return true;
    std::uint32_t low = 0;
    for (std::size_t i = 0; i < 4; ++i)
      low |= std::to_integer<std::uint32_t>(magnitude[i]) << 8 * i;
    return low > (content[0] == std::byte{1} ? 0x80000000u : 0x7FFFFFFFu);
  }

  static bool canonical_bits(bytes content) noexcept {
    const auto bits = std::to_integer<unsigned>(content[0]);
    return bits >= 1 && bits <= 7 &&
           (std::to_integer<unsigned>(content.back()) & (0xFFu >> bits)) == 0;
  }

  bool canonical_port(const head& h) const {
    const head node = in_.node_of(h);
    const auto* number = input_.data() + node.end;
    const bool small = h.what == tag::new_port ? load_big<std::uint32_t>(number) >> 28 == 0
                                               : load_big<std::uint64_t>(number) >> 28 == 0;
    return canonical_head(node) && small == (h.what == tag::new_port);
  }

  bool canonical_fun(const head& h) const {
    const auto f = in_.fun_of(h);
    const bool size_right =
        h.children > 0 || load_big<std::uint32_t>(input_.data() + h.body) == h.end - h.start - 1;
    return size_right && canonical_head(f.module) && canonical_head(f.creator) &&
           canonical_head(f.old_index_as_read) && canonical_head(f.old_unique_as_read) &&
           f.creator.what == tag::new_pid && f.old_index_as_read.what != tag::small_big &&
           f.old_unique_as_read.what != tag::small_big;
  }

  static_assert(std::is_trivially_default_constructible_v<container>);
  bytes input_;
  reader in_;
  std::size_t bound_;
  std::size_t depth_ = 0;
  std::array<container, max_nesting> levels_;  // left raw: most terms touch little of it
};

}  // namespace

bool is_canonical(bytes input, const term_limits& bounds) {
  return input.size() <= max_term_bytes && check(input, bounds).run();
}

}  // namespace shelf::terms
