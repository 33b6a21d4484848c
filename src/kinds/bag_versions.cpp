// KINDS  api -> engine -> [kinds] -> memory -> file
// The bags: publishing, what becomes of the dead, and the list of unsaved changes.
#include "kinds/bag_contents.hpp"

#include <cassert>

namespace shelf::kinds {

namespace {

// What a word of the list of unsaved changes says beside its entry.
constexpr std::uint64_t erase_bit = 1;
constexpr std::uint64_t erase_value_bit = 2;
constexpr std::uint64_t owned_bit = 4;  ///< nobody but the list holds this entry
constexpr std::uint64_t note_bits = erase_bit | erase_value_bit;

entry* entry_of(std::uint64_t word) noexcept {
  return reinterpret_cast<entry*>(word & ~std::uint64_t{7});
}
std::uint64_t word_of(const entry* e) noexcept { return reinterpret_cast<std::uintptr_t>(e); }

journal::op op_of(std::uint64_t word) noexcept {
  if ((word & erase_bit) != 0) return journal::op::erase;
  return (word & erase_value_bit) != 0 ? journal::op::erase_value : journal::op::append;
}

}  // namespace

bag_contents::~bag_contents() {
  discard();
  for (; !deaths_.empty(); deaths_.pop()) entry::destroy(deaths_.front().which);
  free_words(unsaved_);
  free_words(taken_);
  std::uint64_t position = 0;
  bool more = true;
  while (more) {
    more = lists_.gather(position, [&](std::uint64_t reference) { free_list(list_in(reference)); });
  }
}

void bag_contents::free_list(value_list* list) noexcept {
  list->each_slot([](value_slot& slot) {
    if (slot.is_alive()) entry::destroy(slot.get());
    return false;
  });
  for (auto* c = list->first.load(); c != nullptr;) {
    auto* const next = c->next.load();
    memory::blocks::release(c, value_chunk::bytes(c->capacity));
    c = next;
  }
  memory::blocks::release(list, value_list::bytes(list->key_size));
}

void bag_contents::free_words(unsaved_list& words) noexcept {
  for (std::size_t i = 0; i < words.size(); ++i) {
    if ((words.at(i) & owned_bit) != 0) entry::destroy(entry_of(words.at(i)));
  }
}

void bag_contents::stamp(sequence number) noexcept {
  for (const change& c : staged_) {
    if (c.what == change::sort::append) {
      c.slot->get()->stamp.store(number << 1, std::memory_order_release);
    } else if (c.what == change::sort::death) {
      c.slot->died.store(number, std::memory_order_release);
    }
  }
  payload_.set(payload_.value() + static_cast<std::size_t>(payload_change_));
  sizes_.set(number, size_change_, *board_);
}

std::size_t bag_contents::settle(sequence number) noexcept {
  if (track_unsaved_) note_unsaved();
  for (const change& c : staged_) {
    if (c.what != change::sort::death) continue;
    if (c.list->has_pairs) drop_pair(*c.slot);
    ++c.list->unburied;
    deaths_.push({c.list, c.slot->get(), number});
  }
  const std::size_t changes = staged_.size();
  end_batch();
  bury(board_->scan().oldest, ~std::size_t{0});
  limbo_.collect(freed_a_change * changes + 8);
  if (changes > large_batch) {
    deaths_.trim(0);
    limbo_.trim();
  }
  return limbo_.waiting();
}

void bag_contents::end_batch() noexcept {
  constexpr std::size_t kept = 1024;
  staged_.clear();
  if (staged_.capacity() > kept) std::vector<change>().swap(staged_);
  notes_ = 0;
  size_change_ = payload_change_ = 0;
}

void bag_contents::discard() noexcept {
  while (!staged_.empty()) {
    undo(staged_.back());
    staged_.pop_back();
  }
  end_batch();
}

/// Takes back the last change staged.
void bag_contents::undo(const change& c) noexcept {
  if (c.what == change::sort::note) {
    held_.subtract(memory::blocks::rounded(c.note->footprint()));
    return entry::destroy(c.note);
  }
  if (c.what == change::sort::death) {
    c.slot->died.store(still_alive, std::memory_order_release);
    ++c.list->live;
    if (residents_) residents_->take_back(nullptr, c.slot->get());
    return;
  }
  if (c.list->has_pairs) drop_pair(*c.slot);
  entry* const e = c.slot->get();
  if (residents_) residents_->take_back(e, nullptr);
  c.chunk->filled.store(c.chunk->count() - 1, std::memory_order_release);
  c.list->last = c.chunk;
  --c.list->slots;
  --c.list->live;
  retire(e);
  if (c.list->slots == 0) forget(*c.list);
}

void bag_contents::drop_pair(const value_slot& slot) noexcept {
  const auto reference = reference_to(&slot);
  if (const auto place = pairs_.find_place(pairs_owner_.hash(reference), reference)) {
    pairs_.remove(place);
  }
}

// The dead.

/// Frees the entries of the dead that no pin shows, then looks after their lists. True if it
/// stopped after `most` of them.
bool bag_contents::bury(sequence oldest_pin, std::size_t most) noexcept {
  if (!staged_.empty()) return false;  // lists stay as the staged changes know them
  while (!deaths_.empty() && deaths_.front().died <= oldest_pin) {
    if (most-- == 0) return true;
    if (!limbo_.try_reserve(1)) return false;
    const death dead = deaths_.front();
    deaths_.pop();
    const auto word = word_of(dead.which);
    const auto at = dead.which->unsaved_at;
    if (unsaved_.look(at) == word || taken_.look(at) == word) {
      (unsaved_.look(at) == word ? unsaved_ : taken_).at(at) |= owned_bit;
      limbo_.promise();
    } else {
      retire(dead.which);
    }
    if (--dead.list->unburied == 0) tidy(*dead.list);
  }
  return false;
}

/// Forgets a list without values; compacts one that is mostly dead. Where memory is short it stays.
void bag_contents::tidy(value_list& list) noexcept {
  if (!limbo_.try_reserve(list.chunks + 3)) return;
  if (list.live == 0) return forget(list);
  if (list.slots <= 2 * list.live + 8) return;
  try {
    compact(list);
  } catch (const std::bad_alloc&) {
    return;
  }
}

/// Copies the live slots into one chunk and shows that to readers; those in the old chunks stay
/// there.
void bag_contents::compact(value_list& list) {
  assert(staged_.empty() && list.unburied == 0);
  value_chunk* const fresh = make_chunk(list.live + list.live / 4 + 1);
  const bool keep_pairs = list.has_pairs && list.live >= 16;
  std::uint32_t count = 0;
  list.each_slot([&](value_slot& slot) {
    if (!slot.is_alive()) return false;
    auto* const moved = new (fresh->slots() + count++) value_slot;
    moved->which.store(slot.get(), std::memory_order_relaxed);
    if (keep_pairs) {
      const auto place =
          pairs_.find_place(pairs_owner_.hash(reference_to(&slot)), reference_to(&slot));
      assert(place);
      pairs_.replace(place, reference_to(moved));
    } else if (list.has_pairs) {
      drop_pair(slot);
    }
    return false;
  });
  assert(count == list.live);
  fresh->filled.store(count, std::memory_order_relaxed);
  auto* old = list.first.load(std::memory_order_relaxed);
  list.first.store(fresh, std::memory_order_release);
  list.last = fresh;
  list.slots = count;
  list.chunks = 1;
  list.has_pairs = keep_pairs;
  while (old != nullptr) {
    auto* const next = old->next.load(std::memory_order_relaxed);
    limbo_.push(old, value_chunk::bytes(old->capacity));
    old = next;
  }
}

/// Needs room in limbo for its chunks and itself. Its slots hold nothing alive.
void bag_contents::forget(value_list& list) noexcept {
  const auto place = lists_.find_place(hash(reference_to(&list)), reference_to(&list));
  assert(place);
  lists_.remove(place);
  for (auto* c = list.first.load(std::memory_order_relaxed); c != nullptr;) {
    auto* const next = c->next.load(std::memory_order_relaxed);
    limbo_.push(c, value_chunk::bytes(c->capacity));
    c = next;
  }
  limbo_.push(&list, value_list::bytes(list.key_size));
}

bool bag_contents::collect_some(std::size_t most) noexcept {
  const bool more = bury(board_->scan().oldest, most);
  const bool yet_more = limbo_.collect_some(most);
  if (staged_.empty()) {
    deaths_.trim(0);
    limbo_.trim();
  }
  return more || yet_more;
}

// The list of unsaved changes: appends and erases in order.

/// Enters the staged changes. An append that is still in the list when its value is erased leaves
/// it: the erase, later in the list, would undo it, and no other value's place depends on it. If
/// all that an erase hit were such appends, the erase stays out too: then whatever copies were
/// there when the list began have been erased before, by erases the list still has.
void bag_contents::note_unsaved() noexcept {
  bool only_listed = true;
  for (const change& c : staged_) {
    if (c.what == change::sort::append) {
      entry* const e = c.slot->get();
      e->unsaved_at = unsaved_.push(word_of(e));
    } else if (c.what == change::sort::death) {
      const entry* const e = c.slot->get();
      const bool listed = unsaved_.look(e->unsaved_at) == word_of(e);
      if (listed) unsaved_.make_hole(e->unsaved_at);
      only_listed = only_listed && listed;
    } else if (std::exchange(only_listed, true)) {
      held_.subtract(memory::blocks::rounded(c.note->footprint()));
      entry::destroy(c.note);
    } else {
      const auto bit = c.asked == journal::op::erase ? erase_bit : erase_value_bit;
      c.note->unsaved_at = unsaved_.push(word_of(c.note) | bit | owned_bit);
    }
  }
  close_holes();
}

void bag_contents::close_holes() noexcept {
  if (unsaved_.size() <= 2 * unsaved_.count() + 1024) return;
  unsaved_.close_holes(
      [](std::uint64_t word, std::uint32_t at) { entry_of(word)->unsaved_at = at; });
}

std::vector<unsaved_change> bag_contents::take_unsaved() {
  assert(taken_.size() == 0 && "one save at a time");
  std::vector<unsaved_change> changes;
  changes.reserve(unsaved_.count());
  for (std::size_t i = 0; i < unsaved_.size(); ++i) {
    const auto word = unsaved_.at(i);
    if (word != 0) changes.push_back({op_of(word), entry_of(word)});
  }
  taken_.take(unsaved_);
  return changes;
}

void bag_contents::settle_unsaved() noexcept {
  for (std::size_t i = 0; i < taken_.size(); ++i) {
    const auto word = taken_.at(i);
    if ((word & owned_bit) == 0) continue;
    entry* const e = entry_of(word);
    if ((word & note_bits) != 0) {  // no reader has ever seen it
      held_.subtract(memory::blocks::rounded(e->footprint()));
      entry::destroy(e);
    } else {
      limbo_.push_promised(e, e->footprint());
    }
  }
  taken_.clear();
}

void bag_contents::return_unsaved() noexcept {
  unsaved_.join(taken_,
                [](std::uint64_t word, std::uint32_t at) { entry_of(word)->unsaved_at = at; });
}

}  // namespace shelf::kinds
