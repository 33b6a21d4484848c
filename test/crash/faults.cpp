// TEST  crash
// Faults: injected, survived, crashed upon.
#include "crash/faults.hpp"

#include "can_keep.hpp"

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>

namespace shelf::crash {
namespace {

using simulation::call;
using simulation::fault;
using simulation::simulated_disk;

constexpr std::array errnos{EIO,    ENOSPC, EDQUOT, EMFILE, ENFILE, ENOMEM, EINTR,
                            EAGAIN, EACCES, EROFS,  EFBIG,  ESTALE, ENOSYS};
constexpr std::size_t crashes_a_run = 3;

bool interrupts(int cause) { return cause == EINTR || cause == EAGAIN; }
bool is_full(int cause) { return cause == ENOSPC || cause == EDQUOT || cause == EFBIG; }
bool moves_bytes(call kind) { return kind == call::read || kind == call::write; }

std::string to_text(const fault& f) {
  std::string text =
      "call " + std::to_string(f.nth) + " of kind " + std::to_string(static_cast<int>(f.kind));
  if (f.at_most) return text + " moves at most " + std::to_string(*f.at_most) + " bytes";
  return text + " fails with " + strerrorname_np(f.error) + (f.sticky ? " for good" : " once");
}

/// One run with one fault.
class faulty_run {
 public:
  faulty_run(const workload& w, flavour what, write_mode mode, file_format format, const fault& f)
      : workload_(w),
        fault_(f),
        disk_({.seed = seed()}),
        player_(disk_, what, mode, f.sticky ? on_failure::endure : on_failure::heal, format) {}

  fault_report run() {
    disk_.inject(fault_);
    if (fault_.kind == call::sync) player_.syncs_may_fail();
    workload_.play(player_);
    report_.runs = 1;
    report_.faults_met = disk_.faults_met();
    if (report_.faults_met == 0) return std::move(report_);
    judge_states();
    player_.settle();
    for (const auto& finding : player_.findings()) complain(finding);
    // Between the parts of a short write a crash leaves what a torn sector does.
    const bool tears = fault_.at_most && fault_.kind == call::write;
    if (!tears || stores::keeps(player_.format(), stores::capability::torn_sectors)) crash_after();
    return std::move(report_);
  }

 private:
  void judge_states() {
    if (fault_.sticky) return;
    const bool goes_on = moves_bytes(fault_.kind) || fault_.kind == call::truncate;
    if (goes_on && (interrupts(fault_.error) || fault_.at_most) && player_.failures() > 0) {
      complain("an interrupted or short call was noticed");
    }
    const bool may_fence = !stores::keeps(player_.format(), stores::capability::full_disks);
    if (fault_.kind == call::write && is_full(fault_.error) && player_.was_fenced() && !may_fence) {
      complain("a full disk fenced the table");
    }
  }

  void crash_after() {
    const auto run = recording_of(player_, "");
    const auto crashed = crash_by_chance(run, crashes_a_run, seed() + fault_.nth);
    report_.crash_states += crashed.states;
    for (const auto& violation : crashed.violations) complain(violation);
  }

  void complain(const std::string& what) {
    report_.violations.push_back(
        "SHELF_TEST_SEED=" + std::to_string(seed()) + " " + std::string(workload_.name) + "/" +
        to_string(player_.what()) + "/" + to_string(player_.mode()) + "/" +
        test::to_string(player_.format()) + ", " + to_text(fault_) + ": " + what);
  }

  const workload& workload_;
  fault fault_;
  simulated_disk disk_;
  player player_;
  fault_report report_;
};

/// Calls f(kind, nth) for every call that the workload makes when all goes well.
template <class F>
void for_each_call(const workload& w, flavour what, write_mode mode, file_format format, F f) {
  simulated_disk disk({.seed = seed()});
  player p(disk, what, mode, on_failure::complain, format);
  w.play(p);
  for (auto kind = call::open_directory; kind != call::count_;
       kind = static_cast<call>(static_cast<int>(kind) + 1)) {
    const auto calls = disk.calls(kind);
    for (std::uint64_t nth = 1; nth <= calls; ++nth) f(kind, nth);
  }
}

}  // namespace

void fault_report::add(const fault_report& other) {
  runs += other.runs;
  faults_met += other.faults_met;
  crash_states += other.crash_states;
  violations.insert(violations.end(), other.violations.begin(), other.violations.end());
}

std::span<const int> all_errnos() { return errnos; }

fault_report fail_every_call(const workload& w, flavour what, write_mode mode,
                             std::span<const int> causes, file_format format) {
  fault_report sum;
  for_each_call(w, what, mode, format, [&](call kind, std::uint64_t nth) {
    for (const int cause : causes) {
      for (const bool sticky : {false, true}) {
        // Interrupted for good: every call is tried thousands of times before that is an error.
        if (sticky && interrupts(cause) && nth != 1) continue;
        sum.add(faulty_run(w, what, mode, format,
                           {.kind = kind, .nth = nth, .error = cause, .sticky = sticky})
                    .run());
      }
    }
  });
  return sum;
}

fault_report shorten_every_call(const workload& w, flavour what, write_mode mode,
                                file_format format) {
  fault_report sum;
  for_each_call(w, what, mode, format, [&](call kind, std::uint64_t nth) {
    if (!moves_bytes(kind)) return;
    for (const std::size_t at_most : {1U, 39U, 511U}) {
      for (const bool sticky : {false, true}) {
        // A byte at a time for good costs thousands of calls, and the first shows it.
        if (sticky && (nth > 2 || at_most == 1)) continue;
        sum.add(faulty_run(w, what, mode, format,
                           {.kind = kind, .nth = nth, .sticky = sticky, .at_most = at_most})
                    .run());
      }
    }
  });
  return sum;
}

}  // namespace shelf::crash
