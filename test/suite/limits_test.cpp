// SUITE  every verb over every kind, write mode and store
// The numbers of docs/limits.md that no other test shows.
#include "file/scratch.hpp"
#include "suite/ground.hpp"

#include <filesystem>
#include <iterator>
#include <memory>

namespace shelf::suite {
namespace {

using texts = map<std::int64_t, std::string>;

[[nodiscard]] std::ptrdiff_t entries_of(const char* directory) {
  return std::distance(std::filesystem::directory_iterator(directory), {});
}
[[nodiscard]] std::uint64_t file_bytes(const texts& t) { return or_throw(t.stats()).file_bytes; }

struct tree {
  std::vector<tree> below;
};
[[nodiscard]] tree chain(int length) {
  tree t;
  for (int i = 1; i < length; ++i) {
    tree above;
    above.below.push_back(std::move(t));
    t = std::move(above);
  }
  return t;
}

TEST(Limits, AnEntryHas64MiBAndNests256DeepByDefault) {
  EXPECT_EQ(limits{}.entry_bytes, 64u << 20);
  EXPECT_EQ(limits{}.nesting, 256u);
  auto t = map<int, term>::in_memory();
  auto deep = term::nil();
  for (int i = 0; i < 255; ++i) deep = term::list({deep});
  EXPECT_TRUE(t.insert(1, deep));
  auto trees = map<int, tree>::in_memory();
  EXPECT_TRUE(trees.insert(1, chain(128)));  // a struct and its list are two levels
  EXPECT_EQ(trees.insert(1, chain(129)).error(), errc::size_limit_exceeded);
}

TEST(Limits, TheConfigurationGoesUpTo2GiBAnd1024Levels) {
  simulation::simulated_disk disk;
  const auto opened = [&](limits l) {
    return texts::open({.path = path, .limits = l, .system = &disk});
  };
  EXPECT_TRUE(opened({.entry_bytes = std::size_t{1} << 31, .nesting = 1024}));
  EXPECT_EQ(opened({.entry_bytes = (std::size_t{1} << 31) + 1}).error(), errc::invalid_argument);
  EXPECT_EQ(opened({.nesting = 1025}).error(), errc::invalid_argument);
  EXPECT_EQ(opened({.nesting = std::size_t{1} << 32}).error(), errc::invalid_argument);
}

TEST(Limits, AStructThatNestsDeeperThanTheOpenersLimitIsATypeMismatch) {
  simulation::simulated_disk disk;
  using table = map<int, tree>;
  const auto open = [&](std::size_t nesting) {
    return table::open({.path = path, .limits = {.nesting = nesting}, .system = &disk});
  };
  ASSERT_TRUE(or_throw(open(1024)).insert(1, chain(500)));
  EXPECT_EQ(open(256).error(), errc::type_mismatch);
  EXPECT_TRUE(or_throw(open(1024)).contains(1));
}

TEST(Limits, ALoneWriteAddsAFrameOf40BytesAndARecordOf5ToItsBytesInTheFile) {
  simulation::simulated_disk disk;
  auto t = or_throw(texts::open({.path = path, .system = &disk}));
  ASSERT_TRUE(t.insert(0, "the first"));
  const auto before = file_bytes(t);
  ASSERT_TRUE(t.insert(1, std::string(94, 'v')));  // key 2 bytes, value 5 + 94
  EXPECT_EQ(file_bytes(t) - before, (40u + 5 + 2 + 99 + 7) / 8 * 8);
}

TEST(Limits, ABatchSharesItsFramesSoThatAnEntryAdds5Or6Bytes) {
  simulation::simulated_disk disk;
  auto t = or_throw(texts::open({.path = path, .system = &disk}));
  std::vector<std::pair<std::int64_t, std::string>> pairs;
  for (std::int64_t i = 0; i < 10'000; ++i) pairs.emplace_back(i, std::string(94, 'v'));
  const auto before = file_bytes(t);
  ASSERT_TRUE(t.insert_range(pairs));
  const auto payload = or_throw(t.stats()).payload_bytes;
  EXPECT_GE(file_bytes(t) - before, payload + 5 * pairs.size());
  EXPECT_LE(file_bytes(t) - before, payload + 6 * pairs.size());
}

TEST(Limits, AnOpenTableHoldsTwoDescriptorsAndTheProcessOneThreadForAll) {
  const file::scratch here;
  std::vector<texts> open;
  const auto one = [&](int i) {
    open.push_back(or_throw(texts::open({.path = here.path(std::to_string(i))})));
  };
  one(0);
  const auto descriptors = entries_of("/proc/self/fd");
  const auto threads = entries_of("/proc/self/task");
  for (int i = 1; i <= 10; ++i) one(i);
  EXPECT_EQ(entries_of("/proc/self/fd") - descriptors, 20);
  EXPECT_EQ(entries_of("/proc/self/task"), threads);
}

TEST(Limits, AnEmptyTableTakesUnder16KiBOfFileAndUnder256KiBOfMemory) {
  const file::scratch here;
  auto t = or_throw(texts::open({.path = here.path("t")}));
  const auto now = or_throw(t.stats());
  EXPECT_LT(now.file_bytes, 16u << 10);
  EXPECT_LT(now.memory_bytes, 256u << 10);
}

/// Bytes of memory an entry takes beyond its encoded key and value.
template <class Table>
[[nodiscard]] double overhead() {
  auto t = Table::in_memory();
  for (std::int64_t i = 0; i < 100'000; ++i) (void)or_throw(t.insert(i * 7919 % 100'000, i));
  const auto now = or_throw(t.stats());
  return static_cast<double>(now.memory_bytes - now.payload_bytes) /
         static_cast<double>(now.entries);
}

TEST(Limits, AnEntryTakesSoManyBytesOfMemoryMoreThanItHolds) {
  const auto within = [](double most) {
    return testing::AllOf(testing::Gt(most / 2), testing::Le(most));
  };
  EXPECT_THAT((overhead<map<std::int64_t, std::int64_t>>()), within(48));
  EXPECT_THAT((overhead<ordered_map<std::int64_t, std::int64_t>>()), within(60));
  EXPECT_THAT((overhead<bag<std::int64_t, std::int64_t>>()), within(190));
  EXPECT_THAT((overhead<duplicate_bag<std::int64_t, std::int64_t>>()), within(190));
}

TEST(Limits, ASnapshotKeepsOneVersionOfWhatItShowsHoweverOftenThatIsReplaced) {
  auto t = texts::in_memory();
  const auto write_all = [&](char with) {
    for (std::int64_t i = 0; i < 1000; ++i) (void)or_throw(t.insert(i, std::string(1000, with)));
    return or_throw(t.stats()).memory_bytes;
  };
  const auto alone = write_all('a');
  {
    const auto pinned = t.snapshot();
    std::size_t beside = 0;
    for (const char with : {'b', 'c', 'd', 'e'}) beside = write_all(with);
    EXPECT_GT(beside, alone * 19 / 10);
    EXPECT_LT(beside, alone * 22 / 10);
    EXPECT_EQ(pinned.lookup(5), std::string(1000, 'a'));
  }
  EXPECT_LT(write_all('f'), alone * 12 / 10);
}

TEST(Limits, AFileIsRewrittenByItselfWhenItIsOver64MiBAndMoreThanTwiceWhatLivesInIt) {
  const file::scratch here;
  auto t = or_throw(texts::open({.path = here.path("t"), .mode = write_mode::back}));
  const auto save = [&](char with) {
    (void)or_throw(t.insert(1, std::string(9u << 20, with)));
    or_throw(t.save());
    return file_bytes(t);
  };
  std::uint64_t longest = 0;
  for (char with = 'a'; with < 'h'; ++with) longest = save(with);  // 63 MiB
  EXPECT_GT(longest, 63u << 20);
  EXPECT_LT(longest, 64u << 20);
  EXPECT_GT(save('h'), 72u << 20);  // it was not over 64 MiB before this one
  EXPECT_LT(save('i'), 10u << 20);
}

}  // namespace
}  // namespace shelf::suite
