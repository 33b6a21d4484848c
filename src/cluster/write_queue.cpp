// CLUSTER  [cluster] -> api -> engine -> stores -> journal -> file
// One lock for the queue and for what is in it.
#include "cluster/write_queue.hpp"

#include <algorithm>
#include <cassert>
#include <utility>

namespace shelf::cluster {
namespace {

constexpr std::size_t most_bytes = std::size_t{64} << 20;
/// What a write takes besides its keys and values.
constexpr std::size_t bytes_of_posted = 1024;

}  // namespace

result<write_queue::item> write_queue::push(detail::replica_write& w, std::shared_ptr<void> owner) {
  auto made = std::make_shared<waiting_write>(waiting_write{.what = &w, .size = w.size()});
  if (owner) made->size += bytes_of_posted;
  const std::scoped_lock lock(mutex_);
  if (auto may = may_push(w); !may) return std::unexpected(may.error());
  // A write that is alone is always taken.
  if (bytes_ != 0 && bytes_ + made->size > most_bytes) {
    return std::unexpected(
        error(errc::overloaded,
              w.label() + ": writes of " + std::to_string(bytes_) + " bytes wait for the server"));
  }
  if (owner) made->number = outcomes_.begin(true);
  made->owner = std::move(owner);
  bytes_ += made->size;
  ++writers_;
  queue_.push_back(made);
  return made;
}

/// Under the lock.
result<> write_queue::may_push(const detail::replica_write& w) const {
  if (!is_closed_) return {};
  return std::unexpected(
      error(errc::table_closed, w.label() + ": " + error(errc::table_closed).message()));
}

result<write_queue::item> write_queue::push_first(detail::replica_write& w) {
  auto made = std::make_shared<waiting_write>(
      waiting_write{.what = &w, .size = w.size(), .is_holders = true});
  const std::scoped_lock lock(mutex_);
  if (auto may = may_push(w); !may) return std::unexpected(may.error());
  bytes_ += made->size;
  ++writers_;
  queue_.push_front(made);
  return made;
}

bool write_queue::has_holders() const {
  const std::scoped_lock lock(mutex_);
  return !queue_.empty() && queue_.front()->is_holders;
}

bool write_queue::is_done(const item& w) const {
  const std::scoped_lock lock(mutex_);
  return w->is == waiting_write::state::done;
}

void write_queue::forget(waiting_write& w) noexcept {
  if (std::exchange(w.what, nullptr) == nullptr) return;
  bytes_ -= w.size;
  --writers_;
}

std::optional<errc> write_queue::give_up(const item& w) {
  const std::scoped_lock lock(mutex_);
  const auto was = w->is;
  forget(*w);
  std::erase(queue_, w);
  ++changes_;
  changed_.notify_all();
  if (was == waiting_write::state::done) return std::nullopt;
  if (was != waiting_write::state::queued) {
    w->number = outcomes_.begin(false);
    return errc::indeterminate;
  }
  return w->refusals != 0 ? errc::conflict : errc::unavailable;
}

std::uint64_t write_queue::changes() const {
  const std::scoped_lock lock(mutex_);
  return changes_;
}

void write_queue::wait(std::uint64_t seen, deadline until) {
  std::unique_lock lock(mutex_);
  (void)changed_.wait_until(lock, until, [&] { return changes_ != seen; });
}

void write_queue::put_back(const std::vector<item>& all) {
  const std::scoped_lock lock(mutex_);
  for (auto next = all.rbegin(); next != all.rend(); ++next) {
    auto& w = **next;
    if (w.is == waiting_write::state::done) continue;
    if (w.what == nullptr) {
      settle(w, error(w.refusals != 0 ? errc::conflict : errc::unavailable));
      continue;
    }
    w.is = waiting_write::state::queued;
    queue_.push_front(*next);
  }
}

void write_queue::finish(waiting_write& w) {
  assert((w.what != nullptr || w.is == waiting_write::state::decided) && "it is finished once");
  settle(w, std::nullopt);
  w.is = waiting_write::state::done;
  ++changes_;
  if (w.what == nullptr) return;
  auto why = w.what->finished();
  if (w.number != 0) outcomes_.resolve(w.number, std::move(why));
  forget(w);
}

void write_queue::settle(const waiting_write& w, std::optional<error> why) {
  if (w.what == nullptr && w.number != 0) outcomes_.resolve(w.number, std::move(why));
}

void write_queue::wake() {
  const std::scoped_lock lock(mutex_);
  changed_.notify_all();
}

bool write_queue::is_empty() const {
  const std::scoped_lock lock(mutex_);
  return queue_.empty();
}

std::size_t write_queue::size() const {
  const std::scoped_lock lock(mutex_);
  return writers_;
}

std::size_t write_queue::bytes() const {
  const std::scoped_lock lock(mutex_);
  return bytes_;
}

bool write_queue::is_over() const {
  const std::scoped_lock lock(mutex_);
  return is_over_;
}

void write_queue::refuse() {
  const std::scoped_lock lock(mutex_);
  is_closed_ = true;
}

void write_queue::close() {
  const std::scoped_lock lock(mutex_);
  is_closed_ = true;
  is_over_ = true;
  for (const auto& w : queue_) {
    if (w->what == nullptr) continue;
    w->what->fail(
        error(errc::table_closed, w->what->label() + ": " + error(errc::table_closed).message()));
    finish(*w);
  }
  queue_.clear();
  ++changes_;
  changed_.notify_all();
}

}  // namespace shelf::cluster
