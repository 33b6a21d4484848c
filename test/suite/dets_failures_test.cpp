// SUITE  every verb over every kind, write mode and store
// A table over a DETS file when something is refused or fails: the file is as it was, or says so.
#include "file/scratch.hpp"
#include "suite/ground.hpp"

#include "shelf/dets.hpp"

#include <functional>
#include <random>

namespace shelf::suite {
namespace {

using ages = map<std::string, std::int64_t>;
using texts = map<std::string, std::string>;

template <class Table>
[[nodiscard]] typename Table::config config_on(simulation::simulated_disk& disk,
                                               write_mode mode = write_mode::through) {
  return {.path = path,
          .mode = mode,
          .format = file_format::dets,
          .on_error = [](const error&) {},
          .system = &disk};
}

void leave_unclosed(simulation::simulated_disk& disk) {
  auto t = or_throw(ages::open(config_on<ages>(disk)));
  (void)or_throw(t.insert_range({{"a", 1}, {"b", 2}}));
  t.abandon();
}

// --- refused means untouched ---------------------------------------------------------------------

/// Fixed: a file that needed a repair was repaired and replaced before its types were looked at.
TEST(DetsRefused, AnUnclosedFileOfOtherTypesStaysAsItIs) {
  simulation::simulated_disk disk;
  leave_unclosed(disk);
  const auto before = *disk.read_all(path);
  for (const auto policy : {dets::repair_policy::automatic, dets::repair_policy::force}) {
    auto c = config_on<texts>(disk);
    c.repair = policy;
    EXPECT_TRUE(refuses(texts::open(c), errc::type_mismatch, {path, "2 entries"}));
    EXPECT_EQ(*disk.read_all(path), before);
    EXPECT_THAT(disk.files(), testing::ElementsAre(path));
    EXPECT_EQ(disk.locks_held(), 0u);
    EXPECT_EQ(disk.open_descriptors(), 0u);
  }
  using bag_of_ages = bag<std::string, std::int64_t>;
  EXPECT_TRUE(refuses(bag_of_ages::open(config_on<bag_of_ages>(disk)), errc::wrong_kind));
  EXPECT_EQ(*disk.read_all(path), before);
}

TEST(DetsRefused, AnUnclosedFileThatTheCheckRefusesStaysAsItIs) {
  simulation::simulated_disk disk;
  leave_unclosed(disk);
  const auto before = *disk.read_all(path);
  auto c = config_on<ages>(disk);
  c.check = [](const std::string&, std::int64_t age) { return age < 2; };
  EXPECT_TRUE(refuses(ages::open(c), errc::type_mismatch, {path, "1 entry"}));
  EXPECT_EQ(*disk.read_all(path), before);
  EXPECT_THAT(disk.files(), testing::ElementsAre(path));
}

TEST(DetsRefused, AClosedFileOfOtherTypesIsNotCompactedByForce) {
  simulation::simulated_disk disk;
  or_throw(or_throw(ages::open(config_on<ages>(disk))).close());
  {
    auto t = or_throw(ages::open(config_on<ages>(disk)));
    for (int i = 0; i < 50; ++i) (void)or_throw(t.insert("a", i));
    or_throw(t.close());
  }
  const auto before = *disk.read_all(path);
  auto c = config_on<texts>(disk);
  c.repair = dets::repair_policy::force;
  EXPECT_TRUE(refuses(texts::open(c), errc::type_mismatch));
  EXPECT_EQ(*disk.read_all(path), before);
  auto right = config_on<ages>(disk);
  right.repair = dets::repair_policy::force;
  auto t = or_throw(ages::open(right));
  EXPECT_EQ(t.lookup("a"), 49);
  EXPECT_NE(*disk.read_all(path), before);
}

TEST(DetsRefused, AnAcceptedRepairTakesTheNameAndKeepsTheOriginal) {
  simulation::simulated_disk disk;
  leave_unclosed(disk);
  const auto before = *disk.read_all(path);
  auto t = or_throw(ages::open(config_on<ages>(disk)));
  const auto kept = std::string(path) + ".unrepaired";
  EXPECT_EQ(t.stats()->repaired->kept_as, kept);
  EXPECT_EQ(*disk.read_all(kept), before);
  EXPECT_EQ(t.size(), 2u);
  ASSERT_TRUE(ok(t.insert("c", 3)));
  ASSERT_TRUE(ok(t.close()));
  EXPECT_THAT(disk.files(), testing::ElementsAre(path));
  EXPECT_EQ(or_throw(ages::open(config_on<ages>(disk))).size(), 3u);
}

// --- changed by others ---------------------------------------------------------------------------

TEST(DetsChangedOutside, APromiseSaysSoAndRecoverHeals) {
  using call = std::function<result<>(ages&)>;
  const std::vector<call> promises{[](ages& t) { return t.sync(); },
                                   [](ages& t) { return t.save(); },
                                   [](ages& t) { return t.close(); }};
  for (std::size_t i = 0; i < promises.size(); ++i) {
    for (const bool removed : {false, true}) {
      for (const bool changed : {false, true}) {
        SCOPED_TRACE(std::to_string(i) + (removed ? ", removed" : ", cut") +
                     (changed ? ", changed since" : ""));
        simulation::simulated_disk disk;
        auto t = or_throw(ages::open(config_on<ages>(disk)));
        (void)or_throw(t.insert_range({{"a", 1}, {"b", 2}}));
        or_throw(t.save());
        if (changed) (void)or_throw(t.insert("c", 3));
        const auto before = contents(t);
        removed ? disk.remove(path) : disk.resize(path, 5440);
        EXPECT_TRUE(
            refuses(promises[i](t), errc::replaced, {path, removed ? "removed" : "truncated"}));
        ASSERT_TRUE(t.is_open());
        EXPECT_TRUE(t.stats()->fenced);
        EXPECT_EQ(contents(t), before);
        EXPECT_TRUE(refuses(t.insert("d", 4), errc::fenced, {path, "recover()"}));
        ASSERT_TRUE(ok(t.recover()));
        ASSERT_TRUE(ok(t.insert("d", 4)));
        ASSERT_TRUE(ok(t.close()));
        EXPECT_EQ(or_throw(ages::open(config_on<ages>(disk))).size(), before.size() + 1);
      }
    }
  }
}

// --- a full disk, no descriptors -----------------------------------------------------------------

/// Fixed: a clear that could not open its new file left it in doubt whether it had happened.
TEST(DetsFailures, AClearWithoutDescriptorsChangesNothing) {
  simulation::simulated_disk disk;
  auto t = or_throw(ages::open(config_on<ages>(disk)));
  ASSERT_TRUE(ok(t.insert_range({{"a", 1}, {"b", 2}})));
  disk.inject({.kind = simulation::call::open_file, .error = EMFILE, .sticky = true});
  EXPECT_TRUE(refuses(t.clear(), errc::file_error, {path}));
  EXPECT_FALSE(t.stats()->fenced);
  EXPECT_EQ(t.size(), 2u);
  disk.clear_faults();
  ASSERT_TRUE(ok(t.insert("c", 3)));
  ASSERT_TRUE(ok(t.reload()));
  EXPECT_EQ(t.size(), 3u);
  EXPECT_EQ(t.clear(), 3u);
}

/// Random calls on a disk that is full again and again: what failed changed nothing, and nothing is
/// fenced. Fixed: a write in place that found no room did, and so did one in durable mode.
template <kind Kind>
void fill_a_disk(write_mode mode, std::uint64_t seed) {
  SCOPED_TRACE(std::string(to_string(Kind)) + ", seed " + std::to_string(seed));
  using table = shelf::table<std::string, std::string, Kind>;
  simulation::simulated_disk disk({.capacity = 40 << 10});
  auto t = or_throw(table::open(config_on<table>(disk, mode)));
  std::mt19937_64 engine(seed);
  const auto below = [&](std::size_t n) { return static_cast<std::size_t>(engine() % n); };
  std::size_t refused = 0;
  for (int i = 0; i < 400; ++i) {
    const auto before = contents(t);
    const auto key = [&] { return "key" + std::to_string(below(60)); };
    const auto text = [&] { return std::string(below(below(4) == 0 ? 3000 : 90), 'x'); };
    result<> done;
    const auto told = [&](const auto& r) { done = r ? result<>() : std::unexpected(r.error()); };
    switch (below(8)) {
      case 0: told(t.erase(key())); break;
      case 1:
        told(t.insert_range({{key(), text()}, {key(), text()}, {key(), text()}, {key(), text()}}));
        break;
      case 2: told(t.save()); break;
      default: told(t.insert(key(), text()));
    }
    ASSERT_FALSE(t.stats()->fenced) << done.error();
    if (done) continue;
    ++refused;
    EXPECT_EQ(done.error(), errc::no_space) << done.error();
    EXPECT_EQ(contents(t), before);
  }
  EXPECT_GT(refused, 0u);
  const auto now = contents(t);
  ASSERT_TRUE(ok(t.reload()));
  EXPECT_EQ(contents(t), now);
  t.abandon();
  simulation::simulated_disk roomy;
  roomy.put(path, *disk.read_all(path));
  EXPECT_EQ(contents(or_throw(table::open(config_on<table>(roomy, mode)))), now);
}

TEST(DetsFailures, AFullDiskFencesNothingAndWhatFailedChangedNothing) {
  for (const auto mode : {write_mode::through, write_mode::durable}) {
    for (std::uint64_t seed = 1; seed <= 6; ++seed) {
      fill_a_disk<kind::set>(mode, seed);
      fill_a_disk<kind::bag>(mode, seed);
      fill_a_disk<kind::duplicate_bag>(mode, seed);
    }
  }
}

/// Fixed: a close that failed could leave a table that recover() took for a stranger's.
TEST(DetsFailures, AfterAnyFailedSyncAndCloseRecoverBringsTheTableBack) {
  for (std::uint64_t nth = 1;; ++nth) {
    SCOPED_TRACE("call " + std::to_string(nth));
    simulation::simulated_disk disk;
    auto t = or_throw(ages::open(config_on<ages>(disk, write_mode::durable)));
    ASSERT_TRUE(ok(t.insert("a", 1)));
    disk.inject({.kind = simulation::call::changing, .nth = nth, .error = ENOSPC, .sticky = true});
    const bool inserted = t.insert("b", 2).has_value();
    const bool erased = t.erase("a").has_value();
    const auto now = contents(t);
    // A table that is fenced is let go of by a close; one that is not stays open if that fails.
    const bool closed = !t.stats()->fenced && t.close().has_value();
    const bool struck = disk.faults_met() != 0;
    disk.clear_faults();
    if (!closed) {
      ASSERT_TRUE(t.is_open());
      EXPECT_EQ(contents(t), now);
      EXPECT_TRUE(ok(t.recover()));
      ASSERT_TRUE(ok(t.insert("c", 3)));
      ASSERT_TRUE(ok(t.erase("c")));
      ASSERT_TRUE(ok(t.close()));
    }
    EXPECT_EQ(contents(or_throw(ages::open(config_on<ages>(disk)))), now);
    if (inserted && erased && !struck) return;
    ASSERT_LT(nth, 200u);
  }
}

}  // namespace
}  // namespace shelf::suite
