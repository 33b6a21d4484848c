// ENGINE  api -> [engine] -> stores -> journal -> file
// Indexes kept: what staging has replaced leaves them, what it has put there enters them.
#include "engine/instance.hpp"
#include "engine/live_table.hpp"
#include "kinds/index_set.hpp"

#include <algorithm>
#include <cassert>
#include <utility>

namespace shelf::engine {

namespace {

[[nodiscard]] bool calls_program(const detail::index_definitions& all) noexcept {
  return all && std::ranges::any_of(*all, &detail::index_definition::calls_program);
}

}  // namespace

/// Nobody writes by them yet.
void live_table::note_functions() noexcept {
  first_functions_.all = types_.indexes;
  change_functions(calls_program(types_.indexes) ? &first_functions_ : nullptr);
}

void live_table::change_functions(const index_functions* to) noexcept {
  assert(to == nullptr || calls_program(to->all) || calls_program(to->coming));
  functions_.store(to, std::memory_order_release);
  goes_around_.store(to != nullptr || of_.is_replica(), std::memory_order_relaxed);
}

const index_functions* live_table::keep_functions(index_functions of) {
  if (!calls_program(of.all) && !calls_program(of.coming)) return nullptr;
  return later_functions_.emplace_back(std::make_unique<const index_functions>(std::move(of)))
      .get();
}

void live_table::log_changes(std::unique_ptr<kinds::index_log> to) noexcept {
  assert(!is_touched_ && !fresh_ && "between groups");
  log_ = std::move(to);
  note_indexes();
}

void live_table::note_indexes() noexcept {
  const auto* const all = types_.indexes.get();
  const bool has_some = all != nullptr && !all->empty();
  is_indexed_ = has_some || log_ != nullptr;
  has_unique_ = has_some && std::ranges::any_of(*all, &detail::index_definition::is_unique);
  is_plain_ = !is_indexed_;
  is_special_ = is_indexed_ || may_refuse_;
}

std::size_t live_table::memory_of(const contents& c) noexcept {
  const auto* const indexes = c.indexes.now();
  return c.memory_bytes() + (indexes != nullptr ? indexes->memory_bytes() : 0);
}

error live_table::clash_error(const detail::index_definition& of,
                              const kinds::index_clash* clash) const {
  return error(errc::key_already_present,
               label() + ": " + kinds::in_words(of) + ": another entry has the same key in it",
               clash != nullptr ? kinds::in_words(*clash) : std::string());
}

// --- the writer, before its turn -----------------------------------------------------------------

result<> live_table::derive(bytes value, derived_keys& into) const {
  const auto* const by = into.by();
  if (by == nullptr) return {};
  const detail::callback_scope scope(*this);
  derived_keys::one made{.value = {value.begin(), value.end()}, .keys = {}};
  if (by->all) {
    auto keys = kinds::derive_function_keys(*by->all, value);
    if (!keys) {
      return std::unexpected(error(keys.error().code(), label() + ": " + keys.error().message()));
    }
    made.keys = *std::move(keys);
  }
  if (by->coming) made.coming = kinds::derive_coming_keys(*by->coming, value);
  into.add(std::move(made));
  return {};
}

/// Of what an operation brings along.
result<> live_table::derive_all(const operation& op, derived_keys& keys) const {
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
  return done;
}

/// Of a table with function indexes: their keys are made here. Nothing is done in a turn that finds
/// some of them missing, or finds other functions: then it is tried again with what was missing.
void live_table::submit_with_keys(operation& op) {
  do {
    derived_keys keys(functions());
    if (op.is_stale) op.prepare_again();
    auto done = derive_all(op, keys);
    op.derived = &keys;
    while (done) {
      of_.wait_for_reservation(*this);
      of_.submit(op);
      if (!keys.missing) break;
      // The value was made in the turn, of one that was there. It is made again, and if it is the
      // same then, it has its keys.
      const auto value = *std::exchange(keys.missing, std::nullopt);
      done = derive(value, keys);
      if (done) op.prepare_again();
    }
    op.derived = nullptr;
    if (!done) op.failure = done.error();
  } while (op.is_stale);
}

// --- in the turn ---------------------------------------------------------------------------------

namespace {

/// A clash in the middle undoes the whole operation.
[[nodiscard]] bool is_of_several(operation::verb v) noexcept {
  using verb = operation::verb;
  return v == verb::insert_batch || v == verb::insert_batch_new || v == verb::write ||
         v == verb::change_same;
}

/// Puts a value that functions may have to make keys of.
[[nodiscard]] bool puts(const operation& op) noexcept {
  using verb = operation::verb;
  switch (op.what) {
    case verb::insert:
    case verb::insert_new:
    case verb::insert_batch:
    case verb::insert_batch_new:
    case verb::write:
    case verb::update_counter:
    case verb::replace_if:
    case verb::edit:
    case verb::change_same: return true;
    default: return false;
  }
}

}  // namespace

/// Its writer has made no keys, or made them by functions that are not those of now.
bool live_table::is_stale(const operation& op) const noexcept {
  const auto* const now = functions_.load(std::memory_order_relaxed);
  return now != nullptr && puts(op) && (op.derived == nullptr || op.derived->by() != now);
}

bool live_table::stage_indexed(operation& op, group& to) {
  assert((draft().indexes || log_) && to.derived == nullptr);
  if (is_stale(op)) [[unlikely]] {
    op.is_stale = true;
    return true;
  }
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
  const derived_keys::one* keys = nullptr;
  const bool is_same = before != nullptr && same_bytes(before->value(), made->value());
  if (functions_.load(std::memory_order_relaxed) != nullptr && !is_same) {
    assert(to.derived != nullptr && "who writes has derived keys");
    keys = to.derived->find(made->value());
    if (keys == nullptr) {
      const auto value = made->value();
      to.derived->missing.emplace(value.begin(), value.end());
      return {};
    }
  }
  const auto* const known = keys != nullptr ? &keys->keys : nullptr;
  if (const auto clash = find_clash(*made, before, known, to)) {
    to.clash = clash_error((*types_.indexes)[clash->index], &*clash);
    return {};
  }
  const auto s = put_observed(e, hash, to, what);
  if (s.what == staged::unchanged) return s;
  if (auto* const indexes = draft().indexes.now()) {
    indexes->add(*made, known, before);
    if (before != nullptr) indexes->remove(*before);
  }
  if (log_) {
    log_->add(*made, keys != nullptr ? &keys->coming : nullptr, is_same ? before : nullptr);
    if (before != nullptr) log_->remove(*before);
  }
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
  auto* const indexes = draft().indexes.now();
  for (const auto* e : going) {
    if (indexes != nullptr) indexes->remove(*e);
    if (log_) log_->remove(*e);
  }
  return s;
}

}  // namespace shelf::engine
