// ENGINE  api -> [engine] -> stores -> journal -> file
// A table in the turn: what an operation means on top of what is staged, and how that is published.
#include "engine/instance.hpp"
#include "engine/live_table.hpp"
#include "engine/own_writes.hpp"
#include "memory/epoch.hpp"

#include <algorithm>
#include <array>
#include <cassert>
#include <utility>

namespace shelf::engine {
namespace {

/// A batch of more changes gets a group of its own: its room is made ahead, and nobody waits for
/// its decision.
constexpr std::size_t large_batch = 16;

}  // namespace

/// Puts the table on the list of those that publishing will visit.
inline void live_table::touch(group& to) noexcept {
  if (std::exchange(is_touched_, true)) return;
  assert(to.touched.size() < to.touched.capacity() && "there is room for every table");
  to.touched.push_back(this);
}

/// Notes a change that was staged. Its room was made before.
inline void live_table::note(group& to, const journal::change& c) noexcept {
  touch(to);
  ++to.staged;
  if (how_.is_saved) {
    const auto bytes = c.key.size() + c.value.size();
    unsaved_bytes_ += bytes;
    of_.note_unsaved(bytes);
  }
  if (!how_.is_stored) return;
  assert(to.changes.size() < to.changes.capacity());
  to.changes.push_back(c);
}

/// For one change more of the file.
inline void live_table::make_room(group& to) const {
  if (!how_.is_stored || to.changes.size() != to.changes.capacity()) return;
  to.changes.reserve(2 * to.changes.size() + 1);
}

/// Stages an entry and notes it for the file.
inline staging live_table::put(entry::owner& e, std::uint64_t hash, group& to) {
  if (to.needs_care) [[unlikely]]
    return put_with_care(e, hash, to, journal::op::put);
  // Room first: once the entry is staged nothing may fail.
  make_room(to);
  assert(!e->expires() && !draft().has_deadlines() && "who makes deadlines has said so");
  const auto* made = e.get();
  flights_.note_write(made->key());
  const auto s = draft().stage_insert(e, hash);
  if (s.what == staged::unchanged) return s;
  const auto what = is_bag_kind() ? journal::op::append : journal::op::put;
  note(to, {what, 0, id(), made->key(), made->plain_value()});
  return s;
}

/// Stages an erase and notes it for the file.
inline staging live_table::drop(bool whole_key, bytes key, bytes value, group& to) {
  if (to.needs_care) [[unlikely]]
    return drop_with_care(whole_key, key, value, to, 0);
  // Room first, as in put.
  make_room(to);
  flights_.note_write(key);
  const auto s = whole_key ? draft().stage_erase(key) : draft().stage_erase_value(key, value);
  if (s.what == staged::erased) note_erase(whole_key, key, value, to, 0);
  return s;
}

inline void live_table::note_erase(bool whole_key, bytes key, bytes value, group& to,
                                   std::uint8_t cause) noexcept {
  const bool of_pair = !whole_key && is_bag_kind();
  note(to, {of_pair ? journal::op::erase_value : journal::op::erase, cause, id(), key,
            of_pair ? value : bytes{}});
}

/// put for tables with indexes or bounds, or that somebody observes, or whose entries expire;
/// `what` may be expire, of an entry that gets another deadline.
staging live_table::put_with_care(entry::owner& e, std::uint64_t hash, group& to,
                                  journal::op what) {
  draft().fit(e);
  return is_indexed_ ? put_indexed(e, hash, to, what) : put_observed(e, hash, to, what);
}

staging live_table::drop_with_care(bool whole_key, bytes key, bytes value, group& to,
                                   std::uint8_t cause) {
  return is_indexed_ ? drop_indexed(whole_key, key, value, to, cause)
                     : drop_observed(whole_key, key, value, to, cause);
}

/// With a note for observers and for the file, of who wants one.
staging live_table::put_observed(entry::owner& e, std::uint64_t hash, group& to, journal::op what) {
  if (!to.needs_care) return put_expiring(e, hash, to, what);
  if (types_.bounds.is_set()) {
    make_way(*e, is_bag_ ? nullptr : draft().find_staged(e->key(), hash), to);
  }
  noted_change c{.of = this, .key = e->key(), .after = e->value()};
  if (!is_bag_kind() && (to.is_observed || to.keeps_before)) {
    const auto* const there = find_live(e->key(), hash, to);
    if (there != nullptr) c.before = there->value();
  }
  const auto replaced = to.changes.size();
  if (c.before && what == journal::op::put) note_before(to, c.key, *c.before);
  // Another deadline is no other value.
  const bool is_told = to.is_observed && what != journal::op::expire;
  if (is_told) to.noted.push_back(c);
  const auto s = put_expiring(e, hash, to, what);
  if (s.what != staged::unchanged) return s;
  if (is_told) to.noted.pop_back();
  to.changes.resize(replaced);
  return s;
}

/// For the file, if it keeps such: what the next change of the key replaces.
void live_table::note_before(group& to, bytes key, bytes value) const {
  if (!to.keeps_before || !how_.is_stored) return;
  make_room(to);
  const auto what = is_bag_kind() ? journal::op::append : journal::op::put;
  to.changes.push_back({what, journal::flag::before, id(), key, value});
}

/// The same, with a note for observers of each entry that goes.
staging live_table::drop_observed(bool whole_key, bytes key, bytes value, group& to,
                                  std::uint8_t cause) {
  if (!to.needs_care) return drop_expiring(whole_key, key, value, to, cause);
  const auto noted = to.noted.size();
  const auto replaced = to.changes.size();
  const auto note_one = [&](const entry& e) {
    if (!whole_key && !same_bytes(e.value(), value)) return;
    if (whole_key || !is_bag_kind()) note_before(to, e.key(), e.value());
    if (!to.is_observed) return;
    to.noted.push_back({.of = this, .cause = cause_of(cause), .key = e.key(), .before = e.value()});
  };
  if (to.is_observed || to.keeps_before) draft().show_staged(key, note_one);
  const auto s = drop_expiring(whole_key, key, value, to, cause);
  if (s.what != staged::unchanged) return s;
  to.noted.resize(noted);
  to.changes.resize(replaced);
  return s;
}

staging live_table::put_expiring(entry::owner& e, std::uint64_t hash, group& to, journal::op what) {
  make_room(to);
  const auto* made = e.get();
  flights_.note_write(made->key());
  const bool is_there = !draft().has_deadlines() || find_live(made->key(), hash, to) != nullptr;
  auto s = draft().stage_insert(e, hash);
  if (s.what == staged::unchanged) return s;
  if (is_bag_kind()) what = journal::op::append;
  const auto until = made->until();
  const auto value = what == journal::op::expire ? bytes{} : made->value();
  note(to, {what, journal::flags_for(until), id(), made->key(), value, until});
  if (until != no_deadline) of_.note_deadlines();
  if (!is_there) s.what = staged::added;  // what had expired
  return s;
}

staging live_table::drop_expiring(bool whole_key, bytes key, bytes value, group& to,
                                  std::uint8_t cause) {
  make_room(to);
  flights_.note_write(key);
  const bool is_there = !draft().has_deadlines() || find_live(key, to) != nullptr;
  auto s = whole_key ? draft().stage_erase(key) : draft().stage_erase_value(key, value);
  if (s.what != staged::erased) return s;
  if (!is_there) {
    s.erased_count = 0;
    cause = journal::flag::expired;
  }
  note_erase(whole_key, key, value, to, cause);
  return s;
}

namespace {

[[nodiscard]] written outcome_of(staged s) noexcept {
  if (s == staged::unchanged) return written::unchanged;
  return s == staged::added ? written::added : written::replaced;
}

}  // namespace

inline void live_table::stage_entry(operation& op, group& to) {
  if (op.keeps) [[unlikely]]
    keep_deadline(op.made, op.hash, to);
  op.outcome = outcome_of(put(op.made, op.hash, to).what);
}

bool live_table::stage(operation& op, group& to) {
  if (is_special_) [[unlikely]] {
    if (may_refuse_ && !to.empty() && must_be_alone(op)) return false;
    if (is_indexed_ && !to.keeps_indexes) return stage_indexed(op, to);
  }
  using verb = operation::verb;
  assert(owned_ && (op.on == this) &&
         "an operation is staged in its own table, while that is open");
  switch (op.what) {
    case verb::insert: stage_entry(op, to); return true;
    case verb::insert_new:
      if (find_live(op.made->key(), op.hash, to) == nullptr) {
        stage_entry(op, to);
      } else {
        op.failure = error(errc::key_already_present);
      }
      return true;
    case verb::insert_batch:
    case verb::insert_batch_new: return stage_batch(op, to);
    case verb::write: return stage_changes(op, to);
    case verb::erase:
    case verb::erase_value:
      op.count = drop(op.what == verb::erase, op.key, op.value, to).erased_count;
      return true;
    case verb::update_counter: stage_counter(op, to); return true;
    case verb::replace_if: stage_replace_if(op, to); return true;
    case verb::edit: stage_edit(op, to); return true;
    case verb::take: stage_take(op, to); return true;
    case verb::take_end: stage_take_end(op, to); return true;
    case verb::change_same: return stage_same(op, to);
    case verb::touch: stage_touch(op, to); return true;
    case verb::sweep: return stage_sweep(op, to);
    case verb::trim: return stage_trim(op, to);
    case verb::clear: return stage_clear(op, to);
    case verb::commit: return op.commit->stage(op, to);
  }
  std::unreachable();
}

bool live_table::stage_batch(operation& op, group& to) {
  auto& entries = op.entries->entries();
  const bool large = entries.size() > large_batch;
  if (large && !to.empty()) return false;
  if (op.what == operation::verb::insert_batch_new) {
    for (const auto& e : entries) {
      if (find_live(e->key(), to) == nullptr) continue;
      op.failure = error(errc::key_already_present);
      return true;
    }
  }
  assert((!large || to.empty()) && "a large batch has a group of its own");
  if (large) draft().reserve(entries.size());
  to.changes.reserve(to.changes.size() + entries.size());
  constexpr std::size_t ahead = 16;
  std::array<std::uint64_t, ahead> hashes;
  const auto announce = [&](std::size_t i) {
    if (i < entries.size()) hashes[i % ahead] = draft().announce(entries[i]->key());
  };
  for (std::size_t i = 0; i < ahead; ++i) announce(i);
  const bool keeps = op.entries->keeps();
  for (std::size_t i = 0; i < entries.size(); ++i) {
    if (keeps) keep_deadline(entries[i], hashes[i % ahead], to);
    (void)put(entries[i], hashes[i % ahead], to);
    announce(i + ahead);
  }
  return true;
}

bool live_table::stage_changes(operation& op, group& to) {
  const bool large = op.all->changes.size() > large_batch;
  if (large && !to.empty()) return false;
  using verb = detail::change_verb;
  const auto inserts = std::ranges::count(op.all->changes, verb::insert, &batch_change::what);
  if (large) draft().reserve(static_cast<std::size_t>(inserts));
  to.changes.reserve(to.changes.size() + op.all->changes.size());
  auto& counts = op.all->counts;
  for (auto& c : op.all->changes) {
    const auto s = c.what == verb::insert ? put(c.made, draft().announce(c.key), to)
                                          : drop(c.what == verb::erase, c.key, c.value, to);
    counts.added += s.what == staged::added ? 1 : 0;
    counts.replaced += s.what == staged::replaced ? 1 : 0;
    counts.unchanged += s.what == staged::unchanged && c.what == verb::insert ? 1 : 0;
    counts.erased += s.erased_count;
  }
  return true;
}

bool live_table::stage_clear(operation& op, group& to) {
  // What is staged would have to be taken back: it is published first.
  if (is_touched_) return false;
  op.count = owned_->size();
  clear_all(to);
  return true;
}

/// Nothing is staged.
void live_table::clear_all(group& to) {
  to.changes.reserve(to.changes.size() + 1);
  to.noted.reserve(to.noted.size() + 1);
  stage_fresh(make_contents(), table_event::cleared, to);
  fresh_is_clear_ = true;
  if (how_.is_stored) to.changes.push_back({journal::op::clear, 0, id(), {}, {}});
}

void live_table::stage(own_write& w, group& to) {
  using verb = own_write::verb;
  switch (w.what) {
    case verb::put: (void)put(w.made, w.hash, to); break;
    case verb::erase:
    case verb::erase_value:
      (void)drop(w.what == verb::erase, w.made->key(), w.made->value(), to);
      break;
    case verb::clear: clear_all(to); break;
    case verb::add: {
      const auto* there = find_live(w.made->key(), w.hash, to);
      const auto stepped = detail::step_counter(
          there == nullptr ? std::nullopt : std::optional(there->value()), w.step, label());
      assert(stepped && "the steps were tried before");
      const auto term = detail::encode_wide(*stepped);
      const auto until = deadline_after(there, w.step.created, to);
      auto made = entry::make(w.made->key(), term.view(), until);
      (void)put(made, w.hash, to);
      break;
    }
  }
}

void live_table::stage_counter(operation& op, group& to) {
  const auto hash = draft().announce(op.key);
  const auto* there = find_live(op.key, hash, to);
  auto stepped = detail::step_counter(
      there == nullptr ? std::nullopt : std::optional(there->value()), *op.step, label());
  if (!stepped) {
    op.failure = stepped.error();
    return;
  }
  op.counter = *stepped;
  const auto term = detail::encode_wide(*stepped);
  const auto until = deadline_after(there, op.step->created, to);
  auto made = entry::make(op.key, term.view(), until);
  (void)put(made, hash, to);
}

void live_table::stage_replace_if(operation& op, group& to) {
  const auto* there = find_live(op.made->key(), op.hash, to);
  if (there == nullptr) {
    op.failure = error(errc::not_found);
  } else if (!same_bytes(there->value(), op.expected)) {
    op.failure = error(errc::conflict);
  } else {
    if (to.needs_care) [[unlikely]]
      give_deadline(op.made, there->until());
    (void)put(op.made, op.hash, to);
  }
}

void live_table::stage_edit(operation& op, group& to) {
  const auto* there = find_live(op.key, op.hash, to);
  auto& made = to.edited;
  made.clear();
  const auto decided =
      (*op.how)(there == nullptr ? std::nullopt : std::optional(there->value()), made);
  if (!decided) {
    op.failure = decided.error();
  } else if (*decided == detail::edited::put) {
    const auto until = deadline_after(there, *op.created, to);
    auto fresh = make_entry_within(how_.entry_limit, label(), op.key, made, until);
    if (!fresh) {
      op.failure = fresh.error();
      return;
    }
    op.outcome = outcome_of(put(*fresh, op.hash, to).what);
  } else if (*decided == detail::edited::erase) {
    const auto s = drop(true, op.key, {}, to);
    op.outcome = s.erased_count != 0 ? written::replaced : written::unchanged;
  }
}

void live_table::stage_take(operation& op, group& to) {
  draft().show_staged(op.key, [&](const entry& e) {
    const bool is_there = !e.expires() || !e.is_expired(to.now());
    if (is_there) op.to_take->show(e.key(), e.value());
  });
  op.count = drop(true, op.key, {}, to).erased_count;
}

void live_table::stage_take_end(operation& op, group& to) {
  const auto& ordered = static_cast<const ordered_contents&>(draft());
  auto where = translate(op.to_take->end);
  const bool is_first = where == ordered_contents::place::first;
  const auto* there = ordered.seek_staged(where, {});
  while (there != nullptr && there->expires() && there->is_expired(to.now())) {
    where = is_first ? ordered_contents::place::after : ordered_contents::place::before;
    there = ordered.seek_staged(where, there->key());
  }
  if (there == nullptr) {
    op.failure = error(errc::not_found);
    return;
  }
  op.to_take->show(there->key(), there->value());
  // The key's bytes are the entry's, which stays until the group is published or discarded.
  (void)drop(true, there->key(), {}, to);
}

/// The entry, if it is still there: no other can be where one is that a snapshot shows.
const entry* live_table::find_same(const detail::same_entry& e, group& to) const {
  const entry* found = nullptr;
  draft().show_staged(e.key, [&](const entry& there) {
    if (there.value().data() == e.value.data()) found = &there;
  });
  const bool is_gone = found != nullptr && found->expires() && found->is_expired(to.now());
  return is_gone ? nullptr : found;
}

bool live_table::stage_same(operation& op, group& to) {
  auto& all = *op.same;
  if (all.entries.size() > large_batch && !to.empty()) return false;
  op.count = 0;
  for (std::size_t i = 0; i < all.entries.size(); ++i) {
    auto& e = all.entries[i];
    const auto* const there = find_same(e, to);
    e.done = there != nullptr;
    if (!e.done) continue;
    if (e.next) {
      ++op.count;
      give_deadline(all.made[i], there->until());
      (void)put(all.made[i], draft().announce(e.key), to);
    } else {
      // Copies of the pair go with it, and are gone when their turn comes.
      op.count += drop(!is_bag_kind(), e.key, e.value, to).erased_count;
    }
  }
  return true;
}

// --- publishing ----------------------------------------------------------------------------------

void live_table::stage_fresh(std::shared_ptr<contents> fresh, table_event event,
                             group& to) noexcept {
  assert(!fresh_ && owned_->staged_count() == 0);
  flights_.note_clear();
  assert(fresh && fresh != owned_);
  if (how_.is_saved) fresh->track_unsaved(true);
  to.needs_care = to.needs_care || fresh->has_deadlines();
  if (fresh->has_deadlines()) of_.note_deadlines();
  fresh_ = std::move(fresh);
  is_plain_ = false;
  touch(to);
  ++to.staged;
  if (!to.is_observed) return;
  assert(to.noted.size() < to.noted.capacity());
  to.noted.push_back({.of = this, .event = event});
}

}  // namespace shelf::engine
