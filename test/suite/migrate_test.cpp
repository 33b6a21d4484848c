// SUITE  every verb over every kind, write mode and store
// migrate: a file of old types becomes a file of new ones in one step, or stays as it was.
#include "suite/ground.hpp"

#include "simulation/crash_states.hpp"

#include <chrono>
#include <optional>

namespace shelf::suite {
namespace {

struct user_v1 {
  std::string name;
};
struct user_v2 {
  std::string name;
  std::string mail;
  friend bool operator==(const user_v2&, const user_v2&) = default;
};
using old_table = map<std::string, user_v1>;
using new_table = map<std::string, user_v2>;

struct Migration : each_format {
  simulation::simulated_disk disk;
  [[nodiscard]] new_table::config config() {
    new_table::config c;
    c.path = path;
    c.format = GetParam();
    c.system = &disk;
    return c;
  }
  [[nodiscard]] old_table open_old() {
    old_table::config c;
    c.path = path;
    c.format = GetParam();
    c.system = &disk;
    return or_throw(old_table::open(c));
  }
  void SetUp() override {
    auto t = open_old();
    or_throw(t.insert_range({{"a", {"Alice"}}, {"b", {"Bob"}}, {"c", {"Carol"}}}));
    or_throw(t.close());
  }
  static auto add_mail(const std::string& key, const user_v1& old) {
    return std::pair(key, user_v2{old.name, old.name + "@example.org"});
  }
};

TEST_P(Migration, AnOldFileIsRefusedByTheNewTypesUntilItIsMigrated) {
  EXPECT_TRUE(refuses(new_table::open(config()), errc::type_mismatch,
                      {path, lacks(capability::schema) ? path : "user_v1", "user_v2"}));
  const auto done = migrate<old_table, new_table>(config(), add_mail);
  ASSERT_TRUE(ok(done));
  EXPECT_EQ(done->read, 3u);
  EXPECT_EQ(done->written, 3u);
  auto t = or_throw(new_table::open(config()));
  EXPECT_EQ(t.size(), 3u);
  EXPECT_EQ(t.lookup("b"), (user_v2{"Bob", "Bob@example.org"}));
}

TEST_P(Migration, ADryRunCountsAndLeavesEveryByte) {
  const auto before = disk.read_all(path);
  const auto done = migrate<old_table, new_table>(config(), add_mail, {.dry_run = true});
  ASSERT_TRUE(ok(done));
  EXPECT_EQ(done->written, 3u);
  EXPECT_EQ(disk.read_all(path), before);
  EXPECT_EQ(disk.files(), std::vector<std::string>{path});
}

TEST_P(Migration, EntriesCanBeLeftOut) {
  const auto done = migrate<old_table, new_table>(
      config(),
      [](const std::string& key, const user_v1& old) -> std::optional<new_table::value_type> {
        if (key == "b") return std::nullopt;
        return std::pair(key, user_v2{old.name, {}});
      });
  ASSERT_TRUE(ok(done));
  EXPECT_EQ(done->written, 2u);
  EXPECT_FALSE(or_throw(new_table::open(config())).contains("b"));
}

TEST_P(Migration, AnErrorOfTheConversionEndsItAndTheFileIsAsItWas) {
  const auto before = disk.read_all(path);
  const auto done = migrate<old_table, new_table>(
      config(), [](const std::string& key, const user_v1&) -> result<new_table::value_type> {
        if (key == "b") return std::unexpected(error(errc::invalid_argument, "Bob has no mail"));
        return std::pair(key, user_v2{});
      });
  EXPECT_TRUE(refuses(done, errc::invalid_argument, {"Bob has no mail"}));
  EXPECT_EQ(disk.read_all(path), before);
  EXPECT_EQ(disk.locks_held(), 0u);
}

TEST_P(Migration, EveryEntryIsTriedAndTheErrorCountsThoseThatFail) {
  std::size_t tried = 0;
  const auto refuse_all_but_b = [&](const std::string& key,
                                    const user_v1&) -> result<new_table::value_type> {
    ++tried;
    if (key == "b") return std::pair(key, user_v2{});
    return std::unexpected(error(errc::invalid_argument, "nobody but Bob"));
  };
  for (const bool dry_run : {true, false}) {
    const auto done = migrate<old_table, new_table>(config(), refuse_all_but_b, {dry_run});
    EXPECT_TRUE(refuses(done, errc::invalid_argument,
                        {path, "2 of 3 entries cannot be migrated", "nobody but Bob"}));
    EXPECT_NE(done.error().details().find("key <<\"c\">>"), std::string::npos);
  }
  EXPECT_EQ(tried, 6u);
  EXPECT_EQ(open_old().size(), 3u);
}

TEST_P(Migration, TwoEntriesThatComeToOneKeyAreAnErrorNotALoss) {
  const auto done = migrate<old_table, new_table>(
      config(),
      [](const std::string&, const user_v1& old) { return std::pair("x", user_v2{old.name, {}}); });
  EXPECT_TRUE(refuses(done, errc::key_already_present, {path}));
  EXPECT_EQ(open_old().size(), 3u);
}

TEST_P(Migration, AMapCanBecomeABag) {
  using names = bag<std::int64_t, std::string>;
  names::config c;
  c.path = path;
  c.format = GetParam();
  c.system = &disk;
  const auto done = migrate<old_table, names>(c, [](const std::string&, const user_v1& old) {
    return std::pair(std::int64_t{7}, old.name);
  });
  ASSERT_TRUE(ok(done));
  auto t = or_throw(names::open(c));
  EXPECT_EQ(or_throw(t.lookup(7)).size(), 3u);
}

TEST_P(Migration, ADeadlineStaysWithItsEntry) {
  if (lacks(capability::deadlines)) return;
  constexpr expiry::time until{std::chrono::milliseconds(7'226'582'400'000)};
  {
    auto t = open_old();
    or_throw(t.touch("a", expiry::at(until)));
    or_throw(t.touch("b", expiry::at(expiry::time())));  // long ago
    or_throw(t.close());
  }
  const auto done = migrate<old_table, new_table>(config(), add_mail);
  ASSERT_TRUE(ok(done));
  EXPECT_EQ(done->written, 2u);
  auto t = or_throw(new_table::open(config()));
  EXPECT_EQ(or_throw(t.expires_at("a")), until);
  EXPECT_TRUE(refuses(t.expires_at("b"), errc::not_found));
  EXPECT_EQ(or_throw(t.expires_at("c")), std::nullopt);
}

TEST_P(Migration, AnEntryWithADeadlineDoesNotBecomeAValueOfABag) {
  if (lacks(capability::deadlines)) return;
  {
    auto t = open_old();
    or_throw(t.touch("a", expiry::in(std::chrono::hours(1))));
    or_throw(t.close());
  }
  using names = bag<std::int64_t, std::string>;
  names::config c;
  c.path = path;
  c.system = &disk;
  const auto done = migrate<old_table, names>(c, [](const std::string&, const user_v1& old) {
    return std::pair(std::int64_t{7}, old.name);
  });
  EXPECT_TRUE(refuses(done, errc::invalid_argument, {path, "deadline"}));
  EXPECT_EQ(open_old().size(), 3u);
}

TEST_P(Migration, ATableThatIsOpenIsNotMigrated) {
  auto t = open_old();
  EXPECT_TRUE(
      refuses(migrate<old_table, new_table>(config(), add_mail), errc::already_open, {path}));
}

TEST_P(Migration, APowerCutLeavesTheOldFileOrTheNewOneWhole) {
  const auto start = disk.operations();
  or_throw(migrate<old_table, new_table>(config(), add_mail));
  std::size_t old_ones = 0;
  std::size_t new_ones = 0;
  simulation::crash_options options;
  options.budget = 50;
  options.torn_pieces = !lacks(capability::torn_sectors);
  options.stale_blocks = !lacks(capability::stale_blocks);
  simulation::for_each_crash_state(
      disk.recorded(), options,
      [&](simulation::simulated_disk& survivor, const simulation::crash_state& state) {
        auto c = config();
        c.system = &survivor;
        const auto as_new = new_table::open(c);
        if (as_new) {
          ++new_ones;
          EXPECT_EQ(as_new->size(), 3u) << state.describe();
          return;
        }
        old_table::config o;
        o.path = path;
        o.format = GetParam();
        o.system = &survivor;
        const auto as_old = old_table::open(o);
        ASSERT_TRUE(ok(as_old)) << state.describe();
        ++old_ones;
        EXPECT_EQ(as_old->size(), 3u) << state.describe();
      },
      start);
  EXPECT_GT(old_ones, 0u);
  EXPECT_GT(new_ones, 0u);
}

INSTANTIATE_TEST_SUITE_P(Formats, Migration, testing::ValuesIn(every_format), format_names());

}  // namespace
}  // namespace shelf::suite
