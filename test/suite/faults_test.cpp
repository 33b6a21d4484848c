// SUITE  every verb over every kind, write mode and store
// The N-th call to the system fails, for every N, in every verb: no false ok, nothing lost, nothing
// left about.
#include "simulation/crash_states.hpp"
#include "suite/every_call.hpp"

#include <algorithm>
#include <functional>
#include <set>

namespace shelf::suite {
namespace {

struct trouble {
  const char* name;
  simulation::fault what;
};
[[nodiscard]] std::vector<trouble> troubles() {
  using simulation::call;
  return {
      {"EIO once", {.kind = call::any, .error = EIO}},
      {"EIO for good", {.kind = call::any, .error = EIO, .sticky = true}},
      {"ENOSPC once", {.kind = call::any, .error = ENOSPC}},
      {"EINTR once", {.kind = call::any, .error = EINTR}},
      {"EMFILE once", {.kind = call::open_file, .error = EMFILE}},
      {"EACCES once", {.kind = call::any, .error = EACCES}},
      {"short reads", {.kind = call::read, .error = 0, .sticky = true, .at_most = 7}},
      {"short writes", {.kind = call::write, .error = 0, .sticky = true, .at_most = 3}},
      {"a write of nothing", {.kind = call::write, .error = 0, .at_most = 0}},
  };
}

template <class Kind>
class Faults : public each_kind<Kind> {
 protected:
  using ground_type = ground<Kind::value>;
  using table = typename ground_type::table;
  /// True if it said ok.
  using verb = std::function<bool(table&)>;

  static void fill(table& t) {
    (void)or_throw(t.insert_range({{"a", 1}, {"a", 2}, {"b", 2}, {"c", 3}}));
    or_throw(t.save());
  }
  /// What the file holds now, were the process gone.
  static entries in_file(ground_type& g) {
    const auto past = g.disk.recorded();
    const auto disk = simulation::disk_at(past, past.operations.size());
    auto c = g.config();
    c.system = disk.get();
    return contents(or_throw(table::open(c)));
  }
  static void check(const char* name, const verb& does) {
    SCOPED_TRACE(name);
    Faults::in_every_file([&](auto& like) {
      entries after;
      {
        auto t = like.open();
        fill(t);
        EXPECT_TRUE(does(t));
        after = contents(t);
      }
      for (const auto& bad : troubles()) {
        SCOPED_TRACE(bad.name);
        for_every_call(like, bad.what, [&](auto& g, auto& fault) { once(does, g, fault, after); });
        if (::testing::Test::HasFailure()) return;
      }
    });
  }

 private:
  static void once(const verb& does, ground_type& g, const simulation::fault& bad,
                   const entries& after) {
    auto t = g.open();
    fill(t);
    const auto before = contents(t);
    const auto descriptors = g.disk.open_descriptors();
    g.disk.inject(bad);
    const bool said_ok = does(t);
    g.disk.clear_faults();
    EXPECT_TRUE(said_ok || g.disk.faults_met() != 0);
    EXPECT_TRUE(t.is_open());
    const auto now = contents(t);
    EXPECT_EQ(now, said_ok ? after : before);
    EXPECT_EQ(g.disk.open_descriptors(), descriptors);
    EXPECT_EQ(g.disk.locks_held(), 1u);
    expect_file(g, before, after, said_ok);
    if (t.stats()->fenced) {
      EXPECT_FALSE(said_ok);
      EXPECT_TRUE(ok(t.recover()));
      EXPECT_EQ(in_file(g), now);
      EXPECT_EQ(g.disk.open_descriptors(), descriptors);
    }
    EXPECT_TRUE(ok(t.insert("z", 26)));
    const auto end = contents(t);
    g.reopen(t);
    EXPECT_EQ(contents(t), end);
    EXPECT_THAT(g.disk.files(), testing::ElementsAre(path));
    EXPECT_EQ(g.disk.locks_held(), 1u);
  }
  /// Each key as it was before or after.
  static bool is_mixed(const entries& seen, const entries& before, const entries& after) {
    const auto of = [](const entries& all, const std::string& key) {
      std::vector<std::int64_t> values;
      for (const auto& [k, v] : all) {
        if (k == key) values.push_back(v);
      }
      return values;
    };
    std::set<std::string> keys;
    for (const auto* all : {&seen, &before, &after}) {
      for (const auto& [k, v] : *all) keys.insert(k);
    }
    return std::ranges::all_of(keys, [&](const std::string& k) {
      const auto values = of(seen, k);
      return values == of(before, k) || values == of(after, k);
    });
  }
  static void expect_file(ground_type& g, const entries& before, const entries& after,
                          bool said_ok) {
    const auto seen = in_file(g);
    // A call that failed may be in the file only if it said so: then the table is fenced.
    const bool in_parts = !stores::keeps(g.format, capability::atomic_batches) && !said_ok;
    EXPECT_TRUE(seen == before || seen == after || (in_parts && is_mixed(seen, before, after)));
    if (g.how != keeping::back && said_ok) {
      EXPECT_EQ(seen, after);
    }
  }
};
TYPED_TEST_SUITE(Faults, all_kinds, kind_names);

TYPED_TEST(Faults, AWriteThatSaidOkIsInTheFileAndOneThatFailedIsNotInMemory) {
  this->check("insert", [](auto& t) { return t.insert("d", 4).has_value(); });
  this->check("insert_range",
              [](auto& t) { return t.insert_range({{"d", 4}, {"a", 5}}).has_value(); });
  this->check("write", [](auto& t) {
    shelf::batch<std::string, std::int64_t> changes;
    return t.write(changes.erase("a").insert("d", 4).insert("b", 5).erase("c", 3)).has_value();
  });
  this->check("erase", [](auto& t) { return t.erase("a").has_value(); });
  this->check("erase pair", [](auto& t) { return t.erase("b", 2).has_value(); });
  this->check("clear", [](auto& t) { return t.clear().has_value(); });
}

TYPED_TEST(Faults, AFailedSaveSyncReloadOrCompactLosesNothing) {
  this->check("save", [](auto& t) { return t.save().has_value(); });
  this->check("sync", [](auto& t) { return t.sync().has_value(); });
  this->check("reload", [](auto& t) { return t.reload().has_value(); });
  this->check("compact", [](auto& t) { return t.compact().has_value(); });
}

TYPED_TEST(Faults, AFailedCloseLosesNothingAndLeavesTheTableOpen) {
  this->in_every_file([](auto& like) {
    for (const auto& bad : troubles()) {
      SCOPED_TRACE(bad.name);
      for_every_call(like, bad.what, [](auto& g, auto& fault) {
        auto t = g.open();
        ASSERT_TRUE(ok(t.insert_range({{"a", 1}, {"b", 2}})));
        close_despite(g, t, fault);
      });
      if (::testing::Test::HasFailure()) return;
    }
  });
}

TYPED_TEST(Faults, AFailedOpenHoldsNothingAndLosesNothing) {
  for (const bool clean : {true, false}) {
    this->in_every_format(keeping::through, [&](auto& like) {
      for (const auto& bad : troubles()) {
        SCOPED_TRACE(bad.name);
        for_every_call(like, bad.what, [&](auto& g, auto& fault) {
          entries expected;
          {
            auto t = g.open();
            ASSERT_TRUE(ok(t.insert_range({{"a", 1}, {"b", 2}})));
            expected = contents(t);
            ASSERT_TRUE(ok(t.sync()));  // a failed sync may lose what no sync had made durable
            clean ? (void)t.close() : t.abandon();
          }
          g.disk.inject(fault);
          {
            const auto t = g.try_open();
            g.disk.clear_faults();
            if (t) {
              EXPECT_EQ(contents(*t), expected);
            } else {
              EXPECT_THAT(t.error().message(), testing::HasSubstr(path));
              EXPECT_NE(t.error(), errc::not_found);
              EXPECT_EQ(g.disk.open_descriptors(), 0u);
              EXPECT_EQ(g.disk.locks_held(), 0u);
            }
          }
          EXPECT_EQ(contents(g.open()), expected);
        });
        if (::testing::Test::HasFailure()) return;
      }
    });
  }
}

TYPED_TEST(Faults, AFailedCreationLeavesNothingAbout) {
  this->in_every_format(keeping::through, [](auto& like) {
    for (const auto& bad : troubles()) {
      SCOPED_TRACE(bad.name);
      for_every_call(like, bad.what, [](auto& g, auto& fault) {
        g.disk.inject(fault);
        auto t = g.try_open();
        g.disk.clear_faults();
        if (!t) {
          EXPECT_THAT(t.error().message(), testing::HasSubstr(path));
          EXPECT_EQ(g.disk.open_descriptors(), 0u);
          EXPECT_EQ(g.disk.locks_held(), 0u);
          t = g.try_open();
        }
        ASSERT_TRUE(ok(t));
        EXPECT_TRUE(ok(t->insert("a", 1)));
        EXPECT_TRUE(ok(t->close()));
        EXPECT_THAT(g.disk.files(), testing::ElementsAre(path));
      });
      if (::testing::Test::HasFailure()) return;
    }
  });
}

}  // namespace
}  // namespace shelf::suite
