// SUITE  every verb over every kind, write mode and store
// When a file is written anew without being asked: in the background, and at close.
#include "engine/instance.hpp"
#include "suite/every_call.hpp"

#include <cerrno>

namespace shelf::suite {
namespace {

template <class Kind>
class Compaction : public each_kind<Kind> {
 protected:
  static constexpr std::uint64_t some = 40'000;

  /// Mostly garbage in a file of at least `some` bytes; one entry is left.
  template <class Table>
  static void churn(Table& t) {
    for (int i = 0; i < 40; ++i) {
      entries many;
      for (int k = 0; k < 40; ++k) {
        many.emplace_back("key" + std::to_string(k) + std::string(40, '.'), i);
      }
      ASSERT_TRUE(ok(t.insert_range(many)));
      for (const auto& [key, value] : many) ASSERT_TRUE(ok(t.erase(key)));
    }
    ASSERT_TRUE(ok(t.insert("left", 1)));
  }
  template <class Ground>
  static std::uint64_t length(Ground& g) {
    return g.disk.read_all(path)->size();
  }
};
TYPED_TEST_SUITE(Compaction, all_kinds, kind_names);

/// Fixed: a counter's file of 56 MB in which 11 bytes were live stayed as it was.
TYPED_TEST(Compaction, AFileThatIsMostlyGarbageIsWrittenAnewAtClose) {
  this->in_every_file([this](auto& g) {
    if (g.format == file_format::dets) return;  // it uses freed room again
    auto c = g.config();
    c.compaction.close_min_bytes = this->some;
    auto t = or_throw(std::remove_reference_t<decltype(g)>::table::open(c));
    this->churn(t);
    if (g.how == keeping::back) {
      for (int i = 0; i < 600; ++i) {
        ASSERT_TRUE(ok(t.insert("k" + std::to_string(i), i)));
        ASSERT_TRUE(ok(t.save()));
        ASSERT_TRUE(ok(t.erase("k" + std::to_string(i))));
      }
    }
    ASSERT_TRUE(ok(t.save()));
    ASSERT_GT(this->length(g), this->some);
    ASSERT_TRUE(ok(t.close()));
    EXPECT_LT(this->length(g), 9000u);
    EXPECT_THAT(g.disk.files(), testing::ElementsAre(path));
    EXPECT_EQ(g.disk.open_descriptors(), 0u);
    t = g.open();
    EXPECT_EQ(contents(t), (entries{{"left", 1}}));
    EXPECT_TRUE(or_throw(t.stats()).recovered_clean);
    ASSERT_TRUE(ok(t.insert("more", 2)));
    ASSERT_TRUE(ok(t.close()));
    EXPECT_EQ(g.open().size(), 2u);
  });
}

TYPED_TEST(Compaction, AFileBelowTheThresholdOrMostlyLiveIsClosedAsItIs) {
  this->where_writes_reach_the_file([this](auto& g) {
    if (g.format == file_format::dets) return;  // it shrinks as its free room does
    using table = typename std::remove_reference_t<decltype(g)>::table;
    auto c = g.config();
    c.compaction.close_min_bytes = compaction::never;
    auto t = or_throw(table::open(c));
    this->churn(t);
    ASSERT_TRUE(ok(t.save()));
    const auto before = or_throw(t.stats()).file_bytes;
    ASSERT_TRUE(ok(t.close()));
    EXPECT_GE(this->length(g), before);
    c.compaction = {.close_min_bytes = this->some, .garbage_factor = 1'000'000};
    t = or_throw(table::open(c));
    ASSERT_TRUE(ok(t.insert("more", 2)));
    ASSERT_TRUE(ok(t.close()));
    EXPECT_GE(this->length(g), before);
  });
}

TYPED_TEST(Compaction, TheThresholdOfTheBackgroundIsTheProgramsToChoose) {
  this->in_every_format(keeping::through, [this](auto& g) {
    if (g.format == file_format::dets) return;
    using table = typename std::remove_reference_t<decltype(g)>::table;
    auto c = g.config();
    c.compaction.min_bytes = compaction::never;
    auto t = or_throw(table::open(c));
    this->churn(t);
    ASSERT_TRUE(ok(t.save()));
    auto& idle = static_cast<engine::live_table&>(t.untyped()).database();
    (void)idle.work();
    EXPECT_GT(this->length(g), this->some);
    t.abandon();
    c.compaction.min_bytes = this->some;
    t = or_throw(table::open(c));
    (void)static_cast<engine::live_table&>(t.untyped()).database().work();
    EXPECT_LT(this->length(g), 9000u);
    EXPECT_EQ(contents(t), (entries{{"left", 1}}));
  });
}

/// A disk with no room for a second file is no reason to keep a table from closing.
TYPED_TEST(Compaction, ACloseThatCannotWriteTheNewFileKeepsTheOldOne) {
  this->where_writes_reach_the_file([this](auto& g) {
    if (g.format == file_format::dets) return;
    auto c = g.config();
    c.compaction.close_min_bytes = this->some;
    auto t = or_throw(std::remove_reference_t<decltype(g)>::table::open(c));
    this->churn(t);
    ASSERT_TRUE(ok(t.save()));
    const auto before = or_throw(t.stats()).file_bytes;
    g.disk.inject({.kind = simulation::call::open_file, .nth = 1, .error = ENOSPC, .sticky = true});
    EXPECT_TRUE(ok(t.close()));
    g.disk.clear_faults();
    EXPECT_GE(this->length(g), before);
    EXPECT_THAT(g.disk.files(), testing::ElementsAre(path));
    t = g.open();
    EXPECT_EQ(contents(t), (entries{{"left", 1}}));
    EXPECT_TRUE(or_throw(t.stats()).recovered_clean);
  });
}

/// Any call fails, once: closed, or open and whole, to be closed again.
TYPED_TEST(Compaction, ACloseThatFailsWhileItCompactsLeavesTheTableOpenAndWhole) {
  this->in_every_file([](auto& like) {
    for (const int cause : {EIO, ENOSPC}) {
      for_every_call(like, {.kind = simulation::call::any, .error = cause}, [](auto& g, auto& bad) {
        auto c = g.config();
        c.compaction.close_min_bytes = 1;
        auto t = or_throw(ground<TypeParam::value>::table::open(c));
        entries many;
        for (int i = 0; i < 300; ++i) many.emplace_back("key" + std::to_string(i), i);
        ASSERT_TRUE(ok(t.insert_range(many)));
        ASSERT_TRUE(ok(t.save()));
        for (const auto& [key, value] : many) ASSERT_TRUE(ok(t.erase(key)));
        ASSERT_TRUE(ok(t.insert("left", 1)));
        close_despite(g, t, bad);
      });
      if (::testing::Test::HasFailure()) return;
    }
  });
}

TEST(CompactionOfMap, AFactorBelowTwoIsRefused) {
  simulation::simulated_disk disk;
  map<int, int>::config c{.path = path, .system = &disk};
  c.compaction.garbage_factor = 1;
  EXPECT_TRUE(refuses(map<int, int>::open(c), errc::invalid_argument, {"garbage_factor"}));
}

}  // namespace
}  // namespace shelf::suite
