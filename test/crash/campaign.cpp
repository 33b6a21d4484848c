// TEST  crash
// Judging the disks that crashes leave.
#include "crash/campaign.hpp"

#include "budget.hpp"
#include "can_keep.hpp"
#include "simulation/crash_space.hpp"

#include <malloc.h>

#include <algorithm>
#include <cstdlib>

namespace shelf::crash {
namespace {

using simulation::crash_options;
using simulation::crash_state;
using simulation::simulated_disk;
using stores::capability;

constexpr std::size_t most_violations = 20;
constexpr std::size_t most_told = 8;
constexpr std::size_t nested_budget = 6;

/// Half a million disks come and go: the heap keeps their memory instead of asking the kernel anew.
[[maybe_unused]] const bool heap_keeps_memory =
    mallopt(M_MMAP_THRESHOLD, 1 << 28) == 1 && mallopt(M_TRIM_THRESHOLD, 1 << 28) == 1;

/// What a disk was opened to.
struct opened {
  std::uint64_t digest = digest::no_table;
  std::string complaint;  // empty: nothing is wrong
};

/// Visits the states of one recording.
class judge {
 public:
  judge(const recording& run, const campaign& how)
      : run_(run),
        how_(how),
        by_(how.crash.crash == crash_options::kind::kill ? fall::kill : fall::power),
        lying_(how.crash.lying_disk),
        table_(make_subject(run.what)) {}

  campaign_report run() {
    const auto tally = simulation::for_each_crash_state(
        run_.past, how_.crash,
        [&](simulated_disk& disk, const crash_state& state) { visit(disk, state); }, how_.from);
    report_.states += tally.states;
    return std::move(report_);
  }

 private:
  /// What may be found.
  struct expectation {
    std::vector<oracle::state> allowed;
    bool is_loose = false;
  };
  [[nodiscard]] expectation expected(const oracle& promises, std::uint64_t at, fall by) const {
    return {.allowed = promises.allowed(at, by, lying_),
            .is_loose = is_loose(run_.format, run_.mode, by, promises.in_doubt(at))};
  }

  void visit(simulated_disk& disk, const crash_state& state) {
    if (report_.violations.size() >= most_violations) return;
    state_ = &state;
    if (allowed_at_ != state.at() || allowed_.allowed.empty()) {
      allowed_at_ = state.at();
      allowed_ = expected(run_.promises, state.at(), by_);
      after_power_cut_ = expected(run_.promises, state.at(), fall::power);
    }
    const auto first = open(disk, allowed_);
    if (!first.complaint.empty()) return complain(first.complaint);
    ++visited_;
    if (how_.closer_look_every == 0 || visited_ % how_.closer_look_every != 0) return;
    if (lying_) return look_closer_at_liar(disk);
    look_closer(disk, first.digest);
  }

 public:
  /// One state that was made elsewhere.
  campaign_report see(simulated_disk& disk, std::size_t at) {
    ++report_.states;
    const auto found = open(disk, expected(run_.promises, at, by_));
    if (!found.complaint.empty()) {
      report_.violations.push_back(ways() + " after operation " + std::to_string(at) + " of " +
                                   std::to_string(run_.past.operations.size()) + ": " +
                                   found.complaint);
    }
    return std::move(report_);
  }

 private:
  /// Opens as a program would after the crash, and lets go without writing.
  opened open(simulated_disk& disk, const expectation& expect) {
    const auto done = table_->open(&disk, after_a_crash());
    opened seen;
    if (done) {
      seen.digest = table_->digest_now();
    } else if (lying_) {
      return seen;  // an error is honest
    } else if (done.error() != errc::not_found) {
      seen.complaint = "open fails: " + done.error().message();
      return seen;
    }
    const auto found = std::ranges::find(expect.allowed, seen.digest, &oracle::state::digest);
    const bool right =
        found != expect.allowed.end() ||
        (done && expect.is_loose && holds_what_all_share(table_->all(), expect.allowed));
    if (!right) {
      seen.complaint = "found " + (done ? to_text(table_->all()) : std::string("no file")) +
                       " instead of " + to_text(expect.allowed);
    }
    table_->abandon();
    if (done && !is_tidy(disk)) seen.complaint += " files are left behind";
    return seen;
  }
  [[nodiscard]] subject::how after_a_crash() const {
    return {
        .mode = run_.mode, .opening = opening::existing, .extended = true, .format = run_.format};
  }
  /// What a repair was made of stays until the next clean close.
  [[nodiscard]] bool is_tidy(const simulated_disk& disk) const {
    auto names = disk.files();
    const auto kept = std::string(file_name) + ".unrepaired";
    if (run_.format == file_format::dets) {
      std::erase_if(names, [&](const std::string& name) {
        return name == kept || name.starts_with("." + kept);
      });
    }
    return names.size() == 1;
  }

  /// Recovering twice is recovering once; what was seen stays; writing goes on behind a torn end;
  /// a crash in the recovery is no worse than the first.
  void look_closer(simulated_disk& disk, std::uint64_t seen) {
    const auto recovery = disk.recorded();
    const auto again = open(disk, allowed_);
    if (again.digest != seen) return complain("a second recovery finds another state");
    const auto nested = nested_crash();
    const auto tally = simulation::for_each_crash_state(
        recovery, nested, [&](simulated_disk& left, const crash_state& state) {
          const bool served = state.at() == recovery.operations.size();
          const auto found = open(left, after_power_cut_);
          if (!found.complaint.empty()) {
            complain("crash in the recovery (" + state.describe() + "): " + found.complaint);
          } else if (served && found.digest != seen) {
            complain("what was seen after the crash is gone after another (" + state.describe() +
                     ")");
          }
        });
    report_.states += tally.states;
    write_on(disk, seen);
  }

  [[nodiscard]] crash_options nested_crash() const {
    auto nested = crashes_for(run_.format);
    nested.torn_pieces = false;
    nested.budget = nested_budget;
    nested.seed = how_.crash.seed;
    return nested;
  }

  /// The program goes on where the crash left it, and crashes again: now what it was shown, and
  /// what it wrote since, count. Lost bytes of the first life may show in holes of the second.
  void write_on(simulated_disk& disk, std::uint64_t seen) {
    if (seen == digest::no_table) return;
    auto second_life = play_on(disk);
    if (!second_life) return;
    const auto& [promises, opened_at] = *second_life;
    const auto nested = nested_crash();
    const auto tally = simulation::for_each_crash_state(
        disk.recorded(), nested,
        [&](simulated_disk& left, const crash_state& state) {
          const auto found = open(left, expected(promises, state.at(), fall::power));
          if (!found.complaint.empty()) {
            complain("then writes, then another crash (" + state.describe() +
                     "): " + found.complaint);
          }
        },
        opened_at);
    report_.states += tally.states;
    const auto found = open(disk, expected(promises, disk.operations(), fall::kill));
    if (!found.complaint.empty()) complain("then writes, then a kill: " + found.complaint);
  }

  std::optional<std::pair<oracle, std::uint64_t>> play_on(simulated_disk& disk) {
    const auto reopened = table_->open(&disk, after_a_crash());
    if (!reopened) {
      complain("a third open fails: " + reopened.error().message());
      return std::nullopt;
    }
    const auto opened_at = disk.operations();
    oracle promises;
    auto state = table_->all();
    promises.happened(0, state);
    promises.promise(opened_at, fall::power);
    for (const std::int64_t key : {77, 78, 79}) {
      const auto started = disk.operations();
      auto done = table_->insert(key, new_value());
      if (done && run_.mode == write_mode::back) done = table_->save();
      if (!done) {
        complain("a write after the crash fails: " + done.error().message());
        return std::nullopt;
      }
      state[key] = {new_value()};
      promises.happened(started, state);
      promises.promise(disk.operations(),
                       run_.mode == write_mode::through ? fall::kill : fall::power);
    }
    table_->abandon();
    return std::pair(std::move(promises), opened_at);
  }

  /// A program goes on after the crash on a disk that still lies: old pieces may come back among
  /// the new ones. It may be refused, but never be served nonsense.
  void look_closer_at_liar(simulated_disk& disk) {
    if (!table_->open(&disk, {.mode = run_.mode, .opening = opening::existing})) return;
    auto allowed = allowed_;
    auto state = table_->all();
    for (const std::int64_t key : {77, 78}) {
      if (!table_->insert(key, new_value())) break;
      if (run_.mode == write_mode::back && !table_->save()) break;
      state[key] = {new_value()};
      allowed.allowed.push_back({nullptr, digest_of(state), 0});
    }
    table_->abandon();
    crash_options nested = how_.crash;
    nested.budget = 4 * nested_budget;
    nested.torn_pieces = false;
    const auto tally = simulation::for_each_crash_state(
        disk.recorded(), nested, [&](simulated_disk& left, const crash_state& second) {
          const auto found = open(left, allowed);
          if (!found.complaint.empty()) {
            complain("then writes, then another crash (" + second.describe() +
                     "): " + found.complaint);
          }
        });
    report_.states += tally.states;
  }

  /// As long as many values of the workloads, so that new frames fit exactly where old ones were.
  [[nodiscard]] std::string new_value() const {
    return run_.what == flavour::counters ? "5" : std::string(20, '5');
  }

  void complain(const std::string& what) {
    table_->abandon();
    if (report_.violations.size() >= most_violations) return;
    report_.violations.push_back("SHELF_TEST_SEED=" + std::to_string(how_.crash.seed) + " " +
                                 run_.name + ", " + ways() + ": " + state_->describe() + ": " +
                                 what);
  }
  [[nodiscard]] std::string ways() const {
    std::string text = by_ == fall::kill ? "kill" : "power";
    if (how_.crash.weak_directories) text += ", weak directories";
    if (lying_) text += ", lying disk";
    return text;
  }

  const recording& run_;
  const campaign& how_;
  fall by_;
  bool lying_;
  std::unique_ptr<subject> table_;
  expectation allowed_;
  expectation after_power_cut_;  // that came before the recovery was done
  std::size_t allowed_at_ = 0;
  const crash_state* state_ = nullptr;
  std::size_t visited_ = 0;
  campaign_report report_;
};

}  // namespace

recording record(const workload& w, flavour what, write_mode mode, file_format format) {
  auto options = w.disk;
  options.seed = seed();
  simulated_disk disk(options);
  player p(disk, what, mode, on_failure::complain, format);
  w.play(p);
  return recording_of(p, std::string(w.name));
}

recording recording_of(const player& p, const std::string& name) {
  return {.name = name + "/" + to_string(p.what()) + "/" + to_string(p.mode()) + "/" +
                  test::to_string(p.format()),
          .past = p.disk().recorded(),
          .promises = p.promises(),
          .what = p.what(),
          .mode = p.mode(),
          .format = p.format(),
          .findings = p.findings()};
}

simulation::crash_options crashes_for(file_format format) {
  return {.torn_pieces = stores::keeps(format, capability::torn_sectors),
          .stale_blocks = stores::keeps(format, capability::stale_blocks),
          .seed = seed()};
}

void campaign_report::add(const campaign_report& other) {
  states += other.states;
  violations.insert(violations.end(), other.violations.begin(), other.violations.end());
}

campaign_report crash_everywhere(const recording& run, const campaign& how) {
  return judge(run, how).run();
}

campaign_report crash_by_chance(const recording& run, std::size_t count, std::uint64_t chance) {
  campaign_report sum;
  simulation::chooser choose(chance);
  for (std::size_t i = 0; i < count; ++i) {
    const std::size_t at = choose.below(run.past.operations.size() + 1);
    campaign how{.crash = crashes_for(run.format)};
    how.crash.crash = i % 2 == 0 ? crash_options::kind::power : crash_options::kind::kill;
    how.crash.seed = choose.next();
    const auto disk = simulation::random_crash_state(run.past, at, how.crash);
    sum.add(judge(run, how).see(*disk, at));
  }
  return sum;
}

campaign_report crash_in_all_ways(const recording& run, std::size_t budget,
                                  std::size_t closer_look_every) {
  budget = test::budgeted(budget);
  const std::size_t less = budget / 4 + 1;
  campaign how{.crash = crashes_for(run.format), .closer_look_every = closer_look_every};
  how.crash.budget = budget;
  auto sum = crash_everywhere(run, how);
  how.crash.weak_directories = true;
  how.crash.budget = less;
  ++how.crash.seed;
  sum.add(crash_everywhere(run, how));
  how.crash.weak_directories = false;
  how.crash.lying_disk = true;
  ++how.crash.seed;
  if (stores::keeps(run.format, capability::checksums)) sum.add(crash_everywhere(run, how));
  how.crash.lying_disk = false;
  how.crash.crash = crash_options::kind::kill;
  how.closer_look_every = std::min<std::size_t>(closer_look_every, 5);
  sum.add(crash_everywhere(run, how));
  return sum;
}

std::uint64_t seed() {
  const char* const set = std::getenv("SHELF_TEST_SEED");
  return set == nullptr ? 1 : std::strtoull(set, nullptr, 10);
}

std::string to_text(const std::vector<std::string>& sentences) {
  std::string text;
  for (std::size_t i = 0; i < sentences.size() && i < most_told; ++i) text += sentences[i] + "\n";
  if (sentences.size() > most_told)
    text += "and " + std::to_string(sentences.size() - most_told) + " more\n";
  return text;
}

}  // namespace shelf::crash
