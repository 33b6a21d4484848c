// ENGINE  api -> [engine] -> stores -> journal -> file
// A transaction for which nobody waits, handed over to whoever decides elsewhere.
#pragma once

#include "engine/transaction_run.hpp"
#include "engine/trial.hpp"

#include <memory>
#include <mutex>
#include <optional>

namespace shelf::engine {

/// What has become of it, for whoever has its ticket.
class posted_outcome final : public detail::posted {
 public:
  std::optional<result<>> outcome() const override {
    const std::scoped_lock lock(mutex_);
    return is_;
  }
  void set(result<> is) noexcept {
    const std::scoped_lock lock(mutex_);
    is_ = std::move(is);
  }

 private:
  mutable std::mutex mutex_;
  std::optional<result<>> is_;
};

/// A run, and its operation, until its outcome is known.
/// Thread safety: one thread at a time: who posts it, then who commits it.
class posted_run {
 public:
  explicit posted_run(instance& of) : run_(of, 1) {}
  posted_run(const posted_run&) = delete;
  posted_run& operator=(const posted_run&) = delete;

  [[nodiscard]] transaction_run& run() noexcept { return run_; }
  /// Once it has all its writes, of which there is one.
  [[nodiscard]] detail::replica_write& ready();
  [[nodiscard]] const std::shared_ptr<posted_outcome>& outcome() const noexcept { return outcome_; }

 private:
  transaction_run run_;
  std::optional<operation> op_;
  std::optional<routed_write> write_;
  const std::shared_ptr<posted_outcome> outcome_ = std::make_shared<posted_outcome>();
};

}  // namespace shelf::engine
