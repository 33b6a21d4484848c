// ENGINE  api -> [engine] -> stores -> journal -> file
// Indexes kept: what staging has replaced leaves them, what it has put there enters them.
#include "engine/instance.hpp"
#include "engine/live_table.hpp"
#include "kinds/index_set.hpp"

#include <algorithm>
#include <cassert>
#include <utility>

namespace shelf::engine {

/// Once: writers go by it before their turn.
void live_table::note_functions() noexcept {
  const auto* const all = types_.indexes.get();
  has_functions_ =
      all != nullptr && std::ranges::any_of(*all, &detail::index_definition::calls_program);
  functions_ = has_functions_ ? types_.indexes : nullptr;
  goes_around_ = has_functions_ || of_.is_replica();
}

void live_table::note_indexes() noexcept {
  const auto* const all = types_.indexes.get();
  is_indexed_ = all != nullptr && !all->empty();
  has_unique_ = is_indexed_ && std::ranges::any_of(*all, &detail::index_definition::is_unique);
  is_plain_ = !is_indexed_;
  is_special_ = is_indexed_ || may_refuse_;
}

std::size_t live_table::memory_of(const contents& c) noexcept {
  const auto* const indexes = c.indexes.now();
  return c.memory_bytes() + (indexes != nullptr ? indexes->memory_bytes() : 0);
}

error live_table::clash_error(const detail::index_definition& of) const {
  return error(errc::key_already_present,
               label() + ": " + kinds::in_words(of) + ": another entry has the same key in it");
}

// --- the writer, before its turn -----------------------------------------------------------------

result<> live_table::derive(bytes value, derived_keys& into) const {
  const detail::callback_scope scope(*this);
  auto keys = kinds::derive_function_keys(*functions_, value);
  if (!keys) {
    return std::unexpected(error(keys.error().code(), label() + ": " + keys.error().message()));
  }
  into.add(value, *std::move(keys));
  return {};
}

/// Of a table with function indexes: their keys are made here.
void live_table::submit_with_keys(operation& op) {
  derived_keys keys;
  result<> done;
  const auto add = [&](const entry::owner& e) {
    if (e && done) done = derive(e->value(), keys);
  };
  add(op.made);
  using verb = operation::verb;
  if (op.what == verb::insert_batch || op.what == verb::insert_batch_new) {
    std::ranges::for_each(op.entries->entries(), add);
  } else if (op.what == verb::write) {
    for (const auto& c : op.all->changes) add(c.made);
  } else if (op.what == verb::change_same) {
    std::ranges::for_each(op.same->made, add);
  }
  if (!done) {
    op.failure = done.error();
    return;
  }
  op.derived = &keys;
  of_.wait_for_reservation(*this);
  of_.submit(op);
  while (keys.missing) {
    // The value was made in the turn, of one that was there. It is made again, and if it is the
    // same then, it has its keys.
    const auto value = *std::exchange(keys.missing, std::nullopt);
    if (auto made = derive(value, keys); !made) {
      op.failure = made.error();
      return;
    }
    submit_again(op, keys);
  }
}

/// A verb that makes its value in the turn; nothing was done so far.
void live_table::submit_again(operation& op, derived_keys& keys) {
  assert((op.what == operation::verb::edit || op.what == operation::verb::update_counter) &&
         !op.changed);
  operation next(*this, op.what);
  next.hash = op.hash;
  next.key = op.key;
  if (op.what == operation::verb::edit) {
    next.how = op.how;
  } else {
    next.step = op.step;
  }
  next.created = op.created;
  next.derived = &keys;
  of_.wait_for_reservation(*this);
  of_.submit(next);
  op.outcome = next.outcome;
  op.counter = next.counter;
  op.changed = next.changed;
  op.failure = std::move(next.failure);
}

// --- in the turn ---------------------------------------------------------------------------------

namespace {

/// A clash in the middle undoes the whole operation.
[[nodiscard]] bool is_of_several(operation::verb v) noexcept {
  using verb = operation::verb;
  return v == verb::insert_batch || v == verb::insert_batch_new || v == verb::write ||
         v == verb::change_same;
}

}  // namespace

bool live_table::stage_indexed(operation& op, group& to) {
  assert(draft().indexes && to.derived == nullptr);
  const bool may_undo = has_unique_ && is_of_several(op.what);
  if (may_undo && !to.empty()) return false;
  const auto unsaved = unsaved_bytes_;
  const index_staging now(to, op.derived, false);
  const bool done = stage(op, to);
  if (!to.clash) return done;
  if (may_undo) {
    unstage(to);
    unsaved_bytes_ = unsaved;
  }
  op.failure = *std::exchange(to.clash, std::nullopt);
  return done;
}

/// Nothing but one operation on this table is staged: it is undone.
void live_table::unstage(group& to) noexcept {
  assert(to.touched.empty() || (to.touched.size() == 1 && to.touched.front() == this));
  if (is_touched_) discard();
  to.touched.clear();
  to.changes.clear();
  to.noted.clear();
  to.staged = 0;
}

std::optional<kinds::index_clash> live_table::find_clash(const entry& e, const entry* before,
                                                         const kinds::function_keys* keys,
                                                         group& to) const {
  if (!has_unique_ || to.is_checked) return std::nullopt;
  const auto now = of_.clock().is_needed() ? to.now() : 0;
  return draft().indexes->find_clash(e, before, keys, now, types_.what == kind::bag);
}

/// put, and the items that go and come with it.
staging live_table::put_indexed(entry::owner& e, std::uint64_t hash, group& to, journal::op what) {
  if (to.clash) return {};
  const entry* const made = e.get();
  const entry* const before = is_bag_kind() ? nullptr : draft().find_staged(made->key(), hash);
  const kinds::function_keys* keys = nullptr;
  const bool is_same = before != nullptr && same_bytes(before->value(), made->value());
  if (has_functions_ && !is_same) {
    assert(to.derived != nullptr && "who writes has derived keys");
    keys = to.derived->find(made->value());
    if (keys == nullptr) {
      const auto value = made->value();
      to.derived->missing.emplace(value.begin(), value.end());
      return {};
    }
  }
  if (const auto clash = find_clash(*made, before, keys, to)) {
    to.clash = clash_error((*types_.indexes)[clash->index]);
    return {};
  }
  const auto s = put_observed(e, hash, to, what);
  if (s.what == staged::unchanged) return s;
  auto& indexes = *draft().indexes;
  indexes.add(*made, keys, before);
  if (before != nullptr) indexes.remove(*before);
  return s;
}

/// drop, and the items that go with what it erases.
staging live_table::drop_indexed(bool whole_key, bytes key, bytes value, group& to,
                                 std::uint8_t cause) {
  auto& going = to.going;
  going.clear();
  draft().show_staged(key, [&](const entry& e) {
    if (whole_key || same_bytes(e.value(), value)) going.push_back(&e);
  });
  const auto s = drop_observed(whole_key, key, value, to, cause);
  if (s.what != staged::erased) return s;
  for (const auto* e : going) draft().indexes->remove(*e);
  return s;
}

}  // namespace shelf::engine
