// DEMO  power cuts: how they are played
// Records a workload on a simulated disk, visits every state that a crash may leave, prints a row
// for each write mode and kind of crash.
#pragma once

#include "simulation/simulated_disk.hpp"

#include <shelf/shelf.hpp>

#include <cstddef>
#include <cstdint>
#include <functional>
#include <vector>

namespace demo {

/// What a workload tells while it runs: after which operations of the disk each of its writes was
/// acknowledged and synced.
class recorder {
 public:
  explicit recorder(const shelf::simulation::simulated_disk& disk) : disk_(disk) {}

  /// Crashes are played from here on.
  void opened() { opened_ = disk_.operations(); }
  /// One more write has returned.
  void acknowledged() { acknowledged_.push_back(disk_.operations()); }
  /// All acknowledged writes were synced.
  void synced() { synced_.resize(acknowledged_.size(), disk_.operations()); }

  [[nodiscard]] std::size_t first_crash() const { return opened_; }
  /// How many writes were acknowledged, or synced, after that many operations of the disk.
  [[nodiscard]] std::size_t acknowledged_at(std::size_t operations) const;
  [[nodiscard]] std::size_t synced_at(std::size_t operations) const;

 private:
  const shelf::simulation::simulated_disk& disk_;
  std::size_t opened_ = 0;
  std::vector<std::size_t> acknowledged_;  // per write: the disk's operations when it returned
  std::vector<std::size_t> synced_;        // when it was synced; missing for those that never were
};

/// What was found after a crash.
struct crash_finding {
  std::size_t held = 0;  // writes, the first ones of the workload
  bool torn = false;     // whether the file ended in a torn write
};

struct crash_workload {
  /// Opens, writes, and abandons what it has open.
  std::function<void(shelf::simulation::simulated_disk&, shelf::write_mode, recorder&)> write;
  /// Opens what the crash left. Throws broken_promise unless it holds a prefix of the writes, with
  /// at least `promised` of them.
  std::function<crash_finding(shelf::simulation::simulated_disk&, std::size_t promised)> prove;
  /// How many states are visited per crash point, at most.
  std::size_t states_each_crash = 64;
};

/// Crashes the workload after each of the disk's operations: by power failure in durable and in
/// through mode, and by a kill. Prints the table; returns the number of states visited.
std::uint64_t show_crashes(const crash_workload& w);

}  // namespace demo
