// SUITE  every verb over every kind, write mode and store
// What weaker isolation allows and strict serializability does not, one anomaly per test: several
// threads decide by what they read, and all have read before the first one commits.
#include "suite/database_ground.hpp"

#include "budget.hpp"

#include <atomic>
#include <barrier>
#include <tuple>

namespace shelf::suite {
namespace {

/// A database that several threads use.
struct crowded_bank : bank {
  explicit crowded_bank(keeping k) : bank(k), tags(or_throw(db.table<tags_table>("tags"))) {}
  tags_table tags;
};

/// Write mode and number of threads.
class TransactionPredicates : public testing::TestWithParam<std::tuple<keeping, int>> {
 protected:
  static int threads() { return std::get<1>(GetParam()); }
  static std::int64_t rounds() { return static_cast<std::int64_t>(test::budgeted(40)); }

  /// Runs `f(thread, round, meet)` on every thread, round by round. In its first attempt a
  /// transaction calls meet(tx) when it has read: it returns once all have read. So of those that
  /// exclude each other all but one run again, on any machine.
  template <class F>
  static void in_rounds(F f) {
    std::barrier all_have_read(threads());
    const auto meet = [&](const transaction& tx) {
      if (tx.attempt() == 1) all_have_read.arrive_and_wait();
    };
    std::vector<std::thread> crowd;
    for (int i = 0; i < threads(); ++i) {
      crowd.emplace_back([&, i] {
        for (std::int64_t round = 0; round < rounds(); ++round) f(i, round, meet);
      });
    }
    for (auto& t : crowd) t.join();
  }

  crowded_bank b{std::get<0>(GetParam())};
};

/// Padded, so that the order of the keys is that of the rounds.
[[nodiscard]] std::string key_of(std::int64_t round) {
  const auto digits = std::to_string(round);
  return "round " + std::string(6 - std::min<std::size_t>(6, digits.size()), '0') + digits;
}

TEST_P(TransactionPredicates, ASumOverTwoTablesStaysBelowItsBound) {
  std::atomic<int> again = 0;
  in_rounds([&](int thread, std::int64_t round, auto meet) {
    const auto key = key_of(round);
    ASSERT_TRUE(ok(b.db.transact([&](transaction& tx) -> result<> {
      auto accounts = tx(b.accounts);
      auto visits = tx(b.visits);
      const auto sum = accounts.value_or(key, 0) + visits.value_or(key, 0);
      meet(tx);
      if (tx.attempt() > 1) ++again;
      if (sum + 60 >= 100) return {};
      return thread % 2 == 0 ? accounts.insert(key, 60) : visits.insert(key, 60);
    })));
  });
  EXPECT_GE(again, rounds() * (threads() - 1)) << "they did not meet";
  for (std::int64_t round = 0; round < rounds(); ++round) {
    const auto key = key_of(round);
    EXPECT_EQ(b.accounts.value_or(key, 0) + b.visits.value_or(key, 0), 60) << key;
  }
}

TEST_P(TransactionPredicates, OneDoctorStaysOnCall) {
  const auto shift = [](std::int64_t round, int doctor) {
    return key_of(round) + ": doctor " + std::to_string(doctor);
  };
  entries all;
  for (std::int64_t round = 0; round < rounds(); ++round) {
    for (int i = 0; i < threads(); ++i) all.emplace_back(shift(round, i), 1);
  }
  ASSERT_TRUE(ok(b.accounts.insert_range(all)));
  const auto on_call = [&](const auto& accounts, std::int64_t round) {
    std::int64_t count = 0;
    for (const auto& [key, value] : accounts.range(shift(round, 0), key_of(round) + ";")) {
      count += value;
    }
    return count;
  };
  in_rounds([&](int thread, std::int64_t round, auto meet) {
    ASSERT_TRUE(ok(b.db.transact([&](transaction& tx) -> result<> {
      auto accounts = tx(b.accounts);
      const auto count = on_call(accounts, round);
      meet(tx);
      if (count < 2) return {};
      return accounts.insert(shift(round, thread), 0);
    })));
  });
  const auto end = b.accounts.snapshot();
  for (std::int64_t round = 0; round < rounds(); ++round) EXPECT_EQ(on_call(end, round), 1);
}

TEST_P(TransactionPredicates, AnAddressRacedForIsGivenOnce) {
  std::atomic<std::int64_t> registered = 0;
  in_rounds([&](int thread, std::int64_t round, auto meet) {
    const auto address = key_of(round) + "@example.com";
    const auto user = round * 100 + thread;
    const auto done = b.db.transact([&](transaction& tx) -> result<> {
      auto users = tx(b.visits);
      auto profiles = tx(b.accounts);
      // Looked up and then inserted, or both at once.
      const bool in_one = round % 2 == 0;
      const auto given = in_one ? users.insert_new(address, user) : result<>();
      const bool is_taken = in_one ? !given : users.contains(address);
      meet(tx);
      if (is_taken) return std::unexpected(error(errc::key_already_present));
      if (!in_one) {
        if (auto r = users.insert(address, user); !r) return r;
      }
      return profiles.insert(std::to_string(user), round);
    });
    if (done) {
      ++registered;
    } else {
      EXPECT_EQ(done.error().code(), errc::key_already_present);
    }
  });
  EXPECT_EQ(registered, rounds());
  EXPECT_EQ(b.visits.size(), static_cast<std::size_t>(rounds()));
  EXPECT_EQ(b.accounts.size(), static_cast<std::size_t>(rounds()));
  b.visits.for_each([&](const std::string& address, std::int64_t user) {
    EXPECT_EQ(b.accounts.lookup(std::to_string(user)), user / 100) << address;
  });
}

TEST_P(TransactionPredicates, AnEmptyPlaceIsFilledOnce) {
  // Five ways to see that there is nothing.
  const auto is_empty = [&](transaction& tx, std::int64_t round) {
    const auto from = key_of(round) + ":";
    const auto to = key_of(round) + ";";
    auto accounts = tx(b.accounts);
    switch (round % 5) {
      case 0: return accounts.range(from, to).empty();
      case 1: return accounts.rank(from) == accounts.rank(to);
      case 2: {
        const auto next = accounts.lower_bound(from);
        return !next || next->first >= to;
      }
      case 3: {
        const auto before = accounts.before(to);
        return !before || before->first < from;
      }
      default: return !tx(b.tags).contains(from);
    }
  };
  in_rounds([&](int thread, std::int64_t round, auto meet) {
    const auto place = key_of(round) + ":" + std::to_string(thread);
    ASSERT_TRUE(ok(b.db.transact([&](transaction& tx) -> result<> {
      const bool fills = is_empty(tx, round);
      meet(tx);
      if (!fills) return {};
      if (round % 5 == 4) return tx(b.tags).insert(key_of(round) + ":", thread);
      return tx(b.accounts).insert(place, thread);
    })));
  });
  const auto accounts = b.accounts.snapshot();
  const auto tags = b.tags.snapshot();
  EXPECT_EQ(accounts.size() + tags.size(), static_cast<std::size_t>(rounds()));
  for (std::int64_t round = 0; round < rounds(); ++round) {
    const auto place = key_of(round) + ":";
    const auto inside = accounts.range(place, key_of(round) + ";");
    EXPECT_EQ(inside.empty(), tags.contains(place)) << place;
  }
}

TEST_P(TransactionPredicates, ASizeRacedForIsReachedOnce) {
  // As many as there are, by the size of one table, noted in another.
  in_rounds([&](int, std::int64_t, auto meet) {
    ASSERT_TRUE(ok(b.db.transact([&](transaction& tx) -> result<> {
      const auto size = static_cast<std::int64_t>(tx(b.visits).size());
      meet(tx);
      if (auto r = tx(b.visits).insert(std::to_string(size), size); !r) return r;
      return tx(b.tags).insert("sizes", size);
    })));
  });
  const auto all = static_cast<std::size_t>(rounds() * threads());
  EXPECT_EQ(b.visits.size(), all);
  EXPECT_EQ(or_throw(b.tags.lookup("sizes")).size(), all);
}

TEST_P(TransactionPredicates, EveryReaderSeesTheTotalOfAllTransfers) {
  constexpr std::int64_t accounts = 6;
  constexpr std::int64_t total = 2 * accounts * 100;
  for (std::int64_t i = 0; i < accounts; ++i) {
    ASSERT_TRUE(ok(b.accounts.insert(key_of(i), 100)));
    ASSERT_TRUE(ok(b.visits.insert(key_of(i), 100)));
  }
  const auto sum_of = [](const auto& one, const auto& two) {
    std::int64_t sum = 0;
    for (const auto& [key, value] : one) sum += value;
    for (const auto& [key, value] : two) sum += value;
    return sum;
  };
  std::atomic<int> writers = threads();
  std::vector<std::thread> crowd;
  for (int i = 0; i < threads(); ++i) {
    crowd.emplace_back([&, i] {
      for (std::int64_t n = 0; n < 4 * rounds(); ++n) {
        const auto from = key_of((i + n) % accounts);
        const auto to = key_of((i * n + 1) % accounts);
        EXPECT_TRUE(ok(b.db.transact([&](transaction& tx) -> result<> {
          auto source = tx(b.accounts);
          auto target = tx(b.visits);
          if (n % 3 == 0) {  // blind
            if (auto r = source.add(from, -7); !r) return r;
            return target.add(to, 7);
          }
          const auto has = or_throw(source.lookup(from));
          const auto gets = or_throw(target.lookup(to));
          std::this_thread::yield();
          if (auto r = source.insert(from, has - n); !r) return r;
          return target.insert(to, gets + n);
        })));
      }
      --writers;
    });
  }
  int looks = 0;
  for (; writers > 0 || looks < 10; ++looks) {
    const auto moment = b.db.snapshot();
    EXPECT_EQ(sum_of(moment(b.visits), moment(b.accounts)), total);
    EXPECT_EQ(b.db.read([&](const auto& s) { return sum_of(s(b.accounts), s(b.visits)); }), total);
    EXPECT_EQ(b.db.transact([&](transaction& tx) {
      return sum_of(tx(b.visits).to_vector(), tx(b.accounts).to_vector());
    }),
              total);
  }
  for (auto& t : crowd) t.join();
  if (b.how == keeping::back) {
    EXPECT_TRUE(ok(b.db.save()));
  }
  b.db.abandon();
  b.db = b.open();
  const auto again = b.db.snapshot();
  EXPECT_EQ(sum_of(again(or_throw(b.db.table<visits_table>("visits"))),
                   again(or_throw(b.db.table<accounts_table>("accounts")))),
            total);
}

INSTANTIATE_TEST_SUITE_P(ModesAndThreads, TransactionPredicates,
                         testing::Combine(testing::ValuesIn(in_files), testing::Values(2, 4, 8)),
                         [](const auto& about) {
                           return std::string(to_string(std::get<0>(about.param))) + "_" +
                                  std::to_string(std::get<1>(about.param)) + "_threads";
                         });

}  // namespace
}  // namespace shelf::suite
