// CLUSTER  [cluster] -> api -> engine -> stores -> journal -> file
// One database of a cluster: the authority behind its tables, and the threads that keep it current.
#pragma once

#include "cluster/applier.hpp"
#include "cluster/committer.hpp"
#include "cluster/event_log.hpp"
#include "cluster/follower.hpp"
#include "cluster/progress.hpp"
#include "shelf/detail/replica.hpp"

#include <chrono>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

namespace shelf::cluster {

/// How a replica lives.
struct replication_settings {
  std::string label;  ///< in messages
  std::string node = "node";
  std::chrono::milliseconds deadline{5000};
  std::chrono::milliseconds max_staleness{0};
  /// To where the log is read; none: where it is written.
  connect_function connect_to_read = {};
  /// False: callers that wait take the steps themselves, one after the other, at most
  /// `rounds`. For tests, which so decide what happens when.
  bool has_threads = true;
  int rounds = 200;
};

/// Thread safety: all calls from any thread. Without threads: one thread.
class replication final : public detail::authority {
 public:
  replication(detail::replica& memory, connect_function connect, replication_settings how);
  ~replication() override;

  /// The first snapshot; then the threads begin. Errors: those of applier::load.
  [[nodiscard]] result<> begin(std::unique_ptr<server> session, deadline until);

  // As the authority of its database.
  void submit(detail::replica_write& w) override;
  result<std::uint64_t> post(detail::replica_write& w, std::shared_ptr<void> owner) override;
  std::shared_ptr<void> hold() override;
  result<> await(const detail::posted& p) override;
  result<> declare(const detail::replica_table& wanted) override;
  result<> sync() override;
  result<> save() override;
  result<> reload() override;
  result<> recover() override;
  result<> close() override;
  void abandon() noexcept override;

  // For cluster::replica.
  [[nodiscard]] replica_status status() const;
  [[nodiscard]] std::optional<write_outcome> outcome(std::uint64_t number) const {
    return committer_.queue().outcomes().find(number);
  }
  [[nodiscard]] result<> wait_for(const position& at, deadline until);
  [[nodiscard]] std::shared_ptr<event_reader> events() const {
    return std::make_shared<event_reader>(events_);
  }

  // For tests.
  [[nodiscard]] follower& follows() noexcept { return follower_; }
  [[nodiscard]] committer& commits() noexcept { return committer_; }
  /// Lets reads know how old they are. When it is to be called again.
  deadline look_at_age(deadline now);

 private:
  [[nodiscard]] deadline in_time() const {
    return std::chrono::steady_clock::now() + how_.deadline;
  }
  /// Waits until `is_done`; unavailable after that moment, table_closed if it is closed.
  [[nodiscard]] result<> wait(deadline until, const char* what,
                              detail::function_ref<result<bool>()> is_done);
  [[nodiscard]] result<> wait_to_show(const log_position& at, deadline until);
  [[nodiscard]] result<> take_step(deadline until);
  [[nodiscard]] error too_late(const char* what) const;
  [[nodiscard]] result<write_queue::item> enqueue(detail::replica_write& w, deadline until,
                                                  std::shared_ptr<void> owner = nullptr);
  [[nodiscard]] result<std::unique_ptr<server>> connect_and_look(deadline until);
  void note_promise(const result<>& kept);
  void let_go(detail::replica_write& w, const write_queue::item& of);
  [[nodiscard]] bool is_late(int round, deadline until) const noexcept;
  void rest(deadline until);
  void follow();
  void commit();
  void watch();
  void stop() noexcept;

  const connect_function to_server_;
  const connect_function connect_ = [this](deadline until) { return connect_and_look(until); };
  const replication_settings how_;
  detail::replica& memory_;
  progress shared_;
  const std::shared_ptr<event_log> events_ = std::make_shared<event_log>();
  applier applier_;
  follower follower_;
  committer committer_;
  bool is_stale_ = false;  ///< of the thread that looks at the age
  std::mutex stopping_;
  std::vector<std::thread> threads_;  ///< guarded by stopping_, once they run
};

/// A database of a cluster over any server. Errors: as cluster::open.
[[nodiscard]] result<std::shared_ptr<detail::database_core>> open_replicated(
    connect_function connect, replication_settings how, detail::core_config config,
    std::vector<detail::wanted_table> declared);

}  // namespace shelf::cluster
