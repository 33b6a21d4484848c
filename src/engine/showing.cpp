// ENGINE  api -> [engine] -> stores -> journal -> file
// What is staged in a table becomes what it shows, and what it showed goes.
#include "engine/instance.hpp"
#include "engine/live_table.hpp"
#include "file/seeded_bug.hpp"
#include "memory/epoch.hpp"

#include <cassert>
#include <utility>

namespace shelf::engine {

void live_table::stamp(sequence number) noexcept {
  assert(is_touched_ && owned_ && number > owned_->changed_at() && "versions only grow");
  if (is_plain_) [[likely]]
    return owned_->stamp(number);
  if (auto* const indexes = draft().indexes.now()) indexes->stamp(number);
  if (!fresh_) return owned_->stamp(number);
  if (fresh_->staged_count() != 0) fresh_->stamp(number);
  fresh_->since = number;
  // Who has pinned an older version finds the old contents in the list from here on; who reads the
  // latest is shown the old ones until the board has published.
  assert(coming_.load() == nullptr && current_.load() == owned_.get() && "one swap at a time");
  retired_.add(owned_, number);
  going_.store(owned_.get(), std::memory_order_release);
  coming_.store(fresh_.get(), std::memory_order_release);
  current_.store(nullptr, std::memory_order_release);
}

std::size_t live_table::settle(sequence number) noexcept {
  assert(is_touched_ && "settled once");
  is_touched_ = false;
  if (retired_.holds_any()) [[unlikely]]
    retired_.release_unpinned();
  if (is_plain_) [[likely]]
    return owned_->settle(number);
  return settle_others(number);
}

std::size_t live_table::settle_others(sequence number) noexcept {
  auto* const indexes = draft().indexes.now();
  const auto waiting = indexes != nullptr ? indexes->settle(number) : 0;
  if (log_) log_->settle();
  if (!fresh_) return waiting + owned_->settle(number);
  finish_swap();
  return waiting + (owned_->staged_count() != 0 ? owned_->settle(number) : owned_->waiting());
}

void live_table::finish_swap() noexcept {
  assert(current_.load() == nullptr && coming_.load() == fresh_.get() && going_ == owned_.get());
  cleared_ = how_.is_saved && std::exchange(fresh_is_clear_, false);
  auto old = std::exchange(owned_, std::move(fresh_));
  is_plain_ = !is_indexed_;
  current_.store(owned_.get(), std::memory_order_release);
  coming_.store(nullptr, std::memory_order_release);
  let_go_of(std::move(old));
}

void live_table::discard() noexcept {
  assert(current_.load() == owned_.get() && "what was only staged never began to be shown");
  is_touched_ = false;
  if (log_) log_->discard();
  if (fresh_) {
    fresh_.reset();
    is_plain_ = !is_indexed_;
    fresh_is_clear_ = false;
  } else {
    auto* const indexes = owned_->indexes.now();
    if (indexes != nullptr && !file::has_bug(file::seeded_bug::index_not_discarded)) {
      indexes->discard();
    }
    owned_->discard();
  }
}

/// What readers see while others take the place of the contents, or that there is no table.
const contents* live_table::look_again() const noexcept {
  for (;;) {
    if (const auto* const c = current_.load(std::memory_order_acquire)) return c;
    const auto* const coming = coming_.load(std::memory_order_acquire);
    if (coming == nullptr) {
      // Closed, or the swap has just ended.
      return current_.load(std::memory_order_acquire);
    }
    const auto* const going = going_.load(std::memory_order_acquire);
    // Another swap may have begun meanwhile: then the two do not belong together.
    if (coming_.load(std::memory_order_acquire) != coming) continue;
    return coming->published() >= coming->since ? coming : going;
  }
}

void live_table::install(std::shared_ptr<contents> fresh) noexcept {
  assert(!fresh_ && !is_touched_);
  if (fresh && how_.is_saved) fresh->track_unsaved(true);
  if (fresh && fresh->has_deadlines()) of_.note_deadlines();
  auto old = std::exchange(owned_, std::move(fresh));
  current_.store(owned_.get(), std::memory_order_release);
  if (old == nullptr) return;
  // Closed: what snapshots hold is theirs from here on.
  retired_.release_all();
  let_go_of(std::move(old));
}

/// Readers that came before may still be looking at it.
void live_table::let_go_of(std::shared_ptr<contents> old) noexcept {
  assert(old && old != owned_ && current_.load() != old.get() && "out of sight before it goes");
  auto& place = old->farewell;
  memory::epoch::retire_later(place, std::move(old));
  retired_.release_unpinned();
  of_.look_after_leftovers(!retired_.empty());
}

bool live_table::collect_some(std::size_t most) noexcept {
  assert(owned_ && !is_touched_ && "between groups, while the table is open");
  retired_.release_unpinned();
  bool more = owned_->collect_some(most);
  if (owned_->indexes) more = owned_->indexes->collect_some(most) || more;
  owned_->indexes.release_unpinned(owned_->board());
  return retired_.collect_some(most) || more;
}

bool live_table::has_leftovers() const noexcept {
  const bool index_waits = owned_->indexes && owned_->indexes->waiting() > 0;
  return owned_->waiting() > 0 || index_waits || owned_->indexes.has_past() ||
         owned_->pin_count() > 0 || !retired_.empty();
}

std::size_t live_table::unsaved_count() const noexcept {
  return owned_ ? owned_->unsaved_count() + (cleared_ ? 1 : 0) : 0;
}

}  // namespace shelf::engine
