// CLUSTER  [cluster] -> api -> engine -> stores -> journal -> file
// Group commit: writes that meet share one call, and the next call begins when that is done.
#pragma once

#include "cluster/applier.hpp"
#include "cluster/call.hpp"
#include "cluster/follower.hpp"
#include "cluster/progress.hpp"
#include "cluster/server.hpp"
#include "cluster/write_queue.hpp"

#include <algorithm>
#include <chrono>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <thread>
#include <vector>

namespace shelf::cluster {

/// One step at a time, as the follower. A call whose answer was lost is sent again, until it is
/// known what has become of it; nothing else is sent before.
/// Thread safety: one thread; what own_commits says by whoever has the turn.
class committer final : public own_commits {
 public:
  /// Beats at least so often.
  committer(const connect_function& connect, applier& to, progress& shared, std::string node,
            std::chrono::milliseconds beat_every)
      : connect_(connect),
        to_(to),
        shared_(shared),
        node_(std::move(node)),
        beat_every_(beat_every) {}

  /// Reports this node. Errors: those of server::beat.
  [[nodiscard]] result<> beat(server& to, deadline until);
  /// Who is told, now and then, whether the server keeps its promise; before any other call.
  void tell_promise(std::function<void(const result<>&)> whom) { tell_promise_ = std::move(whom); }
  /// Does what there is to do: false if there is nothing yet. Errors: those of a server; what was
  /// to be done is tried again by the next step.
  [[nodiscard]] result<bool> step(deadline until);
  /// When there is something to do even if nobody asks.
  [[nodiscard]] deadline next_beat() const {
    return hold_now() == hold::held ? std::min(next_beat_, hold_until_) : next_beat_;
  }
  void forget_session() noexcept { session_.reset(); }
  /// With the next beat. By the thread of the steps.
  void look_at_promise() noexcept { next_look_ = {}; }

  [[nodiscard]] write_queue& queue() noexcept { return queue_; }
  [[nodiscard]] const write_queue& queue() const noexcept { return queue_; }
  // Having the space to itself (holding.cpp); from any thread.
  /// Asks for it, for the calling thread. False: another thread has.
  [[nodiscard]] bool want_hold();
  /// Whether it was asked for, and is neither there nor has failed.
  [[nodiscard]] bool is_hold_pending() const;
  /// The calling thread has it.
  [[nodiscard]] bool is_holder() const;
  /// The calling thread needs it no more.
  void end_hold();

  /// Nothing waits, and no answer is missing. From any thread.
  [[nodiscard]] bool is_idle() const;
  /// The call whose answer is missing. From any thread.
  [[nodiscard]] std::optional<uuid> unresolved() const;

  void decide(detail::replica_trial& t, const logged_commit& c) noexcept override;
  void shown(const logged_commit& c) noexcept override;
  bool is_own(const logged_commit& c) const override;
  bool has_call() const override;
  /// Nothing more is done: what is under way belongs to nobody.
  void forget_call() noexcept;

 private:
  [[nodiscard]] result<> connect(deadline until);
  [[nodiscard]] result<bool> begin_call(deadline until);
  void gather();
  [[nodiscard]] result<> collect();
  [[nodiscard]] result<> decide_idle(deadline until);
  [[nodiscard]] result<> send(deadline until);
  [[nodiscard]] result<> take(const commit_answer& answer, deadline until);
  [[nodiscard]] result<> not_answered(const error& why, deadline until);
  [[nodiscard]] result<> catch_up(deadline until);
  [[nodiscard]] result<> catch_up_to(const log_position& head, deadline until);
  [[nodiscard]] result<> wake(deadline until);
  [[nodiscard]] result<> trim(deadline until);
  [[nodiscard]] result<> look_after(deadline until);
  enum class hold : std::uint8_t { none, wanted, held, over };
  [[nodiscard]] hold hold_now() const;
  void set_hold(hold is);
  [[nodiscard]] result<bool> step_of_hold(hold is, deadline until);
  [[nodiscard]] result<> begin_hold(deadline until);
  [[nodiscard]] result<> let_go(deadline until);

  [[nodiscard]] bool is_settled() const;
  void give_back(bool is_refused);
  void end_call();
  void fail_members(const error& why);
  void succeed(const commit_answer& answer);
  void tell_nothing(waiting_write& w, std::int64_t seq);
  void lose();

  const connect_function& connect_;
  applier& to_;
  progress& shared_;
  const std::string node_;
  const uuid id_ = random_uuid();
  const std::chrono::milliseconds beat_every_;
  std::unique_ptr<server> session_;
  write_queue queue_;
  mutable std::mutex mutex_;  ///< behind the turn, and before that of the queue
  std::optional<call> call_;  ///< under way; guarded by mutex_, as is the next
  bool is_shown_ = false;     ///< what the call did
  hold hold_ = hold::none;    ///< guarded by mutex_, as is the next
  std::thread::id holder_;
  deadline hold_until_{};  ///< of the thread of the steps
  std::size_t alone_ = 0;  ///< so many writes are sent one by one
  deadline next_beat_{};
  bool was_beat_ = false;      ///< the last thing that was done
  bool owes_wake_ = false;     ///< other nodes have not been told of a commit
  std::size_t last_size_ = 0;  ///< of the last call, in writes
  deadline::duration last_took_{};
  deadline last_wake_{};
  deadline next_trim_{};
  deadline next_look_{};  ///< at the promise
  std::function<void(const result<>&)> tell_promise_ = [](const result<>&) {};
};

}  // namespace shelf::cluster
