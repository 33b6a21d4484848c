// SUITE  every verb over every kind, write mode and store
// What functions of the user may do inside a table: anything but close it.
#include "suite/ground.hpp"

#include <optional>
#include <stdexcept>
#include <system_error>

namespace shelf::suite {
namespace {

template <class Kind>
class Callbacks : public each_kind<Kind> {};
TYPED_TEST_SUITE(Callbacks, all_kinds, kind_names);

// M3
TYPED_TEST(Callbacks, ExceptionsPassThroughUntouchedAndTheTableGoesOn) {
  this->everywhere([](auto& g) {
    auto t = g.open();
    ASSERT_TRUE(ok(t.insert_range({{"a", 1}, {"b", 2}})));
    const auto thrower = [](const auto&...) -> int {
      throw std::system_error(EBADF, std::generic_category());
    };
    EXPECT_THROW((void)t.fold(0, thrower), std::system_error);
    EXPECT_THROW(t.for_each(thrower), std::system_error);
    EXPECT_THROW((void)t.lookup("a", thrower), std::system_error);
    EXPECT_THROW(t.for_each([](const auto&...) { throw exception(errc::not_found); }), exception);
    EXPECT_EQ(t.stats()->snapshots, 0u);
    EXPECT_TRUE(ok(t.insert("c", 3)));
    EXPECT_EQ(t.size(), 3u);
    EXPECT_TRUE(ok(t.close()));
  });
}

TYPED_TEST(Callbacks, ClosingTheTableFromInsideIsBusyEverywhere) {
  this->everywhere([](auto& g) {
    auto t = g.open();
    ASSERT_TRUE(ok(t.insert("a", 1)));
    const std::string name = g.how == keeping::memory ? "table in memory" : path;
    int asked = 0;
    const auto closes = [&](const auto&...) {
      ++asked;
      EXPECT_TRUE(refuses(t.close(), errc::busy, {name, "callback"}));
      return 0;
    };
    EXPECT_TRUE(ok(t.lookup("a", closes)));
    t.for_each(closes);
    (void)t.fold(0, closes);
    if constexpr (!is_bag(TypeParam::value)) {
      EXPECT_TRUE(ok(t.update("a", [&](std::int64_t v) { return closes(), v; })));
    }
    EXPECT_EQ(asked, is_bag(TypeParam::value) ? 3 : 4);
    EXPECT_TRUE(t.is_open());
    // A callback that ended by throwing has ended.
    EXPECT_THROW(t.for_each([](const auto&...) { throw 1; }), int);
    EXPECT_TRUE(ok(t.close()));
  });
}

TYPED_TEST(Callbacks, AnotherTableMayBeClosedFromInside) {
  auto outer = Callbacks<TypeParam>::table_of_kind::in_memory();
  auto inner = Callbacks<TypeParam>::table_of_kind::in_memory();
  ASSERT_TRUE(ok(outer.insert("a", 1)));
  outer.for_each([&](const auto&...) { EXPECT_TRUE(ok(inner.close())); });
  EXPECT_FALSE(inner.is_open());
}

TYPED_TEST(Callbacks, EveryOtherVerbWorksFromInside) {
  this->everywhere([](auto& g) {
    auto t = g.open();
    ASSERT_TRUE(ok(t.insert("a", 1)));
    int runs = 0;
    const auto everything = [&](const auto&...) {
      ++runs;
      EXPECT_TRUE(ok(t.insert("b", runs)));
      EXPECT_TRUE(ok(t.insert_range({{"c", runs}, {"d", runs}})));
      EXPECT_TRUE(ok(t.erase("c")));
      EXPECT_TRUE(ok(t.lookup("b")));
      EXPECT_TRUE(ok(t.lookup("b", [](std::int64_t) {})));
      EXPECT_GE(t.to_vector().size(), 2u);
      EXPECT_TRUE(ok(t.stats()));
      if (g.how == keeping::memory) return 0;
      EXPECT_TRUE(ok(t.save()));
      EXPECT_TRUE(ok(t.sync()));
      EXPECT_TRUE(ok(t.reload()));
      EXPECT_TRUE(ok(t.compact()));
      return 0;
    };
    EXPECT_TRUE(ok(t.lookup("a", everything)));
    t.for_each(everything);
    if constexpr (!is_bag(TypeParam::value)) {
      EXPECT_TRUE(ok(t.update("a", [&](std::int64_t v) { return everything(), v + 1; })));
      EXPECT_EQ(t.lookup("a"), 2);
    }
    EXPECT_GE(runs, 3);
  });
}

TYPED_TEST(Callbacks, TheValueACallbackSeesStaysWhileItRuns) {
  auto t = table<std::string, std::string, TypeParam::value>::in_memory();
  const std::string large(5000, 'x');
  ASSERT_TRUE(ok(t.insert("a", large)));
  EXPECT_TRUE(ok(t.lookup("a", [&](std::string_view v) {
    EXPECT_TRUE(ok(t.erase("a")));
    for (int i = 0; i < 100; ++i)
      EXPECT_TRUE(ok(t.insert("b" + std::to_string(i), std::string(5000, 'y'))));
    EXPECT_TRUE(ok(t.clear()));
    EXPECT_EQ(v, large);
  })));
}

TYPED_TEST(Callbacks, ACheckThatCallsItsTableDuringAReloadIsNotStuck) {
  this->in_every_file([](auto& g) {
    typename ground<TypeParam::value>::table* self = nullptr;
    int checked = 0;
    auto c = g.config();
    c.check = [&](const std::string& key, std::int64_t) {
      if (self == nullptr) return true;
      ++checked;
      EXPECT_TRUE(ok(self->lookup("a")));
      if (key == "a") {
        EXPECT_TRUE(ok(self->insert("from check", 1)));
      }
      EXPECT_TRUE(refuses(self->close(), errc::busy, {path}));
      EXPECT_TRUE(refuses(self->save(), errc::busy, {path}));
      EXPECT_TRUE(refuses(self->reload(), errc::busy, {path}));
      EXPECT_TRUE(refuses(self->compact(), errc::busy, {path}));
      EXPECT_TRUE(refuses(self->recover(), errc::busy, {path}));
      return true;
    };
    auto t = or_throw(ground<TypeParam::value>::table::open(c));
    ASSERT_TRUE(ok(t.insert("a", 1)));
    ASSERT_TRUE(ok(t.save()));
    self = &t;
    EXPECT_TRUE(ok(t.reload()));
    EXPECT_GE(checked, 1);
    self = nullptr;
    EXPECT_EQ(t.contains("from check"), g.how != keeping::back);
    EXPECT_TRUE(ok(t.close()));
  });
}

}  // namespace
}  // namespace shelf::suite
