// SIMULATION  [simulation] -> file
// Every disk that a crash may legally leave, made from a recording: what crash tests open, check,
// and crash again.
#pragma once

#include "simulation/simulated_disk.hpp"

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>

namespace shelf::simulation {

/// Which crash, and how hard to look.
struct crash_options {
  enum class kind : std::uint8_t {
    power,  ///< the page cache is gone
    kill,   ///< the process is gone, the page cache stays; a write under way may be cut at any page
  } crash = kind::power;
  /// Entries of a directory survive as any prefix of what was done since its last sync; weak: as
  /// any subset.
  bool weak_directories = false;
  /// Syncs did nothing, though they said ok. Promises of durability do not hold then; integrity
  /// must. What such a disk lost does not come back in holes after another crash: no format could
  /// tell it from what belongs there.
  bool lying_disk = false;
  /// One piece may be torn at any byte.
  bool torn_pieces = true;
  /// Where a file grew and its new bytes were lost, those of a deleted file may stand. Only
  /// checksums can tell them from what belongs there.
  bool stale_blocks = true;
  /// Distinct states visited at one crash point, at most. Below it all states are visited; above it
  /// the corners of the space first (prefixes, single and pair losses, all lengths, all directory
  /// states), then random ones.
  std::size_t budget = 20'000;
  std::uint64_t seed = 1;
};

/// Which of the states this is. Lives as long as the visit.
class crash_state {
 public:
  virtual ~crash_state() = default;
  /// The crash came after this many operations of the history.
  [[nodiscard]] virtual std::size_t at() const noexcept = 0;
  /// Which state of this crash point, from 0: the same options give the same states in the same
  /// order.
  [[nodiscard]] virtual std::size_t number() const noexcept = 0;
  /// What was kept and what was lost, for the message of a failed test.
  [[nodiscard]] virtual std::string describe() const = 0;
};

struct crash_tally {
  std::uint64_t states = 0;     ///< visited, distinct at each crash point
  std::uint64_t generated = 0;  ///< made, the equal ones too
  bool exhaustive = true;       ///< no budget was exhausted: every legal state was visited
};

using crash_visitor = std::function<void(simulated_disk& disk, const crash_state& state)>;

/// Visits the states that a crash after the first `at` operations may leave (0: before any; at most
/// operations.size()). Each disk is fresh: nothing open or locked, all that survived is durable
/// (after a kill: in the page cache as it was), recording anew, so that a crash in the recovery can
/// be played with `disk.recorded()`. Cost: some microseconds a state for files of a few KiB; the
/// `at` operations are replayed once.
crash_tally for_each_crash_state(const history& past, std::size_t at, const crash_options& options,
                                 const crash_visitor& visit);

/// The same for every crash point from `from` to the end of the history.
crash_tally for_each_crash_state(const history& past, const crash_options& options,
                                 const crash_visitor& visit, std::size_t from = 0);

/// One of the states, by chance. The same arguments give the same state.
[[nodiscard]] std::unique_ptr<simulated_disk> random_crash_state(const history& past,
                                                                 std::size_t at,
                                                                 const crash_options& options);

/// The machine as it was after `at` operations, had it not crashed; nothing open or locked.
[[nodiscard]] std::unique_ptr<simulated_disk> disk_at(const history& past, std::size_t at);

}  // namespace shelf::simulation
