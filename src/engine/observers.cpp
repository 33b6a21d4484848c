// ENGINE  api -> [engine] -> stores -> journal -> file
// Telling, waiting and waking.
#include "engine/observers.hpp"

#include <algorithm>
#include <cassert>

namespace shelf::engine {

// --- the writer ----------------------------------------------------------------------------------

void observers::begin_group(sequence last) noexcept {
  if (is_kept_ || (wanted_.load(std::memory_order_relaxed) & batches) == 0) return;
  is_kept_ = true;
  const std::scoped_lock lock(mutex_);
  ring_.begin_after(last);
  last_ = last;
  unheard_ = 0;
}

void observers::tell(sequence number, std::span<const noted_change> changes,
                     sequence durable) noexcept {
  const std::scoped_lock lock(mutex_);
  durable_ = std::max(durable_, durable);
  if (is_kept_) {
    const auto size = ring_.append(number, changes);
    last_ = number;
    unheard_ = readers_.empty() ? unheard_ + size : 0;
    if (unheard_ > change_ring::capacity) {
      is_kept_ = false;
      wanted_.fetch_and(~unsigned{batches}, std::memory_order_relaxed);
      ring_.begin_after(number);
    }
  }
  if (!watchers_.empty()) {
    for (const auto& c : changes) note_written(c);
  }
  wake_locked();
}

void observers::note_written(const noted_change& c) noexcept {
  if (c.event == table_event::none) {
    const auto [from, to] = watchers_.equal_range(watched_key(c.of, c.key));
    for (auto w = from; w != to; ++w) w->second->is_written_ = true;
    return;
  }
  for (auto& [key, w] : watchers_) w->is_written_ = w->is_written_ || key.first == c.of;
}

/// Those with a descriptor look for themselves whether this was for them.
void observers::wake_locked() noexcept {
  if (waiting_ != 0) awake_.notify_all();
  for (auto* r : readers_) {
    if (r->event_) r->event_->raise();
  }
}

void observers::note_durable(sequence number) noexcept {
  if (!is_anybody_there()) return;  // a feed that comes now starts behind what is published
  const std::scoped_lock lock(mutex_);
  if (number <= durable_) return;
  durable_ = number;
  wake_locked();
}

void observers::close() noexcept {
  const std::scoped_lock lock(mutex_);
  is_closed_ = true;
  wake_locked();
}

void observers::wake() noexcept {
  const std::scoped_lock lock(mutex_);
  wake_locked();
}

bool observers::has_durable_readers() const noexcept {
  const std::scoped_lock lock(mutex_);
  return std::ranges::any_of(readers_, [](const reader* r) { return r->only_durable_; });
}

void observers::keep_from_here() noexcept {
  wanted_.fetch_or(batches, std::memory_order_relaxed);
  const std::scoped_lock lock(mutex_);
  unheard_ = 0;
}

// --- positions -----------------------------------------------------------------------------------

void observers::add_span(sequence after, std::uint64_t run, std::int64_t ahead) noexcept {
  if (!std::exchange(is_named_, true)) spans_.clear();
  if (spans_.size() == most_spans) spans_.erase(spans_.begin());
  spans_.push_back({.after = after, .run = run, .ahead = ahead});
}

void observers::name_batches(sequence last, const shelf::position& as, std::uint64_t run) noexcept {
  const std::scoped_lock lock(mutex_);
  const auto ahead = static_cast<std::int64_t>(last - as.version);
  if (!spans_.empty()) spans_.back().last = last;
  add_span(last == 0 ? 0 : last - 1, as.run, ahead);
  if (as.run == run && ahead == 0) return;
  spans_.back().last = last;
  add_span(last, run, 0);
}

void observers::name_from(sequence after, std::uint64_t run, std::int64_t ahead) noexcept {
  const std::scoped_lock lock(mutex_);
  if (!spans_.empty()) spans_.back().last = after;
  add_span(after, run, ahead);
}

void observers::name_also(sequence number, sequence as) noexcept {
  const std::scoped_lock lock(mutex_);
  also_ = {number, as};
}

shelf::position observers::position_of(sequence number) const noexcept {
  const std::scoped_lock lock(mutex_);
  if (number != 0 && number == also_.first) number = also_.second;
  const auto s = std::find_if(spans_.rbegin(), spans_.rend(), [number](const span& of) {
    return of.after < number || (of.after == 0 && number == 0);
  });
  if (s == spans_.rend()) return {};
  return {.run = s->run, .version = number - static_cast<sequence>(s->ahead)};
}

std::optional<sequence> observers::number_of(const shelf::position& p) const noexcept {
  const std::scoped_lock lock(mutex_);
  for (auto s = spans_.rbegin(); s != spans_.rend(); ++s) {
    if (s->run != p.run) continue;
    const auto number = p.version + static_cast<sequence>(s->ahead);
    const bool is_behind = number > s->after || (number == 0 && s->after == 0);
    if (is_behind && number <= s->last) return number;
  }
  return std::nullopt;
}

// --- reading batches -----------------------------------------------------------------------------

observers::reader::reader(std::shared_ptr<observers> of, bool only_durable, sequence last,
                          sequence durable)
    : of_(std::move(of)), only_durable_(only_durable) {
  {
    const std::scoped_lock lock(of_->mutex_);
    of_->readers_.push_back(this);
    of_->durable_ = std::max(of_->durable_, durable);
  }
  of_->wanted_.fetch_or(batches, std::memory_order_relaxed);
  of_->begin_group(last);
}

observers::reader::~reader() {
  const std::scoped_lock lock(of_->mutex_);
  std::erase(of_->readers_, this);
}

sequence observers::reader::oldest() const {
  const std::scoped_lock lock(of_->mutex_);
  return of_->ring_.begin();
}

sequence observers::reader::durable() const {
  const std::scoped_lock lock(of_->mutex_);
  return of_->durable_;
}

observers::reader::outcome observers::reader::next(std::chrono::steady_clock::time_point until,
                                                   change_ring::found_batch& found,
                                                   detail::function_ref<bool()> is_over) {
  std::unique_lock lock(of_->mutex_);
  for (bool is_late = false;;) {
    std::optional<change_ring::found_batch> batch;
    const auto limit = only_durable_ ? of_->durable_ : of_->last_;
    if (!of_->ring_.find(cursor_, limit, batch)) return outcome::lost;
    if (batch) {
      found = *batch;
      return outcome::found;
    }
    cursor_.seen = std::max(cursor_.seen, limit);
    if (of_->is_closed_ || is_over()) return outcome::closed;
    if (event_) event_->lower();
    if (is_late) return outcome::nothing;
    ++of_->waiting_;
    is_late = of_->awake_.wait_until(lock, until) == std::cv_status::timeout;
    --of_->waiting_;
  }
}

void observers::reader::pass(const change_ring::found_batch& b) noexcept {
  change_ring::pass(cursor_, b);
}

file::os_result<int> observers::reader::event() {
  const std::scoped_lock lock(of_->mutex_);
  if (!event_) {
    auto made = file::event_descriptor::make();
    if (!made) return std::unexpected(made.error());
    event_.emplace(std::move(*made));
    event_->raise();  // there may be something already: the first look tells
  }
  return event_->raw();
}

// --- watching keys -------------------------------------------------------------------------------

observers::watcher::watcher(std::shared_ptr<observers> of, const live_table& in,
                            std::vector<std::byte> key)
    : of_(std::move(of)), key_(&in, std::move(key)) {
  const std::scoped_lock lock(of_->mutex_);
  of_->watchers_.emplace(watched_key(key_.first, key_.second), this);
  of_->wanted_.fetch_or(keys, std::memory_order_relaxed);
}

observers::watcher::~watcher() {
  const std::scoped_lock lock(of_->mutex_);
  auto& all = of_->watchers_;
  const auto [from, to] = all.equal_range(watched_key(key_.first, key_.second));
  all.erase(std::find_if(from, to, [this](const auto& w) { return w.second == this; }));
  if (all.empty()) of_->wanted_.fetch_and(~unsigned{keys}, std::memory_order_relaxed);
}

observers::watcher::outcome observers::watcher::wait(std::chrono::steady_clock::time_point until,
                                                     detail::function_ref<bool()> is_over) {
  std::unique_lock lock(of_->mutex_);
  for (bool is_late = false;;) {
    if (of_->is_closed_ || is_over()) return outcome::closed;
    if (std::exchange(is_written_, false)) return outcome::written;
    if (is_late) return outcome::nothing;
    ++of_->waiting_;
    is_late = of_->awake_.wait_until(lock, until) == std::cv_status::timeout;
    --of_->waiting_;
  }
}

}  // namespace shelf::engine
