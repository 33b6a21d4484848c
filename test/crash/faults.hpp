// TEST  crash
// A workload in which a call of the system goes wrong: any call, in any way, once or for good.
#pragma once

#include "crash/campaign.hpp"

#include <span>

namespace shelf::crash {

struct fault_report {
  std::uint64_t runs = 0;
  std::uint64_t faults_met = 0;
  std::uint64_t crash_states = 0;
  std::vector<std::string> violations;

  void add(const fault_report& other);
};

/// Every errno that the programme knows.
[[nodiscard]] std::span<const int> all_errnos();

/// Plays the workload once for every call it makes, kind by kind, and every errno; the call fails
/// once, or all later ones of its kind fail too. No failed call may be acknowledged, memory must be
/// what was acknowledged, the table healthy or fenced as it should be, recover() must bring all
/// back, nothing may leak; and a crash after the error must leave a prefix.
[[nodiscard]] fault_report fail_every_call(const workload& w, flavour what, write_mode mode,
                                           std::span<const int> errnos,
                                           file_format format = file_format::native);

/// Reads and writes that move fewer bytes than they were asked to: nobody may notice.
[[nodiscard]] fault_report shorten_every_call(const workload& w, flavour what, write_mode mode,
                                              file_format format = file_format::native);

}  // namespace shelf::crash
