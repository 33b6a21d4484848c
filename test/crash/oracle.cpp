// TEST  crash
// The prefix rule.
#include "crash/oracle.hpp"

#include "stores/capabilities.hpp"

#include <algorithm>
#include <set>

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
  survives_kill_.push_back({at, survives_power_.back().version, true});
}

const oracle::mark& oracle::last_at(const std::vector<mark>& marks, std::uint64_t at) {
  const mark* last = &marks.front();
  for (const mark& m : marks) {
    if (m.at <= at) last = &m;
  }
  return *last;
}

bool oracle::in_doubt(std::uint64_t at) const { return last_at(survives_kill_, at).in_doubt; }

std::vector<oracle::state> oracle::allowed(std::uint64_t at, fall by, bool any_prefix) const {
  const auto& marks = by == fall::kill ? survives_kill_ : survives_power_;
  const std::size_t floor = any_prefix ? 0 : last_at(marks, at).version;
  std::vector<state> found;
  for (std::size_t i = floor; i < versions_.size(); ++i) {
    // A call that began at `at` has not written anything yet, but a kill may cut its first write.
    const bool begun =
        i == floor || (by == fall::kill ? versions_[i].started <= at : versions_[i].started < at);
    if (begun) found.push_back(versions_[i]);
  }
  return found;
}

bool is_loose(file_format format, write_mode mode, fall by, bool in_doubt) noexcept {
  return mode == write_mode::through && (by == fall::power || in_doubt) &&
         !stores::keeps(format, stores::capability::prefix_after_power_cut);
}

bool holds_what_all_share(const entries& found, const std::vector<oracle::state>& allowed) {
  const auto values_in = [](const entries* all, std::int64_t key) {
    const auto at = all == nullptr ? entries::const_iterator() : all->find(key);
    return all == nullptr || at == all->end() ? std::vector<std::string>() : at->second;
  };
  std::set<std::int64_t> keys;
  for (const auto& [key, values] : found) keys.insert(key);
  for (const auto& s : allowed) {
    if (!s.content) continue;
    for (const auto& [key, values] : *s.content) keys.insert(key);
  }
  return std::ranges::all_of(keys, [&](std::int64_t key) {
    const auto first = values_in(allowed.front().content.get(), key);
    const bool shared = std::ranges::all_of(
        allowed, [&](const oracle::state& s) { return values_in(s.content.get(), key) == first; });
    return !shared || values_in(&found, key) == first;
  });
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
