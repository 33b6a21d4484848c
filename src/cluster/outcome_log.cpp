// CLUSTER  [cluster] -> api -> engine -> stores -> journal -> file
// Numbers are never given twice, so an outcome is forgotten and never mistaken.
#include "cluster/outcome_log.hpp"

#include <charconv>

namespace shelf::cluster {

std::uint64_t outcome_log::begin(bool is_posted) {
  const std::scoped_lock lock(mutex_);
  ++last_;
  (is_posted ? posted_ : in_doubt_).insert(last_);
  return last_;
}

void outcome_log::resolve(std::uint64_t number, std::optional<error> why) {
  bool is_news = false;
  {
    const std::scoped_lock lock(mutex_);
    const bool was_in_doubt = in_doubt_.erase(number) != 0;
    if (!was_in_doubt && posted_.erase(number) == 0) return;
    is_news = was_in_doubt || why.has_value();
    using state = write_outcome::state;
    const auto is = !why                          ? state::committed
                    : *why == errc::indeterminate ? state::unknown
                                                  : state::rejected;
    known_[number] = {.is = is, .why = std::move(why)};
    in_order_.push_back(number);
    if (in_order_.size() > kept) {
      known_.erase(in_order_.front());
      in_order_.pop_front();
    }
  }
  if (is_news) tell_(number);
}

std::optional<write_outcome> outcome_log::find(std::uint64_t number) const {
  const std::scoped_lock lock(mutex_);
  if (const auto found = known_.find(number); found != known_.end()) return found->second;
  if (posted_.contains(number) || in_doubt_.contains(number)) return write_outcome{};
  return std::nullopt;
}

std::size_t outcome_log::unresolved() const {
  const std::scoped_lock lock(mutex_);
  return in_doubt_.size();
}

std::string_view to_string(write_outcome::state s) noexcept {
  using state = write_outcome::state;
  switch (s) {
    case state::unknown: return "unknown";
    case state::committed: return "committed";
    case state::rejected: return "rejected";
  }
  return "unknown state";
}

std::optional<std::uint64_t> ticket_of(const error& e) {
  constexpr std::string_view mark = ": ticket ";
  const auto text = e.details();
  const auto found = text.rfind(mark);
  if (e != errc::indeterminate || found == text.npos) return std::nullopt;
  std::uint64_t number = 0;
  const auto* const end = text.data() + text.size();
  const auto [stop, failed] = std::from_chars(text.data() + found + mark.size(), end, number);
  if (failed != std::errc() || stop != end) return std::nullopt;
  return number;
}

}  // namespace shelf::cluster
