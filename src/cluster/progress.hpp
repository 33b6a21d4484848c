// CLUSTER  [cluster] -> api -> engine -> stores -> journal -> file
// How far a replica has come, and who waits for it to come further.
#pragma once

#include "cluster/deadline.hpp"
#include "cluster/server.hpp"
#include "shelf/cluster.hpp"

#include <array>
#include <condition_variable>
#include <deque>
#include <mutex>
#include <optional>
#include <vector>

namespace shelf::cluster {

/// What the threads of a replica and its callers share.
/// Thread safety: all calls from any thread. Its lock is the innermost.
class progress {
 public:
  // Said by who follows.
  /// In the turn: readers may see what comes next, and `reached` will tell its position; or nothing
  /// came of it: `is_showing_next(false)`.
  void is_showing_next(bool is_so) noexcept;
  /// In the turn: the replica shows this commit.
  void reached(const log_position& at) noexcept;
  /// The server has at least this commit.
  void heard_of(std::int64_t head) noexcept;
  /// A commit or beat that was sent then returned this commit: once it is shown, the replica is as
  /// fresh as that.
  void prove(deadline sent, const log_position& at);
  void note_resync() noexcept;
  void note_divergence() noexcept;
  /// What keeps the server from promising what was asked for; none: nothing. True if that is news.
  [[nodiscard]] bool note_promise(std::optional<error> why);
  /// True if that is news.
  bool set_state(replica_state s, std::optional<error> why);
  void close();

  [[nodiscard]] log_position at() const;
  /// Its position is not behind anything that the caller has read: it waits for a commit that is
  /// just being shown.
  [[nodiscard]] replica_status status() const;
  /// When the replica was certainly up to date last; absent: never.
  [[nodiscard]] std::optional<deadline> fresh_as_of() const;
  /// Errors: cursor_lost: the history of the replica has another commit of that number.
  [[nodiscard]] result<bool> has_reached(const log_position& wanted) const;

  // Beats: who asks gets one that is sent after the question.
  [[nodiscard]] std::uint64_t ask_for_beat();
  /// The number of the last question, if one is open.
  [[nodiscard]] std::optional<std::uint64_t> open_question() const;
  /// All questions up to that one are answered.
  void answer(std::uint64_t question, const log_position& at);
  /// What was answered to that question, or to a later one.
  [[nodiscard]] std::optional<log_position> answered(std::uint64_t question) const;

  /// Wakes all who wait.
  void nudge();
  /// How often anything has changed.
  [[nodiscard]] std::uint64_t changes() const;
  /// Waits until something has changed since `seen`, it is closed, or the deadline.
  void wait(std::uint64_t seen, deadline until);
  [[nodiscard]] bool is_closed() const;
  /// The last failure.
  [[nodiscard]] std::optional<error> problem() const;

 private:
  /// Whether the history that is shown has it: false, if it has another commit of that number.
  [[nodiscard]] bool is_ours(const log_position& wanted) const noexcept;
  void note_change() noexcept {
    ++changes_;
    changed_.notify_all();
  }

  mutable std::mutex mutex_;
  mutable std::condition_variable changed_;
  // Guarded by mutex_.
  std::uint64_t changes_ = 0;
  bool is_closed_ = false;
  replica_status known_;
  log_position at_;
  bool is_showing_next_ = false;
  std::uint64_t shown_ = 0;          ///< how often it was no more
  std::deque<log_position> recent_;  ///< what was shown last, at_ included
  struct proof {
    deadline sent;
    log_position at;
  };
  std::vector<proof> proofs_;  ///< that are not shown yet
  std::optional<deadline> fresh_as_of_;
  std::uint64_t questions_ = 0;
  std::uint64_t answers_ = 0;
  log_position last_answer_;
};

}  // namespace shelf::cluster
