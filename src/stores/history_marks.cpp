// STORES  api -> engine -> [stores] -> journal -> file
// The arithmetic of what is kept.
#include "stores/history_marks.hpp"

#include <algorithm>
#include <utility>

namespace shelf::stores {
namespace {

constexpr std::uint64_t between_moments = 1000;  // ms

}  // namespace

journal::retention history_marks::limits_at(std::uint64_t now) const noexcept {
  const auto age = static_cast<std::uint64_t>(kept_.age.count());
  // A limit from before 1970 is one that everything is within.
  return {.bytes = kept_.bytes, .since = age == 0 ? 0 : now > age ? now - age : 1};
}

void history_marks::begin(const journal::layout& parts,
                          std::vector<journal::time_mark> marks) noexcept {
  const std::scoped_lock lock(mutex_);
  parts_ = parts;
  marks_ = std::move(marks);
}

bool history_marks::is_due(std::uint64_t now) const noexcept {
  // Also if the clock was set back.
  return !last_ || now < *last_ || now - *last_ >= between_moments;
}

void history_marks::note(std::uint64_t now, std::uint64_t at) {
  const std::scoped_lock lock(mutex_);
  journal::add_mark(marks_, {.ms = now, .at = at});
  last_ = now;
}

std::uint64_t history_marks::bytes_at(std::uint64_t now, std::uint64_t end) const {
  if (!are_wanted()) return 0;
  const std::scoped_lock lock(mutex_);
  const auto limits = limits_at(now);
  auto from = parts_.first_end;
  if (limits.since != 0 && !marks_.empty()) {
    const auto young = std::ranges::find_if(
        marks_, [&](const journal::time_mark& m) { return m.ms >= limits.since; });
    if (young != marks_.begin()) from = young == marks_.end() ? end : young->at;
  }
  const auto of_history = parts_.history_end - std::min(from, parts_.history_end);
  const auto behind = std::min(std::max(from, parts_.state_end), end);
  const auto all = of_history + (end - behind);
  return limits.bytes == 0 ? all : std::min(all, limits.bytes);
}

}  // namespace shelf::stores
