// KINDS  api -> engine -> [kinds] -> memory -> file
// Publishing and pinning without a lock.
#include "kinds/versions.hpp"

#include <cassert>
#include <memory>

namespace shelf::kinds {

version_board::~version_board() {
  assert(pin_count() == 0 && "a pin outlives its table");
  for (auto* c = first_.next.load(); c != nullptr;) {
    const std::unique_ptr<chunk> last(c);
    c = c->next.load();
  }
}

void version_board::publish(sequence number, std::size_t size) noexcept {
  assert(number > published() && number < unpublished);
  auto& next = sizes_[current_ ^ 1];
  next.number.store(nobody, std::memory_order_release);  // nobody wants it: two versions back
  next.size.store(size, std::memory_order_release);
  next.number.store(number, std::memory_order_release);
  current_ ^= 1;
  published_.store(number, std::memory_order_seq_cst);
}

std::size_t version_board::size() const noexcept {
  for (;;) {
    const sequence wanted = published();
    std::size_t size = 0;
    // The place may have been filled anew while it was read; then two versions came meanwhile.
    if (read_size(wanted, size) && published() == wanted) return size;
  }
}

bool version_board::read_size(sequence number, std::size_t& size) const noexcept {
  for (const auto& one : sizes_) {
    if (one.number.load(std::memory_order_acquire) != number) continue;
    size = one.size.load(std::memory_order_acquire);
    return true;
  }
  return false;
}

std::atomic<sequence>* version_board::claim(sequence wanted, std::size_t& index) {
  index = 0;
  for (chunk* c = &first_;;) {
    for (auto& slot : c->at) {
      auto expected = nobody;
      if (slot.load(std::memory_order_relaxed) == nobody &&
          slot.compare_exchange_strong(expected, wanted, std::memory_order_seq_cst)) {
        return &slot;
      }
      ++index;
    }
    chunk* next = c->next.load(std::memory_order_acquire);
    if (next == nullptr) {
      auto fresh = std::make_unique<chunk>();
      if (c->next.compare_exchange_strong(next, fresh.get(), std::memory_order_acq_rel)) {
        next = fresh.release();
      }
    }
    c = next;
  }
}

contents::pinned version_board::pin() {
  pins_.fetch_add(1, std::memory_order_seq_cst);  // before the look at published_: see scan()
  contents::pinned got;
  sequence wanted = published_.load(std::memory_order_seq_cst);
  std::atomic<sequence>* slot = nullptr;
  try {
    slot = claim(wanted, got.slot);
  } catch (...) {
    pins_.fetch_sub(1, std::memory_order_release);
    throw;
  }
  for (;;) {
    const bool sized = read_size(wanted, got.size);
    const sequence seen = published_.load(std::memory_order_seq_cst);
    if (seen == wanted && sized) break;
    wanted = seen;
    slot->store(wanted, std::memory_order_seq_cst);
  }
  got.at = wanted;
  return got;
}

void version_board::unpin(std::size_t slot) noexcept {
  chunk* c = &first_;
  for (; slot >= per_chunk; slot -= per_chunk) c = c->next.load(std::memory_order_acquire);
  assert(c->at[slot].load() != nobody);
  c->at[slot].store(nobody, std::memory_order_release);
  unpins_.fetch_add(1, std::memory_order_release);
  pins_.fetch_sub(1, std::memory_order_release);
}

version_board::held_versions version_board::scan() const noexcept {
  held_versions held;
  if (pins_.load(std::memory_order_seq_cst) == 0) return held;
  const sequence newest = published();
  for (const chunk* c = &first_; c != nullptr; c = c->next.load(std::memory_order_acquire)) {
    for (const auto& slot : c->at) {
      const sequence at = slot.load(std::memory_order_seq_cst);
      if (at < held.oldest) held.oldest = at;
      if (at >= newest) continue;
      held.any_older = true;
      if (at > held.newest_older) held.newest_older = at;
    }
  }
  return held;
}

bool version_board::any_pin_in(sequence from, sequence until) const noexcept {
  if (pins_.load(std::memory_order_seq_cst) == 0) return false;
  for (const chunk* c = &first_; c != nullptr; c = c->next.load(std::memory_order_acquire)) {
    for (const auto& slot : c->at) {
      const sequence at = slot.load(std::memory_order_seq_cst);
      if (at >= from && at < until) return true;
    }
  }
  return false;
}

}  // namespace shelf::kinds
