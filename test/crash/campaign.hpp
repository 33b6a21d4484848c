// TEST  crash
// A recorded run is crashed everywhere, and every disk that is left is opened and judged.
#pragma once

#include "crash/workloads.hpp"
#include "simulation/crash_states.hpp"

#include <string>
#include <vector>

namespace shelf::crash {

/// A run and what it promised.
struct recording {
  std::string name;
  simulation::history past;
  oracle promises;
  flavour what = flavour::map;
  write_mode mode = write_mode::through;
  file_format format = file_format::native;
  std::vector<std::string> findings;  ///< what was wrong while it ran
};

/// Plays a workload from an empty disk.
[[nodiscard]] recording record(const workload& w, flavour what, write_mode mode,
                               file_format format = file_format::native);
/// What a player did.
[[nodiscard]] recording recording_of(const player& p, const std::string& name);

/// The crashes that files of this format are to survive.
[[nodiscard]] simulation::crash_options crashes_for(file_format format);

/// How a campaign looks at a recording.
struct campaign {
  simulation::crash_options crash = {};
  /// After every so many states: recover again, write on, and crash the recovery itself. 0: never.
  std::size_t closer_look_every = 40;
  std::size_t from = 0;  ///< the first crash point
};

struct campaign_report {
  std::uint64_t states = 0;  ///< distinct ones of each crash point, crashes of recoveries included
  std::vector<std::string> violations;

  void add(const campaign_report& other);
};

/// Opens every state; a violation is a sentence that says all that is needed to see it again.
[[nodiscard]] campaign_report crash_everywhere(const recording& run, const campaign& how);

/// The four kinds of crashes: power cut, power cut with directories that keep any subset, kill,
/// power cut of a disk that lies about syncs. Of a DETS file without the last, which only checksums
/// can notice, and without torn sectors.
[[nodiscard]] campaign_report crash_in_all_ways(const recording& run, std::size_t budget,
                                                std::size_t closer_look_every = 40);

/// A few crash points and states by chance, half of them kills.
[[nodiscard]] campaign_report crash_by_chance(const recording& run, std::size_t count,
                                              std::uint64_t chance);

/// SHELF_TEST_SEED, or 1.
[[nodiscard]] std::uint64_t seed();

/// The first few, one a line, for a failed expectation.
[[nodiscard]] std::string to_text(const std::vector<std::string>& sentences);

}  // namespace shelf::crash
