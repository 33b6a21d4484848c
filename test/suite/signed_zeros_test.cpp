// SUITE  every verb over every kind, write mode and store
// 0.0 and -0.0: one key, and two values.
#include "suite/ground.hpp"

#include "shelf/dets.hpp"
#include "shelf/term.hpp"

namespace shelf::suite {
namespace {

[[nodiscard]] term list_of(double x) { return term::list({*term::floating(x)}); }

/// Fixed: [0.0] and [-0.0] were two keys in memory and one in the file, so one was gone at reload.
TEST(SignedZeros, AreOneKeyAtEveryDepthInMemoryAndInFilesOfEveryFormat) {
  for (const auto format : every_format) {
    SCOPED_TRACE(to_string(format));
    simulation::simulated_disk disk;
    using any_map = map<term, std::int64_t>;
    const any_map::config c{.path = path, .format = format, .system = &disk};
    auto t = or_throw(any_map::open(c));
    for (const auto& [plus, minus] : {std::pair{*term::floating(0.0), *term::floating(-0.0)},
                                      {list_of(0.0), list_of(-0.0)},
                                      {term::tuple({list_of(0.0), term::integer(1)}),
                                       term::tuple({list_of(-0.0), term::integer(1)})}}) {
      EXPECT_EQ(t.insert(plus, 1), written::added);
      EXPECT_EQ(t.insert(minus, 2), written::replaced);
      EXPECT_EQ(t.lookup(plus), 2);
      EXPECT_EQ(t.lookup(minus), 2);
      EXPECT_TRUE(t.contains(minus));
    }
    EXPECT_EQ(t.insert(term::list({term::integer(0)}), 3), written::added);
    const auto before = contents(t);
    EXPECT_EQ(before.size(), 4u);
    ASSERT_TRUE(ok(t.reload()));
    EXPECT_EQ(contents(t), before);
    EXPECT_EQ(t.erase(list_of(-0.0)), 1u);
    ASSERT_TRUE(ok(t.close()));
    EXPECT_EQ(or_throw(any_map::open(c)).size(), 3u);
  }
}

TEST(SignedZeros, AreTwoValuesInMemoryAndInFilesOfEveryFormat) {
  for (const auto format : every_format) {
    SCOPED_TRACE(to_string(format));
    simulation::simulated_disk disk;
    using any_bag = bag<std::int64_t, term>;
    const any_bag::config c{.path = path, .format = format, .system = &disk};
    auto t = or_throw(any_bag::open(c));
    EXPECT_EQ(t.insert(1, list_of(0.0)), written::added);
    EXPECT_EQ(t.insert(1, list_of(-0.0)), written::added);
    EXPECT_EQ(t.insert(1, term::list({term::integer(0)})), written::added);
    EXPECT_EQ(t.insert(1, list_of(0.0)), written::unchanged);
    const auto before = contents(t);
    EXPECT_EQ(before.size(), 3u);
    ASSERT_TRUE(ok(t.reload()));
    EXPECT_EQ(contents(t), before);
    ASSERT_TRUE(ok(t.compact()));
    ASSERT_TRUE(ok(t.reload()));
    EXPECT_EQ(contents(t), before);
    EXPECT_EQ(t.erase(1, list_of(-0.0)), 1u);
    t.abandon();
    t = or_throw(any_bag::open(c));  // repaired, in a DETS file
    EXPECT_EQ(t.lookup(1), (std::vector{list_of(0.0), term::list({term::integer(0)})}));
  }
}

TEST(SignedZeros, OfAKeyThatErlangWroteAreReadWithoutTheSign) {
  simulation::simulated_disk disk;
  {
    auto f = or_throw(dets::file::open({.path = path, .system = &disk}));
    ASSERT_TRUE(ok(f.insert(term::tuple({list_of(-0.0), term::integer(7)}))));
    ASSERT_TRUE(ok(f.insert(term::tuple({*term::floating(-0.0), term::integer(8)}))));
    ASSERT_TRUE(ok(f.close()));
  }
  using any_map = map<term, std::int64_t>;
  const any_map::config c{.path = path, .format = file_format::dets, .system = &disk};
  auto t = or_throw(any_map::open(c));
  EXPECT_EQ(t.lookup(list_of(0.0)), 7);
  EXPECT_EQ(t.lookup(*term::floating(0.0)), 8);
  EXPECT_EQ(t.insert(list_of(0.0), 9), written::replaced);
  ASSERT_TRUE(ok(t.reload()));
  EXPECT_EQ(t.lookup(list_of(-0.0)), 9);
  EXPECT_EQ(t.erase(list_of(0.0)), 1u);
  ASSERT_TRUE(ok(t.reload()));
  EXPECT_EQ(t.size(), 1u);
}

}  // namespace
}  // namespace shelf::suite
