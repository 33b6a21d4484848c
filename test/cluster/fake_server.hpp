// TEST  cluster
// A server in memory, deterministic: what schema.sql promises, in C++.
#pragma once

#include "cluster/server.hpp"

#include <cstdint>
#include <map>
#include <utility>
#include <vector>

namespace shelf::test {

/// Mistakes that a server of another make could have; the histories must catch each.
enum class fake_bug : std::uint8_t {
  none,
  call_forgotten,         ///< a call that is sent again is done again
  base_not_compared,      ///< a call of another history is done
  key_reads_not_checked,  ///< what was overtaken is done
  refused_and_done,       ///< a unit that was refused is done all the same
  log_lacks_a_change,     ///< a row of the log has not all that was done
  head_of_the_past,       ///< a beat returns the commit before the last one
  snapshot_of_the_past,   ///< a snapshot names the commit before the one that it shows
  version_not_raised,     ///< an entry that is put again seems to be as old as before
  last = version_not_raised,
};

/// A space and its log. Sessions are free: it is one itself.
class fake_server final : public cluster::server {
 public:
  using log_position = cluster::log_position;
  using deadline = cluster::deadline;

  fake_server();

  std::string name() const override { return "fake"; }
  result<std::vector<cluster::catalog_table>> catalog(deadline) override;
  result<log_position> head(deadline) override { return log_.back().at; }
  result<> snapshot(cluster::snapshot_visitor& to, deadline) override;
  result<cluster::log_slice> since(const log_position& known, std::size_t most, deadline) override;
  result<cluster::commit_answer> commit(const cluster::commit_call& call, deadline) override;
  result<log_position> hold(deadline until) override { return head(until); }
  result<> let_go(deadline) override { return {}; }
  bool was_sent() const noexcept override { return true; }
  result<log_position> beat(const cluster::uuid&, std::string_view, std::int64_t,
                            deadline) override {
    const bool is_old = bug == fake_bug::head_of_the_past && log_.size() > 1;
    return is_old ? log_[log_.size() - 2].at : log_.back().at;
  }
  result<> check_promise(deadline) override { return {}; }
  result<cluster::catalog_table> declare(const cluster::catalog_table& wanted, deadline) override;
  result<> drop(std::string_view name, deadline) override;
  result<bool> trim(std::int64_t keep, std::chrono::seconds, deadline) override {
    ++trims_;
    trim_to(static_cast<std::size_t>(keep));
    return false;
  }
  [[nodiscard]] int trims() const noexcept { return trims_; }
  result<> wake(std::int64_t seq, deadline) override {
    told_ = seq;
    return {};
  }
  result<> listen(deadline) override { return {}; }
  result<std::optional<std::int64_t>> wait(deadline) override {
    return std::exchange(told_, std::nullopt);
  }

  /// Forgets all but the last commits of the log.
  void trim_to(std::size_t count) {
    if (log_.size() > count) trim(log_.size() - count);
  }
  /// Forgets the first commits of the log.
  void trim(std::size_t count) {
    log_.erase(log_.begin(), log_.begin() + static_cast<std::ptrdiff_t>(count));
    // Calls are known by their commits.
    std::erase_if(answers_, [&](const auto& a) { return find(a.second.seq) == nullptr; });
  }
  fake_bug bug = fake_bug::none;

 private:
  struct stored_value {
    cluster::buffer content;
    std::optional<cluster::buffer> term;
    std::int64_t version;
  };
  using values = std::vector<stored_value>;
  struct table {
    cluster::catalog_table description;
    std::int64_t since = 0;
    bool is_dropped = false;
    std::map<cluster::buffer, values> entries;
  };
  using tables = std::map<std::int32_t, table>;
  struct run;

  [[nodiscard]] const cluster::logged_commit* find(std::int64_t seq) const;
  [[nodiscard]] std::optional<cluster::commit_outcome> refuse(
      const cluster::commit_call& call) const;
  void note(cluster::change_code code, std::int32_t of, std::string_view name);

  tables tables_;
  std::vector<cluster::logged_commit> log_;
  std::map<cluster::uuid, cluster::commit_answer> answers_;
  std::int32_t last_table_ = 0;
  std::optional<std::int64_t> told_;
  int trims_ = 0;
};

}  // namespace shelf::test
