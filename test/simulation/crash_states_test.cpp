// TEST  simulation room
// What a crash may leave: each rule of the model shown by the set of states it allows.
#include "simulation/crash_states.hpp"
#include "file/scratch.hpp"

#include <cerrno>
#include <map>
#include <set>

namespace shelf::simulation {
namespace {

using file::location;
using file::sure;

std::string text(const std::optional<std::vector<std::byte>>& content) {
  return content ? std::string(as_text(*content)) : "(no file)";
}

/// One letter for each 512 bytes, or '?' for a piece of several letters: "aab?" are four pieces.
std::string letters(const std::string& content) {
  std::string seen;
  for (std::size_t at = 0; at < content.size(); at += 512) {
    const std::string piece = content.substr(at, 512);
    seen += piece.find_first_not_of(piece[0]) == piece.npos ? piece[0] : '?';
  }
  return seen;
}

struct CrashStates : testing::Test {
  simulated_disk disk;
  descriptor root = *disk.open_directory(descriptor::none, "/", false);
  crash_options options{.torn_pieces = false};

  descriptor make_file(std::string_view name) {
    return *disk.open_file(root, name, {.write = true, .create_new = true});
  }
  void write(descriptor file, std::uint64_t at, std::string_view content) {
    ASSERT_EQ(disk.write(file, at, as_bytes(content)), content.size());
  }
  void write_pieces(descriptor file, std::uint64_t piece, std::string_view letters_to_write) {
    std::string content;
    for (const char c : letters_to_write) content += std::string(512, c);
    write(file, piece * 512, content);
  }
  void sync(descriptor file) { ASSERT_TRUE(disk.sync(file)); }

  /// A durable file of these pieces.
  descriptor durable_file(std::string_view name, std::string_view pieces) {
    const auto file = make_file(name);
    write_pieces(file, 0, pieces);
    sync(file);
    sync(root);
    return file;
  }

  /// What `look` sees in each state now, each once.
  template <class Look>
  std::set<std::string> states(Look look) {
    std::set<std::string> seen;
    tally = for_each_crash_state(
        disk.recorded(), disk.operations(), options,
        [&](simulated_disk& after, const crash_state&) { seen.insert(look(after)); });
    return seen;
  }
  std::set<std::string> contents(std::string_view name) {
    return states([&](simulated_disk& after) { return text(after.read_all(name)); });
  }
  std::set<std::string> pieces(std::string_view name) {
    return states([&](simulated_disk& after) { return letters(text(after.read_all(name))); });
  }
  std::set<std::string> names() {
    return states([&](simulated_disk& after) {
      std::string all;
      for (const auto& name : after.files()) all += name + "=" + text(after.read_all(name)) + " ";
      return all;
    });
  }
  crash_tally tally;
};

using set = std::set<std::string>;

TEST_F(CrashStates, WhatWasSyncedWithItsNameIsThereInEveryState) {
  durable_file("ages", "ab");
  EXPECT_EQ(pieces("ages"), set{"ab"});
  EXPECT_EQ(tally.states, 1U);
  EXPECT_TRUE(tally.exhaustive);
}

TEST_F(CrashStates, EveryPieceOfAnUnsyncedWriteIsKeptOrLostByItself) {
  const auto file = durable_file("ages", "abc");
  write_pieces(file, 0, "xyz");
  EXPECT_EQ(pieces("ages"), (set{"abc", "xbc", "ayc", "abz", "xyc", "xbz", "ayz", "xyz"}));
  EXPECT_EQ(tally.states, 8U);
}

TEST_F(CrashStates, TwoWritesToOnePieceLeaveAnyOfThem) {
  const auto file = durable_file("ages", "a");
  write_pieces(file, 0, "x");
  write_pieces(file, 0, "y");
  EXPECT_EQ(pieces("ages"), (set{"a", "x", "y"}));
}

TEST_F(CrashStates, PiecesAreCutWhereSectorsMeet) {
  const auto file = durable_file("ages", "ab");
  write(file, 510, "1234");
  const auto all = contents("ages");
  EXPECT_EQ(all.size(), 4U);
  const std::string old = std::string(512, 'a') + std::string(512, 'b');
  EXPECT_TRUE(all.contains(std::string(old).replace(510, 2, "12")));
  EXPECT_TRUE(all.contains(std::string(old).replace(512, 2, "34")));
}

TEST_F(CrashStates, OnePieceMayBeTornAtAnyByte) {
  const auto file = durable_file("ages", "a");
  write(file, 0, "wxyz");
  options.torn_pieces = true;
  std::set<std::string> starts;
  for (const auto& content : contents("ages")) starts.insert(content.substr(0, 4));
  EXPECT_EQ(starts, (set{"aaaa", "wxyz", "waaa", "wxaa", "wxya", "axyz", "aayz", "aaaz"}));
}

TEST_F(CrashStates, TheLengthIsAnyOneItPassedThroughWhateverDataArrived) {
  const auto file = durable_file("ages", "a");
  write_pieces(file, 1, "b");
  write_pieces(file, 2, "c");
  // Lengths of 1, 2 and 3 pieces; pieces b and c each there or a hole.
  const set holes_as_zeros{"a",
                           "ab",
                           std::string("a\0", 2),
                           "abc",
                           std::string("ab\0", 3),
                           std::string("a\0c", 3),
                           std::string("a\0\0", 3)};
  const auto seen = pieces("ages");
  for (const auto& expected : holes_as_zeros) EXPECT_TRUE(seen.contains(expected)) << expected;
  for (const auto& state : seen) {
    EXPECT_EQ(state[0], 'a');
    EXPECT_LE(state.size(), 3U);
  }
}

TEST_F(CrashStates, WhatWasNeverWrittenReadsAsZerosAsAPatternOrAsADeletedFile) {
  const auto gone = durable_file("gone", "gG");
  ASSERT_TRUE(disk.close(gone));
  ASSERT_TRUE(disk.unlink(root, "gone"));
  sync(root);
  const auto file = durable_file("ages", "a");
  write_pieces(file, 1, "b");
  EXPECT_EQ(pieces("ages"), (set{"a", "ab", std::string("a\0", 2), "a\xa5", "aG"}));
}

TEST_F(CrashStates, AnUnsyncedTruncateMayBeLostAndMayLeaveOldLength) {
  const auto file = durable_file("ages", "abc");
  ASSERT_TRUE(disk.truncate(file, 512));
  const auto seen = pieces("ages");
  EXPECT_TRUE(seen.contains("a"));
  EXPECT_TRUE(seen.contains("abc"));
  EXPECT_TRUE(seen.contains(std::string("a\0\0", 3))) << "the blocks gone, the length not yet";
  EXPECT_FALSE(seen.contains("ab"));
  sync(file);
  EXPECT_EQ(pieces("ages"), set{"a"});
}

TEST_F(CrashStates, AFilesSyncDoesNotMakeItsNameDurable) {
  const auto file = make_file("ages");
  write(file, 0, "x");
  sync(file);
  EXPECT_EQ(contents("ages"), (set{"(no file)", "x"}));
  sync(root);
  EXPECT_EQ(contents("ages"), set{"x"});
}

TEST_F(CrashStates, ADirectorysSyncDoesNotMakeAFilesDataDurable) {
  const auto file = make_file("ages");
  write(file, 0, "x");
  sync(root);
  const auto seen = contents("ages");
  EXPECT_TRUE(seen.contains(""));
  EXPECT_TRUE(seen.contains("x"));
  EXPECT_TRUE(seen.contains(std::string(1, '\0')));
  EXPECT_FALSE(seen.contains("(no file)"));
}

TEST_F(CrashStates, ARenameIsAtomicAndNotDurableBeforeTheDirectorysSync) {
  durable_file("ages", "a");
  const auto made = make_file("temporary");
  write_pieces(made, 0, "n");
  sync(made);
  ASSERT_TRUE(disk.rename(root, "temporary", "ages", false));
  const std::string old = "ages=" + std::string(512, 'a') + " ";
  const std::string fresh = std::string(512, 'n') + " ";
  EXPECT_EQ(names(), (set{old, old + "temporary=" + fresh, "ages=" + fresh}));
  sync(root);
  EXPECT_EQ(names(), set{"ages=" + fresh});
}

TEST_F(CrashStates, ARenameWithoutASyncOfTheFileMayLeaveItEmpty) {
  durable_file("ages", "a");
  const auto made = make_file("temporary");
  write(made, 0, "new");
  ASSERT_TRUE(disk.rename(root, "temporary", "ages", false));
  sync(root);
  EXPECT_TRUE(contents("ages").contains(""));
}

TEST_F(CrashStates, EntriesSurviveAsAPrefixInOrderedModeAndAsAnySubsetInWeakMode) {
  make_file("a");
  make_file("b");
  EXPECT_EQ(names(), (set{"", "a= ", "a= b= "}));
  options.weak_directories = true;
  EXPECT_EQ(names(), (set{"", "a= ", "b= ", "a= b= "}));
}

TEST_F(CrashStates, AnUnlinkComesBackUntilTheDirectoryIsSynced) {
  const auto file = durable_file("ages", "a");
  ASSERT_TRUE(disk.unlink(root, "ages"));
  ASSERT_TRUE(disk.close(file));
  EXPECT_EQ(pieces("ages").size(), 2U);
  sync(root);
  EXPECT_EQ(contents("ages"), set{"(no file)"});
}

TEST_F(CrashStates, AFailedSyncLeavesItsWritesInDoubtWhateverLaterSyncsSay) {
  const auto file = durable_file("ages", "ab");
  write_pieces(file, 0, "xy");
  disk.inject({.kind = call::sync, .error = EIO});
  EXPECT_FALSE(disk.sync(file));
  const set doubt{"ab", "xb", "ay", "xy"};
  EXPECT_EQ(pieces("ages"), doubt);
  sync(file);
  EXPECT_EQ(pieces("ages"), doubt) << "an ok after a failed sync means nothing";
  write_pieces(file, 1, "z");
  sync(file);
  EXPECT_EQ(pieces("ages"), (set{"az", "xz"})) << "what was written after it and synced is safe";
}

TEST_F(CrashStates, DroppingTheCacheDecidesWhatAFailedSyncLeft) {
  const auto file = durable_file("ages", "ab");
  write_pieces(file, 0, "xy");
  disk.inject({.kind = call::sync, .error = EIO});
  EXPECT_FALSE(disk.sync(file));
  ASSERT_TRUE(disk.drop_cache(file));
  EXPECT_EQ(contents("ages"), set{text(disk.read_all("ages"))});
}

TEST_F(CrashStates, AFailedSyncOfADirectoryLeavesItsEntriesInDoubt) {
  make_file("a");
  disk.inject({.kind = call::sync, .error = EIO});
  EXPECT_FALSE(disk.sync(root));
  sync(root);
  EXPECT_EQ(names(), (set{"", "a= "}));
  make_file("b");
  sync(root);
  EXPECT_EQ(names(), (set{"b= ", "a= b= "}));
}

TEST_F(CrashStates, ModeAndOwnerAreDurableByFsyncAndNotByFdatasync) {
  const auto file = durable_file("ages", "a");
  ASSERT_TRUE(disk.set_mode(file, 0640));
  const auto modes = [&] {
    return states([](simulated_disk& after) {
      const auto in = *after.open_directory(descriptor::none, "/", false);
      return std::to_string(after.status_at(in, "ages")->mode);
    });
  };
  ASSERT_TRUE(disk.sync_data(file));
  EXPECT_EQ(modes(), (set{std::to_string(0600), std::to_string(0640)}));
  sync(file);
  EXPECT_EQ(modes(), set{std::to_string(0640)});
}

TEST_F(CrashStates, ALyingDiskMayLoseWhatWasSynced) {
  durable_file("ages", "a");
  options.lying_disk = true;
  const auto seen = pieces("ages");
  EXPECT_TRUE(seen.contains("(") || seen.contains("?")) << "no file at all";
  EXPECT_TRUE(seen.contains("a"));
  EXPECT_TRUE(seen.contains(""));
}

TEST_F(CrashStates, AKillKeepsThePageCacheAndMayCutTheWriteUnderWayAtAPage) {
  const auto file = make_file("ages");
  write(file, 0, "kept");
  write(file, 4, std::string(10'000, 'x'));
  options.crash = crash_options::kind::kill;
  const auto past = disk.recorded();
  std::vector<std::size_t> sizes;
  for_each_crash_state(past, 2, options, [&](simulated_disk& after, const crash_state& state) {
    sizes.push_back(after.read_all("ages")->size());
    EXPECT_EQ(text(after.read_all("ages")).substr(0, 4), "kept") << state.describe();
  });
  EXPECT_EQ(sizes, (std::vector<std::size_t>{4, 4096, 8192}));
  EXPECT_EQ(contents("ages").size(), 1U);
}

TEST_F(CrashStates, WhatAKillLeftInThePageCacheIsStillLostByAPowerCutAfterwards) {
  const auto file = durable_file("ages", "a");
  write_pieces(file, 0, "x");
  options.crash = crash_options::kind::kill;
  std::set<std::string> seen;
  for_each_crash_state(disk.recorded(), disk.operations(), options,
                       [&](simulated_disk& after, const crash_state&) {
                         EXPECT_EQ(letters(text(after.read_all("ages"))), "x");
                         for_each_crash_state(after.recorded(), 0, {.torn_pieces = false},
                                              [&](simulated_disk& later, const crash_state&) {
                                                seen.insert(letters(text(later.read_all("ages"))));
                                              });
                       });
  EXPECT_EQ(seen, (set{"a", "x"}));
}

TEST_F(CrashStates, ACrashedDiskStartsDurableUnlockedAndRecordsAnew) {
  const auto file = durable_file("ages", "a");
  ASSERT_TRUE(disk.lock(file));
  write_pieces(file, 0, "x");
  for_each_crash_state(
      disk.recorded(), disk.operations(), options, [&](simulated_disk& after, const crash_state&) {
        EXPECT_EQ(after.locks_held(), 0U);
        EXPECT_EQ(after.open_descriptors(), 0U);
        EXPECT_EQ(after.operations(), 0U);
        EXPECT_EQ(after.read_all("ages"), after.read_durable("ages"));
        const auto opened = sure(sure(location::find(after, "ages", {})).open_to_write());
        sure(opened.write(0, as_bytes("y")));
        EXPECT_EQ(after.operations(), 1U);
      });
}

TEST_F(CrashStates, EveryEarlierPointIsReachedWithoutRunningTheWorkloadAgain) {
  const auto file = durable_file("ages", "a");
  for (const char* letter : {"b", "c", "d"}) {
    write_pieces(file, 0, letter);
    sync(file);
  }
  const auto past = disk.recorded();
  std::map<std::size_t, std::set<std::string>> by_point;
  const auto sum =
      for_each_crash_state(past, options, [&](simulated_disk& after, const crash_state& state) {
        by_point[state.at()].insert(letters(text(after.read_all("ages"))));
      });
  EXPECT_EQ(by_point.size(), past.operations.size() + 1);
  EXPECT_EQ(by_point[past.operations.size()], set{"d"});
  EXPECT_EQ(by_point[past.operations.size() - 1], (set{"c", "d"}));
  EXPECT_EQ(by_point[past.operations.size() - 2], set{"c"});
  EXPECT_TRUE(sum.exhaustive);
}

TEST_F(CrashStates, StatesAreDistinctAndTheSameEveryTime) {
  const auto file = durable_file("ages", "ab");
  write_pieces(file, 1, "bxyz");
  write(file, 700, "small");
  options.torn_pieces = true;
  options.budget = 3'000;
  const auto past = disk.recorded();
  std::vector<std::string> first;
  std::vector<std::string> again;
  for (auto* list : {&first, &again}) {
    for_each_crash_state(past, past.operations.size(), options,
                         [&](simulated_disk& after, const crash_state& state) {
                           EXPECT_EQ(state.number(), list->size());
                           list->push_back(text(after.read_all("ages")));
                         });
  }
  EXPECT_EQ(first, again);
  EXPECT_EQ(std::set<std::string>(first.begin(), first.end()).size(), first.size());
}

TEST_F(CrashStates, ABudgetBoundsTheStatesAndKeepsTheCorners) {
  const auto file = durable_file("ages", "a");
  for (std::uint64_t i = 0; i < 40; ++i) write_pieces(file, i, "x");
  options.budget = 2'000;
  const auto seen = pieces("ages");
  EXPECT_LE(tally.states, 2'000U);
  EXPECT_GT(tally.states, 1'000U);
  EXPECT_FALSE(tally.exhaustive);
  EXPECT_TRUE(seen.contains(std::string(40, 'x')));
  EXPECT_TRUE(seen.contains("a"));
}

TEST_F(CrashStates, BeyondTwelvePiecesPrefixesAndSingleAndPairLossesAreAllTried) {
  const auto file = durable_file("ages", std::string(14, 'a'));
  for (std::uint64_t i = 0; i < 14; ++i) write_pieces(file, i, "x");
  const auto seen = pieces("ages");
  const std::string all(14, 'x');
  for (std::size_t i = 0; i < 14; ++i) {
    EXPECT_TRUE(seen.contains(std::string(i, 'x') + std::string(14 - i, 'a')));
    EXPECT_TRUE(seen.contains(std::string(all).replace(i, 1, "a")));
    EXPECT_TRUE(seen.contains(std::string(14, 'a').replace(i, 1, "x")));
    for (std::size_t j = i + 1; j < 14; ++j) {
      EXPECT_TRUE(seen.contains(std::string(all).replace(i, 1, "a").replace(j, 1, "a")));
    }
  }
}

TEST_F(CrashStates, ARandomStateIsOneOfAllAndFollowsItsSeed) {
  const auto file = durable_file("ages", "abc");
  write_pieces(file, 0, "xyz");
  const auto all = pieces("ages");
  std::set<std::string> met;
  const auto past = disk.recorded();
  for (std::uint64_t seed = 0; seed < 100; ++seed) {
    options.seed = seed;
    const auto state = random_crash_state(past, past.operations.size(), options);
    const auto again = random_crash_state(past, past.operations.size(), options);
    const std::string content = letters(text(state->read_all("ages")));
    EXPECT_EQ(content, letters(text(again->read_all("ages"))));
    EXPECT_TRUE(all.contains(content));
    met.insert(content);
  }
  EXPECT_EQ(met, all);
}

TEST_F(CrashStates, ADescriptionSaysWhatWasLost) {
  const auto file = durable_file("ages", "ab");
  write_pieces(file, 0, "xy");
  std::string last;
  for_each_crash_state(disk.recorded(), disk.operations(), options,
                       [&](simulated_disk&, const crash_state& state) { last = state.describe(); });
  EXPECT_EQ(
      last,
      "power cut after operation 5 of 5 (write of 1024 bytes at 0 to inode 2), state 3: inode "
      "2: length 1024, pieces 11; entries ; holes read as zeros");
}

/// The four ways to save a file that are known: only the last survives every crash.
struct CrashOfASave : CrashStates {
  bool sync_file = true;
  bool sync_directory = true;

  /// True if no crash state loses an acknowledged save or shows a torn one.
  bool survives() {
    options.torn_pieces = true;
    options.budget = 3'000;
    std::map<std::size_t, std::string> acknowledged{{0, "(no file)"}};
    for (const char letter : {'a', 'b'}) {
      const auto made = make_file("temporary");
      write(made, 0, std::string(1200, letter));
      if (sync_file) sync(made);
      EXPECT_TRUE(disk.close(made));
      EXPECT_TRUE(disk.rename(root, "temporary", "ages", false));
      if (sync_directory) sync(root);
      acknowledged[disk.operations()] = std::string(1200, letter);
    }
    bool good = true;
    for_each_crash_state(
        disk.recorded(), options, [&](simulated_disk& after, const crash_state& state) {
          const auto next = acknowledged.upper_bound(state.at());
          const std::string content = text(after.read_all("ages"));
          const bool is_last = content == std::prev(next)->second;
          const bool is_next = next != acknowledged.end() && content == next->second;
          good = good && (is_last || is_next);
        });
    return good;
  }
};

TEST_F(CrashOfASave, WithBothSyncsSurvivesEveryCrash) { EXPECT_TRUE(survives()); }

TEST_F(CrashOfASave, WithoutTheFilesSyncIsCaught) {
  sync_file = false;
  EXPECT_FALSE(survives());
}

TEST_F(CrashOfASave, WithoutTheDirectorysSyncIsCaught) {
  sync_directory = false;
  EXPECT_FALSE(survives());
}

}  // namespace
}  // namespace shelf::simulation
