// KINDS  api -> engine -> [kinds] -> memory -> file
// Queues of a bounded table.
#include "kinds/residents.hpp"

#include "kinds/hash.hpp"
#include "memory/blocks.hpp"

#include <algorithm>
#include <cassert>
#include <utility>

namespace shelf::kinds {
namespace {

constexpr std::size_t smallest_ring = 16;
constexpr std::size_t smallest_ghost_list = 64;

[[nodiscard]] std::uint64_t hash_of_key(const entry& e) noexcept {
  return hash_of_bytes(e.key(), 0);
}

/// The buckets go by all bits, the print by the high ones.
[[nodiscard]] std::uint32_t print_of(std::uint64_t hash) noexcept {
  return std::max<std::uint32_t>(static_cast<std::uint32_t>(hash >> 32), 1);
}

}  // namespace

// --- ghost_list ----------------------------------------------------------------------------------

ghost_list::~ghost_list() { held_.subtract(prints_.capacity() * sizeof(std::uint32_t)); }

void ghost_list::reserve(std::size_t count) {
  if (count <= prints_.size()) return;
  const auto wanted = std::max(count + count / 8, smallest_ghost_list);
  std::vector<std::uint32_t> larger(wanted / ways * ways);
  held_.add(larger.capacity() * sizeof(std::uint32_t));
  held_.subtract(prints_.capacity() * sizeof(std::uint32_t));
  prints_.swap(larger);
}

void ghost_list::add(std::uint64_t hash) noexcept {
  if (prints_.empty()) return;
  auto* const bucket = bucket_of(hash);
  std::shift_right(bucket, bucket + ways, 1);
  *bucket = print_of(hash);
}

bool ghost_list::take(std::uint64_t hash) noexcept {
  if (prints_.empty()) return false;
  auto* const bucket = bucket_of(hash);
  auto* const found = std::find(bucket, bucket + ways, print_of(hash));
  if (found == bucket + ways) return false;
  std::shift_left(found, bucket + ways, 1);
  bucket[ways - 1] = 0;
  return true;
}

// --- entry_ring ----------------------------------------------------------------------------------

entry_ring::~entry_ring() { held_.subtract(slots_.capacity() * sizeof(entry*)); }

void entry_ring::reserve(std::size_t count) {
  const bool is_far_too_large = slots_.size() > 4 * count + smallest_ring;
  if (count <= slots_.size() && !is_far_too_large) return;
  std::vector<entry*> other(std::max(count + count / 16, smallest_ring));
  held_.add(other.capacity() * sizeof(entry*));
  held_.subtract(slots_.capacity() * sizeof(entry*));
  move_to(std::move(other));
}

/// As many slots or more, empty.
void entry_ring::move_to(std::vector<entry*> slots) noexcept {
  assert(slots.size() >= size_);
  std::size_t to = 0;
  for (std::size_t i = 0; i < used_; ++i) {
    auto* const e = slots_[(first_ + i) % slots_.size()];
    if (e == nullptr) continue;
    e->set_place(static_cast<std::uint32_t>(to));
    slots[to++] = e;
  }
  slots_.swap(slots);
  first_ = 0;
  used_ = size_ = to;
}

void entry_ring::close_holes() noexcept {
  const auto capacity = slots_.size();
  std::size_t kept = 0;
  for (std::size_t i = 0; i < used_; ++i) {
    auto& from = slots_[(first_ + i) % capacity];
    if (from == nullptr) continue;
    auto& to = slots_[(first_ + kept) % capacity];
    if (kept != i) to = std::exchange(from, nullptr);
    to->set_place(static_cast<std::uint32_t>((first_ + kept) % capacity));
    ++kept;
  }
  assert(kept == size_);
  used_ = kept;
}

void entry_ring::push(entry* e) noexcept {
  assert(size_ < slots_.size() && "room was made before");
  if (used_ == slots_.size()) close_holes();
  const auto at = (first_ + used_) % slots_.size();
  assert(slots_[at] == nullptr);
  slots_[at] = e;
  e->set_place(static_cast<std::uint32_t>(at));
  ++used_;
  ++size_;
}

void entry_ring::take_out(entry* e) noexcept {
  auto& slot = slots_[e->place()];
  assert(slot == e && "an entry knows its place");
  slot = nullptr;
  --size_;
  while (used_ != 0 && slots_[first_] == nullptr) {
    first_ = (first_ + 1) % slots_.size();
    --used_;
  }
}

void entry_ring::replace(entry* old, entry* now) noexcept {
  auto& slot = slots_[old->place()];
  assert(slot == old && "an entry knows its place");
  slot = now;
  now->set_place(old->place());
}

// --- residents -----------------------------------------------------------------------------------

residents::residents(memory::byte_count& held, std::size_t share, bool orders) noexcept
    : share_(share), orders_(orders), small_(held), main_(held), ghosts_(held) {}

std::size_t residents::bytes_of(const entry& e) const noexcept {
  // A slot of a ring and a print, if there are any.
  return memory::blocks::rounded(e.footprint()) + share_ + (orders_ ? 3 * sizeof(entry*) / 2 : 0);
}

void residents::reserve_one() {
  if (!orders_) return;
  small_.reserve(small_.size() + 1);
  main_.reserve(count_ + 1);
  if (has_evicted_) ghosts_.reserve(count_ + 1);
}

void residents::add(entry* e) noexcept {
  ++count_;
  bytes_ += bytes_of(*e);
  if (!orders_) return;
  assert(e->is_resident() && "made for a table that evicts");
  link(e, !ghosts_.take(hash_of_key(*e)));
}

void residents::replace(entry* old, entry* now) noexcept {
  bytes_ += bytes_of(*now) - bytes_of(*old);
  if (!orders_) return;
  assert(old->has_place() && now->is_resident());
  const bool is_small = old->is_in_small();
  if (is_small) small_bytes_ += bytes_of(*now) - bytes_of(*old);
  (is_small ? small_ : main_).replace(old, now);
  now->set_queue(is_small);
  old->clear_queue();
  now->note_read();
}

void residents::remove(entry* e) noexcept {
  assert(count_ > 0 && bytes_ >= bytes_of(*e));
  --count_;
  bytes_ -= bytes_of(*e);
  if (orders_) unlink(e);
}

void residents::take_back(entry* now, entry* before) noexcept {
  if (now != nullptr && before != nullptr) {
    replace(now, before);
  } else if (now != nullptr) {
    remove(now);
  } else if (before != nullptr) {
    ++count_;
    bytes_ += bytes_of(*before);
    if (orders_) link(before, false);
  }
}

void residents::link(entry* e, bool to_small) noexcept {
  if (to_small) small_bytes_ += bytes_of(*e);
  (to_small ? small_ : main_).push(e);
  e->set_queue(to_small);
}

void residents::unlink(entry* e) noexcept {
  assert(e->has_place());
  const bool is_small = e->is_in_small();
  if (is_small) small_bytes_ -= bytes_of(*e);
  (is_small ? small_ : main_).take_out(e);
  e->clear_queue();
}

/// To the end of a queue.
void residents::move(entry* e, bool to_small) noexcept {
  unlink(e);
  link(e, to_small);
}

/// The first of all is lost: there is room for prints from then on.
void residents::leave_print(const entry& e) noexcept {
  has_evicted_ = true;
  ghosts_.add(hash_of_key(e));
}

}  // namespace shelf::kinds
