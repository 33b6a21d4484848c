// ENGINE  api -> [engine] -> stores -> journal -> file
// A run tried on top of what a replica shows, for whoever commits it elsewhere.
#include "engine/transaction_run.hpp"

#include "engine/index_run.hpp"
#include "engine/instance.hpp"

#include <algorithm>
#include <cassert>

namespace shelf::engine {
namespace {

using detail::planned_change;
using detail::planned_read;
using detail::planned_write;

[[nodiscard]] std::vector<std::byte> copy_of(bytes b) { return {b.begin(), b.end()}; }

/// A change that happens whatever is there; none, if what it does depends on that.
[[nodiscard]] std::optional<detail::replica_change::verb> blind_verb(const own_write& w) {
  using change_verb = detail::replica_change::verb;
  const bool is_of_bag = w.on->is_bag_kind();
  switch (w.what) {
    case own_write::verb::put: return is_of_bag ? change_verb::append : change_verb::put;
    case own_write::verb::erase: return change_verb::erase;
    case own_write::verb::erase_value:
      return is_of_bag ? std::optional(change_verb::erase_value) : std::nullopt;
    case own_write::verb::clear: return change_verb::clear;
    case own_write::verb::add: break;
  }
  return std::nullopt;
}

}  // namespace

/// As stage, and the run can be tried again.
bool transaction_run::try_stage(operation& op, group& to, planned_write* into) {
  for (const auto& t : tables_) {
    if (t->on().held() != nullptr) continue;
    op.failure = t->on().labelled(errc::table_closed);
    return true;
  }
  if (must_wait(to)) return false;
  if (!is_valid(to)) {
    op.is_conflict = true;
    return true;
  }
  if (auto why = counters_fail(to)) {
    op.failure = std::move(why);
    return true;
  }
  for (auto& w : log_) {
    if (w.is_void()) continue;
    own_write copy{
        .what = w.what,
        .on = w.on,
        .made = w.made ? entry::make(w.made->key(), w.made->value(), w.made->until()) : nullptr,
        .step = w.step,
        .hash = w.hash};
    const auto before = to.changes.size();
    stage_own(copy, to);
    if (into != nullptr) plan(w, std::span(to.changes).subspan(before), *into);
  }
  return true;
}

void transaction_run::plan(const own_write& w, std::span<const journal::change> staged,
                           planned_write& into) {
  const auto table = w.on->id();
  if (const auto what = blind_verb(w)) {
    if (w.what == own_write::verb::clear) {
      into.is_clear = true;
      into.changes.push_back({.what = *what, .table = table});
      return;
    }
    const bool has_value = w.what != own_write::verb::erase;
    into.changes.push_back({.what = *what,
                            .table = table,
                            .key = copy_of(w.made->key()),
                            .value = has_value ? copy_of(w.made->value()) : kept_bytes{}});
    return;
  }
  using change_verb = detail::replica_change::verb;
  for (const auto& c : staged) {
    const bool is_put = c.what == journal::op::put;
    into.changes.push_back({.what = is_put ? change_verb::put : change_verb::erase,
                            .table = table,
                            .key = copy_of(c.key),
                            .value = is_put ? copy_of(c.value) : kept_bytes{}});
  }
  const auto* const there = w.on->held()->find(w.made->key(), latest);
  into.reads.push_back({.what = planned_read::scope::key,
                        .table = table,
                        .key = copy_of(w.made->key()),
                        .count = there != nullptr ? std::size_t{1} : 0});
}

/// What the run has read, as keys where it was keys, and else as whole tables.
void transaction_run::plan_reads(planned_write& into) const {
  for (const auto& t : tables_) {
    const auto table = t->on().id();
    if (!t->reads().plan_keys(table, into.reads) || t->has_index_reads()) {
      into.reads.push_back({.what = planned_read::scope::table, .table = table});
    }
  }
}

}  // namespace shelf::engine
