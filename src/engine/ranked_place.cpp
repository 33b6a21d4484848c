// ENGINE  api -> [engine] -> stores -> journal -> file
// The places of iterators over ordered ranges: entries are fetched in portions, which grow.
#include "shelf/range.hpp"

#include <algorithm>

namespace shelf::detail {

ranked_place::ranked_place(std::shared_ptr<const snapshot_core> of, rank_extent extent,
                           std::size_t index)
    : of_(std::move(of)), extent_(extent), index_(index) {
  if (index_ == extent_.size()) return;
  fetch(!extent_.is_backward);
  if (has_expired()) skip_forwards();
}

void ranked_place::skip_forwards() {
  while (!is_at_end() && has_expired()) {
    ++index_;
    if (!is_at_end() && !is_at_hand()) fetch(!extent_.is_backward);
  }
}

void ranked_place::skip_back() {
  while (index_ > 0 && has_expired()) {
    --index_;
    if (!is_at_hand()) fetch(extent_.is_backward);
  }
}

void ranked_place::fetch(bool upwards) {
  // Small at first, for those who look at a few entries of a large range.
  constexpr std::size_t first_size = 16;
  constexpr std::size_t largest_size = 256;
  const auto size = portion_ == nullptr
                        ? first_size
                        : std::clamp(4 * portion_->entries.size(), first_size, largest_size);
  const auto at = rank();
  const auto from = upwards ? at : at + 1 - std::min(size, at + 1 - extent_.from);
  const auto to = upwards ? at + std::min(size, extent_.to - at) : at + 1;
  auto fresh = std::make_shared<portion>();
  fresh->first = from;
  fresh->entries.reserve(to - from);
  const auto walk = of_->ranked(from, to);
  for (auto some = walk->next(); !some.empty(); some = walk->next()) {
    fresh->entries.insert(fresh->entries.end(), some.begin(), some.end());
  }
  portion_ = std::move(fresh);
}

}  // namespace shelf::detail
