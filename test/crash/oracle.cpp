// TEST  crash
// The prefix rule.
#include "crash/oracle.hpp"

namespace shelf::crash {

void oracle::happened(std::uint64_t started, const entries& content) {
  may_have_happened(started, content);
  last_ = versions_.size() - 1;
}

void oracle::may_have_happened(std::uint64_t started, const entries& content) {
  versions_.push_back({std::make_shared<entries>(content), digest_of(content), started});
}

void oracle::promise(std::uint64_t at, fall survived) {
  survives_kill_.push_back({at, last_});
  if (survived == fall::power) survives_power_.push_back({at, last_});
}

void oracle::disk_failed(std::uint64_t at) {
  survives_kill_.push_back({at, survives_power_.back().version});
}

std::size_t oracle::floor_at(const std::vector<mark>& marks, std::uint64_t at) {
  std::size_t floor = 0;
  for (const mark& m : marks) {
    if (m.at <= at) floor = m.version;
  }
  return floor;
}

std::vector<oracle::state> oracle::allowed(std::uint64_t at, fall by, bool any_prefix) const {
  const auto& marks = by == fall::kill ? survives_kill_ : survives_power_;
  const std::size_t floor = any_prefix ? 0 : floor_at(marks, at);
  std::vector<state> found;
  for (std::size_t i = floor; i < versions_.size(); ++i) {
    // A call that began at `at` has not written anything yet, but a kill may cut its first write.
    const bool begun =
        i == floor || (by == fall::kill ? versions_[i].started <= at : versions_[i].started < at);
    if (begun) found.push_back(versions_[i]);
  }
  return found;
}

std::string to_text(const std::vector<oracle::state>& states) {
  std::string text;
  for (const auto& s : states) {
    text += text.empty() ? "" : " or ";
    text += s.content ? to_text(*s.content) : "no file";
  }
  return text;
}

}  // namespace shelf::crash
