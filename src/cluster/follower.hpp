// CLUSTER  [cluster] -> api -> engine -> stores -> journal -> file
// Follows the log of the server: connects, catches up, and starts anew where it must.
#pragma once

#include "cluster/applier.hpp"
#include "cluster/event_log.hpp"
#include "cluster/progress.hpp"
#include "cluster/server.hpp"

#include <atomic>
#include <chrono>
#include <functional>
#include <memory>
#include <optional>

namespace shelf::cluster {

/// A new session. Errors: those of open_postgres.
using connect_function = std::function<result<std::unique_ptr<server>>(deadline)>;

/// One step at a time, so that tests decide when. Thread safety: one thread, but want_snapshot.
class follower {
 public:
  follower(const connect_function& connect, applier& to, progress& shared, event_log& events)
      : connect_(connect), to_(to), shared_(shared), events_(events) {}

  /// The first snapshot, over a session that is there. Errors: those of applier::load.
  [[nodiscard]] result<> begin(std::unique_ptr<server> session, deadline until);

  enum class next : std::uint8_t {
    at_once,  ///< there may be more
    wait,     ///< until the server has news
    pause     ///< it did not work
  };
  /// A look at the log, or what has to come before it.
  [[nodiscard]] next step(deadline until);
  /// Until the server tells of news, or so long.
  void wait_for_news(deadline until);
  /// How long to wait after so many failures in a row: longer each time, and never the same, so
  /// that the nodes of a cluster do not come back all at once.
  [[nodiscard]] std::chrono::milliseconds pause() const;
  /// From here on a step loads all tables anew. From any thread. Its number.
  std::uint64_t want_snapshot() noexcept { return wanted_.fetch_add(1) + 1; }
  /// How many of those were answered.
  [[nodiscard]] std::uint64_t snapshots_taken() const noexcept { return taken_.load(); }
  void forget_session() noexcept { session_.reset(); }

 private:
  [[nodiscard]] result<> connect(deadline until);
  [[nodiscard]] result<next> look(deadline until);
  [[nodiscard]] result<next> load(applier::news why, deadline until);
  void note(const error& why);

  const connect_function& connect_;
  applier& to_;
  progress& shared_;
  event_log& events_;
  std::unique_ptr<server> session_;
  std::optional<applier::news> must_load_;  ///< because of these
  int failures_ = 0;
  std::atomic<std::uint64_t> wanted_{0};  ///< snapshots that callers have asked for
  std::atomic<std::uint64_t> taken_{0};
};

}  // namespace shelf::cluster
