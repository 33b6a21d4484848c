// TEST  crash
// Backups, increments and restores, cut off at every point: a name means a complete file, and what
// was there before is there until then.
#include "shelf/backup.hpp"
#include "shelf/shelf.hpp"
#include "simulation/crash_states.hpp"
#include "simulation/simulated_disk.hpp"

#include "budget.hpp"

#include <gtest/gtest.h>

#include <cstdio>
#include <map>
#include <string>
#include <vector>

namespace shelf::crash {
namespace {

using simulation::simulated_disk;
using table = shelf::map<std::string, int>;
using state = std::map<std::string, int>;

table::config config_of(file::system& disk, const std::string& path) {
  table::config c;
  c.path = path;
  c.system = &disk;
  c.sync_every = std::chrono::milliseconds(0);
  return c;
}

state state_of(const table& t) {
  state all;
  for (const auto& [key, value] : t) all.emplace(key, value);
  return all;
}

/// What a file shows; nothing if there is none.
std::optional<state> shown(simulated_disk& disk, const std::string& path) {
  auto c = config_of(disk, path);
  c.opening = opening::read_only;
  auto t = table::open(std::move(c));
  if (!t && t.error() == errc::not_found) return std::nullopt;
  return state_of(or_throw(std::move(t)));
}

restore_options on(simulated_disk& disk, std::vector<std::string> increments, bool replace) {
  return {.increments = std::move(increments),
          .replace = replace,
          .where = {.base_directory = {}, .system = &disk, .table = {}},
          .tell = {}};
}

/// What a file may show after a crash, from one moment on and until the next.
struct moment {
  std::size_t at;  ///< operations of the disk
  std::string file;
  std::optional<state> is;
};

class life {
 public:
  simulated_disk disk;
  /// From here on the file is surely that; before, either that or what it was.
  void note(const std::string& file, std::optional<state> is) {
    moments_.push_back({static_cast<std::size_t>(disk.operations()), file, std::move(is)});
  }
  /// A sentence for each crash that left something else.
  std::vector<std::string> crash(simulation::crash_options::kind kind, std::uint64_t& states) {
    std::vector<std::string> wrong;
    const auto tally = simulation::for_each_crash_state(
        disk.recorded(), {.crash = kind, .budget = test::budgeted(200)},
        [&](simulated_disk& left, const simulation::crash_state& which) {
          for (const auto& file : {std::string("backup.shelf"), std::string("restored.shelf")}) {
            judge(left, which, file, wrong);
          }
        });
    states += tally.states;
    return wrong;
  }

 private:
  void judge(simulated_disk& left, const simulation::crash_state& which, const std::string& file,
             std::vector<std::string>& wrong) const {
    std::optional<state> surely;
    std::optional<state> perhaps;
    for (const auto& m : moments_) {
      if (m.file != file) continue;
      perhaps = m.is;
      if (m.at > which.at()) break;
      surely = m.is;
    }
    try {
      const auto is = shown(left, file);
      if (is != surely && is != perhaps) wrong.push_back(file + ", " + which.describe());
    } catch (const std::exception& e) {
      wrong.push_back(file + ": " + e.what() + ", " + which.describe());
    }
  }

  std::vector<moment> moments_;
};

TEST(BackupCrashes, LeaveAWholeBackupAndARestoredFileOrWhatWasThereBefore) {
  using kind = simulation::crash_options::kind;
  life l;
  auto t = or_throw(table::open(config_of(l.disk, "t.shelf")));
  (void)or_throw(t.insert("a", 1));
  const auto whole = or_throw(t.backup_to("backup.shelf"));
  l.note("backup.shelf", state_of(t));
  ASSERT_TRUE(restore("backup.shelf", "restored.shelf", on(l.disk, {}, false)));
  l.note("restored.shelf", state_of(t));
  (void)or_throw(t.insert("b", 2));
  const auto one = or_throw(t.backup_to("one.shelf", {.since = whole.position}));
  ASSERT_EQ(one.extent, backup_extent::increment);
  ASSERT_TRUE(restore("backup.shelf", "restored.shelf", on(l.disk, {"one.shelf"}, true)));
  l.note("restored.shelf", state_of(t));
  (void)or_throw(t.insert("c", 3));
  ASSERT_TRUE(t.backup_to("backup.shelf", {.replace = true}));
  l.note("backup.shelf", state_of(t));
  std::uint64_t states = 0;
  for (const auto crash : {kind::power, kind::kill}) {
    const auto wrong = l.crash(crash, states);
    EXPECT_TRUE(wrong.empty()) << wrong.size() << ": " << wrong.front();
  }
  std::printf("[  states  ] %llu\n", static_cast<unsigned long long>(states));
  EXPECT_GT(states, test::budgeted(200));
}

TEST(BackupCrashes, LeaveAnIncrementThatIsWholeOrNone) {
  using kind = simulation::crash_options::kind;
  simulated_disk disk;
  auto t = or_throw(table::open(config_of(disk, "t.shelf")));
  (void)or_throw(t.insert("a", 1));
  const auto whole = or_throw(t.backup_to("backup.shelf"));
  (void)or_throw(t.insert("b", 2));
  const auto from = static_cast<std::size_t>(disk.operations());
  ASSERT_TRUE(t.backup_to("one.shelf", {.since = whole.position}));
  const auto now = state_of(t);
  for (const auto crash : {kind::power, kind::kill}) {
    simulation::for_each_crash_state(
        disk.recorded(), {.crash = crash, .budget = test::budgeted(200)},
        [&](simulated_disk& left, const simulation::crash_state& which) {
          const auto made = restore("backup.shelf", "made.shelf", on(left, {"one.shelf"}, false));
          if (made) {
            EXPECT_EQ(shown(left, "made.shelf"), now) << which.describe();
          } else {
            EXPECT_EQ(made.error(), errc::not_found) << which.describe();
          }
        },
        from);
  }
}

TEST(BackupCrashes, WhileRestoringIntoAnOpenTableLeaveItAsItWasOrAsTheBackupIs) {
  using kind = simulation::crash_options::kind;
  for (const auto mode : {write_mode::through, write_mode::back, write_mode::durable}) {
    simulated_disk disk;
    auto c = config_of(disk, "t.shelf");
    c.mode = mode;
    auto t = or_throw(table::open(std::move(c)));
    (void)or_throw(t.insert("a", 1));
    const auto then = state_of(t);
    ASSERT_TRUE(t.backup_to("backup.shelf"));
    (void)or_throw(t.insert("b", 2));
    ASSERT_TRUE(t.save());
    const auto before = state_of(t);
    const auto from = static_cast<std::size_t>(disk.operations());
    ASSERT_TRUE(t.restore_from("backup.shelf"));
    const auto until = static_cast<std::size_t>(disk.operations());
    for (const auto crash : {kind::power, kind::kill}) {
      simulation::for_each_crash_state(
          disk.recorded(), {.crash = crash, .budget = test::budgeted(200)},
          [&](simulated_disk& left, const simulation::crash_state& which) {
            const auto is = shown(left, "t.shelf");
            EXPECT_TRUE(is == then || (is == before && which.at() < until)) << which.describe();
          },
          from);
    }
  }
}

}  // namespace
}  // namespace shelf::crash
