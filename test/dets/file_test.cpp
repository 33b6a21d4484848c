// TEST  dets
// The face of DETS files: what a program sees.
#include "file/scratch.hpp"
#include "shelf/dets.hpp"
#include "simulation/simulated_disk.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <chrono>
#include <csignal>
#include <fstream>
#include <limits>
#include <random>
#include <stdexcept>

namespace shelf {
namespace {

term user(std::string_view name, std::int64_t visits) {
  return term::tuple({*term::atom(name), term::integer(visits)});
}

dets::file must_open(dets::config c) { return file::sure(dets::file::open(std::move(c))); }

TEST(DetsFile, WhatIsInsertedIsFoundErasedAndCounted) {
  simulation::simulated_disk disk;
  auto users = must_open({.path = "users.dets", .system = &disk});
  EXPECT_TRUE(users.empty());
  EXPECT_EQ(users.insert(user("ann", 1)), written::added);
  EXPECT_EQ(users.insert(user("ann", 1)), written::unchanged);
  EXPECT_EQ(users.insert(user("ann", 2)), written::replaced);
  EXPECT_EQ(users.insert_range(std::vector{user("bob", 5), user("cyd", 6)}), 2u);
  EXPECT_EQ(users.lookup(*term::atom("ann")), std::vector{user("ann", 2)});
  EXPECT_TRUE(users.contains(*term::atom("cyd")));
  EXPECT_EQ(users.insert_new(user("ann", 9)).error(), errc::key_already_present);
  EXPECT_EQ(users.insert_new_range(std::vector{user("dan", 1), user("bob", 1)}).error(),
            errc::key_already_present);
  EXPECT_EQ(users.fold(0ll, [](long long sum,
                               const term& u) { return sum + *u.elements()->at(1).as_integer(); }),
            13);
  EXPECT_EQ(users.to_vector()->size(), 3u);
  int seen = 0;
  EXPECT_TRUE(users.for_each([&](const term&) { return ++seen == 2 ? walk::stop : walk::go_on; }));
  EXPECT_EQ(seen, 2);
  EXPECT_EQ(users.erase(*term::atom("bob")), 1u);
  EXPECT_EQ(users.erase_object(user("cyd", 7)), 0u);
  EXPECT_EQ(users.erase_object(user("cyd", 6)), 1u);
  EXPECT_EQ(users.lookup(*term::atom("cyd")).error(), errc::not_found);
  EXPECT_FALSE(users.contains(*term::atom("cyd")));
  EXPECT_EQ(users.clear(), 1u);
  EXPECT_EQ(users.size(), 0u);
}

TEST(DetsFile, ACounterAddsUpToItsBoundsAndNoFurther) {
  simulation::simulated_disk disk;
  auto users = must_open({.path = "users.dets", .system = &disk});
  const auto ann = *term::atom("ann");
  EXPECT_EQ(users.update_counter(ann).error(), errc::not_found);
  ASSERT_TRUE(users.insert(user("ann", 1)));
  EXPECT_EQ(users.update_counter(ann), 2);
  EXPECT_EQ(users.update_counter(ann, -5, 2), -3);
  EXPECT_EQ(users.update_counter(ann, std::numeric_limits<std::int64_t>::min()).error(),
            errc::overflow);
  EXPECT_EQ(users.update_counter(ann, 1, 1).error(), errc::invalid_argument);
  EXPECT_EQ(users.update_counter(ann, 1, 3).error(), errc::type_mismatch);
  EXPECT_EQ(users.lookup(ann), std::vector{user("ann", -3)});
  auto bag = must_open({.path = "bag.dets", .type = kind::bag, .system = &disk});
  EXPECT_EQ(bag.update_counter(ann).error(), errc::wrong_kind);
}

TEST(DetsFile, TypeAndKeyPositionComeFromTheFileAndOthersAreRefused) {
  simulation::simulated_disk disk;
  {
    auto made = must_open(
        {.path = "t.dets", .type = kind::bag, .keypos = 2, .min_slots = 1000, .system = &disk});
    EXPECT_EQ(made.info()->slots, 1024u);
  }
  EXPECT_EQ(must_open({.path = "t.dets", .system = &disk}).info()->keypos, 2u);
  const auto open = [&](dets::config c) {
    c.path = "t.dets";
    c.system = &disk;
    return dets::file::open(std::move(c)).error().code();
  };
  EXPECT_EQ(open({.type = kind::set}), errc::wrong_kind);
  EXPECT_EQ(open({.type = kind::ordered_set}), errc::wrong_kind);
  EXPECT_EQ(open({.keypos = 1}), errc::type_mismatch);
  EXPECT_EQ(open({.mode = write_mode::back}), errc::invalid_argument);
  EXPECT_EQ(open({.opening = opening::create_new}), errc::file_error);
  EXPECT_EQ(open({.min_slots = 512, .max_slots = 256}), errc::invalid_argument);
}

TEST(DetsFile, ARepairIsReportedAndItsOriginalKeptUntilTheNextCleanClose) {
  const file::scratch here;
  const auto path = here.path("t.dets");
  {
    auto t = must_open({.path = path});
    ASSERT_TRUE(t.insert(user("ann", 1)));
    ASSERT_TRUE(t.insert(user("ann", 2)));
    EXPECT_TRUE(t.info()->unsaved);
    t.abandon();
  }
  const auto unclosed = here.read("t.dets");
  EXPECT_EQ(dets::file::open({.path = path, .repair = dets::repair_policy::refuse}).error(),
            errc::corrupt);
  {
    auto reader = must_open({.path = path, .opening = opening::read_only});
    EXPECT_EQ(reader.lookup(*term::atom("ann")), std::vector{user("ann", 2)});
    EXPECT_TRUE(reader.repaired());
    EXPECT_EQ(reader.repaired()->kept_as, "");
  }
  EXPECT_EQ(here.read("t.dets"), unclosed);
  auto t = must_open({.path = path});
  ASSERT_TRUE(t.repaired());
  EXPECT_EQ(t.repaired()->objects, 1u);
  EXPECT_EQ(t.repaired()->kept_as, path + ".unrepaired");
  EXPECT_EQ(here.read("t.dets.unrepaired"), unclosed);
  EXPECT_TRUE(t.close());
  EXPECT_FALSE(here.has("t.dets.unrepaired"));
  EXPECT_FALSE(must_open({.path = path}).repaired());
}

TEST(DetsFile, ACompactionTellsHowManyOfTheBlocksAreWritten) {
  simulation::simulated_disk disk;
  auto f = or_throw(dets::file::open({.path = "a.dets", .system = &disk}));
  std::vector<term> objects;
  for (int i = 0; i < 5000; ++i) {
    objects.push_back(term::tuple({term::integer(i), term::binary(std::string(1000, 'x'))}));
  }
  or_throw(f.replace_all(objects));
  std::vector<std::uint64_t> told;
  or_throw(f.compact([&](std::uint64_t done, std::uint64_t of) {
    EXPECT_LE(done, of);
    told.push_back(done);
  }));
  EXPECT_GE(told.size(), 4u);
  EXPECT_TRUE(std::ranges::is_sorted(told));
}

TEST(DetsFile, ARepairTellsHowFarItIsAndMayBeEndedByWhatItTells) {
  const file::scratch here;
  const auto path = here.path("t.dets");
  {
    auto f = must_open({.path = path});
    std::vector<term> objects;
    for (int i = 0; i < 5000; ++i) {
      objects.push_back(term::tuple({term::integer(i), term::binary(std::string(1000, 'x'))}));
    }
    or_throw(f.replace_all(objects));
    or_throw(f.insert(user("ann", 1)));
    f.abandon();
  }
  const auto unclosed = here.read("t.dets");
  const auto give_up = [](std::uint64_t done, std::uint64_t of) {
    if (2 * done > of) throw std::runtime_error("enough");
  };
  EXPECT_THROW((void)dets::file::open({.path = path, .tell_repair = give_up}), std::runtime_error);
  EXPECT_EQ(here.read("t.dets"), unclosed);
  for (const auto how : {opening::read_only, opening::existing}) {
    std::vector<double> told;
    const auto note = [&](std::uint64_t done, std::uint64_t of) {
      EXPECT_LE(done, of);
      told.push_back(static_cast<double>(done) / static_cast<double>(of));
    };
    EXPECT_EQ(must_open({.path = path, .opening = how, .tell_repair = note}).size(), 5001u);
    EXPECT_GE(told.size(), 100u);
    EXPECT_LT(told.front(), 0.1);
    EXPECT_GT(told.back(), 0.9);
    EXPECT_TRUE(std::ranges::is_sorted(told));
  }
}

TEST(DetsFile, ReplacingAllAndCompactingShrinkTheFile) {
  const file::scratch here;
  auto t = must_open({.path = here.path("t.dets")});
  std::vector<term> many;
  for (int i = 0; i < 5000; ++i) many.push_back(term::tuple({term::integer(i), term::integer(i)}));
  ASSERT_TRUE(t.replace_all(many));
  EXPECT_EQ(t.size(), 5000u);
  EXPECT_EQ(t.info()->slots, 8192u);
  for (int i = 0; i < 4000; ++i) EXPECT_EQ(t.erase(term::integer(i)), 1u);
  const auto before = t.info()->file_bytes;
  ASSERT_TRUE(t.compact());
  EXPECT_LT(t.info()->file_bytes, before - 100'000);
  EXPECT_EQ(t.size(), 1000u);
}

TEST(DetsFile, AFileNobodyClosedIsClosedByItsHandle) {
  const file::scratch here;
  {
    auto t = must_open({.path = here.path("t.dets")});
    ASSERT_TRUE(t.insert(user("ann", 1)));
  }
  EXPECT_FALSE(must_open({.path = here.path("t.dets")}).repaired());
  EXPECT_EQ(here.entries(), 1u);
  EXPECT_TRUE(dets::is_dets_file(here.path("t.dets")));
  here.write("other", "something else, long enough");
  EXPECT_EQ(dets::is_dets_file(here.path("other")).error(), errc::not_a_table);
}

TEST(DetsFile, ItSavesByItselfAfterAWhile) {
  const file::scratch here;
  auto t = must_open({.path = here.path("t.dets"), .auto_save = std::chrono::milliseconds(20)});
  ASSERT_TRUE(t.insert(user("ann", 1)));
  EXPECT_TRUE(file::comes_true([&] { return !t.info()->unsaved; }));
}

TEST(DetsFile, AProcessThatIsKilledLosesNoObjectThatWasAcknowledged) {
  const file::scratch here;
  const auto path = here.path("t.dets");
  for (int round = 0; round < 6; ++round) {
    const auto io = round % 2 == 0 ? file_io::calls : file_io::mapped;
    int ends[2];
    ASSERT_EQ(::pipe(ends), 0);
    const pid_t child = ::fork();
    if (child == 0) {
      auto t = must_open({.path = path, .io = io, .auto_save = std::chrono::milliseconds(0)});
      for (std::int32_t i = 0;; ++i) {
        const auto o =
            term::tuple({term::integer(i % 3000),
                         term::binary(std::string(static_cast<std::size_t>(i % 211), 'x'))});
        if (!t.insert(o) || ::write(ends[1], &i, sizeof i) != sizeof i) ::_exit(1);
      }
    }
    ::close(ends[1]);
    std::int32_t last = -1;
    for (int read = 0; read < 700 + 600 * round; ++read) {
      ASSERT_EQ(::read(ends[0], &last, sizeof last), static_cast<ssize_t>(sizeof last));
    }
    ::kill(child, SIGKILL);
    ::waitpid(child, nullptr, 0);
    while (::read(ends[0], &last, sizeof last) == static_cast<ssize_t>(sizeof last)) {
    }
    ::close(ends[0]);
    auto t = must_open({.path = path});
    EXPECT_TRUE(t.repaired());
    std::size_t missing = 0;
    for (std::int64_t i = 0; i <= last; ++i)
      missing += t.contains(term::integer(i % 3000)) ? 0u : 1u;
    EXPECT_EQ(missing, 0u);
    EXPECT_TRUE(t.close());
  }
}

/// What is in a file after the same random changes, saved and compacted now and then.
std::vector<term> after_changes(const file::scratch& here, file_io io, kind type) {
  const auto path = here.path("changed.dets");
  std::filesystem::remove(path);
  std::mt19937 chance(7);
  for (int life = 0; life < 3; ++life) {
    auto t = must_open({.path = path, .type = type, .io = io});
    for (int i = 0; i < 3000; ++i) {
      const auto key = term::integer(chance() % 2000);
      const auto what = chance() % 10;
      if (what == 0) {
        EXPECT_TRUE(t.erase(key));
      } else {
        const auto size = what == 1 ? chance() % 9000 : chance() % 200;
        EXPECT_TRUE(t.insert(term::tuple({key, term::binary(std::string(size, 'v'))})));
      }
      EXPECT_TRUE(i % 1000 != 999 || t.sync());
      EXPECT_TRUE(i % 2500 != 2499 || t.compact());
    }
    EXPECT_TRUE(t.close());
    EXPECT_FALSE(must_open({.path = path, .opening = opening::read_only}).repaired());
  }
  return file::sure(must_open({.path = path, .opening = opening::read_only}).to_vector());
}

TEST(DetsFile, ThroughMemoryAFileComesToHoldWhatItHoldsByCalls) {
  const file::scratch here;
  for (const auto type : {kind::set, kind::bag, kind::duplicate_bag}) {
    const auto by_calls = after_changes(here, file_io::calls, type);
    EXPECT_GT(by_calls.size(), 1000u);
    EXPECT_TRUE(by_calls == after_changes(here, file_io::mapped, type)) << to_string(type);
  }
}

TEST(DetsFile, OneThatSomebodyCutsIsCorruptAndNoSignal) {
  const file::scratch here;
  const auto path = here.path("t.dets");
  {
    auto t = must_open({.path = path});
    for (int i = 0; i < 5000; ++i) ASSERT_TRUE(t.insert(user("a" + std::to_string(i), i)));
  }
  auto t = must_open({.path = path, .opening = opening::read_only, .io = file_io::mapped});
  ASSERT_TRUE(t.lookup(*term::atom("a77")));
  std::filesystem::resize_file(path, 8192);
  std::size_t corrupt = 0;
  for (int i = 0; i < 5000; ++i) {
    const auto found = t.lookup(*term::atom("a" + std::to_string(i)));
    corrupt += !found && found.error() == errc::corrupt ? 1u : 0u;
  }
  EXPECT_GT(corrupt, 4000u);
}

TEST(DetsFile, AForkedChildMayNotTouchIt) {
  const file::scratch here;
  auto t = must_open({.path = here.path("t.dets")});
  ASSERT_TRUE(t.insert(user("ann", 1)));
  EXPECT_EQ(file::in_child([&] {
              const auto put = t.insert(user("bob", 1));
              return !put && put.error() == errc::forked ? 0 : 1;
            }),
            0);
  EXPECT_EQ(t.size(), 1u);
}

}  // namespace
}  // namespace shelf
