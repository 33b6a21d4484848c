// SUITE  every verb over every kind, write mode and store
// access::one_writer: all read, the owner writes and closes, everybody else gets not_owner and
// nothing happens.
#include "suite/ground.hpp"

#include <thread>

namespace shelf::suite {
namespace {

template <class Kind>
class Ownership : public each_kind<Kind> {
 protected:
  template <class Ground>
  static auto open_owned(Ground& g) {
    auto c = g.config();
    c.access = access::one_writer;
    return or_throw(Ground::table::open(c));
  }
};
TYPED_TEST_SUITE(Ownership, all_kinds, kind_names);

template <class F>
void elsewhere(F f) {
  std::thread(f).join();
}

// T70-T80, T83, T84, M2
TYPED_TEST(Ownership, WhatAnotherThreadWritesIsRefusedAndDoesNotReachTheDisk) {
  this->in_every_file([this](auto& g) {
    auto t = this->open_owned(g);
    ASSERT_TRUE(ok(t.insert("a", 1)));
    ASSERT_TRUE(ok(t.save()));
    const auto file = *g.disk.read_all(path);
    const auto changes = g.disk.calls(simulation::call::changing);
    const auto sequence = t.stats()->sequence;
    elsewhere([&] {
      const auto refused = [](const auto& r) {
        return refuses(r, errc::not_owner, {path, "thread"});
      };
      EXPECT_TRUE(refused(t.insert("a", 2)));
      EXPECT_TRUE(refused(t.insert_range({{"b", 2}, {"c", 3}})));
      EXPECT_TRUE(refused(t.erase("a")));
      EXPECT_TRUE(refused(t.erase("a", 1)));
      EXPECT_TRUE(refused(t.clear()));
      if constexpr (!is_bag(TypeParam::value)) {
        EXPECT_TRUE(refused(t.insert_new("b", 2)));
        EXPECT_TRUE(refused(t.insert_new_range({{"b", 2}})));
        EXPECT_TRUE(refused(t.update_counter("a", 2)));
        EXPECT_TRUE(refused(t.update("a", [](std::int64_t v) { return v + 1; })));
      }
      EXPECT_TRUE(refused(t.save()));
      EXPECT_TRUE(refused(t.sync()));
      EXPECT_TRUE(refused(t.reload()));
      EXPECT_TRUE(refused(t.compact()));
      EXPECT_TRUE(refused(t.recover()));
      EXPECT_TRUE(refused(t.close()));
      EXPECT_TRUE(refused(t.give_away()));
      EXPECT_TRUE(refused(t.take_over()));
    });
    EXPECT_EQ(contents(t), (entries{{"a", 1}}));
    EXPECT_EQ(*g.disk.read_all(path), file);
    EXPECT_EQ(g.disk.calls(simulation::call::changing), changes);
    EXPECT_EQ(t.stats()->sequence, sequence);
    EXPECT_TRUE(ok(t.close()));  // T79
    auto again = this->open_owned(g);
    EXPECT_EQ(contents(again), (entries{{"a", 1}}));
  });
}

// T81, T82
TYPED_TEST(Ownership, EveryThreadMayRead) {
  this->in_every_file([this](auto& g) {
    auto t = this->open_owned(g);
    ASSERT_TRUE(ok(t.insert_range({{"a", 1}, {"b", 2}})));
    elsewhere([&] {
      EXPECT_TRUE(ok(t.lookup("a")));
      EXPECT_TRUE(ok(t.lookup("a", [](std::int64_t) {})));
      EXPECT_TRUE(t.contains("b"));
      EXPECT_EQ(t.size(), 2u);
      EXPECT_EQ(t.to_vector().size(), 2u);
      EXPECT_EQ(t.fold(0, [](int sum, const auto&, auto v) { return sum + static_cast<int>(v); }),
                3);
      EXPECT_TRUE(ok(t.stats()));
    });
  });
}

TYPED_TEST(Ownership, ATableGivenAwayIsTakenOverByOneThread) {
  this->in_every_file([this](auto& g) {
    auto t = this->open_owned(g);
    ASSERT_TRUE(ok(t.insert("a", 1)));
    ASSERT_TRUE(ok(t.give_away()));
    EXPECT_TRUE(refuses(t.insert("b", 2), errc::not_owner, {path}));
    EXPECT_TRUE(refuses(t.close(), errc::not_owner, {path}));
    elsewhere([&] {
      EXPECT_TRUE(refuses(t.insert("b", 2), errc::not_owner, {path}));
      EXPECT_TRUE(ok(t.take_over()));
      EXPECT_TRUE(ok(t.take_over()));
      EXPECT_TRUE(ok(t.insert("b", 2)));
      elsewhere([&] { EXPECT_TRUE(refuses(t.take_over(), errc::not_owner, {path})); });
      EXPECT_TRUE(ok(t.give_away()));
    });
    EXPECT_TRUE(refuses(t.insert("c", 3), errc::not_owner, {path}));
    ASSERT_TRUE(ok(t.take_over()));
    EXPECT_TRUE(ok(t.insert("c", 3)));
    EXPECT_EQ(t.size(), 3u);
    EXPECT_TRUE(ok(t.close()));
  });
}

TYPED_TEST(Ownership, ATableWhoseOwnersThreadHasEndedLivesOnAndMayBeTakenOver) {
  this->in_every_file([this](auto& g) {
    std::optional<typename ground<TypeParam::value>::table> t;
    elsewhere([&] {
      t.emplace(this->open_owned(g));
      EXPECT_TRUE(ok(t->insert("a", 1)));
    });
    EXPECT_TRUE(t->is_open());
    EXPECT_TRUE(t->contains("a"));
    EXPECT_TRUE(refuses(t->insert("b", 2), errc::not_owner, {path}));
    ASSERT_TRUE(ok(t->take_over()));
    EXPECT_TRUE(ok(t->insert("b", 2)));
    EXPECT_TRUE(ok(t->close()));
    auto again = this->open_owned(g);
    EXPECT_EQ(again.size(), 2u);
  });
}

TYPED_TEST(Ownership, ANewThreadIsNotTakenForOneThatEnded) {
  this->in_every_format(keeping::through, [&](auto& g) {
    std::optional<typename ground<TypeParam::value>::table> t;
    elsewhere([&] { t.emplace(this->open_owned(g)); });
    // The system likes to give the id of a thread that ended to the next one.
    for (int i = 0; i < 50; ++i) {
      elsewhere([&] { EXPECT_TRUE(refuses(t->insert("b", 2), errc::not_owner)); });
    }
  });
}

TYPED_TEST(Ownership, DestructionFromAnyThreadSavesAndCloses) {
  this->in_every_file([this](auto& g) {
    auto t = std::make_unique<typename ground<TypeParam::value>::table>(this->open_owned(g));
    ASSERT_TRUE(ok(t->insert("a", 1)));
    elsewhere([&] { t.reset(); });
    EXPECT_TRUE(g.told.empty());
    EXPECT_EQ(g.disk.open_descriptors(), 0u);
    EXPECT_TRUE(g.open().contains("a"));
  });
}

TYPED_TEST(Ownership, WithoutItThereIsNothingToGiveAway) {
  this->in_every_format(keeping::through, [&](auto& g) {
    auto t = g.open();
    EXPECT_TRUE(refuses(t.give_away(), errc::invalid_argument, {path}));
    EXPECT_TRUE(refuses(t.take_over(), errc::invalid_argument, {path}));
    elsewhere([&] { EXPECT_TRUE(ok(t.insert("a", 1))); });
  });
}

}  // namespace
}  // namespace shelf::suite
