// ENGINE  api -> [engine] -> stores -> journal -> file
// Writes tried in the turn, for whoever decides them elsewhere.
#pragma once

#include "engine/live_table.hpp"
#include "engine/operation.hpp"
#include "shelf/detail/replica.hpp"

namespace shelf::engine {

class posted_outcome;

/// An operation, as who decides it elsewhere knows it.
class routed_write final : public detail::replica_write {
 public:
  /// posted: who has to be told what has become of it, if its writer does not wait.
  explicit routed_write(operation& op, posted_outcome* posted = nullptr) noexcept
      : op_(op), posted_(posted) {}
  void fail(const error& why) override { op_.failure = why; }
  bool succeed() noexcept override;
  std::optional<error> finished() noexcept override;
  std::size_t size() const noexcept override;
  const std::string& label() const noexcept override { return op_.on->label(); }
  [[nodiscard]] operation& what() noexcept { return op_; }

 private:
  operation& op_;
  posted_outcome* const posted_;
};

/// Stages copies of operations in a group, which its maker discards. Thread safety: the holder of
/// the turn.
class trial final : public detail::replica_trial {
 public:
  explicit trial(group& to) noexcept : to_(to) {}
  outcome plan(detail::replica_write& w, detail::planned_write& into) override;
  void decide(detail::replica_write& w) override;
  bool decide_if_idle(detail::replica_write& w) override;

 private:
  group& to_;
};

}  // namespace shelf::engine
