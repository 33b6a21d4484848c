// ENGINE  api -> [engine] -> stores -> journal -> file
// What two snapshots of a table do not have in common.
#include "shelf/detail/differences.hpp"

#include "engine/snapshots.hpp"
#include "kinds/tree_difference.hpp"
#include "memory/epoch.hpp"

#include <algorithm>
#include <iterator>
#include <vector>

namespace shelf::engine {
namespace {

using detail::entry_difference;
using entries = std::vector<const entry*>;

[[nodiscard]] entry_difference difference_of(const entry* before, const entry* after) {
  const auto* const any = before != nullptr ? before : after;
  entry_difference d{.key = any->key(), .before = {}, .after = {}};
  if (before != nullptr) d.before = before->value();
  if (after != nullptr) d.after = after->value();
  return d;
}

/// The entries of a key in a snapshot, none if there are none.
[[nodiscard]] entries find_in(const table_snapshot& in, bytes key) {
  entries found;
  const memory::epoch_guard guard;
  in.held().find_all(key, in.version(), found);
  return found;
}

/// Adds the difference between the entries that a key has before and after.
void compare_key(entries before, entries after, bool is_bag_kind,
                 std::vector<entry_difference>& to) {
  if (before == after) return;
  if (!is_bag_kind) {
    const auto* const old = before.empty() ? nullptr : before.front();
    const auto* const now = after.empty() ? nullptr : after.front();
    if (old != nullptr && now != nullptr && same_bytes(old->value(), now->value())) return;
    to.push_back(difference_of(old, now));
    return;
  }
  const auto less = [](const entry* a, const entry* b) {
    return as_text(a->value()) < as_text(b->value());
  };
  std::ranges::sort(before, less);
  std::ranges::sort(after, less);
  entries gone;
  entries come;
  std::ranges::set_difference(before, after, std::back_inserter(gone), less);
  std::ranges::set_difference(after, before, std::back_inserter(come), less);
  for (const auto* e : gone) to.push_back(difference_of(e, nullptr));
  for (const auto* e : come) to.push_back(difference_of(nullptr, e));
}

/// Calls f(entries) for each key of a snapshot.
template <class F>
void each_key(const table_snapshot& in, F f) {
  const auto walk = in.held().walk(in.version());
  entries of_key;
  for (auto some = walk->next(); !some.empty(); some = walk->next()) {
    for (const auto* e : some) {
      if (!of_key.empty() && !same_bytes(of_key.front()->key(), e->key())) {
        f(of_key);
        of_key.clear();
      }
      of_key.push_back(e);
    }
  }
  if (!of_key.empty()) f(of_key);
}

/// Looks up each key of one in the other. Unordered.
[[nodiscard]] std::vector<entry_difference> compare_by_key(const table_snapshot& a,
                                                           const table_snapshot& b) {
  std::vector<entry_difference> all;
  const bool of_bag = is_bag(b.what());
  each_key(b, [&](const entries& after) {
    compare_key(find_in(a, after.front()->key()), after, of_bag, all);
  });
  each_key(a, [&](const entries& before) {
    if (find_in(b, before.front()->key()).empty()) compare_key(before, {}, of_bag, all);
  });
  return all;
}

[[nodiscard]] kinds::ordered_version version_of(const table_snapshot& s) {
  return {static_cast<const ordered_contents&>(s.held()), s.version()};
}

}  // namespace
}  // namespace shelf::engine

namespace shelf::detail {

std::vector<entry_difference> find_differences(const snapshot_core& a, const snapshot_core& b) {
  // A core is a snapshot of some table.
  const auto& from = static_cast<const engine::table_snapshot&>(a);
  const auto& to = static_cast<const engine::table_snapshot&>(b);
  if (from.what() != kind::ordered_set) return engine::compare_by_key(from, to);
  std::vector<entry_difference> all;
  kinds::each_difference(engine::version_of(from), engine::version_of(to),
                         [&](const kinds::entry* before, const kinds::entry* after) {
                           all.push_back(engine::difference_of(before, after));
                         });
  return all;
}

}  // namespace shelf::detail
