// CLUSTER  [cluster] -> api -> engine -> stores -> journal -> file
// Commits of the server become versions in memory, each once and in their order.
#pragma once

#include "cluster/event_log.hpp"
#include "cluster/progress.hpp"
#include "cluster/server.hpp"
#include "shelf/detail/replica.hpp"

#include <map>
#include <mutex>
#include <set>
#include <vector>

namespace shelf::cluster {

/// Whose writes wait for commits of this node.
class own_commits {
 public:
  /// In the turn, before the commit is shown: what it does to the writes that are part of it, and
  /// to those that would change nothing.
  virtual void decide(detail::replica_trial& t, const logged_commit& c) noexcept = 0;
  /// In the turn, once it is shown.
  virtual void shown(const logged_commit& c) noexcept = 0;
  /// Whether it is one of them.
  [[nodiscard]] virtual bool is_own(const logged_commit& c) const = 0;
  /// Whether there may be one that is not shown yet.
  [[nodiscard]] virtual bool has_call() const = 0;

 protected:
  ~own_commits() = default;
};

/// The only one who changes a replica.
/// Invariant: what is shown is the state after one commit of the server, and progress::at() names
/// it.
/// Thread safety: all calls from any thread. Its lock comes before those of the database.
class applier {
 public:
  applier(detail::replica& memory, progress& shared, event_log& events)
      : memory_(memory), shared_(shared), events_(events) {}
  /// Before anything is applied.
  void tell(own_commits& own) noexcept { own_ = &own; }

  /// Shows all tables as the server has them, unless what is shown is newer by now, and of the same
  /// history. Errors: those of the server; wrong_kind, type_mismatch. On error nothing has changed.
  [[nodiscard]] result<> load(server& from, deadline until, bool is_same_history = true);
  /// What a look at the log has brought.
  enum class news : std::uint8_t {
    none,
    some,      ///< commits were applied, and more may be there
    too_late,  ///< the log begins later: load
    diverged   ///< the server has another history: load
  };
  /// Shows what the server has committed since. Errors: those of the server; server_error,
  /// type_mismatch: the log makes no sense here: load.
  [[nodiscard]] result<news> catch_up(server& from, deadline until);

  /// The same with a commit that is known to follow what is shown; nothing happens if it does not
  /// any more.
  [[nodiscard]] result<> apply_next(const logged_commit& c, server& from, deadline until);
  /// Loads because of such news, and says so. Errors: those of load.
  [[nodiscard]] result<> start_anew(news why, server& from, deadline until);
  using tables = std::map<std::int32_t, kind>;
  /// Calls `f` in the turn, with the tables and the commit that are shown. Errors: table_closed.
  [[nodiscard]] result<> try_writes(
      detail::function_ref<void(detail::replica_trial&, const tables&, const log_position&)> f);
  /// Tells the program of an error that no call of its own returns.
  void report(const error& why) noexcept { memory_.report(why); }

 private:
  class loader;

  void follow_to(const log_position& end, server& from, deadline until);
  [[nodiscard]] result<> apply(const logged_commit& c, server& from, deadline until);
  [[nodiscard]] result<> apply_to_catalog(const change& c, std::int64_t seq, server& from,
                                          deadline until);
  [[nodiscard]] result<> add_table(const change& c, server& from, deadline until);

  detail::replica& memory_;
  progress& shared_;
  event_log& events_;
  std::mutex mutex_;
  own_commits* own_ = nullptr;
  tables tables_;                   ///< those that are shown; guarded by mutex_, as the next
  std::set<std::int32_t> skipped_;  ///< that were dropped before their types could be read
};

}  // namespace shelf::cluster
