// KINDS  api -> engine -> [kinds] -> memory -> file
// The hashed kind: lookups, staging, publishing.
#include "kinds/set_contents.hpp"

#include <algorithm>
#include <array>
#include <cassert>
#include <cstdint>

namespace shelf::kinds {

namespace {

/// Fetches the rest of an entry while its first line is on the way: where the value stands is known
/// only when that has come, and then it would be waited for a second time.
void fetch_rest(entry_reference r) noexcept {
  // Of no entry too, so this is a number and no pointer until the end; a prefetch never fails.
  const auto first = reinterpret_cast<std::uintptr_t>(entry_in(r));
  __builtin_prefetch(reinterpret_cast<const void*>(first + 64));
  __builtin_prefetch(reinterpret_cast<const void*>(first + 128));
}

bool has_key(entry_reference r, const sought_key& key) noexcept {
  return is_key(entry_in(r)->key(), key);
}

}  // namespace

set_contents::set_contents(const options& o)
    : versioned(o, index_share), seed_(o.hash_seed), index_(*this, limbo_, held_) {}

// Readers.

/// What a version shows of a key: the first of the chain that is not later. What stands behind an
/// entry is taken out of the chain only after the entry was published. So the look at what is
/// behind comes before the look at the number: if that is not published, it was the right one.
entry_reference set_contents::visible(entry_reference r, sequence at) const noexcept {
  while (r != 0) {
    const auto stamp = entry_in(r)->stamp.load(std::memory_order_acquire);
    const version_record* const record = record_in(stamp);
    if (record == nullptr) return stamp >> 1 <= board_->bound(at) ? r : 0;
    const auto behind = record->previous.load(std::memory_order_acquire);
    if (record->number.load(std::memory_order_acquire) <= board_->bound(at)) return r;
    r = behind;
  }
  return 0;
}

const entry* set_contents::find(const sought_key& key, sequence at) const noexcept {
  const auto r = index_.find(hash_of(key, seed_), [&](entry_reference other) {
    fetch_rest(other);
    return has_key(other, key);
  });
  return live_entry_in(visible(r, at));
}

void set_contents::find_many(std::span<const sought_key> keys, std::span<const entry*> found,
                             sequence at) const noexcept {
  assert(keys.size() == found.size());
  constexpr std::size_t batch = 16;
  std::array<std::uint64_t, batch> hashes;
  for (std::size_t from = 0; from < keys.size(); from += batch) {
    const std::size_t count = std::min(batch, keys.size() - from);
    for (std::size_t i = 0; i < count; ++i) {
      hashes[i] = hash_of(keys[from + i], seed_);
      index_.prefetch(hashes[i]);
    }
    for (std::size_t i = 0; i < count; ++i) {
      const auto first = index_.peek(hashes[i]);
      __builtin_prefetch(entry_in(first));
      fetch_rest(first);
    }
    for (std::size_t i = 0; i < count; ++i) {
      const sought_key& key = keys[from + i];
      const auto r =
          index_.find(hashes[i], [&](entry_reference other) { return has_key(other, key); });
      found[from + i] = live_entry_in(visible(r, at));
    }
  }
}

void set_contents::find_all(const sought_key& key, sequence at,
                            std::vector<const entry*>& found) const {
  if (const entry* const e = find(key, at)) found.push_back(e);
}

class set_contents::set_walker final : public walker {
 public:
  set_walker(const set_contents& table, sequence at) : table_(table), at_(at) {}

  std::span<const entry* const> next() override {
    buffer_.clear();
    while (buffer_.empty() && more_) {
      const memory::epoch_guard guard;
      more_ = table_.index_.gather(position_, [&](entry_reference r) {
        const entry* const e = live_entry_in(table_.visible(r, at_));
        if (e != nullptr) buffer_.push_back(e);
      });
    }
    return buffer_;
  }

 private:
  const set_contents& table_;
  const sequence at_;
  std::uint64_t position_ = 0;
  bool more_ = true;
  std::vector<const entry*> buffer_;
};

std::unique_ptr<walker> set_contents::walk(sequence at) const {
  return std::make_unique<set_walker>(*this, at);
}

// Staging.

set_contents::index::place set_contents::place_of(std::uint64_t hash, bytes key) const noexcept {
  return index_.find_place(hash, [&](entry_reference r) {
    fetch_rest(r);
    return has_key(r, key);
  });
}

/// The same, of a key that the operation under way may have looked for before.
set_contents::index::place set_contents::place_again(std::uint64_t hash, bytes key) const noexcept {
  if (index_.remembers(hash)) [[unlikely]] {
    const auto last = index_.recall([&](entry_reference r) { return has_key(r, key); });
    if (last) return last;
  }
  return place_of(hash, key);
}

bool set_contents::is_staged(entry_reference r) const noexcept {
  return !staged_.empty() && number_of(entry_in(r)) == unpublished;
}

/// After this, staging one change more, publishing and discarding need no memory but a record.
void set_contents::make_room_for_one() {
  if (staged_.size() == staged_.capacity()) staged_.reserve(2 * staged_.size() + 8);
  limbo_.reserve(retired_a_change * (staged_.size() + 2));
  sizes_.reserve();
  if (!keeps_lists_) [[likely]]
    return;
  if (track_unsaved_) unsaved_.reserve(staged_.size() + 1, taken_);
  if (residents_) residents_->reserve_one();
}

version_record* set_contents::make_record(entry_reference owner, entry_reference previous) {
  auto* const r = new (memory::blocks::allocate(sizeof(version_record))) version_record;
  held_.add(memory::blocks::rounded(sizeof(version_record)));
  r->previous.store(previous, std::memory_order_relaxed);
  r->owner = owner;
  return r;
}

void set_contents::count(entry_reference gone, entry_reference come) noexcept {
  const auto add = [&](entry_reference r, std::ptrdiff_t sign) {
    if (r == 0 || is_tombstone(r)) return;
    const entry* const e = entry_in(r);
    size_change_ += sign;
    payload_change_ += sign * static_cast<std::ptrdiff_t>(e->key().size() + e->value().size());
  };
  add(gone, -1);
  add(come, 1);
}

/// Null where there is none, as for a tombstone.
void set_contents::note_residents(entry* gone, entry* come) noexcept {
  if (gone != nullptr && come != nullptr) return residents_->replace(gone, come);
  if (gone != nullptr) residents_->remove(gone);
  if (come != nullptr) residents_->add(come);
}

/// Puts an entry into the index, over nothing or over a published one.
void set_contents::stage(index::place place, std::uint64_t hash, entry::owner& e, bool tombstone) {
  const auto now = reference_to(e.get(), tombstone);
  const entry_reference before = place ? place.reference() : 0;
  assert((before == 0 || !is_staged(before)) && "a key is staged once; stage_on_top for the rest");
  if (!place) index_.make_room(hash);
  make_room_for_one();
  expect_deadline(*e, staged_.size() + 1);
  version_record* const record = before != 0 ? make_record(now, before) : nullptr;

  held_.add(memory::blocks::rounded(e->footprint()));
  e->unsaved_at = static_cast<std::uint32_t>(staged_.size());
  e->stamp.store(record != nullptr ? stamp_of(record) : stamp_of(unpublished),
                 std::memory_order_release);
  staged_.push_back({now, before, record, hash});
  count(before, now);
  if (residents_) [[unlikely]]
    note_residents(live_entry_in(before), live_entry_in(now));
  place ? index_.replace(place, now) : index_.insert(hash, now);
  static_cast<void>(e.release());
}

/// Puts an entry into the place of one staged before, which nobody will ever see.
void set_contents::stage_on_top(index::place place, entry::owner& e, bool tombstone) {
  make_room_for_one();
  expect_deadline(*e, staged_.size());
  const auto old = place.reference();
  const auto now = reference_to(e.get(), tombstone);
  change& c = staged_[entry_in(old)->unsaved_at];
  assert(c.now == old && is_staged(old) && "an entry that is staged knows its place");
  held_.add(memory::blocks::rounded(e->footprint()));
  e->unsaved_at = entry_in(old)->unsaved_at;
  e->stamp.store(entry_in(old)->stamp.load(std::memory_order_relaxed), std::memory_order_release);
  if (c.record != nullptr) c.record->owner = now;
  c.now = now;
  count(old, now);
  if (residents_) note_residents(live_entry_in(old), live_entry_in(now));
  index_.replace(place, now);
  retire(old);
  static_cast<void>(e.release());
}

staging set_contents::stage_insert(entry::owner& e, std::uint64_t hash) {
  assert(hash == hash_of(e->key(), seed_));
  const auto place = place_again(hash, e->key());
  if (!place) {
    stage(place, hash, e, false);
    return {staged::added};
  }
  const auto old = place.reference();
  if (!is_tombstone(old) && entry_in(old)->has_same_value(*e)) return {staged::unchanged};
  is_staged(old) ? stage_on_top(place, e, false) : stage(place, hash, e, false);
  return {is_tombstone(old) ? staged::added : staged::replaced};
}

std::uint64_t set_contents::announce(bytes key) const noexcept {
  const auto hash = hash_of(key, seed_);
  index_.prefetch_to_insert(hash);
  return hash;
}

staging set_contents::stage_erase(bytes key) {
  const auto hash = hash_of(key, seed_);
  const auto place = place_again(hash, key);
  if (!place || is_tombstone(place.reference())) return {staged::unchanged};
  const auto old = place.reference();
  auto tombstone = entry::make(key, {});
  is_staged(old) ? stage_on_top(place, tombstone, true) : stage(place, hash, tombstone, true);
  return {staged::erased, 1};
}

staging set_contents::stage_erase_value(bytes key, bytes value) {
  const auto found = find_staged(key);
  if (found == nullptr || !same_bytes(found->value(), value)) return {staged::unchanged};
  return stage_erase(key);
}

const entry* set_contents::find_staged(bytes key, std::uint64_t hash) const {
  assert(hash == hash_of(key, seed_));
  const auto place = place_of(hash, key);
  if (place) index_.remember(place, hash);
  return place ? live_entry_in(place.reference()) : nullptr;
}

// Publishing.

void set_contents::stamp(sequence number) noexcept {
  for (const change& c : staged_) {
    assert((c.before != 0) == (c.record != nullptr) && number_of(entry_in(c.now)) == unpublished);
    if (c.record != nullptr) {
      c.record->number.store(number, std::memory_order_release);
    } else {
      entry_in(c.now)->stamp.store(stamp_of(number), std::memory_order_release);
    }
  }
  payload_.set(payload_.value() + static_cast<std::size_t>(payload_change_));
  sizes_.set(number, size_change_, *board_);
}

std::size_t set_contents::settle(sequence number) noexcept {
  assert(board_->published() >= number && "what it replaced goes once the new is shown");
  const auto held = board_->scan();
  if (track_unsaved_) {
    for (const change& c : staged_) note_unsaved(c);
  }
  if (has_deadlines()) {
    for (const change& c : staged_) relink(live_entry_in(c.before), live_entry_in(c.now));
  }
  for (const change& c : staged_) tidy(c, number, held);
  const std::size_t changes = staged_.size();
  end_batch();
  if (waiting_.oldest() != nullptr) settle_records(held.oldest, ~std::size_t{0});
  limbo_.collect(freed_a_change * changes + 8);
  if (changes > large_batch) limbo_.trim();
  return limbo_.waiting();
}

void set_contents::discard() noexcept {
  for (const change& c : staged_) {
    const auto hash = this->hash(c.now);
    const auto place = index_.find_place(hash, c.now);
    assert(place);
    if (residents_) residents_->take_back(live_entry_in(c.now), live_entry_in(c.before));
    c.before != 0 ? index_.replace(place, c.before) : index_.remove(place);
    retire(c.now);
    if (c.record != nullptr) retire(c.record);
  }
  for (const change& c : staged_) {
    if (is_tombstone(c.before)) drop_if_done(c.before, c.hash);
  }
  end_batch();
}

void set_contents::end_batch() noexcept {
  constexpr std::size_t kept = 1024;
  staged_.clear();
  if (staged_.capacity() > kept) std::vector<change>().swap(staged_);
  size_change_ = payload_change_ = 0;
}

}  // namespace shelf::kinds
