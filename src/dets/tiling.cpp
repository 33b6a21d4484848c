// DETS  api -> engine -> stores -> [dets] -> file
// A map of the file, one bit for 16 bytes: every bit is taken once.
#include "dets/slot_table.hpp"

#include <algorithm>

namespace shelf::dets_format {
namespace {

constexpr std::uint64_t unit = block_size(smallest_class);

/// The units of the file up to a limit.
class unit_map {
 public:
  explicit unit_map(std::uint64_t limit)
      : units_((limit - body_start) / unit), words_((units_ + 63) / 64) {}

  /// Takes the units [first, last); false if one is taken already.
  bool take(std::uint64_t first, std::uint64_t last) {
    taken_ += last - first;
    while (first < last) {
      const auto bit = first % 64;
      const auto count = std::min<std::uint64_t>(64 - bit, last - first);
      const auto mask = (count == 64 ? ~std::uint64_t{0} : (std::uint64_t{1} << count) - 1) << bit;
      auto& word = words_[first / 64];
      if ((word & mask) != 0) return false;
      word |= mask;
      first += count;
    }
    return true;
  }
  [[nodiscard]] std::uint64_t units() const noexcept { return units_; }
  [[nodiscard]] bool full() const noexcept { return taken_ == units_; }

 private:
  std::uint64_t units_;
  std::uint64_t taken_ = 0;
  std::vector<std::uint64_t> words_;
};

std::string at(std::uint64_t address, std::string_view what) {
  return "byte " + std::to_string(address) + ": " + std::string(what);
}

using stretch = std::pair<std::uint64_t, std::uint64_t>;

/// What is free behind the last thing in use goes on without a gap to where the space ends.
std::string judge_beyond(std::vector<stretch>& beyond, std::uint64_t edge, std::uint64_t limit) {
  std::ranges::sort(beyond);
  for (const auto& [first, last] : beyond) {
    if (first < edge) return at(limit, "free blocks past the end overlap");
    if (first > edge) return at(limit, "space past the end is neither in use nor free");
    edge = last;
  }
  constexpr auto all = block_size(largest_class) / unit;
  return edge >= all ? std::string() : at(limit, "some space past the end is not free");
}

}  // namespace

std::string find_overlap(std::span<const block> used, std::span<const block> free) {
  std::uint64_t limit = body_start;
  for (const auto& b : used) limit = std::max(limit, b.address + block_size(b.k));
  unit_map map(limit);
  std::vector<stretch> beyond;
  const auto add = [&](const block& b, std::string_view twice) -> std::string {
    if (b.address < body_start || (b.address - body_start) % unit != 0) {
      return at(b.address, "a block is at an impossible place");
    }
    const auto first = (b.address - body_start) / unit;
    const auto last = first + block_size(b.k) / unit;
    const auto edge = map.units();
    if (first < edge && !map.take(first, std::min(last, edge))) return at(b.address, twice);
    if (last > edge) beyond.emplace_back(std::max(first, edge), last);
    return {};
  };
  for (const auto& b : used) {
    if (auto wrong = add(b, "two blocks overlap"); !wrong.empty()) return wrong;
  }
  for (const auto& b : free) {
    if (auto wrong = add(b, "a block is both in use and free"); !wrong.empty()) return wrong;
  }
  if (!map.full()) return at(limit, "space before this place is neither in use nor free");
  return judge_beyond(beyond, map.units(), limit);
}

}  // namespace shelf::dets_format
