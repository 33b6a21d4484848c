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

std::atomic<sequence>* version_board::claim(sequence wanted, std::size_t& index) {
  assert(wanted < unpublished && "only what was published can be pinned");
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

version_board::pin_place version_board::pin() {
  pins_.fetch_add(1, std::memory_order_seq_cst);  // before the look at published_: see scan()
  pin_place got;
  sequence wanted = published_.load(std::memory_order_seq_cst);
  std::atomic<sequence>* slot = nullptr;
  try {
    slot = claim(wanted, got.slot);
  } catch (...) {
    pins_.fetch_sub(1, std::memory_order_release);
    throw;
  }
  for (;;) {
    const sequence seen = published_.load(std::memory_order_seq_cst);
    if (seen == wanted) break;
    wanted = seen;
    slot->store(wanted, std::memory_order_seq_cst);
  }
  assert(wanted <= published() && pins_.load() > 0);
  got.at = wanted;
  return got;
}

void version_board::unpin(std::size_t slot) noexcept {
  chunk* c = &first_;
  for (; slot >= per_chunk; slot -= per_chunk) c = c->next.load(std::memory_order_acquire);
  assert(c->at[slot].load() != nobody && pins_.load() > 0 && "unpinned once");
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
      assert(at == nobody || at <= published());
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

// Sizes.

void size_history::grow() {
  const std::scoped_lock lock(mutex_);
  kept_.reserve(2 * kept_.capacity() + 4);
}

void size_history::rebase() noexcept {
  const auto size = size_to_writer();
  places_[1].number.store(nobody, std::memory_order_relaxed);
  places_[0].size.store(size, std::memory_order_relaxed);
  places_[0].number.store(0, std::memory_order_relaxed);
  current_ = 0;
  kept_.clear();
}

/// Puts aside what the place of the next size still holds, if a pin may ask for it, and forgets
/// what none asks for any more.
void size_history::keep(const place& old, sequence until, const version_board& board) noexcept {
  const auto from = old.number.load(std::memory_order_relaxed);
  const bool is_wanted = from != nobody && board.any_pin_in(from, until);
  if (!is_wanted && kept_.empty()) return;
  const std::scoped_lock lock(mutex_);
  std::erase_if(kept_, [&](const kept_size& k) { return !board.any_pin_in(k.from, k.until); });
  if (!is_wanted) return;
  assert(kept_.size() < kept_.capacity() && "staging made room");
  kept_.push_back({from, until, old.size.load(std::memory_order_relaxed)});
}

/// The newer of the two that is not later than `at`. False if neither is, or if the writer came in
/// between: then one that was read first may have been overtaken by one that is gone.
bool size_history::find(sequence at, std::size_t& size) const noexcept {
  std::array<sequence, 2> numbers;
  std::array<std::size_t, 2> sizes;
  for (std::size_t i = 0; i < 2; ++i) {
    numbers[i] = places_[i].number.load(std::memory_order_acquire);
    sizes[i] = places_[i].size.load(std::memory_order_acquire);
  }
  for (std::size_t i = 0; i < 2; ++i) {
    if (places_[i].number.load(std::memory_order_acquire) != numbers[i]) return false;
  }
  const auto counts = [&](std::size_t i) { return numbers[i] != nobody && numbers[i] <= at; };
  const std::size_t best = counts(1) && (!counts(0) || numbers[1] > numbers[0]) ? 1 : 0;
  size = sizes[best];
  return counts(best);
}

std::size_t size_history::at(sequence at) const noexcept {
  for (;;) {
    {
      const std::scoped_lock lock(mutex_);
      for (const auto& k : kept_) {
        if (at >= k.from && at < k.until) return k.size;
      }
    }
    std::size_t size = 0;
    if (find(at, size)) return size;
  }
}

std::size_t size_history::latest(const version_board& board) const noexcept {
  for (;;) {
    std::size_t size = 0;
    // Not found: both places are of later versions, so others were published meanwhile.
    if (find(board.published(), size)) return size;
  }
}

}  // namespace shelf::kinds
