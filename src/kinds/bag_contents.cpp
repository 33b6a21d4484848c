// KINDS  api -> engine -> [kinds] -> memory -> file
// The bags: lookups, staging, publishing.
#include "kinds/bag_contents.hpp"

#include <algorithm>
#include <cassert>

namespace shelf::kinds {

namespace {

/// From so many slots on a duplicate is looked for in the index of pairs.
constexpr std::size_t long_list = 32;
constexpr std::size_t first_capacity = 2;
constexpr std::size_t largest_growth = 4096;

}  // namespace

bag_contents::bag_contents(const options& o)
    : versioned(o, index_share),
      distinct_(o.what == kind::bag),
      pairs_owner_{o.hash_seed},
      lists_(*this, limbo_, held_),
      pairs_(pairs_owner_, limbo_, held_) {}

// Readers.

value_list* bag_contents::list_of(std::uint64_t hash, const sought_key& key) const noexcept {
  return list_in(
      lists_.find(hash, [&](std::uint64_t other) { return is_key(list_in(other)->key(), key); }));
}

const entry* bag_contents::find(const sought_key& key, sequence at) const noexcept {
  const entry* found = nullptr;
  if (const auto* const list = list_of(hash_of(key, pairs_owner_.seed), key)) {
    list->each_visible(*board_, at, [&](const entry* e) {
      found = e;
      return true;
    });
  }
  return found;
}

void bag_contents::find_many(std::span<const sought_key> keys, std::span<const entry*> found,
                             sequence at) const noexcept {
  assert(keys.size() == found.size());
  for (std::size_t i = 0; i < keys.size(); ++i) found[i] = find(keys[i], at);
}

void bag_contents::find_all(const sought_key& key, sequence at,
                            std::vector<const entry*>& found) const {
  const auto* const list = list_of(hash_of(key, pairs_owner_.seed), key);
  if (list == nullptr) return;
  list->each_visible(*board_, at, [&](const entry* e) {
    found.push_back(e);
    return false;
  });
}

class bag_contents::bag_walker final : public walker {
 public:
  bag_walker(const bag_contents& table, sequence at) : table_(table), at_(at) {}

  /// All that a segment's lists show is gathered at once, pointers only, and handed out in slices.
  std::span<const entry* const> next() override {
    constexpr std::size_t slice = 256;
    if (given_ == buffer_.size()) gather();
    const std::size_t from = given_;
    given_ += std::min(slice, buffer_.size() - from);
    return std::span(buffer_).subspan(from, given_ - from);
  }

 private:
  void gather() {
    buffer_.clear();
    given_ = 0;
    while (buffer_.empty() && more_) {
      const memory::epoch_guard guard;
      more_ = table_.lists_.gather(position_, [&](std::uint64_t reference) {
        list_in(reference)->each_visible(*table_.board_, at_, [&](const entry* e) {
          buffer_.push_back(e);
          return false;
        });
      });
    }
  }

  const bag_contents& table_;
  const sequence at_;
  std::uint64_t position_ = 0;
  bool more_ = true;
  std::vector<const entry*> buffer_;
  std::size_t given_ = 0;
};

std::unique_ptr<walker> bag_contents::walk(sequence at) const {
  return std::make_unique<bag_walker>(*this, at);
}

// Staging: first all that may throw, then the change.

/// After this, staging, publishing and discarding `changes` more need no memory for their
/// book-keeping.
void bag_contents::make_room(std::size_t changes) {
  const std::size_t wanted = staged_.size() + changes;
  if (staged_.capacity() < wanted) staged_.reserve(std::max(wanted, 2 * staged_.capacity()));
  if (track_unsaved_) unsaved_.reserve(wanted, taken_);
  deaths_.reserve(wanted);
  // A discarded append: its entry, and of a new list the list, its chunk and a segment of the
  // index.
  limbo_.reserve(6 * (wanted + 1));
  sizes_.reserve();
}

value_chunk* bag_contents::make_chunk(std::size_t capacity) {
  const std::size_t bytes = value_chunk::bytes(capacity);
  auto* const made = new (memory::blocks::allocate(bytes)) value_chunk;
  made->capacity = static_cast<std::uint32_t>(capacity);
  held_.add(memory::blocks::rounded(bytes));
  return made;
}

value_list* bag_contents::make_list(bytes key) {
  void* const block = memory::blocks::allocate(value_list::bytes(key.size()));
  auto* const made = new (block) value_list;
  held_.add(memory::blocks::rounded(value_list::bytes(key.size())));
  made->key_size = static_cast<std::uint32_t>(key.size());
  if (!key.empty()) {
    std::memcpy(static_cast<std::byte*>(block) + value_list::header_bytes, key.data(), key.size());
  }
  try {
    made->last = make_chunk(first_capacity);
  } catch (...) {
    held_.subtract(memory::blocks::rounded(value_list::bytes(key.size())));
    memory::blocks::release(block, value_list::bytes(key.size()));
    throw;
  }
  made->first.store(made->last, std::memory_order_relaxed);
  made->chunks = 1;
  return made;
}

/// Room for one more slot: a new chunk as large as all before, up to a limit, so that nothing is
/// moved.
void bag_contents::make_room_in(value_list& list) {
  if (!list.last->is_full()) return;
  value_chunk* next = list.last->next.load(std::memory_order_relaxed);
  if (next == nullptr) {
    next = make_chunk(std::min<std::size_t>(std::size_t{list.last->capacity} * 2, largest_growth));
    list.last->next.store(next, std::memory_order_release);
    ++list.chunks;
  }
  list.last = next;  // else it is left from a batch that was discarded
}

/// Puts the values of a list that has grown long into the index of pairs. All or nothing.
void bag_contents::index_pairs(value_list& list) {
  std::vector<value_slot*> entered;
  entered.reserve(list.slots);
  try {
    list.each_slot([&](value_slot& slot) {
      // The dying too: they may be back when the batch is discarded.
      if (slot.died.load(std::memory_order_relaxed) < dying) return false;
      const auto hash = pairs_owner_.hash(reference_to(&slot));
      pairs_.make_room(hash);
      pairs_.insert(hash, reference_to(&slot));
      entered.push_back(&slot);
      return false;
    });
  } catch (...) {
    for (const auto* slot : entered) drop_pair(*slot);
    throw;
  }
  list.has_pairs = true;
}

value_slot* bag_contents::find_live(value_list& list, bytes value) const noexcept {
  value_slot* found = nullptr;
  if (list.has_pairs) {
    const auto hash = pairs_owner_.hash(list.key(), value);
    return slot_in(pairs_.find(hash, [&](std::uint64_t reference) {
      const value_slot& slot = *slot_in(reference);
      return slot.is_alive() && same_bytes(slot.get()->value(), value) &&
             same_bytes(slot.get()->key(), list.key());
    }));
  }
  list.each_slot([&](value_slot& slot) {
    if (!slot.is_alive() || !same_bytes(slot.get()->value(), value)) return false;
    found = &slot;
    return true;
  });
  return found;
}

void bag_contents::count(const entry* e, std::ptrdiff_t sign) noexcept {
  size_change_ += sign;
  payload_change_ += sign * static_cast<std::ptrdiff_t>(e->key().size() + e->value().size());
}

/// Needs room everywhere.
void bag_contents::append(value_list& list, entry::owner e) noexcept {
  value_chunk& chunk = *list.last;
  const auto index = chunk.count();
  assert(index < chunk.capacity);
  auto* const slot = new (chunk.slots() + index) value_slot;
  held_.add(memory::blocks::rounded(e->footprint()));
  count(e.get(), 1);
  if (residents_) residents_->add(e.get());
  e->stamp.store(unpublished << 1, std::memory_order_relaxed);
  slot->which.store(e.release(), std::memory_order_release);
  chunk.filled.store(index + 1, std::memory_order_release);
  ++list.slots;
  ++list.live;
  staged_.push_back({.what = change::sort::append, .list = &list, .chunk = &chunk, .slot = slot});
}

std::uint64_t bag_contents::announce(bytes key) const noexcept {
  const auto hash = hash_of(key, pairs_owner_.seed);
  lists_.prefetch_to_insert(hash);
  return hash;
}

staging bag_contents::stage_insert(entry::owner& e, std::uint64_t hash) {
  assert(hash == hash_of(e->key(), pairs_owner_.seed));
  value_list* list = list_of(hash, e->key());
  if (list != nullptr && distinct_ && find_live(*list, e->value()) != nullptr) {
    return {staged::unchanged};
  }
  if (list == nullptr) {
    lists_.make_room(hash);
    make_room(1);
    list = make_list(e->key());
    lists_.insert(hash, reference_to(list));
    append(*list, std::move(e));
    return {staged::added};
  }
  make_room_in(*list);
  if (distinct_ && !list->has_pairs && list->slots >= long_list) index_pairs(*list);
  const auto pair = list->has_pairs ? pairs_owner_.hash(e->key(), e->value()) : 0;
  if (list->has_pairs) pairs_.make_room(pair);
  make_room(1);
  append(*list, std::move(e));
  if (list->has_pairs) pairs_.insert(pair, reference_to(staged_.back().slot));
  return {staged::added};
}

void bag_contents::stage_death(value_list& list, value_slot& slot) noexcept {
  slot.died.store(dying, std::memory_order_release);
  count(slot.get(), -1);
  if (residents_) residents_->remove(slot.get());
  --list.live;
  staged_.push_back({.what = change::sort::death, .list = &list, .slot = &slot});
}

void bag_contents::stage_note(journal::op asked, entry::owner note) noexcept {
  held_.add(memory::blocks::rounded(note->footprint()));
  staged_.push_back({.what = change::sort::note, .asked = asked, .note = note.release()});
  ++notes_;
}

/// Stages the death of the live slots for which chosen(slot) holds.
template <class Chosen>
staging bag_contents::erase_slots(value_list& list, journal::op asked, bytes value,
                                  const Chosen& chosen) {
  std::size_t erased = 0;
  list.each_slot([&](value_slot& slot) {
    erased += slot.is_alive() && chosen(slot) ? 1u : 0u;
    return erased == list.live;
  });
  if (erased == 0) return {staged::unchanged};
  make_room(erased + 1);
  entry::owner note = track_unsaved_ ? entry::make(list.key(), value) : nullptr;
  std::size_t left = erased;
  list.each_slot([&](value_slot& slot) {
    if (!slot.is_alive() || !chosen(slot)) return false;
    stage_death(list, slot);
    return --left == 0;
  });
  if (note != nullptr) stage_note(asked, std::move(note));
  return {staged::erased, erased};
}

staging bag_contents::stage_erase(bytes key) {
  value_list* const list = list_of(hash_of(key, pairs_owner_.seed), key);
  if (list == nullptr || list->live == 0) return {staged::unchanged};
  return erase_slots(*list, journal::op::erase, {}, [](const value_slot&) { return true; });
}

staging bag_contents::stage_erase_value(bytes key, bytes value) {
  value_list* const list = list_of(hash_of(key, pairs_owner_.seed), key);
  if (list == nullptr || list->live == 0) return {staged::unchanged};
  if (!distinct_) {
    return erase_slots(*list, journal::op::erase_value, value, [&](const value_slot& slot) {
      return same_bytes(slot.get()->value(), value);
    });
  }
  value_slot* const slot = find_live(*list, value);
  if (slot == nullptr) return {staged::unchanged};
  make_room(2);
  entry::owner note = track_unsaved_ ? entry::make(key, value) : nullptr;
  stage_death(*list, *slot);
  if (note != nullptr) stage_note(journal::op::erase_value, std::move(note));
  return {staged::erased, 1};
}

const entry* bag_contents::find_staged(bytes key, std::uint64_t hash) const {
  assert(hash == hash_of(key, pairs_owner_.seed));
  const entry* found = nullptr;
  value_list* const list = list_of(hash, key);
  if (list == nullptr || list->live == 0) return found;
  list->each_slot([&](value_slot& slot) {
    if (slot.is_alive()) found = slot.get();
    return found != nullptr;
  });
  return found;
}

void bag_contents::show_staged(bytes key, detail::function_ref<void(const entry&)> f) const {
  value_list* const list = list_of(announce(key), key);
  if (list == nullptr || list->live == 0) return;
  list->each_slot([&](value_slot& slot) {
    if (slot.is_alive()) f(*slot.get());
    return false;
  });
}

}  // namespace shelf::kinds
