// FILE  api -> engine -> stores -> journal -> [file]
// Within the mapped part and the file, or not at all.
#include "file/mapping.hpp"

#include "file/bus_errors.hpp"
#include "file/fetch_early.hpp"

#include <algorithm>

namespace shelf::file {
namespace {

/// Beyond it one call costs less than the faults of all the pages.
constexpr std::size_t largest_copy = std::size_t{64} << 10;

}  // namespace

std::unique_ptr<mapping> mapping::of(system& system, descriptor file, std::uint64_t length,
                                     std::uint64_t end, bool to_write) {
  const auto at = system.map(file, length, to_write);
  if (!at) return nullptr;
  return std::unique_ptr<mapping>(new mapping(system, *at, length, end, to_write));
}

mapping::~mapping() {
  // In a child something else may be there.
  if (!process_.is_of_parent()) system_.unmap(at_, length_);
}

bool mapping::holds(std::uint64_t offset, std::size_t size) const noexcept {
  const auto known = std::min(end(), length_);
  return !process_.is_of_parent() && size <= largest_copy && offset <= known &&
         size <= known - offset;
}

std::optional<std::uint64_t> mapping::growth_for(std::uint64_t offset,
                                                 std::size_t size) const noexcept {
  constexpr std::uint64_t least = std::uint64_t{64} << 10;
  constexpr std::uint64_t most = std::uint64_t{1} << 20;
  const auto end = offset + size;
  if (size > largest_copy || end <= this->end() || end > length_) return {};
  if (!grows_.load(std::memory_order_relaxed)) return {};
  return std::min(end + std::clamp(end / 8, least, most), length_);
}

void mapping::grown_to(std::uint64_t end) noexcept {
  constexpr std::uint64_t page = 4096;
  const auto first = (end_.load(std::memory_order_relaxed) + page - 1) / page * page;
  set_end(end);
  const auto last = end / page * page;
  if (first < last) system_.populate(at_ + first, last - first);
}

void mapping::announce(std::uint64_t offset, std::size_t size) const noexcept {
  if (holds(offset, size)) fetch_early(at_ + offset, size);
}

bool mapping::read(std::uint64_t offset, std::span<std::byte> into) const noexcept {
  if (!holds(offset, into.size())) return false;
  const auto* from = at_ + offset;
  return copy_mapped(into.data(), from, into.size(), from);
}

bool mapping::write(std::uint64_t offset, bytes from) noexcept {
  if (!to_write_ || !holds(offset, from.size())) return false;
  auto* to = at_ + offset;
  return copy_mapped(to, from.data(), from.size(), to);
}

}  // namespace shelf::file
