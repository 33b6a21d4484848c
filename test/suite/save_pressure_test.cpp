// SUITE  every verb over every kind, write mode and store
// config.save_at_bytes: what is unsaved stays bounded, because writers that are too fast save.
#include "suite/database_ground.hpp"
#include "suite/ground.hpp"

#include <gtest/gtest.h>

#include <cerrno>
#include <string>
#include <thread>
#include <vector>

namespace shelf::suite {
namespace {

using pressed_ground = ground<kind::set, std::string, std::int64_t>;
using pressed_table = pressed_ground::table;

constexpr std::size_t limit = 1000;

pressed_table open_with_limit(pressed_ground& g) {
  auto c = g.config();
  c.save_at_bytes = limit;
  return or_throw(pressed_table::open(std::move(c)));
}

/// Keys of 100 bytes or a little more.
std::string key(int i) { return std::string(96, 'k') + std::to_string(i); }

std::size_t unsaved(const pressed_table& t) { return t.stats()->unsaved_changes; }

TEST(SavePressure, WritersSaveBeforeTwiceTheLimitIsExceeded) {
  for (const auto format : every_format) {
    pressed_ground g(keeping::back, format);
    auto t = open_with_limit(g);
    std::size_t most = 0;
    for (int i = 0; i < 200; ++i) {
      ASSERT_TRUE(ok(t.insert(key(i), i)));
      most = std::max(most, unsaved(t));
    }
    EXPECT_LE(most, 2 * limit / 100 + 1);
    EXPECT_GE(most, limit / 100) << "and no earlier than need be";
    t.abandon();
    EXPECT_GE(g.open().size(), 180u) << "it was saved";
  }
}

TEST(SavePressure, WithoutALimitNothingIsSaved) {
  pressed_ground g(keeping::back);
  auto t = g.open();
  for (int i = 0; i < 200; ++i) ASSERT_TRUE(t.insert(key(i), i));
  EXPECT_EQ(unsaved(t), 200u);
}

TEST(SavePressure, AFailingSaveIsReportedOnceAndWritersContinue) {
  pressed_ground g(keeping::back);
  auto t = open_with_limit(g);
  g.disk.inject({.kind = simulation::call::write, .error = ENOSPC, .sticky = true});
  for (int i = 0; i < 100; ++i) ASSERT_TRUE(ok(t.insert(key(i), i)));
  EXPECT_EQ(unsaved(t), 100u);
  EXPECT_EQ(g.told.size(), 1u);
  EXPECT_LE(g.disk.faults_met(), 12u) << "each try comes after another 1000 bytes";
  g.disk.clear_faults();
  for (int i = 100; i < 150; ++i) ASSERT_TRUE(ok(t.insert(key(i), i)));
  EXPECT_LE(unsaved(t), 2 * limit / 100 + 1);
}

TEST(SavePressure, CountsAllTablesOfADatabaseAndTransactionsToo) {
  database_ground g(keeping::back);
  auto c = g.config();
  c.save_at_bytes = limit;
  auto db = or_throw(database::open(c, declare<visits_table>("a"), declare<visits_table>("b")));
  auto a = or_throw(db.table<visits_table>("a"));
  auto b = or_throw(db.table<visits_table>("b"));
  std::size_t most = 0;
  for (int i = 0; i < 100; ++i) {
    ASSERT_TRUE(db.transact([&](transaction& tx) -> result<> {
      if (auto r = tx(a).insert(key(i), i); !r) return r;
      return tx(b).insert(key(i), i);
    }));
    most = std::max(most, or_throw(db.stats()).all.unsaved_changes);
  }
  EXPECT_LE(most, 2 * limit / 100 + 2);
  EXPECT_EQ(a.size(), 100u);
}

TEST(SavePressure, HoldsWithSeveralWriters) {
  pressed_ground g(keeping::back);
  auto t = open_with_limit(g);
  {
    std::vector<std::jthread> writers;
    for (int w = 0; w < 4; ++w) {
      writers.emplace_back([&, w] {
        for (int i = 0; i < 500; ++i) or_throw(t.insert(key(1000 * w + i), i));
      });
    }
  }
  EXPECT_EQ(t.size(), 2000u);
  EXPECT_LE(unsaved(t), 2 * limit / 100 + 4) << "each writer may have begun before it was known";
  ASSERT_TRUE(t.close());
  EXPECT_EQ(g.open().size(), 2000u);
}

}  // namespace
}  // namespace shelf::suite
