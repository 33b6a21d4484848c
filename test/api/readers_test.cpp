// API  [api] -> table -> journal -> file
// Every reader gives back every type of the table of types (docs/types.md), as key and as value.
#include "shelf/shelf.hpp"

#include <gtest/gtest.h>

#include <array>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <list>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <tuple>
#include <unordered_map>
#include <unordered_set>
#include <utility>
#include <variant>
#include <vector>

namespace {

enum class level : std::uint8_t { low, high };
enum class color : std::uint8_t { red, green };

struct nothing {
  bool operator==(const nothing&) const = default;
};
struct session {
  std::string user = "nobody, or a name that is too long for a small string";
  std::optional<std::string> mail;
  std::vector<int> marks;
  bool operator==(const session&) const = default;
};
struct tree {
  int number = 0;
  std::vector<tree> below;
  bool operator==(const tree&) const = default;
};
class ipv4 {
 public:
  ipv4() = default;
  explicit ipv4(std::uint32_t number) : number_(number) {}
  [[nodiscard]] std::uint32_t number() const { return number_; }
  bool operator==(const ipv4&) const = default;

 private:
  std::uint32_t number_ = 0;
};
/// Its default constructor may throw, and so may its copies.
class badge {
 public:
  badge() : text_("no badge") {}
  explicit badge(std::string text) : text_(std::move(text)) {}
  badge(const badge& other) : text_(other.text_) {}  // NOLINT
  badge& operator=(const badge&) = default;
  [[nodiscard]] const std::string& text() const { return text_; }
  bool operator==(const badge&) const = default;

 private:
  std::string text_;
};

}  // namespace

template <>
inline constexpr auto shelf::enum_names<color> =
    shelf::names<color>({{color::red, "red"}, {color::green, "green"}});
template <>
struct shelf::codec<ipv4> {
  static constexpr bool orderable = true;
  static std::uint32_t encode(const ipv4& a) { return a.number(); }
  static ipv4 decode(std::uint32_t number) { return ipv4(number); }
};
template <>
struct shelf::codec<badge> {
  static constexpr bool orderable = true;
  static std::string encode(const badge& b) { return b.text(); }
  static shelf::result<badge> decode(std::string text) { return badge(std::move(text)); }
};

namespace shelf::testing {
namespace {

/// Two values of each row of the table of types, the first before the second in term order.
template <class T>
struct example {
  T first;
  T second;
};

template <class T>
void expect_holds(const result<T>& found, const T& value) {
  ASSERT_TRUE(found) << found.error();
  EXPECT_TRUE(*found == value);
}

template <class K, class V, kind Kind>
void expect_moment(const table<K, V, Kind>& t, const K& key, const V& value) {
  const auto moment = t.snapshot();
  if constexpr (is_bag(Kind)) {
    expect_holds(moment.lookup(key), std::vector<V>{value});
  } else {
    expect_holds(moment.lookup(key), value);
  }
  EXPECT_TRUE(moment.contains(key));
  std::size_t seen = 0;
  for (const auto& [k, v] : moment) seen += k == key && v == value ? std::size_t{1} : 0;
  EXPECT_EQ(seen, 1u);
}

template <class K, class V, kind Kind>
void expect_walks(const table<K, V, Kind>& t, const K& key, const V& value) {
  std::size_t seen = 0;
  t.for_each([&](const K& k, const V& v) {
    seen += k == key && v == value ? std::size_t{1} : 0;
    return walk::go_on;
  });
  EXPECT_EQ(seen, 1u);
  const auto found = t.fold(false, [&](bool so_far, const K& k, const V& v) {
    return so_far || (k == key && v == value);
  });
  EXPECT_TRUE(found);
  std::size_t listed = 0;
  for (const auto& entry : t.to_vector()) {
    listed += entry == std::pair<K, V>(key, value) ? std::size_t{1} : 0;
  }
  EXPECT_EQ(listed, 1u);
}

template <class K, class V>
void expect_order(const ordered_map<K, V>& t, const K& key, const V& value) {
  const std::pair<K, V> whole(key, value);
  expect_holds(t.lower_bound(key), whole);
  const auto some = t.snapshot().starting_at(key);
  ASSERT_FALSE(some.empty());
  EXPECT_TRUE(*some.begin() == whole);
  EXPECT_TRUE(t.first());
  EXPECT_TRUE(t.last());
  EXPECT_TRUE(t.range(key, key).empty());
  EXPECT_TRUE(t.snapshot().slice(t.snapshot().rank(key), 99).begin()->first == key);
  EXPECT_EQ(t.upper_bound(key).has_value(), t.last()->first != key);
  EXPECT_EQ(t.before(key).has_value(), t.first()->first != key);
}

/// Each reader of a table that holds two entries.
template <class K, class V, kind Kind>
void expect_reads(const example<K>& keys, const example<V>& values) {
  auto t = table<K, V, Kind>::in_memory();
  ASSERT_TRUE(t.insert(keys.first, values.first));
  ASSERT_TRUE(t.insert_range({{keys.second, values.second}}));
  for (const auto& [key, value] :
       {std::pair(keys.first, values.first), std::pair(keys.second, values.second)}) {
    if constexpr (is_bag(Kind))
      expect_holds(t.lookup(key), std::vector<V>{value});
    else
      expect_holds(t.lookup(key), value);
    EXPECT_TRUE(t.contains(key));
    EXPECT_TRUE(t.lookup(key, [](const view_of<V>&) {}));
    EXPECT_TRUE((t.template lookup<V>(key, [](const V&) {})));
    expect_moment(t, key, value);
    expect_walks(t, key, value);
    if constexpr (Kind == kind::ordered_set) expect_order(t, key, value);
  }
  if constexpr (!is_bag(Kind)) {
    const auto many = t.lookup_many({keys.second, keys.first});
    ASSERT_TRUE(many);
    EXPECT_TRUE((*many == std::vector<std::optional<V>>{values.second, values.first}));
    expect_holds(t.update(keys.first, [](V v) { return v; }), values.first);
  }
  EXPECT_EQ(t.erase(keys.first), 1u);
  EXPECT_EQ(t.lookup(keys.first).error(), errc::not_found);
  EXPECT_EQ(t.snapshot().lookup(keys.first).error(), errc::not_found);
}

template <class T>
void expect_reads_as_value(T first, T second) {
  SCOPED_TRACE(detail::schema_of<T>());
  expect_reads<int, T, kind::set>({1, 2}, {first, second});
}

template <class T>
void expect_reads_in_bags(T first, T second) {
  SCOPED_TRACE(detail::schema_of<T>());
  expect_reads<std::string, T, kind::bag>({"a", "b"}, {first, second});
}

template <class T>
void expect_reads_as_key(T first, T second) {
  expect_reads_as_value<T>(first, second);
  SCOPED_TRACE(detail::schema_of<T>());
  expect_reads<T, int, kind::ordered_set>({first, second}, {1, 2});
}

TEST(Readers, GiveBackNumbersAndTexts) {
  expect_reads_as_key<std::int8_t>(-5, 7);
  expect_reads_as_key<std::uint64_t>(0, ~std::uint64_t{0});
  expect_reads_as_key<char32_t>(U'a', U'\u00e9');
  expect_reads_as_key<bool>(false, true);
  expect_reads_as_key<double>(-0.5, 1e300);
  expect_reads_as_key<float>(0.25F, 3);
  expect_reads_as_key<std::string>("", "alice");
  expect_reads_as_key<std::u8string>(u8"a", u8"b");
}

TEST(Readers, GiveBackBytesAndContainers) {
  expect_reads_as_key<std::vector<std::byte>>({std::byte{1}}, {std::byte{2}});
  expect_reads_as_key<std::array<unsigned char, 2>>({1, 2}, {1, 3});
  expect_reads_as_value<std::vector<char>>({'a'}, {});
  expect_reads_as_key<std::vector<int>>({}, {1, 300});
  expect_reads_as_value<std::vector<bool>>({true}, {false});
  expect_reads_as_value<std::list<std::string>>({"a"}, {});
  expect_reads_as_key<std::deque<int>>({1}, {1, 2});
  expect_reads_as_value<std::set<int>>({1, 2}, {});
  expect_reads_as_value<std::unordered_set<std::string>>({"a", "b"}, {});
  expect_reads_as_value<std::map<std::string, int>>({{"a", 1}}, {});
  expect_reads_as_value<std::unordered_map<int, std::string>>({{1, "a"}}, {});
}

TEST(Readers, GiveBackWhatIsMadeOfParts) {
  expect_reads_as_key<std::pair<std::string, int>>({"a", 1}, {"b", 0});
  expect_reads_as_key<std::tuple<int, std::string, bool>>({1, "a", false}, {1, "b", false});
  expect_reads_as_key<std::array<std::string, 2>>({"a", "b"}, {"a", "c"});
  expect_reads_as_key<std::optional<std::string>>(std::nullopt, "a");
  expect_reads_as_value<std::optional<std::deque<int>>>({{1, 2}}, std::nullopt);
  using choice = std::variant<std::monostate, std::int64_t, std::string, session>;
  expect_reads_as_value<choice>(std::string("a"), session{"alice", "a@b", {1}});
  expect_reads_as_value<std::monostate>({}, {});
  expect_reads_as_key<session>({"alice", std::nullopt, {}}, {"bob", "b@c", {1, 2}});
  expect_reads_as_value<tree>({1, {{2, {}}, {3, {{4, {}}}}}}, {});
  expect_reads_as_value<nothing>({}, {});
}

TEST(Readers, GiveBackTimesEnumerationsTermsAndCodecs) {
  using namespace std::chrono;
  expect_reads_as_key<milliseconds>(-5ms, 7ms);
  expect_reads_as_key<duration<std::int32_t, std::ratio<1, 30>>>(
      {}, duration<std::int32_t, std::ratio<1, 30>>(9));
  expect_reads_as_key<system_clock::time_point>({}, system_clock::time_point(1h));
  expect_reads_as_key<sys_days>({}, sys_days(days(20000)));
  expect_reads_as_key<level>(level::low, level::high);
  expect_reads_as_value<color>(color::red, color::green);
  expect_reads_as_key<term>(term::integer(1), *term::atom("a"));
  expect_reads_as_key<ipv4>(ipv4(1), ipv4(0x7f000001));
  expect_reads_as_key<badge>(badge("a"), badge("b"));
}

TEST(Readers, GiveBackTheValuesOfBags) {
  expect_reads_in_bags<bool>(false, true);
  expect_reads_in_bags<std::deque<int>>({1}, {1, 2});
  expect_reads_in_bags<session>({"alice", std::nullopt, {}}, {"bob", "b@c", {1, 2}});
  expect_reads_in_bags<term>(term::integer(1), *term::atom("a"));
}

TEST(Readers, GiveBackSingleMembers) {
  auto t = map<int, session>::in_memory();
  ASSERT_TRUE(t.insert(1, {"alice", "a@b", {1, 2}}));
  EXPECT_EQ(t.get<&session::user>(1), "alice");
  EXPECT_TRUE(*t.get<&session::mail>(1) == std::optional<std::string>("a@b"));
  EXPECT_EQ(t.get<&session::marks>(1), (std::vector<int>{1, 2}));
  EXPECT_EQ(t.get<&session::marks>(2).error(), errc::not_found);
}

}  // namespace
}  // namespace shelf::testing
