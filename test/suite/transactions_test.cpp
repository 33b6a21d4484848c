// SUITE  every verb over every kind, write mode and store
// Transactions: what they read, write, undo and return. Random ones: transaction_model_test.cpp.
#include "suite/database_ground.hpp"

#include <limits>
#include <memory>
#include <stdexcept>
#include <thread>

namespace shelf::suite {
namespace {

using testing::ElementsAre;

template <class Body>
void in_every_mode(Body body) {
  for (const auto how : in_files) {
    SCOPED_TRACE(to_string(how));
    bank b(how);
    body(b);
  }
}

/// A function that writes on another thread the first `times` times it is called: what comes in
/// between.
template <class F>
class intruder {
 public:
  intruder(int times, F f) : left_(times), f_(std::move(f)) {}
  void operator()() {
    if (left_-- > 0) elsewhere(f_);
  }

 private:
  int left_;
  F f_;
};

// --- commit and abort ----------------------------------------------------------------------------

TEST(Transaction, ItsWritesAppearTogetherAndSurvive) {
  in_every_mode([](auto& b) {
    ASSERT_TRUE(ok(b.accounts.insert_range({{"alice", 100}, {"bob", 0}})));
    const auto left = b.db.transact([&](transaction& tx) -> result<std::int64_t> {
      auto a = tx(b.accounts);
      const auto from = a.lookup("alice");
      if (!from) return std::unexpected(from.error());
      if (auto r = a.insert("alice", *from - 10); !r) return std::unexpected(r.error());
      if (auto r = a.add("bob", 10); !r) return std::unexpected(r.error());
      if (auto r = tx(b.visits).add("bob", 1, {.initial = 0}); !r) {
        return std::unexpected(r.error());
      }
      EXPECT_EQ(b.accounts.lookup("alice"), 100) << "nobody sees it before the commit";
      return *from - 10;
    });
    EXPECT_EQ(left, 90);
    EXPECT_EQ(contents(b.accounts), (entries{{"alice", 90}, {"bob", 10}}));
    EXPECT_EQ(b.visits.lookup("bob"), 1);
    ASSERT_TRUE(ok(b.db.close()));
    b.db = b.open();
    EXPECT_EQ(contents(or_throw(b.db.template table<accounts_table>("accounts"))),
              (entries{{"alice", 90}, {"bob", 10}}));
    EXPECT_EQ(or_throw(b.db.template table<visits_table>("visits")).lookup("bob"), 1);
  });
}

TEST(Transaction, AnErrorAbortsAndIsReturned) {
  in_every_mode([](auto& b) {
    ASSERT_TRUE(ok(b.accounts.insert("a", 1)));
    const auto before = or_throw(b.db.stats()).all.sequence;
    const auto refused = b.db.transact([&](transaction& tx) -> result<int> {
      (void)tx(b.accounts).insert("a", 2);
      (void)tx(b.visits).insert("a", 2);
      return std::unexpected(error(errc::overflow, "not today"));
    });
    EXPECT_TRUE(refuses(refused, errc::overflow, {"not today"}));
    EXPECT_EQ(b.accounts.lookup("a"), 1);
    EXPECT_TRUE(b.visits.empty());
    EXPECT_EQ(or_throw(b.db.stats()).all.sequence, before);
    EXPECT_EQ(or_throw(b.db.stats()).all.snapshots, 0u);
  });
}

TEST(Transaction, AnExceptionAbortsAndPassesThrough) {
  in_every_mode([](auto& b) {
    int committed = 0;
    EXPECT_THROW((void)b.db.transact([&](transaction& tx) {
      (void)tx(b.accounts).insert("a", 2);
      tx.on_commit([&] { ++committed; });
      throw std::runtime_error("no");
    }),
                 std::runtime_error);
    EXPECT_TRUE(b.accounts.empty());
    EXPECT_EQ(committed, 0);
    EXPECT_EQ(or_throw(b.db.stats()).all.snapshots, 0u);
    EXPECT_TRUE(ok(b.accounts.insert("a", 1)));
    EXPECT_TRUE(ok(b.db.transact([&](transaction& tx) { return tx(b.accounts).insert("b", 1); })));
  });
}

TEST(Transaction, ItReturnsWhatItsFunctionReturns) {
  bank b;
  struct no_default {
    explicit no_default(int n) : number(n) {}
    int number;
  };
  EXPECT_EQ(b.db.transact([](transaction&) { return 7; }), 7);
  EXPECT_EQ(b.db.transact([](transaction&) -> result<int> { return 7; }), 7);
  EXPECT_TRUE(ok(b.db.transact([](transaction&) {})));
  EXPECT_TRUE(ok(b.db.transact([](transaction&) -> result<> { return {}; })));
  EXPECT_EQ(**b.db.transact([](transaction&) { return std::make_unique<int>(7); }), 7);
  EXPECT_EQ(b.db.transact([](auto&) { return no_default(7); })->number, 7);
  EXPECT_TRUE(refuses(b.db.transact([&](transaction& tx) { return tx(b.accounts).lookup("a"); }),
                      errc::not_found));
}

TEST(Transaction, OneOverTablesOnDiskAndInMemoryIsOneStep) {
  bank b;
  auto online = or_throw(b.db.table<visits_table>("online", {.storage = storage::memory}));
  ASSERT_TRUE(ok(b.db.transact([&](transaction& tx) -> result<> {
    if (auto r = tx(online).insert("alice", 1); !r) return r;
    return tx(b.visits).add("alice", 1, {.initial = 0});
  })));
  EXPECT_EQ(online.lookup("alice"), 1);
  EXPECT_EQ(b.visits.lookup("alice"), 1);
  ASSERT_TRUE(ok(b.db.transact([&](transaction& tx) { return tx(online).insert("bob", 1); })));
  EXPECT_EQ(online.size(), 2u);
}

// --- conflicts -----------------------------------------------------------------------------------

/// Whether a transaction that does `reads`, while another does `writes`, runs twice.
template <class Reads, class Writes>
[[nodiscard]] int runs_of(bank& b, Reads reads, Writes writes) {
  intruder meanwhile(1, writes);
  int attempts = 0;
  const auto done = b.db.transact([&](transaction& tx) -> result<> {
    attempts = tx.attempt();
    reads(tx);
    meanwhile();
    return tx(b.visits).insert("decided", attempts);
  });
  EXPECT_TRUE(ok(done));
  EXPECT_EQ(b.visits.lookup("decided"), attempts);
  return attempts;
}

TEST(Transaction, ItRunsAgainIfWhatItReadHasChanged) {
  in_every_mode([](auto& b) {
    ASSERT_TRUE(ok(b.accounts.insert_range({{"a", 1}, {"c", 3}, {"e", 5}})));
    const auto changes_c = [&] { EXPECT_TRUE(ok(b.accounts.update_counter("c"))); };
    const auto reads = [&](auto read) {
      return [&b, read](transaction& tx) { read(tx(b.accounts)); };
    };
    EXPECT_EQ(runs_of(b, reads([](auto t) { (void)t.lookup("c"); }), changes_c), 2);
    EXPECT_EQ(runs_of(b, reads([](auto t) { (void)t.contains("c"); }), changes_c), 2);
    EXPECT_EQ(runs_of(b, reads([](auto t) { (void)t.value_or("c", 0); }), changes_c), 2);
    EXPECT_EQ(runs_of(b, reads([](auto t) { (void)t.lower_bound("b"); }), changes_c), 2);
    EXPECT_EQ(runs_of(b, reads([](auto t) { (void)t.before("d"); }), changes_c), 2);
    EXPECT_EQ(runs_of(b, reads([](auto t) { (void)t.to_vector(); }), changes_c), 2);
    EXPECT_EQ(runs_of(b, reads([](auto t) { EXPECT_FALSE(t.range("b", "d").empty()); }), changes_c),
              2);
    EXPECT_EQ(
        runs_of(b, reads([](auto t) { (void)t.update("c", [](auto v) { return v; }); }), changes_c),
        2);
    // Other keys, or none of the values.
    EXPECT_EQ(runs_of(b, reads([](auto t) { (void)t.lookup("a"); }), changes_c), 1);
    EXPECT_EQ(runs_of(b, reads([](auto t) { (void)t.first(); }), changes_c), 1);
    EXPECT_EQ(runs_of(b, reads([](auto t) { (void)t.size(); }), changes_c), 1);
    EXPECT_EQ(runs_of(b, reads([](auto t) { (void)t.rank("e"); }), changes_c), 1);
    EXPECT_EQ(runs_of(b, reads([](auto t) { (void)t.range("d", "z").empty(); }), changes_c), 1);
    EXPECT_EQ(runs_of(b, reads([](auto t) { (void)t.peek("c"); }), changes_c), 1);
  });
}

TEST(Transaction, WhatIsNotThereIsReadAsWell) {
  in_every_mode([](auto& b) {
    ASSERT_TRUE(ok(b.accounts.insert_range({{"a", 1}, {"m", 3}})));
    const auto inserts_g = [&] {
      EXPECT_TRUE(ok(b.accounts.erase("g")));
      EXPECT_TRUE(ok(b.accounts.insert("g", 7)));
    };
    const auto runs = [&](auto read) {
      EXPECT_TRUE(ok(b.accounts.erase("g")));
      return runs_of(b, [&](transaction& tx) { read(tx(b.accounts)); }, inserts_g);
    };
    EXPECT_EQ(runs([](auto t) { (void)t.lookup("g"); }), 2);
    EXPECT_EQ(runs([](auto t) { (void)t.contains("g"); }), 2);
    EXPECT_EQ(runs([](auto t) { (void)t.range("f", "h").empty(); }), 2);
    EXPECT_EQ(runs([](auto t) { (void)t.size(); }), 2);
    EXPECT_EQ(runs([](auto t) { (void)t.rank("m"); }), 2);
    EXPECT_EQ(runs([](auto t) { (void)t.upper_bound("a"); }), 2);
    EXPECT_EQ(runs([](auto t) { (void)t.insert_new("g", 1); }), 2);
    EXPECT_EQ(runs([](auto t) { (void)t.rank("f"); }), 1);
    EXPECT_EQ(runs([](auto t) { (void)t.last(); }), 1);
    EXPECT_EQ(runs([](auto t) { (void)t.range("a", "c").empty(); }), 1);
  });
}

TEST(Transaction, BlindWritesNeverConflict) {
  in_every_mode([](auto& b) {
    ASSERT_TRUE(ok(b.accounts.insert_range({{"a", 1}, {"b", 2}})));
    const auto intrudes = [&] {
      EXPECT_TRUE(ok(b.accounts.insert("a", 50)));
      EXPECT_TRUE(ok(b.accounts.erase("b")));
      EXPECT_TRUE(ok(b.accounts.insert("c", 50)));
    };
    const auto runs = runs_of(
        b,
        [&](transaction& tx) {
          auto a = tx(b.accounts);
          EXPECT_TRUE(ok(a.insert("a", 10)));
          EXPECT_TRUE(ok(a.erase("b")));
          EXPECT_TRUE(ok(a.erase("c", 50)));
          EXPECT_TRUE(ok(a.add("d", 1, {.initial = 1})));
        },
        intrudes);
    EXPECT_EQ(runs, 1);
    EXPECT_EQ(contents(b.accounts), (entries{{"a", 10}, {"d", 2}}));
  });
}

TEST(Transaction, ItReadsAllTablesAtOneMoment) {
  bank b;
  ASSERT_TRUE(ok(b.accounts.insert("a", 1)));
  ASSERT_TRUE(ok(b.visits.insert("a", 1)));
  intruder meanwhile(1, [&] {
    EXPECT_TRUE(ok(b.db.transact([&](transaction& tx) -> result<> {
      if (auto r = tx(b.accounts).insert("a", 2); !r) return r;
      return tx(b.visits).insert("a", 2);
    })));
  });
  int runs = 0;
  const auto both = b.db.transact([&](transaction& tx) {
    ++runs;
    const auto one = tx(b.accounts).lookup("a");
    meanwhile();
    const auto two = tx(b.visits).lookup("a");
    EXPECT_EQ(one, *two);
    return *one + *two;
  });
  // It only reads, so nothing is checked: it has seen the moment at which it began.
  EXPECT_EQ(both, 2);
  EXPECT_EQ(runs, 1);
}

// --- add -----------------------------------------------------------------------------------------

TEST(Transaction, AnAddStepsWhateverIsThereAtTheCommit) {
  in_every_mode([](auto& b) {
    ASSERT_TRUE(ok(b.accounts.insert("a", 1)));
    const auto runs = runs_of(
        b, [&](transaction& tx) { EXPECT_TRUE(ok(tx(b.accounts).add("a", 5))); },
        [&] { EXPECT_TRUE(ok(b.accounts.insert("a", 100))); });
    EXPECT_EQ(runs, 1);
    EXPECT_EQ(b.accounts.lookup("a"), 105);
  });
}

TEST(Transaction, WhatAnAddRunsIntoIsTheErrorOfTheTransaction) {
  in_every_mode([](auto& b) {
    constexpr auto most = std::numeric_limits<std::int64_t>::max();
    ASSERT_TRUE(ok(b.accounts.insert("full", most)));
    EXPECT_TRUE(refuses(b.db.transact([&](transaction& tx) -> result<> {
      if (auto r = tx(b.visits).insert("a", 1); !r) return r;
      return tx(b.accounts).add("full");
    }),
                        errc::overflow));
    EXPECT_TRUE(refuses(b.db.transact([&](transaction& tx) -> result<> {
      if (auto r = tx(b.visits).insert("a", 1); !r) return r;
      return tx(b.accounts).add("missing");
    }),
                        errc::not_found));
    EXPECT_TRUE(b.visits.empty());
    EXPECT_EQ(contents(b.accounts), (entries{{"full", most}}));
  });
}

TEST(Transaction, AnAddHasTheRangeOfItsType) {
  database_ground g;
  using small = shelf::map<std::string, std::uint8_t>;
  auto db = g.open(declare<small>("small"));
  auto t = or_throw(db.table<small>("small"));
  ASSERT_TRUE(
      ok(db.transact([&](transaction& tx) { return tx(t).add("a", 200, {.initial = 55}); })));
  EXPECT_EQ(t.lookup("a"), 255);
  EXPECT_TRUE(
      refuses(db.transact([&](transaction& tx) { return tx(t).add("a"); }), errc::overflow));
  EXPECT_TRUE(
      refuses(db.transact([&](transaction& tx) { return tx(t).add("a", -256); }), errc::overflow));
  EXPECT_EQ(t.lookup("a"), 255);
}

// --- nested --------------------------------------------------------------------------------------

TEST(Transaction, AFailedNestedPartIsUndoneAndTheRestCommits) {
  in_every_mode([](auto& b) {
    ASSERT_TRUE(ok(b.accounts.insert("a", 1)));
    std::vector<std::string> told;
    ASSERT_TRUE(ok(b.db.transact([&](transaction& tx) -> result<> {
      auto a = tx(b.accounts);
      EXPECT_TRUE(ok(a.insert("a", 2)));
      tx.on_commit([&] { told.emplace_back("outer"); });
      const auto part = tx.nested([&]() -> result<int> {
        EXPECT_TRUE(ok(a.insert("a", 3)));
        EXPECT_TRUE(ok(a.insert("b", 3)));
        EXPECT_TRUE(ok(a.erase("a")));
        EXPECT_TRUE(ok(tx(b.visits).insert("v", 1)));
        tx.on_commit([&] { told.emplace_back("undone"); });
        EXPECT_TRUE(ok(tx.nested([&] { tx.on_commit([&] { told.emplace_back("within"); }); })));
        return std::unexpected(error(errc::overflow));
      });
      EXPECT_TRUE(refuses(part, errc::overflow));
      EXPECT_EQ(a.lookup("a"), 2);
      EXPECT_FALSE(a.contains("b"));
      EXPECT_EQ(tx(b.visits).size(), 0u);
      // Afterwards all is as it was, so nothing hinders another part.
      EXPECT_EQ(tx.nested([&](transaction& same) {
        EXPECT_TRUE(ok(same(b.accounts).insert("c", 4)));
        same.on_commit([&] { told.emplace_back("kept"); });
        return 5;
      }),
                5);
      EXPECT_THROW((void)tx.nested([&] {
        EXPECT_TRUE(ok(a.clear()));
        throw std::runtime_error("no");
      }),
                   std::runtime_error);
      EXPECT_EQ(a.size(), 2u);
      return {};
    })));
    EXPECT_EQ(contents(b.accounts), (entries{{"a", 2}, {"c", 4}}));
    EXPECT_TRUE(b.visits.empty());
    EXPECT_THAT(told, ElementsAre("outer", "kept"));
  });
}

TEST(Transaction, WhatAFailedNestedPartReadIsStillRead) {
  bank b;
  ASSERT_TRUE(ok(b.accounts.insert("a", 1)));
  const auto runs = runs_of(
      b,
      [&](transaction& tx) {
        (void)tx.nested([&]() -> result<> {
          (void)tx(b.accounts).lookup("a");
          return std::unexpected(error(errc::overflow));
        });
      },
      [&] { EXPECT_TRUE(ok(b.accounts.insert("a", 2))); });
  EXPECT_EQ(runs, 2);
}

TEST(Transaction, TransactInsideATransactionIsNested) {
  in_every_mode([](auto& b) {
    int committed = 0;
    ASSERT_TRUE(ok(b.db.transact([&](transaction& tx) -> result<> {
      EXPECT_TRUE(ok(tx(b.accounts).insert("a", 1)));
      const auto inner = b.db.transact([&](transaction& same) -> result<std::int64_t> {
        same.on_commit([&] { ++committed; });
        if (auto r = same(b.accounts).insert("b", 2); !r) return std::unexpected(r.error());
        return same(b.accounts).lookup("a");
      });
      EXPECT_EQ(inner, 1);
      EXPECT_EQ(committed, 0);
      EXPECT_TRUE(b.accounts.empty());
      EXPECT_EQ(tx(b.accounts).lookup("b"), 2);
      EXPECT_TRUE(refuses(b.db.transact([&](transaction& same) -> result<> {
        EXPECT_TRUE(ok(same(b.accounts).clear()));
        return std::unexpected(error(errc::overflow));
      }),
                          errc::overflow));
      EXPECT_EQ(tx(b.accounts).size(), 2u);
      return {};
    })));
    EXPECT_EQ(committed, 1);
    EXPECT_EQ(contents(b.accounts), (entries{{"a", 1}, {"b", 2}}));
  });
}

TEST(Transaction, ATransactionOfAnotherDatabaseInsideIsItsOwn) {
  bank b;
  bank other;
  EXPECT_TRUE(refuses(b.db.transact([&](transaction& tx) -> result<> {
    EXPECT_TRUE(ok(tx(b.accounts).insert("a", 1)));
    EXPECT_TRUE(ok(other.db.transact(
        [&](transaction& inner) { return inner(other.accounts).insert("b", 2); })));
    EXPECT_EQ(other.accounts.lookup("b"), 2);
    EXPECT_TRUE(ok(other.accounts.insert("c", 3)));
    return std::unexpected(error(errc::overflow));
  }),
                      errc::overflow));
  EXPECT_TRUE(b.accounts.empty());
  EXPECT_EQ(other.accounts.size(), 2u);
}

// --- on_commit -----------------------------------------------------------------------------------

TEST(Transaction, OnCommitRunsOnceInOrderAfterTheCommit) {
  in_every_mode([](auto& b) {
    ASSERT_TRUE(ok(b.accounts.insert("a", 1)));
    intruder meanwhile(2, [&] { EXPECT_TRUE(ok(b.accounts.update_counter("a"))); });
    std::vector<std::string> told;
    const auto here = std::this_thread::get_id();
    ASSERT_TRUE(ok(b.db.transact([&](transaction& tx) -> result<> {
      const auto seen = *tx(b.accounts).lookup("a");
      meanwhile();
      tx.on_commit([&, seen] {
        EXPECT_EQ(std::this_thread::get_id(), here);
        EXPECT_EQ(b.accounts.lookup("a"), seen + 10);
        EXPECT_TRUE(ok(b.visits.insert("plain", 1)));
        told.emplace_back("first");
      });
      tx.on_commit([&] { told.emplace_back("second"); });
      return tx(b.accounts).insert("a", seen + 10);
    })));
    EXPECT_THAT(told, ElementsAre("first", "second"));
    EXPECT_EQ(b.visits.lookup("plain"), 1);
    EXPECT_EQ(b.accounts.lookup("a"), 13);
  });
}

TEST(Transaction, OnCommitOfOneThatOnlyReadsRunsAsWellAndNotOfOneThatFails) {
  bank b;
  int told = 0;
  EXPECT_TRUE(ok(b.db.transact([&](transaction& tx) { tx.on_commit([&] { ++told; }); })));
  EXPECT_EQ(told, 1);
  EXPECT_TRUE(refuses(b.db.transact([&](transaction& tx) {
    tx.on_commit([&] { ++told; });
    return tx(b.accounts).lookup("a");
  }),
                      errc::not_found));
  EXPECT_EQ(told, 1);
}

TEST(Transaction, AnExceptionOfOnCommitPassesThroughAndTheCommitStands) {
  bank b;
  EXPECT_THROW((void)b.db.transact([&](transaction& tx) {
    tx.on_commit([] { throw std::runtime_error("too late"); });
    return tx(b.accounts).insert("a", 1);
  }),
               std::runtime_error);
  EXPECT_EQ(b.accounts.lookup("a"), 1);
  EXPECT_TRUE(ok(b.accounts.insert("b", 1)));
}

}  // namespace
}  // namespace shelf::suite
