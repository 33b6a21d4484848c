// CLUSTER  [cluster] -> api -> engine -> stores -> journal -> file
// What has become of writes that nobody waits for, by number.
#pragma once

#include "shelf/cluster.hpp"

#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <mutex>
#include <optional>
#include <set>
#include <utility>

namespace shelf::cluster {

/// Those that are not known yet, and the last 10,000 that are.
/// Thread safety: all calls from any thread. Its lock is an inner one.
class outcome_log {
 public:
  static constexpr std::size_t kept = 10'000;

  /// Who is told of the number once it is known; before any other call.
  void tell(std::function<void(std::uint64_t)> whom) { tell_ = std::move(whom); }
  /// A number for a write whose outcome is not known. is_posted: its caller knows that.
  [[nodiscard]] std::uint64_t begin(bool is_posted);
  /// None: it has happened. indeterminate: that will never be known.
  void resolve(std::uint64_t number, std::optional<error> why);
  /// Nothing, if it was forgotten, or never was.
  [[nodiscard]] std::optional<write_outcome> find(std::uint64_t number) const;
  /// How many that were said to be indeterminate are not known yet.
  [[nodiscard]] std::size_t unresolved() const;

 private:
  std::function<void(std::uint64_t)> tell_ = [](std::uint64_t) {};
  mutable std::mutex mutex_;
  // Guarded by mutex_.
  std::uint64_t last_ = 0;
  std::set<std::uint64_t> posted_;  ///< not known yet, as the next
  std::set<std::uint64_t> in_doubt_;
  std::map<std::uint64_t, write_outcome> known_;
  std::deque<std::uint64_t> in_order_;  ///< the known ones
};

}  // namespace shelf::cluster
