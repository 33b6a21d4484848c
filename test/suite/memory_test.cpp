// SUITE  every verb over every kind, write mode and store
// Memory that nobody needs any more is given back, and the figures tell the truth about it.
#include "error/sanitizer.hpp"
#include "file/scratch.hpp"
#include "suite/ground.hpp"

#include <malloc.h>
#include <unistd.h>

#include <fstream>
#include <functional>
#include <latch>
#include <thread>

namespace shelf::suite {
namespace {

using file::comes_true;

constexpr std::size_t mebibyte = std::size_t{1} << 20;
/// The sanitizers keep what is freed, to notice who uses it: there the calls are made and watched,
/// and what the process holds is not compared.
constexpr bool keeps_freed_memory = SHELF_ADDRESS_SANITIZER || SHELF_THREAD_SANITIZER;

/// What the C library's heap keeps for itself, of this test's own strings say, left out.
[[nodiscard]] std::size_t resident_bytes() {
  ::malloc_trim(0);
  std::ifstream statm("/proc/self/statm");
  std::size_t whole = 0;
  std::size_t resident = 0;
  statm >> whole >> resident;
  return resident * static_cast<std::size_t>(::sysconf(_SC_PAGESIZE));
}

template <class Table>
[[nodiscard]] std::size_t memory_of(const Table& t) {
  return or_throw(t.stats()).memory_bytes;
}

template <class Kind>
class Memory : public each_kind<Kind> {
 protected:
  using table = shelf::table<std::int64_t, std::string, Kind::value>;

  static void write_all(table& t, int count, char with) {
    std::vector<std::pair<std::int64_t, std::string>> all;
    for (int i = 0; i < count; ++i) all.emplace_back(i, std::string(200, with));
    if (is_bag(Kind::value)) {
      for (int i = 0; i < count; ++i) (void)or_throw(t.erase(i));
    }
    (void)or_throw(t.insert_range(all));
  }
};
TYPED_TEST_SUITE(Memory, all_kinds, kind_names);

TYPED_TEST(Memory, WhatASnapshotKeptIsFreedAfterItWhileNobodyWrites) {
  auto t = TestFixture::table::in_memory();
  this->write_all(t, 20'000, 'a');
  const auto alone = memory_of(t);
  {
    const auto moment = t.snapshot();
    this->write_all(t, 20'000, 'b');
    EXPECT_GT(memory_of(t), alone + 20'000 * 200);
    EXPECT_EQ(moment.size(), 20'000u);
  }
  EXPECT_TRUE(comes_true([&] { return memory_of(t) < alone + alone / 5; })) << memory_of(t);
}

TYPED_TEST(Memory, WhatASnapshotKeptOfATableInAFileIsFreedAfterItWhileNobodyWrites) {
  const file::scratch here;
  auto t = or_throw(TestFixture::table::open({.path = here.path(path), .mode = write_mode::back}));
  this->write_all(t, 5000, 'a');
  ASSERT_TRUE(ok(t.save()));
  const auto alone = memory_of(t);
  {
    const auto moment = t.snapshot();
    this->write_all(t, 5000, 'b');
    ASSERT_TRUE(ok(t.save()));
    EXPECT_GT(memory_of(t), alone + 5000 * 200);
  }
  EXPECT_TRUE(comes_true([&] { return memory_of(t) < alone + alone / 5; })) << memory_of(t);
}

TYPED_TEST(Memory, WhatAReaderKeptIsFreedAfterItWhileNobodyWrites) {
  auto t = TestFixture::table::in_memory();
  this->write_all(t, 1, 'a');
  const auto alone = memory_of(t);
  std::latch inside(1);
  std::latch leave(1);
  std::jthread reader([&] {
    bool first = true;
    (void)t.lookup(0, [&](std::string_view) {
      if (!std::exchange(first, false)) return;
      inside.count_down();
      leave.wait();
    });
  });
  inside.wait();
  for (int i = 0; i < 10'000; ++i) this->write_all(t, 1, static_cast<char>('b' + i % 20));
  EXPECT_GT(memory_of(t), alone + 10'000 * 200);
  leave.count_down();
  EXPECT_TRUE(comes_true([&] { return memory_of(t) < alone + 20'000; })) << memory_of(t);
}

TYPED_TEST(Memory, TheFigureHoldsWhatSnapshotsKeepAcrossClearAndReload) {
  const file::scratch here;
  for (const bool reloads : {false, true}) {
    auto t = or_throw(TestFixture::table::open({.path = here.path(path)}));
    const auto empty = memory_of(t);
    this->write_all(t, 5000, 'a');
    const auto full = memory_of(t);
    {
      const auto moment = t.snapshot();
      ASSERT_TRUE(reloads ? ok(t.reload()) : ok(t.clear()));
      EXPECT_GE(memory_of(t), reloads ? full + 5000 * 200 : 5000 * 200);
      EXPECT_EQ(moment.size(), 5000u);
    }
    EXPECT_LT(memory_of(t), (reloads ? full : empty) + full / 10);
    ASSERT_TRUE(ok(t.clear()));
  }
}

/// Of several snapshots of what was cleared the last keeps only what it shows.
TYPED_TEST(Memory, OfWhatWasClearedOnlyWhatASnapshotShowsIsKept) {
  auto t = TestFixture::table::in_memory();
  this->write_all(t, 5000, 'a');
  const auto full = memory_of(t);
  auto first =
      std::make_unique<snapshot<std::int64_t, std::string, TypeParam::value>>(t.snapshot());
  this->write_all(t, 5000, 'b');
  const auto second = t.snapshot();
  ASSERT_TRUE(ok(t.clear()));
  EXPECT_GT(memory_of(t), full + 5000 * 200);
  first.reset();
  EXPECT_TRUE(comes_true([&] { return memory_of(t) < full + full / 5; })) << memory_of(t);
  EXPECT_EQ(second.size(), 5000u);
}

TYPED_TEST(Memory, ADestroyedTableGivesItBackWhileTheThreadThatFilledItLives) {
  const auto before = resident_bytes();
  std::size_t full = 0;
  std::latch filled(1);
  std::latch end(1);
  auto t = TestFixture::table::in_memory();
  std::jthread filler([&] {
    const std::string value(60, 'x');
    for (std::int64_t i = 0; i < 300'000; ++i) (void)t.insert(i * 7919 % 300'000, value);
    filled.count_down();
    end.wait();
  });
  filled.wait();
  full = resident_bytes();
  ASSERT_TRUE(ok(t.close()));
  const auto after = resident_bytes();
  end.count_down();
  if (keeps_freed_memory) return;
  EXPECT_GT(full, before + 25 * mebibyte);
  EXPECT_LT(after, before + (full - before) / 5) << (full - before) / mebibyte << " MiB were held";
}

TYPED_TEST(Memory, ALargeBatchLeavesNoRoomBehindThatNoFigureTells) {
  const auto before = resident_bytes();
  auto t = TestFixture::table::in_memory();
  this->write_all(t, 200'000, 'a');
  if (keeps_freed_memory) return;
  EXPECT_LT(resident_bytes(), before + memory_of(t) * 5 / 4 + 4 * mebibyte)
      << memory_of(t) / mebibyte << " MiB by the figure";
}

/// How much more memory than before `f` takes at its peak; nothing if the system does not tell.
template <class F>
[[nodiscard]] std::optional<std::size_t> peak_of(F&& f) {
  // What is freed goes back at once, and is not counted: glibc keeps it once blocks as large have
  // been freed before.
  mallopt(M_MMAP_THRESHOLD, 128 << 10);
  const auto before = resident_bytes();
  std::ofstream reset("/proc/self/clear_refs");
  const bool is_told = static_cast<bool>(reset << '5' << std::flush);
  f();
  if (!is_told || keeps_freed_memory) return std::nullopt;
  std::ifstream status("/proc/self/status");
  std::size_t kibibytes = 0;
  for (std::string word; status >> word;) {
    if (word == "VmHWM:" && status >> kibibytes) break;
  }
  return (kibibytes << 10) - before;
}

/// Copies of a value of 40 MiB that are made of it at most, the entry's own included.
void expect_copies(const char* verb, double most, const std::function<void()>& write) {
  constexpr double size = 40 << 20;
  const auto peak = peak_of(write);
  if (!peak) return;
  EXPECT_LT(static_cast<double>(*peak) / size, most + 0.15) << verb;
}

TEST(LargeValue, IsCopiedIntoItsEntryAndNowhereElse) {
  using texts = map<int, std::string>;
  const file::scratch here;
  for (const bool in_file : {false, true}) {
    auto t = in_file ? or_throw(texts::open(here.path(path))) : texts::in_memory();
    const std::string value(40 << 20, 'v');
    const std::vector<std::pair<int, std::string>> pairs{{3, value}};
    expect_copies("insert", 1, [&] { (void)or_throw(t.insert(1, value)); });
    expect_copies("insert_new", 1, [&] { or_throw(t.insert_new(2, value)); });
    expect_copies("insert_range", 1, [&] { (void)or_throw(t.insert_range(pairs)); });
    // It holds the old value twice: as it is compared, and as the function changes it.
    expect_copies("update", 3, [&] { (void)or_throw(t.update(1, [](auto& v) { v[0] = 'w'; })); });
    // The batch owns a copy.
    expect_copies("write", 2,
                  [&] { (void)or_throw(t.write(batch<int, std::string>().insert(4, value))); });
  }
}

TEST(LargeValue, IsCopiedOnceByAMigration) {
  using old_table = map<int, std::string>;
  using new_table = map<std::int64_t, std::string>;
  const file::scratch here;
  const std::string name = here.path(path);
  {
    auto t = or_throw(old_table::open(name));
    (void)or_throw(t.insert(1, std::string(40 << 20, 'v')));
    or_throw(t.close());
  }
  // The old entry, the value that the function is given, the one that it returns, the new entry.
  expect_copies("migrate", 4, [&] {
    (void)or_throw(migrate<old_table, new_table>(
        {.path = name}, [](int k, const std::string& v) { return std::pair(std::int64_t{k}, v); }));
  });
}

}  // namespace
}  // namespace shelf::suite
