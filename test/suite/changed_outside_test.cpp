// SUITE  every verb over every kind, write mode and store
// An open table whose file others cut, remove or replace: whoever asks for a promise is told,
// memory is whole, and recover() heals.
#include "file/scratch.hpp"
#include "suite/ground.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <functional>
#include <mutex>
#include <thread>
#include <vector>

namespace shelf::suite {
namespace {

using ages = ground<kind::set>;

/// What others may do to a file, and a word of the sentence that tells of it.
struct tampering {
  std::string what;
  std::string word;
  std::function<void(simulation::simulated_disk&)> run;
};

std::vector<tampering> every_tampering() {
  return {
      {"emptied", "truncated", [](auto& d) { d.resize(path, 0); }},
      {"cut in the header", "truncated", [](auto& d) { d.resize(path, 5000); }},
      {"cut behind the header", "truncated", [](auto& d) { d.resize(path, 8192); }},
      {"cut by some", "truncated", [](auto& d) { d.resize(path, d.read_all(path)->size() - 30); }},
      {"removed", "removed", [](auto& d) { d.remove(path); }},
      {"replaced", "another file",
       [](auto& d) {
         d.remove(path);
         d.put(path, as_bytes(std::string_view("another")));
       }},
  };
}

/// A table of three entries in its file, which is then tampered with.
struct tampered {
  tampered(keeping how, const tampering& by, file_format format = file_format::native)
      : g(how, format), t(g.open()) {
    (void)or_throw(t.insert("alice", 30));
    (void)or_throw(t.insert("bob", 40));
    or_throw(t.save());
    (void)or_throw(t.insert("carol", 50));
    by.run(g.disk);
  }
  /// Fenced with that word, memory whole; then healed, and all of it is in the file.
  void expect_whole_memory_and_heal(const tampering& by, entries wanted) {
    EXPECT_TRUE(refuses(t.insert("dave", 60), errc::fenced, {path, by.word}));
    EXPECT_TRUE(refuses(t.sync(), errc::fenced, {path, by.word}));
    EXPECT_EQ(contents(t), wanted);
    if (by.what == "replaced") {
      EXPECT_TRUE(refuses(t.recover(), errc::replaced, {path}));
      g.disk.remove(path);
    }
    ASSERT_TRUE(ok(t.recover()));
    ASSERT_TRUE(ok(t.insert("dave", 60)));
    ASSERT_TRUE(ok(t.sync()));
    ASSERT_TRUE(ok(t.close()));
    t = g.open();
    wanted.emplace_back("dave", 60);
    EXPECT_EQ(contents(t), wanted);
  }

  ages g;
  ages::table t;
};

const entries three{{"alice", 30}, {"bob", 40}, {"carol", 50}};

template <class Body>
void over_all(Body body) {
  for (const auto how : in_files) {
    for (const auto& by : every_tampering()) {
      SCOPED_TRACE(by.what + ", mode " + to_string(how));
      tampered f(how, by);
      body(f, by);
    }
  }
}

TEST(ChangedOutside, SyncSaysSoAndRecoverHeals) {
  over_all([](tampered& f, const tampering& by) {
    EXPECT_TRUE(refuses(f.t.sync(), errc::replaced, {path, by.word}));
    f.expect_whole_memory_and_heal(by, three);
  });
}

TEST(ChangedOutside, SaveSaysSoAndRecoverHeals) {
  over_all([](tampered& f, const tampering& by) {
    EXPECT_TRUE(refuses(f.t.save(), errc::replaced, {path, by.word}));
    f.expect_whole_memory_and_heal(by, three);
  });
}

TEST(ChangedOutside, CloseSaysSoAndLeavesTheTableOpenForRecover) {
  over_all([](tampered& f, const tampering& by) {
    EXPECT_TRUE(refuses(f.t.close(), errc::replaced, {path, by.word}));
    EXPECT_TRUE(f.t.is_open());
    f.expect_whole_memory_and_heal(by, three);
  });
}

TEST(ChangedOutside, WritesThroughGoOnUntilTheNextPromiseWhichSaysSo) {
  for (const auto& by : every_tampering()) {
    SCOPED_TRACE(by.what);
    tampered f(keeping::through, by);
    ASSERT_TRUE(ok(f.t.insert("erin", 70)));
    ASSERT_TRUE(ok(f.t.insert("frank", 80)));
    const auto synced = f.t.sync();
    ASSERT_TRUE(refuses(synced, errc::replaced, {path}));
    const tampering found{by.what, by.word == "truncated" ? "another program" : by.word, {}};
    EXPECT_TRUE(says(synced.error(), errc::replaced, {found.word}));
    auto all = three;
    all.emplace_back("erin", 70);
    all.emplace_back("frank", 80);
    EXPECT_EQ(contents(f.t), all);
    if (by.what == "replaced") f.g.disk.remove(path);
    ASSERT_TRUE(ok(f.t.recover()));
    f.g.reopen(f.t);
    EXPECT_EQ(contents(f.t), all);
  }
}

TEST(ChangedOutside, ADurableWriteIsInDoubtAndAbsentAfterRecover) {
  for (const auto& by : every_tampering()) {
    SCOPED_TRACE(by.what);
    tampered f(keeping::durable, by);
    EXPECT_TRUE(refuses(f.t.insert("erin", 70), errc::indeterminate, {path, by.word, "recover()"}));
    EXPECT_FALSE(f.t.contains("erin"));
    f.expect_whole_memory_and_heal(by, three);
  }
}

TEST(ChangedOutside, ADurableEraseAndClearAreInDoubtToo) {
  for (const auto& by : every_tampering()) {
    SCOPED_TRACE(by.what);
    tampered f(keeping::durable, by);
    EXPECT_TRUE(refuses(f.t.erase("alice"), errc::indeterminate, {by.word}));
    f.expect_whole_memory_and_heal(by, three);
    tampered h(keeping::durable, by);
    EXPECT_TRUE(refuses(h.t.clear(), errc::indeterminate, {by.word}));
    h.expect_whole_memory_and_heal(by, three);
  }
}

/// Fixed: such writes never looked. (A cut that a write hides is not found in a DETS file.)
TEST(ChangedOutside, ADurableWriteToADetsFileThatLostItsNameIsInDoubt) {
  for (const auto& by : every_tampering()) {
    if (by.word == "truncated") continue;
    SCOPED_TRACE(by.what);
    tampered f(keeping::durable, by, file_format::dets);
    EXPECT_TRUE(refuses(f.t.insert("erin", 70), errc::indeterminate, {path, by.word, "recover()"}));
    EXPECT_FALSE(f.t.contains("erin"));
    f.expect_whole_memory_and_heal(by, three);
  }
}

TEST(ChangedOutside, CompactAndReloadSaySo) {
  over_all([](tampered& f, const tampering& by) {
    EXPECT_TRUE(refuses(f.t.compact(), errc::replaced, {path, by.word}));
    f.expect_whole_memory_and_heal(by, three);
  });
  over_all([](tampered& f, const tampering& by) {
    EXPECT_TRUE(refuses(f.t.reload(), errc::replaced, {path, by.word}));
    f.expect_whole_memory_and_heal(by, three);
  });
}

/// Fixed: the new file was renamed over the one that others had put there while it was written.
TEST(ChangedOutside, ACompactionLeavesAFileAloneThatTookTheNameMeanwhile) {
  entries many;  // so that the progress of a DETS file, too, is told
  for (int i = 0; i < 20'000; ++i) many.emplace_back("key" + std::to_string(i), i);
  for (const auto format : every_format) {
    for (const auto how : in_files) {
      SCOPED_TRACE(std::string(to_string(format)) + ", mode " + to_string(how));
      ages g(how, format);
      auto t = g.open();
      (void)or_throw(t.insert_range(many));
      or_throw(t.save());
      const std::string foreign = "another";
      const auto compacted = t.compact([&](std::uint64_t, std::uint64_t) {
        g.disk.remove(path);
        g.disk.put(path, as_bytes(foreign));
      });
      EXPECT_TRUE(refuses(compacted, errc::replaced, {path, "another file"}));
      EXPECT_TRUE(std::ranges::equal(*g.disk.read_all(path), as_bytes(foreign)));
      EXPECT_THAT(g.disk.files(), testing::ElementsAre(path));
      EXPECT_TRUE(refuses(t.insert("bob", 40), errc::fenced, {path, "another file"}));
      g.disk.remove(path);
      ASSERT_TRUE(ok(t.recover()));
      g.reopen(t);
      EXPECT_EQ(t.size(), many.size());
    }
  }
}

/// A disk on which others replace a file as soon as it has its name.
class hijacked_disk final : public simulation::simulated_disk {
 public:
  file::os_result<> rename(file::descriptor directory, std::string_view from, std::string_view to,
                           bool no_replace) override {
    auto renamed = simulated_disk::rename(directory, from, to, no_replace);
    if (renamed && to == victim) {
      remove(to);
      put(to, as_bytes(foreign));
    }
    return renamed;
  }
  static constexpr std::string_view foreign = "another";
  std::string_view victim = "copy.shelf";
};

/// Fixed: a copy that could not be sealed removed whatever had its name.
TEST(ChangedOutside, ACopyThatFailsLeavesAFileAloneThatTookItsName) {
  hijacked_disk disk;
  write_file<kind::set, std::string, std::int64_t>(disk, three);
  const auto copied = shelf::copy(path, "copy.shelf", {.system = &disk});
  EXPECT_TRUE(refuses(copied, errc::replaced, {"another file"}));
  const auto there = disk.read_all("copy.shelf");
  ASSERT_TRUE(there);
  EXPECT_TRUE(std::ranges::equal(*there, as_bytes(hijacked_disk::foreign)));
}

/// Fixed: so did a new table whose directory could not be synced.
TEST(ChangedOutside, ANewTableThatFailsLeavesAFileAloneThatTookItsName) {
  hijacked_disk disk;
  disk.victim = path;
  // The file's own sync, then the directory's.
  disk.inject({.kind = simulation::call::sync, .nth = 2});
  EXPECT_FALSE((map<int, int>::open({.path = path, .system = &disk})));
  EXPECT_EQ(disk.faults_met(), 1u);
  const auto there = disk.read_all(path);
  ASSERT_TRUE(there);
  EXPECT_TRUE(std::ranges::equal(*there, as_bytes(hijacked_disk::foreign)));
}

/// A disk that calls a function when a file has its name and its directory is not synced yet.
class watched_disk final : public simulation::simulated_disk {
 public:
  file::os_result<> rename(file::descriptor directory, std::string_view from, std::string_view to,
                           bool no_replace) override {
    auto renamed = simulated_disk::rename(directory, from, to, no_replace);
    is_renamed_ = renamed.has_value();
    return renamed;
  }
  file::os_result<> sync(file::descriptor file) override {
    if (is_renamed_.exchange(false) && when_renamed) when_renamed();
    return simulated_disk::sync(file);
  }
  file::os_result<file::file_status> status_at(file::descriptor directory,
                                               std::string_view name) override {
    auto status = simulated_disk::status_at(directory, name);
    ++looks;
    return status;
  }
  std::function<void()> when_renamed;
  std::atomic<int> looks = 0;  ///< at names

 private:
  std::atomic<bool> is_renamed_ = false;
};

/// Fixed: a sync that came after the rename of a compaction found that the old file had lost its
/// name; until the new one was in its place, stats() called the table fenced.
TEST(ChangedOutside, ATableThatReplacesItsOwnFileIsNeverShownAsFenced) {
  watched_disk disk;
  auto t = or_throw(map<int, int>::open(
      {.path = path, .sync_every = std::chrono::milliseconds(0), .system = &disk}));
  (void)or_throw(t.insert(1, 1));
  std::atomic<bool> is_fenced = false;
  std::atomic<bool> stop = false;
  std::vector<std::jthread> others;
  disk.when_renamed = [&] {
    const int before = disk.looks;
    others.emplace_back([&] { EXPECT_TRUE(ok(t.sync())); });
    EXPECT_TRUE(file::comes_true([&] { return disk.looks > before; }));
    others.emplace_back([&] {
      while (!stop && !is_fenced) is_fenced = or_throw(t.stats()).fenced;
    });
    for (int i = 0; i < 30 && !is_fenced; ++i) {
      std::this_thread::sleep_for(std::chrono::milliseconds(1));  // sleeps: polls 30 times
    }
  };
  EXPECT_TRUE(ok(t.compact()));
  stop = true;
  others.clear();
  EXPECT_FALSE(is_fenced);
  EXPECT_FALSE(or_throw(t.stats()).fenced);
  EXPECT_TRUE(ok(t.insert(2, 2)));
  EXPECT_TRUE(ok(t.close()));
}

/// Real files, for which the system has background threads, and mappings.
class RealFile : public testing::TestWithParam<file_io> {
 protected:
  using table = map<std::string, std::int64_t>;
  [[nodiscard]] table::config config() {
    return {.path = scratch_.path("t.shelf"), .io = GetParam(), .on_error = [this](const error& e) {
              const std::scoped_lock lock(mutex_);
              told_.push_back(e);
            }};
  }
  [[nodiscard]] bool is_told(errc code) {
    const std::scoped_lock lock(mutex_);
    return std::ranges::any_of(told_, [&](const error& e) { return e == code; });
  }
  void cut(std::uint64_t size) const {
    ASSERT_EQ(::truncate(scratch_.path("t.shelf").c_str(), static_cast<off_t>(size)), 0);
  }

  file::scratch scratch_;
  std::mutex mutex_;
  std::vector<error> told_;
};

TEST_P(RealFile, ThatIsCutOrRemovedIsNoticedByTheSyncInTheBackground) {
  for (const bool removed : {false, true}) {
    auto c = config();
    c.sync_every = std::chrono::milliseconds(5);
    auto t = or_throw(table::open(c));
    (void)or_throw(t.insert("alice", 30));
    or_throw(t.save());
    if (removed) {
      ASSERT_EQ(::unlink(c.path.c_str()), 0);
    } else {
      cut(8192);
    }
    for (int i = 0; i < 4000 && !is_told(errc::replaced); ++i) {
      std::this_thread::sleep_for(std::chrono::milliseconds(5));  // sleeps: polls 4000 times
    }
    EXPECT_TRUE(is_told(errc::replaced));
    EXPECT_TRUE(refuses(t.insert("bob", 40), errc::fenced, {"t.shelf"}));
    ASSERT_TRUE(ok(t.recover()));
    (void)or_throw(t.insert("bob", 40));
    ASSERT_TRUE(ok(t.close()));
    EXPECT_EQ(or_throw(table::open(c)).size(), 2u);
    told_.clear();
    ASSERT_EQ(::unlink(c.path.c_str()), 0);
  }
}

TEST_P(RealFile, ThatIsCutAtAnyPlaceAndWrittenOnIsNoticedBySync) {
  auto c = config();
  c.sync_every = std::chrono::milliseconds(0);
  constexpr std::array<std::uint64_t, 8> sizes{0, 100, 4096, 8192, 8200, 8300, 12'288, 20'000};
  for (const auto size : sizes) {
    SCOPED_TRACE(size);
    auto t = or_throw(table::open(c));
    for (int i = 0; i < 300; ++i) (void)or_throw(t.insert("key " + std::to_string(i), i));
    or_throw(t.sync());
    cut(size);
    for (int i = 300; i < 400; ++i) (void)or_throw(t.insert("key " + std::to_string(i), i));
    EXPECT_TRUE(refuses(t.sync(), errc::replaced, {"t.shelf", "another program"}));
    EXPECT_EQ(t.size(), 400u);
    ASSERT_TRUE(ok(t.recover()));
    ASSERT_TRUE(ok(t.close()));
    t = or_throw(table::open(c));
    EXPECT_EQ(t.size(), 400u);
    ASSERT_TRUE(ok(t.close()));
    ASSERT_EQ(::unlink(c.path.c_str()), 0);
  }
}

TEST_P(RealFile, ThatGrowsByManyWritesAfterACutIsNoticedBySync) {
  auto c = config();
  c.sync_every = std::chrono::milliseconds(0);
  auto t = or_throw(table::open(c));
  const std::string text(1000, 'x');
  for (int i = 0; i < 100; ++i) (void)or_throw(t.insert(text + std::to_string(i), i));
  or_throw(t.sync());
  cut(20'000);
  std::size_t kept = 100;
  for (int i = 100; i < 6000; ++i) {
    const auto done = t.insert(text + std::to_string(i), i);
    if (!done) break;
    ++kept;
  }
  EXPECT_FALSE(t.sync());
  EXPECT_EQ(t.size(), kept);
  ASSERT_TRUE(ok(t.recover()));
  ASSERT_TRUE(ok(t.close()));
  EXPECT_EQ(or_throw(table::open(c)).size(), kept);
}

TEST_P(RealFile, ThatMovesAwayIsNoticedAndRecoverWritesItWhereItWas) {
  const auto c = config();
  const auto moved = scratch_.path("moved.shelf");
  auto t = or_throw(table::open(c));
  (void)or_throw(t.insert("alice", 30));
  ASSERT_EQ(::rename(c.path.c_str(), moved.c_str()), 0);
  EXPECT_TRUE(refuses(t.sync(), errc::replaced, {"t.shelf", "renamed"}));
  ASSERT_TRUE(ok(t.recover()));
  ASSERT_TRUE(ok(t.close()));
  EXPECT_EQ(or_throw(table::open(c)).size(), 1u);
}

INSTANTIATE_TEST_SUITE_P(Io, RealFile, testing::Values(file_io::calls, file_io::mapped),
                         [](const auto& about) {
                           return about.param == file_io::calls ? "calls" : "mapped";
                         });

}  // namespace
}  // namespace shelf::suite
