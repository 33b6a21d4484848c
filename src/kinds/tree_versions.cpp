// KINDS  api -> engine -> [kinds] -> memory -> file
// The ordered kind: publishing, the chain of versions, the list of unsaved changes.
#include "kinds/tree_contents.hpp"

#include <cassert>

namespace shelf::kinds {

namespace {

// A word of the list of unsaved changes is a reference to an entry or to a tombstone, and in the
// list a save is writing it may also say:
constexpr std::uint64_t superseded_bit = 2;  ///< the key has changed since; the newer list has it

}  // namespace

tree_contents::~tree_contents() {
  discard();
  for (auto* v = newest_.load(); v != nullptr;) {
    while (v->dead != nullptr) free_mortal(std::exchange(v->dead, v->dead->next));
    version* const older = v->older.load();
    memory::blocks::release(v, sizeof(version));
    v = older;
  }
  if (next_ != nullptr) memory::blocks::release(next_, sizeof(version));
  free_tree(draft_.root());
  for (const auto* list : {&unsaved_, &taken_}) {
    for (std::size_t i = 0; i < list->size(); ++i) {
      if (is_tombstone(list->at(i))) entry::destroy(entry_in(list->at(i)));
    }
  }
}

void tree_contents::free_tree(tree_node* n) noexcept {
  if (n == nullptr) return;
  for (std::size_t i = 0; i < n->count; ++i) {
    n->is_leaf() ? entry::destroy(n->entries[i]) : free_tree(as_branch(n)->children[i]);
  }
  memory::blocks::release(n, tree_draft::block_bytes(*n));
}

/// Frees what was the last to know it; the table is out of sight.
void tree_contents::free_mortal(mortal* m) noexcept {
  if (m->what == mortal::sort::replaced_entry) {
    entry::destroy(static_cast<replaced_entry*>(m)->which);
  }
  memory::blocks::release(m, tree_draft::block_bytes(*m));
}

void tree_contents::stamp(sequence number) noexcept {
  for (const change& c : staged_) {
    assert((c.now == nullptr || is_staged(c.now)) && "stamped once");
    if (c.now != nullptr) c.now->stamp.store(stamp_of(number), std::memory_order_release);
  }
  payload_.set(payload_.value() + static_cast<std::size_t>(payload_change_));
  // Before the new version is shown: after it, what the changes replaced may be freed.
  for (change& c : staged_) note_unsaved(c);
  if (!staged_.empty()) show(number);
  sizes_.set(number, size_change_, *board_);
}

std::size_t tree_contents::settle(sequence number) noexcept {
  assert(board_->published() >= number && "what it replaced goes once the new is shown");
  if (has_deadlines()) {
    for (const change& c : staged_) relink(c.before, c.now);
  }
  if (!staged_.empty()) bury_replaced(number);
  const std::size_t changes = staged_.size();
  end_batch();
  const std::size_t unpins = board_->unpin_count();
  sweep(unpins != std::exchange(unpins_seen_, unpins), ~std::size_t{0});
  limbo_.collect(4 * freed_a_change * changes + 8);
  if (changes > large_batch) limbo_.trim();
  return limbo_.waiting();
}

/// The draft becomes the newest version of the chain, for the board to show.
void tree_contents::show(sequence number) noexcept {
  version* const before = newest_.load(std::memory_order_relaxed);
  version* const now = std::exchange(next_, nullptr);
  assert(now != nullptr && "staging made it");
  assert((before == nullptr || before->number.load() < number) && "the newest comes first");
  now->number.store(number, std::memory_order_relaxed);
  now->root = draft_.root();
  now->older.store(before, std::memory_order_relaxed);
  newest_.store(now, std::memory_order_release);
}

/// What the newest version no longer has is the dead of the one before.
void tree_contents::bury_replaced(sequence number) noexcept {
  version* const before =
      newest_.load(std::memory_order_relaxed)->older.load(std::memory_order_relaxed);
  for (auto* n : draft_.left()) bury(n, before);
  for (const change& c : staged_) {
    if (c.corpse != nullptr) bury(c.corpse, before);
  }
  draft_.publish(number);
}

/// `last_owner` is the newest version that had it, as far as the chain goes.
void tree_contents::bury(mortal* m, version* last_owner) noexcept {
  if (last_owner != nullptr && m->born <= last_owner->number.load(std::memory_order_relaxed)) {
    m->next = std::exchange(last_owner->dead, m);
    return;
  }
  if (m->what != mortal::sort::replaced_entry) return limbo_.push(m, tree_draft::block_bytes(*m));
  entry* const e = static_cast<replaced_entry*>(m)->which;
  limbo_.push(e, e->footprint());
  held_.subtract(
      memory::blocks::rounded(sizeof(replaced_entry)));  // no reader has ever seen the corpse
  memory::blocks::release(m, sizeof(replaced_entry));
}

/// Hands the dead of a version that nobody shows any more to the one before it. False if `most` of
/// them, or the memory there is, did not reach.
bool tree_contents::release_dead(version& v, std::size_t& most) noexcept {
  version* const older = v.older.load(std::memory_order_relaxed);
  while (v.dead != nullptr) {
    if (most == 0 || !limbo_.try_reserve(2)) return false;
    --most;
    mortal* const m = v.dead;
    v.dead = m->next;
    bury(m, older);
  }
  return true;
}

/// Takes versions that no pin shows out of the chain: the one before the newest, or all. True if it
/// stopped after `most` of what they had.
bool tree_contents::sweep(bool all, std::size_t most) noexcept {
  if (!staged_.empty()) return false;  // the room in limbo belongs to what is staged
  version* newer = newest_.load(std::memory_order_relaxed);
  version* v = newer->older.load(std::memory_order_relaxed);
  while (v != nullptr) {
    version* const older = v->older.load(std::memory_order_relaxed);
    const sequence until = newer->number.load(std::memory_order_relaxed);
    if (board_->any_pin_in(v->number.load(std::memory_order_relaxed), until)) {
      newer = v;
    } else {
      if (!release_dead(*v, most) || !limbo_.try_reserve(1)) return most == 0;
      newer->older.store(older, std::memory_order_release);
      limbo_.push(v, sizeof(version));
    }
    if (!all) return false;
    v = older;
  }
  return false;
}

bool tree_contents::collect_some(std::size_t most) noexcept {
  const bool more = sweep(true, most);
  const bool yet_more = limbo_.collect_some(most);
  if (staged_.empty()) limbo_.trim();
  return more || yet_more;
}

// The list of unsaved changes: one place a key.

/// Enters `now` where `before` stood, or at the end.
void tree_contents::list_in_place_of(entry* before, entry* now, bool tombstone) noexcept {
  const auto word = reference_to(now, tombstone);
  const auto old = reference_to(before);
  if (before != nullptr && unsaved_.look(before->unsaved_at) == old) {
    now->unsaved_at = before->unsaved_at;
    unsaved_.at(now->unsaved_at) = word;
    return;
  }
  if (before != nullptr && taken_.look(before->unsaved_at) == old) {
    taken_.at(before->unsaved_at) |= superseded_bit;
  }
  now->unsaved_at = unsaved_.push(word);
}

void tree_contents::note_unsaved(change& c) noexcept {
  if (!track_unsaved_ || (c.now == nullptr && !c.tombstone)) return;
  if (c.tombstone) {
    list_in_place_of(c.before, c.tombstone.value(), true);
    tombstones_.insert(std::move(c.tombstone));
    return;
  }
  if (c.before == nullptr) {
    // A key that was erased since the last save takes the place of its tombstone.
    if (const auto grave = tombstones_.find(c.now); grave != tombstones_.end()) {
      entry* const tombstone = *grave;
      tombstones_.erase(grave);
      c.now->unsaved_at = tombstone->unsaved_at;
      unsaved_.at(c.now->unsaved_at) = reference_to(c.now);
      return destroy(tombstone);
    }
    if (const auto grave = taken_tombstones_.find(c.now); grave != taken_tombstones_.end()) {
      taken_.at((*grave)->unsaved_at) |= superseded_bit;
      taken_tombstones_.erase(grave);
    }
  }
  list_in_place_of(c.before, c.now, false);
}

std::vector<unsaved_change> tree_contents::take_unsaved() {
  assert(taken_.size() == 0 && "one save at a time");
  std::vector<unsaved_change> changes;
  changes.reserve(unsaved_.count());
  for (std::size_t i = 0; i < unsaved_.size(); ++i) {
    const auto word = unsaved_.at(i);
    if (word == 0) continue;
    changes.push_back({is_tombstone(word) ? journal::op::erase : journal::op::put, entry_in(word)});
  }
  taken_.take(unsaved_);
  taken_tombstones_.swap(tombstones_);
  return changes;
}

void tree_contents::settle_unsaved() noexcept {
  taken_tombstones_.clear();
  for (std::size_t i = 0; i < taken_.size(); ++i) {
    if (is_tombstone(taken_.at(i))) destroy(entry_in(taken_.at(i)));
  }
  taken_.clear();
}

void tree_contents::return_unsaved() noexcept {
  for (std::size_t i = taken_.size(); i-- > 0;) {
    const auto word = taken_.at(i);
    if ((word & superseded_bit) == 0) continue;
    if (is_tombstone(word)) destroy(entry_in(word));
    taken_.make_hole(i);
  }
  unsaved_.join(taken_,
                [](std::uint64_t word, std::uint32_t at) { entry_in(word)->unsaved_at = at; });
  tombstones_.merge(taken_tombstones_);
  assert(taken_tombstones_.empty());
}

}  // namespace shelf::kinds
