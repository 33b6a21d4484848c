// SUITE  every verb over every kind, write mode and store
// Pages with cursors, and ranges of rows, values and members.
#include "suite/database_ground.hpp"

#include <algorithm>
#include <ranges>
#include <set>

namespace shelf::suite {
namespace {

using scores_table = ordered_map<int, std::string>;

[[nodiscard]] scores_table some_scores(int count) {
  auto t = scores_table::in_memory();
  for (int i = 0; i < count; ++i) or_throw(t.insert(i, "v" + std::to_string(i)));
  return t;
}
template <class Page>
[[nodiscard]] std::vector<int> keys_of(const Page& p) {
  std::vector<int> keys;
  for (const auto& [key, value] : p.entries) keys.push_back(key);
  return keys;
}
/// The keys of all pages from the first to the last, and how many pages there were.
template <class Next>
[[nodiscard]] std::pair<std::vector<int>, int> all_pages(Next next) {
  std::vector<int> keys;
  std::string cursor;
  for (int pages = 1;; ++pages) {
    const auto p = or_throw(next(cursor));
    std::ranges::copy(keys_of(p), std::back_inserter(keys));
    if (p.next.empty()) return {keys, pages};
    cursor = p.next;
  }
}

TEST(Pages, ShowEveryEntryOnceInEitherDirection) {
  const auto t = some_scores(10);
  for (const std::size_t size : {1u, 3u, 5u, 10u, 11u, 1000u}) {
    const auto pages = static_cast<int>((10 + size - 1) / size);
    EXPECT_EQ(all_pages([&](const auto& c) { return t.page(c, size); }),
              std::pair(std::vector{0, 1, 2, 3, 4, 5, 6, 7, 8, 9}, pages));
    EXPECT_EQ(all_pages([&](const auto& c) { return t.page_backwards(c, size); }),
              std::pair(std::vector{9, 8, 7, 6, 5, 4, 3, 2, 1, 0}, pages));
    EXPECT_EQ(
        all_pages([&](const auto& c) { return t.page(c, size, at_least(2), at_most(7)); }).first,
        (std::vector{2, 3, 4, 5, 6, 7}));
    EXPECT_EQ(all_pages([&](const auto& c) { return t.page_backwards(c, size, 2, 7); }).first,
              (std::vector{6, 5, 4, 3, 2}));
    EXPECT_EQ(all_pages([&](const auto& c) { return t.page(c, size, above(7)); }).first,
              (std::vector{8, 9}));
  }
  const auto none = some_scores(0).page("", 5);
  EXPECT_TRUE(none->entries.empty());
  EXPECT_TRUE(none->next.empty());
}

TEST(Pages, ShowWhatIsThereThroughoutExactlyOnceWhateverIsWritten) {
  auto t = some_scores(100);
  std::multiset<int> seen;
  std::string cursor;
  int round = 0;
  do {
    const auto p = or_throw(t.page(cursor, 7));
    for (const int key : keys_of(p)) seen.insert(key);
    cursor = p.next;
    ++round;
    or_throw(t.erase(round * 13 % 100 / 2 * 2 + 1));  // odd ones go, among them last keys of pages
    or_throw(t.insert(-round, "new"));
    or_throw(t.insert(1000 + round, "new"));
  } while (!cursor.empty() && round < 100);
  for (int even = 0; even < 100; even += 2) EXPECT_EQ(seen.count(even), 1u) << even;
}

TEST(Pages, CursorsStayValidAcrossReopeningCompactionAndCopies) {
  ground<kind::ordered_set, std::string, int> g(keeping::through);
  auto t = g.open();
  ASSERT_TRUE(ok(t.insert_range({{"a", 1}, {"b", 2}, {"c", 3}})));
  const auto first = or_throw(t.page("", 1));
  ASSERT_TRUE(ok(t.compact()));
  g.reopen(t);
  EXPECT_EQ(or_throw(t.page(first.next, 5)).entries.size(), 2u);
  ASSERT_TRUE(ok(t.close()));
  ASSERT_TRUE(ok(copy(path, "copy.shelf", {.system = &g.disk})));
  auto c = g.config();
  c.path = "copy.shelf";
  auto other = or_throw(decltype(g)::table::open(c));
  EXPECT_EQ(or_throw(other.page(first.next, 5)).entries.front().first, "b");
}

TEST(Pages, OfBoundsThatTheCursorIsNotWithinAreThoseOfTheBounds) {
  const auto t = some_scores(10);
  const auto p = or_throw(t.page("", 3));  // up to 2
  EXPECT_EQ(keys_of(or_throw(t.page(p.next, 2, at_least(5)))), (std::vector{5, 6}));
  EXPECT_EQ(keys_of(or_throw(t.page(p.next, 2, at_least(1)))), (std::vector{3, 4}));
  EXPECT_TRUE(or_throw(t.page(p.next, 2, below(2))).entries.empty());
}

TEST(Pages, ATextThatIsNoCursorIsRefused) {
  const auto t = some_scores(10);
  const auto refused = [&](std::string_view cursor) {
    return refuses(t.page(cursor, 3), errc::invalid_argument, {"cursor"});
  };
  for (const auto* text : {"x", "xx", "====", "a b", "AAAAAAAAAA", "AQAAAAAAYQ", "\xff\xfe"}) {
    EXPECT_TRUE(refused(text)) << text;
  }
  const auto good = or_throw(t.page("", 3)).next;
  for (std::size_t i = 0; i < good.size(); ++i) {
    auto bad = good;
    bad[i] = bad[i] == 'A' ? 'B' : 'A';
    EXPECT_TRUE(refused(bad)) << bad;
    EXPECT_TRUE(refused(good.substr(0, i)) || i == 0) << i;
  }
  EXPECT_TRUE(refused(good + "A"));
  EXPECT_TRUE(refuses(t.page_backwards(good, 3), errc::invalid_argument, {"direction"}));
  EXPECT_TRUE(refuses(t.page("", 0), errc::invalid_argument));
  // Of another type of keys, or of another table.
  const auto texts = ordered_map<std::string, std::string>::in_memory();
  EXPECT_TRUE(refuses(texts.page(good, 3), errc::invalid_argument, {"another table"}));
  bank b;
  auto more = or_throw(b.db.table<accounts_table>("more"));
  ASSERT_TRUE(ok(b.accounts.insert_range({{"a", 1}, {"b", 2}})));
  const auto of_accounts = or_throw(b.accounts.page("", 1)).next;
  EXPECT_TRUE(refuses(more.page(of_accounts, 3), errc::invalid_argument, {"another table"}));
}

TEST(Pages, AForgedCursorWithTheRightChecksumIsRefusedToo) {
  const auto t = some_scores(10);
  const auto identity = t.untyped().identity();
  const auto forged = [&](std::string_view term) {
    return detail::encode_cursor(as_bytes(term), identity, false);
  };
  using namespace std::string_view_literals;
  EXPECT_EQ(or_throw(t.page(forged("a\x03"sv), 1)).entries.front().first, 4);
  for (const auto term : {"b\0\0\0\x03"sv, "h\xff"sv, "m\xff\xff\xff\xff"sv, "\0"sv, "a"sv,
                          "a\x03\x03"sv, "w\x03"sv}) {
    EXPECT_TRUE(refuses(t.page(forged(term), 1), errc::invalid_argument, {"no key"}));
  }
}

TEST(Pages, OfSnapshotsAndTransactions) {
  bank b;
  ASSERT_TRUE(ok(b.accounts.insert_range({{"a", 1}, {"b", 2}, {"c", 3}})));
  const auto s = b.accounts.snapshot();
  const auto first = or_throw(s.page("", 1));
  ASSERT_TRUE(ok(b.accounts.erase("b")));
  EXPECT_EQ(or_throw(s.page(first.next, 1)).entries.front().first, "b");
  EXPECT_EQ(or_throw(b.accounts.page(first.next, 1)).entries.front().first, "c");
  ASSERT_TRUE(ok(b.db.transact([&](transaction& tx) -> result<> {
    auto t = tx(b.accounts);
    if (auto done = t.insert("aa", 9); !done) return done;
    EXPECT_EQ(or_throw(t.page(first.next, 1)).entries.front().first, "aa");
    EXPECT_EQ(or_throw(t.page_backwards("", 1)).entries.front().first, "c");
    return {};
  })));
}

// --- rows, values, members -----------------------------------------------------------------------

struct lodger {
  std::string name;
  int age = 0;
};

template <kind Kind>
void expect_projections() {
  auto t = table<std::string, lodger, Kind>::in_memory();
  ASSERT_TRUE(ok(t.insert_range({{"a", {"alice", 30}}, {"b", {"bob", 40}}})));
  const auto s = t.snapshot();
  std::set<std::string> keys;
  for (const auto& [key, value] : s.rows()) {
    static_assert(std::is_same_v<decltype(key), const std::string_view>);
    keys.emplace(key);
  }
  EXPECT_EQ(keys, (std::set<std::string>{"a", "b"}));
  int ages = 0;
  for (const int age : t.template each<&lodger::age>()) ages += age;
  EXPECT_EQ(ages, 70);
  std::set<std::string> names;
  for (const auto& value : t.values()) names.insert(value.name);
  EXPECT_EQ(names, (std::set<std::string>{"alice", "bob"}));
  EXPECT_EQ(t.rows().size(), 2u);
  EXPECT_EQ(std::ranges::distance(s.values()), 2);
  static_assert(std::ranges::view<decltype(s.rows())>);
  static_assert(std::ranges::sized_range<decltype(s.values())>);
  // A range keeps what it shows.
  const auto kept = t.rows();
  ASSERT_TRUE(ok(t.clear()));
  std::size_t size = 0;
  for (const auto& row : kept) size += row.first.size();
  EXPECT_EQ(size, 2u);
}

TEST(Projections, ShowRowsValuesAndMembers) {
  expect_projections<kind::set>();
  expect_projections<kind::ordered_set>();
  expect_projections<kind::bag>();
  expect_projections<kind::duplicate_bag>();
}

TEST(Projections, OfAnOrderedRangeGoBothWays) {
  auto t = ordered_map<int, lodger>::in_memory();
  ASSERT_TRUE(ok(t.insert_range({{1, {"a", 10}}, {2, {"b", 20}}, {3, {"c", 30}}})));
  const auto part = t.range(at_least(2));
  std::vector<int> ages;
  for (const int age : part.each<&lodger::age>().reversed()) ages.push_back(age);
  EXPECT_EQ(ages, (std::vector{30, 20}));
  EXPECT_EQ((*part.values().begin()).name, "b");
  EXPECT_EQ((*part.rows().begin()).first, 2);
  static_assert(std::ranges::bidirectional_range<decltype(part.rows())>);
  static_assert(std::ranges::common_range<decltype(part.each<&lodger::age>())>);
}

}  // namespace
}  // namespace shelf::suite
