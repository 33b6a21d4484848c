// TEST  dets
// The verbs, over all three types: against a model, over reopens, and what is left after a kill.
#include "corpus.hpp"

#include "budget.hpp"
#include "dets/object.hpp"
#include "shelf/term.hpp"

#include <algorithm>
#include <random>

namespace shelf {
namespace {

using test::list_objects;
using test::listing;
using test::object_store;
using test::on;
using test::settings;

term object(std::int64_t key, std::int64_t value) {
  return term::tuple({term::integer(key), term::integer(value)});
}
term object(std::int64_t key, std::string_view value) {
  return term::tuple({term::integer(key), term::binary(value)});
}

result<written> put(object_store& s, const term& o) { return s.insert(o.encoded()); }

/// What a table holds: by key, in insertion order.
class model {
 public:
  explicit model(kind type) : type_(type) {}

  written insert(const term& o) {
    auto& values = content_[key(o)];
    const auto there = std::ranges::find(values, o);
    const bool is_there = there != values.end();
    if (type_ == kind::set) {
      const bool had = !values.empty();
      values.assign(1, o);
      return is_there ? written::unchanged : had ? written::replaced : written::added;
    }
    if (type_ == kind::bag && is_there) values.erase(there);
    values.push_back(o);
    return type_ == kind::bag && is_there ? written::unchanged : written::added;
  }
  std::size_t erase(const term& k) {
    const auto node = content_.extract(k);
    return node ? node.mapped().size() : 0;
  }
  std::size_t erase_object(const term& o) {
    const auto found = content_.find(key(o));
    if (found == content_.end()) return 0;
    const auto gone = std::erase(found->second, o);
    if (found->second.empty()) content_.erase(found);
    return gone;
  }
  void clear() { content_.clear(); }
  [[nodiscard]] std::vector<term> at(const term& k) const {
    const auto found = content_.find(k);
    return found == content_.end() ? std::vector<term>() : found->second;
  }
  [[nodiscard]] listing lines() const {
    listing all;
    for (const auto& [k, values] : content_) {
      for (const auto& o : values) all.push_back(test::line_of(o.encoded()));
    }
    std::ranges::sort(all);
    return all;
  }
  [[nodiscard]] std::size_t size() const {
    std::size_t objects = 0;
    for (const auto& [k, values] : content_) objects += values.size();
    return objects;
  }
  [[nodiscard]] std::size_t keys() const { return content_.size(); }
  [[nodiscard]] const auto& content() const { return content_; }

 private:
  static term key(const term& o) { return o.elements()->at(0); }
  kind type_;
  std::map<term, std::vector<term>> content_;
};

std::vector<term> found(const object_store& s, const term& key) {
  std::vector<term> objects;
  EXPECT_TRUE(
      s.lookup(key.encoded(), [&](bytes o) { objects.push_back(term::from_canonical(o)); }));
  return objects;
}

void expect_same(const object_store& s, const model& m) {
  const auto objects = list_objects(s);
  ASSERT_TRUE(objects) << objects.error();
  EXPECT_EQ(*objects, m.lines());
  EXPECT_EQ(s.info()->keys, m.keys());
  for (const auto& [k, values] : m.content()) EXPECT_EQ(found(s, k), values);
}

constexpr kind types[] = {kind::set, kind::bag, kind::duplicate_bag};

/// Random calls on a store and its model.
class random_calls {
 public:
  random_calls(kind type, std::uint64_t seed, int keys)
      : expected(type), engine_(seed), keys_(keys) {}

  void call(object_store& s) {
    const auto key = term::integer(below(keys_));
    const auto o = any_object();
    switch (below(12)) {
      case 0: EXPECT_EQ(s.erase(key.encoded()), expected.erase(key)); break;
      case 1:
      case 2: EXPECT_EQ(s.erase_object(o.encoded()), expected.erase_object(o)); break;
      case 3: insert_several(s); break;
      default: EXPECT_EQ(s.insert(o.encoded()), expected.insert(o)); break;
    }
    EXPECT_EQ(found(s, key), expected.at(key));
    EXPECT_EQ(s.size(), expected.size());
  }

  model expected;

 private:
  int below(int n) { return static_cast<int>(engine_() % static_cast<std::uint64_t>(n)); }
  term any_object() {
    const auto key = below(keys_);
    if (below(4) > 0) return object(key, below(3));
    return object(key,
                  std::string(static_cast<std::size_t>(below(below(20) == 0 ? 9000 : 120)), 'x'));
  }
  void insert_several(object_store& s) {
    std::vector<term> objects;
    for (int i = below(30); i >= 0; --i) objects.push_back(any_object());
    std::vector<bytes> views;
    for (const auto& o : objects) {
      views.push_back(o.encoded());
      static_cast<void>(expected.insert(o));
    }
    EXPECT_EQ(s.insert_all(views, false), objects.size());
  }

  std::mt19937_64 engine_;
  int keys_;
};

TEST(DetsStore, RandomCallsGiveWhatAModelGivesOverSavesReopensAndCompactions) {
  for (const auto type : types) {
    SCOPED_TRACE(to_string(type));
    simulation::simulated_disk disk;
    random_calls calls(type, 7, 150);
    for (std::size_t round = 0; round < test::budgeted(30); ++round) {
      auto s = *object_store::open(on(disk, {.type = type}));
      EXPECT_FALSE(s->repaired());
      for (int i = 0; i < 60; ++i) calls.call(*s);
      EXPECT_TRUE(round % 3 != 0 || s->save());
      EXPECT_TRUE(round % 5 != 0 || s->compact());
      expect_same(*s, calls.expected);
      ASSERT_TRUE(s->close());
    }
  }
}

TEST(DetsStore, AfterAKillEveryAcknowledgedChangeIsThereForTheNextOpen) {
  for (const auto type : types) {
    SCOPED_TRACE(to_string(type));
    simulation::simulated_disk disk;
    random_calls calls(type, 8, 300);
    for (std::size_t round = 0; round < test::budgeted(20); ++round) {
      auto s = *object_store::open(on(disk, {.type = type}));
      expect_same(*s, calls.expected);
      for (int i = 0; i < 40; ++i) calls.call(*s);
      s->abandon();
    }
  }
}

TEST(DetsStore, ATableGrowsWithItsKeysAndKeepsThem) {
  simulation::simulated_disk disk;
  auto s = *object_store::open(on(disk));
  for (int i = 0; i < 3000; ++i) EXPECT_EQ(put(*s, object(i, i)), written::added);
  EXPECT_GE(s->info()->slots, 3000u);
  ASSERT_TRUE(s->close());
  s = *object_store::open(on(disk));
  EXPECT_EQ(s->size(), 3000u);
  for (int i = 0; i < 3000; ++i) EXPECT_EQ(found(*s, term::integer(i)), std::vector{object(i, i)});
}

TEST(DetsStore, ClearAndReplaceAllLeaveOnlyWhatTheyWereGiven) {
  for (const auto type : types) {
    SCOPED_TRACE(to_string(type));
    simulation::simulated_disk disk;
    auto s = *object_store::open(on(disk, {.type = type}));
    model m(type);
    for (int i = 0; i < 50; ++i) ASSERT_TRUE(put(*s, object(-i, "gone")));
    EXPECT_EQ(s->clear(), 50u);
    expect_same(*s, m);
    std::vector<term> objects;
    for (int i = 0; i < 2000; ++i) objects.push_back(object(i % 700, i % 5));
    std::vector<bytes> views;
    for (const auto& o : objects) {
      views.push_back(o.encoded());
      static_cast<void>(m.insert(o));
    }
    ASSERT_TRUE(s->replace_all(views));
    expect_same(*s, m);
    EXPECT_EQ(put(*s, object(1, "more")), m.insert(object(1, "more")));
    ASSERT_TRUE(s->close());
    s = *object_store::open(on(disk));
    EXPECT_FALSE(s->repaired());
    expect_same(*s, m);
  }
}

TEST(DetsStore, NewKeysOnlyAreAllOrNothing) {
  simulation::simulated_disk disk;
  auto s = *object_store::open(on(disk));
  const auto a = object(1, 1), b = object(2, 2), again = object(1, 3);
  EXPECT_EQ(s->insert_all(std::vector{a.encoded()}, true), 1u);
  const auto refused = s->insert_all(std::vector{b.encoded(), again.encoded()}, true);
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error(), errc::key_already_present);
  EXPECT_EQ(s->size(), 1u);
  EXPECT_EQ(found(*s, term::integer(1)), std::vector{a});
}

TEST(DetsStore, KeysThatCompareEqualAreTwoKeys) {
  simulation::simulated_disk disk;
  auto s = *object_store::open(on(disk));
  const auto one = term::tuple({term::integer(1), term::nil()});
  const auto also = term::tuple({*term::floating(1.0), term::nil()});
  ASSERT_TRUE(s->insert(one.encoded()));
  ASSERT_TRUE(s->insert(also.encoded()));
  EXPECT_EQ(s->size(), 2u);
  EXPECT_EQ(found(*s, *term::floating(1.0)), std::vector{also});
}

TEST(DetsStore, ObjectsThatAreNoTuplesOrLackTheKeyAreInvalidAndChangeNothing) {
  simulation::simulated_disk disk;
  auto s = *object_store::open(on(disk, {.keypos = 2}));
  const auto content = disk.read_all("t.dets");
  for (const auto& o : {term::integer(1), term::tuple({term::integer(1)}), term::list({})}) {
    const auto put = s->insert(o.encoded());
    ASSERT_FALSE(put);
    EXPECT_EQ(put.error(), errc::invalid_argument);
  }
  ASSERT_TRUE(s->close());
  EXPECT_EQ(disk.read_all("t.dets"), content);
}

TEST(DetsStore, AFileIsOpenForWritingOnceAndReadableBesideTheWriter) {
  simulation::simulated_disk disk;
  auto s = *object_store::open(on(disk));
  ASSERT_TRUE(put(*s, object(1, 1)));
  const auto second = object_store::open(on(disk));
  ASSERT_FALSE(second);
  EXPECT_EQ(second.error(), errc::already_open);
  const auto reader = object_store::open(on(disk, {.how = settings::opening::read_only}));
  ASSERT_TRUE(reader) << reader.error();
  EXPECT_EQ(found(**reader, term::integer(1)), std::vector{object(1, 1)});
  EXPECT_EQ(put(**reader, object(2, 2)).error(), errc::read_only);
}

TEST(DetsStore, AClosedStoreSaysSo) {
  simulation::simulated_disk disk;
  auto s = *object_store::open(on(disk));
  ASSERT_TRUE(s->close());
  EXPECT_EQ(put(*s, object(1, 1)).error(), errc::table_closed);
  EXPECT_EQ(s->for_each([](bytes) { return true; }).error(), errc::table_closed);
  EXPECT_EQ(s->close().error(), errc::table_closed);
  EXPECT_EQ(disk.locks_held(), 0u);
  s.reset();
  EXPECT_EQ(disk.open_descriptors(), 0u);
}

TEST(DetsStore, AWalkMayWriteAndStillShowsOnceWhatStands) {
  simulation::simulated_disk disk;
  auto s = *object_store::open(on(disk));
  for (int i = 0; i < 250; ++i) ASSERT_TRUE(put(*s, object(i, i)));
  std::map<term, int> seen;
  int next = 1000;
  ASSERT_TRUE(s->for_each([&](bytes o) {
    ++seen[term::from_canonical(o)];
    EXPECT_TRUE(put(*s, object(next++, 0)));
    return true;
  }));
  for (int i = 0; i < 250; ++i) EXPECT_EQ(seen[object(i, i)], 1);
}

}  // namespace
}  // namespace shelf
