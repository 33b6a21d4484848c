// TEST  crash
// What the simulated programs do before they crash.
#pragma once

#include "crash/player.hpp"

#include <span>
#include <string_view>
#include <vector>

namespace shelf::crash {

struct workload {
  std::string_view name;
  std::vector<flavour> flavours;
  void (*play)(player& p);
  /// The modes in which it makes sense.
  std::vector<write_mode> modes = {write_mode::through, write_mode::back, write_mode::durable};
  /// How many distinct crash states at least it must come to at the usual budget, all flavours,
  /// modes and kinds of crashes together.
  std::size_t least_states = 0;
  /// Of each crash point of a power cut.
  std::size_t budget = 200;
  simulation::disk_options disk = {};
  /// Can be replayed with any call failing.
  bool for_faults = true;
  /// With how many of the errnos, if it makes many calls.
  std::size_t errnos = 13;
};

[[nodiscard]] std::span<const workload> workloads();
/// Those with a kind that files of this format hold.
[[nodiscard]] std::vector<workload> workloads_on(file_format format);
[[nodiscard]] const workload& workload_named(std::string_view name);

/// As what and how files of this format play it; what they cannot is said on stdout. few: each kind
/// and most modes once, not in all pairs.
struct playing {
  flavour what;
  write_mode mode;
};
[[nodiscard]] std::vector<playing> playings(const workload& w, file_format format, bool few);

}  // namespace shelf::crash
