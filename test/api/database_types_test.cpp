// API  [api] -> engine -> stores -> journal -> file
// What the verbs of transactions take and return for every kind of type.
#include "shelf/database.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <unistd.h>
#include <cstdint>
#include <filesystem>
#include <limits>
#include <optional>
#include <ranges>
#include <span>
#include <string>
#include <utility>
#include <variant>
#include <vector>

namespace shelf {
namespace {

using testing::ElementsAre;

struct user {
  std::string name = {};
  int age = 0;
  std::vector<std::string> tags = {};
  friend bool operator==(const user&, const user&) = default;
};
struct user_view {
  std::string_view name;
  int age = 0;
  std::vector<std::string> tags;
};

using users_table = map<std::string, user>;
using names_table = ordered_map<std::pair<std::string, int>, std::string>;
using bytes_table = bag<int, std::vector<std::byte>>;
using flags_table = duplicate_bag<std::uint8_t, bool>;

// What verbs return, and that a transaction is nothing to be copied or kept.
static_assert(std::is_same_v<decltype(std::declval<transaction&>()(std::declval<users_table&>())),
                             transaction_table<std::string, user, kind::set>>);
using users_seen = transaction_table<std::string, user, kind::set>;
using flags_seen = transaction_table<std::uint8_t, bool, kind::duplicate_bag>;
static_assert(std::is_same_v<decltype(std::declval<users_seen&>().lookup("a")), result<user>>);
static_assert(
    std::is_same_v<decltype(std::declval<flags_seen&>().lookup(1)), result<std::vector<bool>>>);
static_assert(std::is_same_v<decltype(std::declval<users_seen&>().insert("a", user{})), result<>>);
static_assert(std::is_same_v<decltype(std::declval<users_seen&>().erase("a")), result<>>);
static_assert(
    std::is_same_v<decltype(std::declval<users_seen&>().get<&user::age>("a")), result<int>>);
static_assert(std::ranges::input_range<transaction_range<std::string, user>>);
static_assert(std::ranges::input_range<transaction_keys<std::string>>);
static_assert(std::ranges::input_range<users_seen>);
static_assert(!std::is_copy_constructible_v<transaction>);
static_assert(!std::is_copy_constructible_v<database>);
static_assert(std::is_nothrow_move_constructible_v<database>);
static_assert(std::is_nothrow_move_assignable_v<database>);
static_assert(std::is_copy_constructible_v<ticket>);
static_assert(std::is_copy_constructible_v<database_snapshot>);

template <class T>
concept has_order = requires(T t) { t.first(); };
template <class T>
concept has_update = requires(T t) { t.update(typename T::key_type{}, [](auto v) { return v; }); };
template <class T>
concept has_add = requires(T t) { t.add(typename T::key_type{}, 1); };
static_assert(!has_order<users_seen>);
static_assert(has_order<transaction_table<int, int, kind::ordered_set>>);
static_assert(!has_update<flags_seen>);
static_assert(!has_add<users_seen> && !has_add<flags_seen>);
static_assert(has_add<transaction_table<int, std::uint8_t, kind::set>>);
static_assert(!has_add<transaction_table<int, bool, kind::set>>);

/// A database in a directory of its own.
class DatabaseTypes : public testing::Test {
 protected:
  DatabaseTypes() {
    std::filesystem::remove_all(directory_);
    std::filesystem::create_directories(directory_);
    db.emplace(or_throw(database::open(directory_ / "types.shelf")));
  }
  ~DatabaseTypes() override {
    db.reset();
    std::filesystem::remove_all(directory_);
  }
  template <class T>
  [[nodiscard]] T open(const char* name) {
    return or_throw(db->table<T>(name));
  }
  template <class F>
  void transact(F f) {
    const auto done = db->transact(f);
    ASSERT_TRUE(done) << done.error();
  }

 private:
  const std::filesystem::path directory_ =
      std::filesystem::temp_directory_path() /
      ("shelf_types_" + std::to_string(::getpid()) + '_' +
       testing::UnitTest::GetInstance()->current_test_info()->name());

 public:
  std::optional<database> db;
};

TEST_F(DatabaseTypes, KeysAreTakenInEveryFormThatATableTakesThem) {
  auto users = open<users_table>("users");
  auto names = open<names_table>("names");
  transact([&](transaction& tx) {
    auto u = tx(users);
    EXPECT_TRUE(u.insert("literal", {.name = "a"}));
    EXPECT_TRUE(u.insert(std::string_view("view"), {.name = "b"}));
    EXPECT_TRUE(u.insert(std::string("string"), {.name = "c"}));
    EXPECT_TRUE(u.contains(std::string_view("literal")));
    EXPECT_EQ(u.lookup("view")->name, "b");
    EXPECT_TRUE(u.erase(std::string_view("string")));
    EXPECT_EQ(u.size(), 2u);
    auto n = tx(names);
    EXPECT_TRUE(n.insert(std::pair("x", 1), "one"));
    EXPECT_EQ(n.lookup(std::pair(std::string_view("x"), 1L)), "one");
    EXPECT_EQ(n.lower_bound(std::pair("w", 7))->second, "one");
  });
  EXPECT_EQ(users.size(), 2u);
  EXPECT_EQ(names.lookup(std::pair("x", 1)), "one");
}

TEST_F(DatabaseTypes, ValuesAreReadAsCopiesViewsCustomViewsAndMembers) {
  auto users = open<users_table>("users");
  auto texts = open<map<int, std::string>>("texts");
  const user alice{.name = "alice", .age = 30, .tags = {"x"}};
  const auto check = [&](transaction& tx) {
    auto u = tx(users);
    EXPECT_EQ(u.lookup("alice"), alice);
    EXPECT_EQ(u.peek("alice"), alice);
    EXPECT_EQ(u.lookup("alice", [](const user& v) { return v.age; }), 30);
    EXPECT_EQ(u.lookup<user_view>("alice", [](user_view v) { return v.name.size(); }), 5u);
    EXPECT_EQ(u.get<&user::name>("alice"), "alice");
    EXPECT_EQ(u.get<&user::age>("alice"), 30);
    EXPECT_EQ(u.get<&user::age>("bob").error(), errc::not_found);
    EXPECT_EQ(u.value_or("bob", user{.age = 1}).age, 1);
    EXPECT_EQ(tx(texts).lookup(1, [](std::string_view v) { return v.size(); }), 3u);
    EXPECT_EQ(tx(texts).lookup(1, &std::string_view::size), 3u);
    EXPECT_EQ(tx(texts).value_or(2, "none"), "none");
  };
  transact([&](transaction& tx) {
    EXPECT_TRUE(tx(users).insert("alice", alice));
    EXPECT_TRUE(tx(texts).insert(1, "one"));
    check(tx);
  });
  transact(check);
}

TEST_F(DatabaseTypes, AnUpdateTakesEveryFunctionThatATableTakes) {
  auto users = open<users_table>("users");
  ASSERT_TRUE(users.insert("alice", {.name = "alice", .age = 30, .tags = {}}));
  transact([&](transaction& tx) {
    auto u = tx(users);
    EXPECT_EQ(u.update("alice", [](user& v) { ++v.age; })->age, 31);
    EXPECT_EQ(u.update("alice",
                       [](user v) {
                         ++v.age;
                         return v;
                       })
                  ->age,
              32);
    EXPECT_EQ(u.update("alice",
                       [](const user& v) -> result<user> {
                         return user{.name = v.name, .age = v.age + 1, .tags = v.tags};
                       })
                  ->age,
              33);
    EXPECT_EQ(u.update("alice",
                       [](user& v) -> result<> {
                         v.age = 0;
                         return std::unexpected(error(errc::overflow));
                       })
                  .error(),
              errc::overflow);
    EXPECT_EQ(u.update("bob", [](user&) {}).error(), errc::not_found);
    EXPECT_EQ(u.get<&user::age>("alice"), 33);
  });
  EXPECT_EQ(users.get<&user::age>("alice"), 33);
}

TEST_F(DatabaseTypes, BagsOfBytesAndOfBool) {
  auto blobs = open<bytes_table>("blobs");
  auto flags = open<flags_table>("flags");
  const std::vector<std::byte> one{std::byte{1}};
  const std::vector<std::byte> two{std::byte{2}, std::byte{3}};
  transact([&](transaction& tx) {
    auto b = tx(blobs);
    EXPECT_TRUE(b.insert(1, one));
    EXPECT_TRUE(b.insert(1, two));
    EXPECT_TRUE(b.insert(1, one));
    EXPECT_EQ(b.lookup(1), (std::vector{one, two}));
    std::size_t size = 0;
    EXPECT_TRUE(b.lookup(1, [&](std::span<const std::byte> v) { size += v.size(); }));
    EXPECT_EQ(size, 3u);
    EXPECT_TRUE(b.erase(1, one));
    auto f = tx(flags);
    EXPECT_TRUE(f.insert_range({{7, true}, {7, false}, {7, true}}));
    EXPECT_EQ(f.lookup(7), (std::vector{true, false, true}));
  });
  EXPECT_EQ(blobs.lookup(1), (std::vector<std::vector<std::byte>>{two}));
  EXPECT_EQ(flags.size(), 3u);
}

TEST_F(DatabaseTypes, TablesOfKeysWithoutValues) {
  using names = map<std::string, std::monostate>;
  using numbers = ordered_map<int, std::monostate>;
  auto set = open<names>("names");
  auto ordered = open<numbers>("numbers");
  transact([&](transaction& tx) {
    EXPECT_TRUE(tx(set).insert("a"));
    EXPECT_TRUE(tx(set).insert_new("b"));
    EXPECT_EQ(tx(set).insert_new("a").error(), errc::key_already_present);
    EXPECT_TRUE(tx(ordered).insert_range({3, 1, 2}));
    const std::vector more{5, 4};
    EXPECT_TRUE(tx(ordered).insert_range(more));
    std::vector<int> seen;
    for (const int key : tx(ordered).keys()) seen.push_back(key);
    EXPECT_THAT(seen, ElementsAre(1, 2, 3, 4, 5));
  });
  EXPECT_EQ(set.size(), 2u);
  EXPECT_EQ(ordered.size(), 5u);
}

TEST_F(DatabaseTypes, BoundsMayLieBeyondTheKeysAndWhatIsNoKeyIsAnError) {
  auto small = open<ordered_map<std::uint8_t, int>>("small");
  auto reals = open<ordered_map<double, int>>("reals");
  const double nan = std::numeric_limits<double>::quiet_NaN();
  transact([&](transaction& tx) {
    auto s = tx(small);
    EXPECT_TRUE(s.insert_range({{0, 0}, {100, 1}, {255, 2}}));
    EXPECT_EQ(s.range(-5, 300).size(), 3u);
    EXPECT_EQ(s.rank(300), 3u);
    EXPECT_EQ(s.rank(-1), 0u);
    EXPECT_EQ(s.before(1000)->first, 255);
    EXPECT_EQ(s.lower_bound(-1)->first, 0);
    EXPECT_TRUE(s.starting_at(256).empty());
    EXPECT_EQ(s.insert(300, 1).error(), errc::invalid_argument);
    EXPECT_EQ(s.lookup(300).error(), errc::invalid_argument);
    EXPECT_FALSE(s.contains(300));
    auto r = tx(reals);
    EXPECT_TRUE(r.insert(1.5, 1));
    EXPECT_EQ(r.insert(nan, 1).error(), errc::invalid_argument);
    EXPECT_EQ(r.first()->first, 1.5);
    EXPECT_EQ(r.lower_bound(nan).error(), errc::invalid_argument);
    EXPECT_TRUE(r.range(nan, 2.0).empty());
    EXPECT_EQ(r.range(nan, 2.0).size(), 0u);
    EXPECT_TRUE(r.starting_at(nan).empty());
    EXPECT_EQ(r.range(-std::numeric_limits<double>::infinity(), 2.0).size(), 1u);
    EXPECT_EQ(r.rank(nan), 0u);
    EXPECT_TRUE(r.insert(-0.0, 5));
    EXPECT_EQ(r.lookup(0.0), 5);
  });
}

TEST_F(DatabaseTypes, AValueThatCannotBeStoredIsAnErrorThatNamesTheTable) {
  auto reals = open<map<int, double>>("reals");
  const double nan = std::numeric_limits<double>::quiet_NaN();
  transact([&](transaction& tx) {
    const auto refused = tx(reals).insert(1, nan);
    EXPECT_EQ(refused.error(), errc::invalid_argument);
    EXPECT_THAT(refused.error().message(), testing::HasSubstr("reals"));
    EXPECT_EQ(tx(reals).write(batch<int, double>().insert(2, 1.0).insert(1, nan)).error(),
              errc::invalid_argument);
    EXPECT_EQ(tx(reals).insert_range({{2, 1.0}, {1, nan}}).error(), errc::invalid_argument);
    EXPECT_EQ(tx(reals).size(), 0u);
  });
}

TEST_F(DatabaseTypes, CountersOfEveryWidthStepWithinTheirRange) {
  auto wide = open<map<int, std::uint64_t>>("wide");
  auto narrow = open<ordered_map<int, std::int8_t>>("narrow");
  transact([&](transaction& tx) {
    EXPECT_TRUE(tx(wide).insert(1, std::numeric_limits<std::uint64_t>::max() - 1));
    EXPECT_TRUE(tx(wide).add(1));
    EXPECT_EQ(tx(wide).lookup(1), std::numeric_limits<std::uint64_t>::max());
    EXPECT_TRUE(tx(narrow).add(1, -28, {.initial = -100}));
    EXPECT_EQ(tx(narrow).lookup(1), -128);
  });
  EXPECT_EQ(wide.lookup(1), std::numeric_limits<std::uint64_t>::max());
  EXPECT_EQ(db->transact([&](transaction& tx) { return tx(narrow).add(1, -1); }).error(),
            errc::overflow);
}

TEST_F(DatabaseTypes, ADatabaseOpensByPathsOfEveryTypeAndWithDeclarations) {
  db.reset();
  const auto path = std::filesystem::temp_directory_path() /
                    ("shelf_types_path_" + std::to_string(::getpid()) + ".shelf");
  const auto again = [&](const auto& p) {
    auto opened = or_throw(database::open(p, declare<users_table>("users")));
    EXPECT_EQ(opened.tables().size(), 1u);
  };
  again(path);
  again(path.string());
  again(path.c_str());
  again(std::string_view(path.native()));
  std::filesystem::remove(path);
}

}  // namespace
}  // namespace shelf
