// CLUSTER  [cluster] -> api -> engine -> stores -> journal -> file
// Writes that wait to be committed, in the order in which they came.
#pragma once

#include "cluster/deadline.hpp"
#include "cluster/outcome_log.hpp"
#include "shelf/detail/replica.hpp"

#include <condition_variable>
#include <cstddef>
#include <deque>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

namespace shelf::cluster {

/// A write that waits. Guarded by the lock of its queue.
struct waiting_write {
  enum class state : std::uint8_t {
    queued,   ///< the server has not been told of it, or has refused it
    sent,     ///< the server may have committed it
    decided,  ///< its writer can go, once what it did is shown
    done      ///< its writer can go
  };
  detail::replica_write* what;  ///< null once its writer has gone
  std::size_t size = 0;
  state is = state::queued;
  int refusals = 0;                       ///< what it had read was overtaken
  bool is_holders = false;                ///< of who holds the space
  std::uint64_t number = 0;               ///< in the log of outcomes; 0: its writer is told
  std::shared_ptr<void> owner = nullptr;  ///< keeps `what`, if that was posted
};

/// Thread safety: all calls from any thread. Its lock comes behind the turn of the database.
class write_queue {
 public:
  using item = std::shared_ptr<waiting_write>;

  /// Behind all others. With an owner it was posted, and gets a number. Errors: table_closed;
  /// overloaded: they are too many.
  [[nodiscard]] result<item> push(detail::replica_write& w, std::shared_ptr<void> owner = nullptr);
  /// In front of all others, of who holds the space. Errors: table_closed.
  [[nodiscard]] result<item> push_first(detail::replica_write& w);
  /// Whether the first one is that of who holds the space.
  [[nodiscard]] bool has_holders() const;
  /// Whether the writer can go.
  [[nodiscard]] bool is_done(const item& w) const;
  /// Its time is over: the writer goes, whatever has become of it. What that is: unavailable,
  /// conflict: nothing has happened; indeterminate: nobody knows yet, and it has a number. None: it
  /// was done just now.
  [[nodiscard]] std::optional<errc> give_up(const item& w);
  /// How often anything has changed.
  [[nodiscard]] std::uint64_t changes() const;
  /// Until somebody is done or has gone since `seen`, or the deadline.
  void wait(std::uint64_t seen, deadline until);

  /// Calls `f` with the lock held and the queue, whose front it may take off.
  template <class F>
  void use(F&& f) {
    const std::scoped_lock lock(mutex_);
    f(queue_);
  }
  /// In front of all others.
  void put_back(const std::vector<item>& all);
  /// Under the lock: its writer is told as soon as the lock is free.
  void finish(waiting_write& w);
  /// Under the lock: what has become of a write whose writer has gone. Else nothing happens.
  void settle(const waiting_write& w, std::optional<error> why);
  void wake();
  [[nodiscard]] bool is_empty() const;
  /// From here on nothing is taken, what is queued fails with table_closed, and no more is done.
  void close();
  [[nodiscard]] bool is_over() const;
  /// From here on nothing is taken.
  void refuse();
  [[nodiscard]] std::size_t size() const;
  /// Of keys and values, and what else they take.
  [[nodiscard]] std::size_t bytes() const;
  [[nodiscard]] outcome_log& outcomes() noexcept { return outcomes_; }
  [[nodiscard]] const outcome_log& outcomes() const noexcept { return outcomes_; }

 private:
  void forget(waiting_write& w) noexcept;
  [[nodiscard]] result<> may_push(const detail::replica_write& w) const;

  outcome_log outcomes_;
  mutable std::mutex mutex_;
  std::condition_variable changed_;
  std::deque<item> queue_;  ///< guarded by mutex_, as are the next
  std::size_t bytes_ = 0;   ///< of writes whose writers are there
  std::size_t writers_ = 0;
  std::uint64_t changes_ = 0;
  bool is_closed_ = false;
  bool is_over_ = false;
};

}  // namespace shelf::cluster
