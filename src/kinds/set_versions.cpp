// KINDS  api -> engine -> [kinds] -> memory -> file
// The hashed kind: what happens to what was replaced, and the list of unsaved changes.
#include "kinds/set_contents.hpp"

#include <cassert>

namespace shelf::kinds {

namespace {

// In the list a save is writing, a word may also say:
constexpr std::uint64_t superseded_bit = 2;  ///< the key has changed since; the newer list has it
constexpr std::uint64_t released_bit = 4;    ///< nobody but the list holds this tombstone

constexpr std::uint64_t reference_bits = ~(superseded_bit | released_bit);

}  // namespace

set_contents::~set_contents() {
  discard();
  for (std::size_t i = 0; i < taken_.size(); ++i) {
    const auto word = taken_.at(i);
    if ((word & released_bit) != 0) entry::destroy(entry_in(word));
  }
  std::uint64_t position = 0;
  bool more = true;
  while (more) more = index_.gather(position, [&](entry_reference r) { free_chain(r); });
}

/// The entry and all that stands behind it; the table is out of sight.
void set_contents::free_chain(entry_reference r) noexcept {
  while (r != 0) {
    version_record* const record = record_of(r);
    const auto previous = record != nullptr ? record->previous.load() : 0;
    if (record != nullptr) memory::blocks::release(record, sizeof(version_record));
    const bool list_has_it =
        taken_.look(entry_in(r)->unsaved_at) == (r | superseded_bit | released_bit);
    if (!list_has_it) entry::destroy(entry_in(r));
    r = previous;
  }
}

bool set_contents::is_listed(entry_reference r) const noexcept {
  const auto at = entry_in(r)->unsaved_at;
  return unsaved_.look(at) == r || taken_.look(at) == r;
}

/// Out of sight. A tombstone that a save is writing stays until the save is over.
void set_contents::retire(entry_reference r) noexcept {
  entry* const e = entry_in(r);
  if (is_tombstone(r) && (taken_.look(e->unsaved_at) & reference_bits) == r) {
    taken_.at(e->unsaved_at) |= released_bit;
    return limbo_.promise();
  }
  limbo_.push(e, e->footprint());
}

/// One change is published and entered in the list: frees what it replaced, now or when no pin
/// wants it.
void set_contents::tidy(const change& c, sequence number,
                        const version_board::held_versions& held) noexcept {
  if (c.record == nullptr) {
    if (is_tombstone(c.now)) drop_if_done(c.now, c.hash);
    return;
  }
  assert(c.record->number.load() == number && c.record->owner == c.now);
  static_cast<void>(number);
  // What stands behind `before` goes first, or with it: see splice.
  if (!held.any_older && record_of(c.before) == nullptr) return settle(c.record, c.hash);
  if (number_of(entry_in(c.before)) > held.newest_older) return splice(c.record);
  waiting_.push(c.record);
}

/// No version that is pinned shows what this record's owner replaced: takes it out of the chain.
void set_contents::splice(version_record* r) noexcept {
  const auto unwanted = r->previous.load(std::memory_order_relaxed);
  version_record* const behind = record_of(unwanted);
  const auto before = behind != nullptr ? behind->previous.load(std::memory_order_relaxed) : 0;
  if (before == 0) return settle(r);
  r->previous.store(before, std::memory_order_release);
  waiting_.remove(behind);
  retire(behind);
  retire(unwanted);
  waiting_.push(r);
}

/// Nobody wants what is behind this record: its owner stands alone.
void set_contents::settle(version_record* r, std::uint64_t hash) noexcept {
  const auto owner = r->owner;
  const auto number = r->number.load(std::memory_order_relaxed);
  assert(number != unpublished && record_of(owner) == r && "published, and the owner's own");
  entry_in(owner)->stamp.store(stamp_of(number), std::memory_order_release);
  retire(r->previous.load(std::memory_order_relaxed));
  retire(r);
  if (is_tombstone(owner)) drop_if_done(owner, hash);
}

/// True if it stopped after `most` of them.
bool set_contents::settle_records(sequence oldest_pin, std::size_t most) noexcept {
  for (auto* r = waiting_.oldest(); r != nullptr; r = waiting_.oldest()) {
    if (r->number.load(std::memory_order_relaxed) > oldest_pin) return false;
    if (most-- == 0) return true;
    if (!limbo_.try_reserve(retired_a_change * (staged_.size() + 2))) return false;
    waiting_.remove(r);
    settle(r);
  }
  return false;
}

/// A tombstone with nothing behind it that no list wants leaves the index. Where something is
/// staged on top of it, it stays until that is published or discarded.
void set_contents::drop_if_done(entry_reference tombstone, std::uint64_t hash) noexcept {
  if (record_of(tombstone) != nullptr || is_listed(tombstone)) return;
  const auto place = index_.find_place(hash, tombstone);
  if (!place) return;
  index_.remove(place);
  retire(tombstone);
}

bool set_contents::collect_some(std::size_t most) noexcept {
  const bool more = settle_records(board_->scan().oldest, most);
  const bool yet_more = limbo_.collect_some(most);
  if (staged_.empty()) limbo_.trim();
  return more || yet_more;
}

// The list of unsaved changes: one place a key.

void set_contents::note_unsaved(const change& c) noexcept {
  entry* const now = entry_in(c.now);
  if (c.before != 0) {
    const auto at = entry_in(c.before)->unsaved_at;
    if (unsaved_.look(at) == c.before) {
      unsaved_.at(at) = c.now;
      now->unsaved_at = at;
      return;
    }
    if (taken_.look(at) == c.before) taken_.at(at) |= superseded_bit;
  }
  now->unsaved_at = unsaved_.push(c.now);
}

std::vector<unsaved_change> set_contents::take_unsaved() {
  assert(taken_.size() == 0 && "one save at a time");
  std::vector<unsaved_change> changes;
  changes.reserve(unsaved_.count());
  for (std::size_t i = 0; i < unsaved_.size(); ++i) {
    const auto word = unsaved_.at(i);
    if (word == 0) continue;
    changes.push_back({is_tombstone(word) ? journal::op::erase : journal::op::put, entry_in(word)});
  }
  taken_.take(unsaved_);
  return changes;
}

void set_contents::settle_unsaved() noexcept {
  for (std::size_t i = 0; i < taken_.size(); ++i) {
    const auto word = taken_.at(i);
    if ((word & released_bit) != 0) release_promised(word);
  }
  // Off the list first: drop_if_done asks whether they are on it.
  unsaved_list settled(held_);
  settled.take(taken_);
  for (std::size_t i = 0; i < settled.size(); ++i) {
    const auto word = settled.at(i);
    if (!is_tombstone(word) || (word & superseded_bit) != 0) continue;
    if (limbo_.try_reserve(retired_a_change * (staged_.size() + 2))) drop_if_done(word, hash(word));
  }
}

void set_contents::return_unsaved() noexcept {
  for (std::size_t i = taken_.size(); i-- > 0;) {
    const auto word = taken_.at(i);
    if ((word & released_bit) != 0) release_promised(word);
    if ((word & superseded_bit) != 0) taken_.make_hole(i);
  }
  unsaved_.join(taken_,
                [](std::uint64_t word, std::uint32_t at) { entry_in(word)->unsaved_at = at; });
}

void set_contents::release_promised(std::uint64_t word) noexcept {
  entry* const e = entry_in(word);
  limbo_.push_promised(e, e->footprint());
}

}  // namespace shelf::kinds
