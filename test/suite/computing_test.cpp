// SUITE  every verb over every kind, write mode and store
// get_or_compute: one thread computes, the others wait; what a write in between does.
#include "budget.hpp"
#include "suite/crowd.hpp"
#include "suite/ground.hpp"

#include <atomic>
#include <chrono>
#include <latch>
#include <random>
#include <stdexcept>
#include <thread>

namespace shelf::suite {
namespace {

using namespace std::chrono_literals;

template <class Kind>
class GetOrCompute : public each_kind<Kind> {};
TYPED_TEST_SUITE(GetOrCompute, map_kinds, kind_names);

/// Waits until `f` is true, for as long as a busy machine may need.
template <class F>
void wait_until(F f) {
  while (!f()) std::this_thread::sleep_for(1ms);  // sleeps: between looks
}

TYPED_TEST(GetOrCompute, ComputesOnceAndStores) {
  this->everywhere([](auto& g) {
    auto t = g.open();
    int calls = 0;
    const auto compute = [&] { return ++calls * std::int64_t{10}; };
    EXPECT_EQ(t.get_or_compute("a", compute), 10);
    EXPECT_EQ(t.get_or_compute("a", compute), 10);
    EXPECT_EQ(calls, 1);
    g.reopen(t);
    EXPECT_EQ(contents(t), (entries{{"a", 10}}));
  });
}

TYPED_TEST(GetOrCompute, StoresNothingAfterAnErrorOrAnEmptyOptional) {
  this->everywhere([](auto& g) {
    auto t = g.open();
    const auto fails = [&]() -> result<std::int64_t> {
      return std::unexpected(error(errc::file_error, "the source is down"));
    };
    EXPECT_TRUE(refuses(t.get_or_compute("a", fails), errc::file_error, {"the source is down"}));
    const auto none = []() -> std::optional<std::int64_t> { return std::nullopt; };
    EXPECT_TRUE(refuses(t.get_or_compute("a", none), errc::not_found));
    EXPECT_THROW((void)t.get_or_compute("a", []() -> std::int64_t { throw std::logic_error("x"); }),
                 std::logic_error);
    EXPECT_TRUE(t.empty());
    EXPECT_EQ(t.get_or_compute("a", [] { return std::optional<std::int64_t>(3); }), 3);
    EXPECT_EQ(t.get_or_compute("b", [] { return result<std::int64_t>(4); }), 4);
    EXPECT_EQ(contents(t), (entries{{"a", 3}, {"b", 4}}));
  });
}

TYPED_TEST(GetOrCompute, AValueThatCannotBeStoredIsAnErrorForAll) {
  this->where_writes_reach_the_file([](auto& g) {
    auto t = g.open();
    ASSERT_TRUE(ok(t.insert("other", 1)));
    g.disk.inject({.kind = simulation::call::write, .nth = 1, .error = ENOSPC});
    EXPECT_FALSE(t.get_or_compute("a", [] { return std::int64_t{1}; }).has_value());
    g.disk.clear_faults();
    EXPECT_EQ(contents(t), (entries{{"other", 1}}));
  });
}

/// A table in memory in which one thread computes the value of "k" until it is let go.
struct long_flight {
  map<std::string, std::int64_t> t = map<std::string, std::int64_t>::in_memory();
  std::latch begun{1};
  std::latch released{1};
  std::atomic<int> calls = 0;
  result<std::int64_t> pilot_got;

  std::jthread start(std::int64_t value) {
    std::jthread pilot([this, value] {
      pilot_got = t.get_or_compute("k", [&] {
        ++calls;
        begun.count_down();
        released.wait();
        return value;
      });
    });
    begun.wait();
    return pilot;
  }
};

TEST(SingleFlight, ThoseWhoAskMeanwhileWaitAndGetTheSame) {
  long_flight f;
  std::atomic<int> got = 0;
  {
    const auto pilot = f.start(7);
    std::vector<std::jthread> others;
    for (int i = 0; i < 3; ++i) {
      others.emplace_back([&] {
        EXPECT_EQ(f.t.get_or_compute("k",
                                     [&] {
                                       ++f.calls;
                                       return std::int64_t{8};
                                     }),
                  7);
        ++got;
      });
    }
    std::this_thread::sleep_for(20ms);  // sleeps: gives the others time to do the wrong thing
    EXPECT_EQ(got, 0);
    EXPECT_FALSE(f.t.contains("k")) << "nobody sees it before it is there";
    f.released.count_down();
  }
  EXPECT_EQ(f.calls, 1);
  EXPECT_EQ(f.pilot_got, 7);
}

TEST(SingleFlight, WhoWaitsTooLongIsToldSo) {
  long_flight f;
  const auto pilot = f.start(7);
  const auto value = [] { return std::int64_t{1}; };
  EXPECT_TRUE(refuses(f.t.get_or_compute("k", value, {.wait = 1ms}), errc::busy, {"too long"}));
  EXPECT_TRUE(refuses(f.t.get_or_compute("k", value, {.wait = -1h}), errc::busy));
  std::jthread patient([&] {
    EXPECT_EQ(f.t.get_or_compute("k", value, {.wait = std::chrono::nanoseconds::max()}), 7);
  });
  f.released.count_down();
}

TEST(SingleFlight, AWriteInBetweenKeepsTheValueFromBeingStored) {
  using table = map<std::string, std::int64_t>;
  const std::vector<std::pair<std::function<void(table&)>, std::optional<std::int64_t>>> writes{
      {[](table& t) { EXPECT_EQ(t.erase("k"), 0u); }, std::nullopt},
      {[](table& t) { EXPECT_TRUE(ok(t.clear())); }, std::nullopt},
      {[](table& t) { EXPECT_TRUE(ok(t.insert("k", 5))); }, 5},
      {[](table& t) {
         EXPECT_TRUE(ok(t.insert("k", 5)));
         EXPECT_EQ(t.take("k"), 5);
       },
       std::nullopt},
      {[](table& t) { EXPECT_TRUE(ok(t.write(batch<std::string, std::int64_t>().erase("k")))); },
       std::nullopt}};
  for (const auto& [write, left] : writes) {
    long_flight f;
    {
      const auto pilot = f.start(7);
      write(f.t);
      f.released.count_down();
    }
    EXPECT_EQ(f.t.contains("k"), left.has_value());
    EXPECT_EQ(f.t.value_or("k", -1), left.value_or(-1));
    EXPECT_EQ(f.pilot_got, 7);
  }
}

TEST(SingleFlight, WhoAsksAfterAnInvalidationComputesAnew) {
  long_flight f;
  const auto pilot = f.start(7);
  EXPECT_EQ(f.t.erase("k"), 0u);
  EXPECT_EQ(f.t.get_or_compute("k", [] { return std::int64_t{8}; }), 8);
  f.released.count_down();
  wait_until([&] { return f.t.contains("k"); });
  EXPECT_EQ(f.t.lookup("k"), 8);
}

TEST(SingleFlight, AfterAnExceptionOneOfThoseWhoWaitTakesOver) {
  auto t = map<std::string, std::int64_t>::in_memory();
  std::latch begun(1);
  std::latch released(1);
  std::atomic<int> calls = 0;
  std::jthread pilot([&] {
    EXPECT_THROW((void)t.get_or_compute("k",
                                        [&]() -> std::int64_t {
                                          begun.count_down();
                                          released.wait();
                                          throw std::runtime_error("no");
                                        }),
                 std::runtime_error);
  });
  begun.wait();
  std::vector<std::jthread> others;
  for (int i = 0; i < 3; ++i) {
    others.emplace_back([&] {
      EXPECT_EQ(t.get_or_compute("k",
                                 [&] {
                                   ++calls;
                                   return std::int64_t{8};
                                 }),
                8);
    });
  }
  std::this_thread::sleep_for(5ms);  // sleeps: so that most of them wait by then
  released.count_down();
  others.clear();
  EXPECT_EQ(calls, 1);
}

TEST(SingleFlight, AFunctionThatAsksForItsOwnKeyIsBusyAtOnce) {
  auto t = map<std::string, std::int64_t>::in_memory();
  const auto outer = t.get_or_compute("k", [&]() -> result<std::int64_t> {
    return t.get_or_compute("k", [] { return std::int64_t{1}; });
  });
  EXPECT_TRUE(refuses(outer, errc::busy, {"itself"}));
  EXPECT_TRUE(t.empty());
  // Another key, and another table, are fine.
  auto u = map<std::string, std::int64_t>::in_memory();
  EXPECT_EQ(
      t.get_or_compute("k", [&] { return u.get_or_compute("k", [] { return std::int64_t{1}; }); }),
      1);
}

TEST(SingleFlight, ThreadsThatWouldWaitForEachOtherAreToldSo) {
  auto a = map<int, std::int64_t>::in_memory();
  auto b = map<int, std::int64_t>::in_memory();
  std::latch both(2);
  std::atomic<int> busy = 0;
  std::atomic<int> fine = 0;
  const auto one = [&](auto& mine, auto& other) {
    const auto got = mine.get_or_compute(1, [&]() -> result<std::int64_t> {
      both.arrive_and_wait();
      return other.get_or_compute(1, [] { return std::int64_t{3}; });
    });
    if (got) {
      ++fine;
    } else if (got.error() == errc::busy) {
      ++busy;
    }
  };
  {
    std::jthread first([&] { one(a, b); });
    std::jthread second([&] { one(b, a); });
  }
  EXPECT_GE(busy, 1) << "and neither waits for half a minute";
  EXPECT_EQ(busy + fine, 2);
}

TYPED_TEST(GetOrCompute, WhatIsStoredIsNeverOlderThanAnInvalidation) {
  this->run(std::array{keeping::memory, keeping::through}, [](auto& g) {
    auto t = g.open();
    std::atomic<std::int64_t> source = 0;
    crowd all;
    all.once([&] {
      for (std::int64_t i = 1; i <= static_cast<std::int64_t>(test::budgeted(2000)); ++i) {
        source = i;
        EXPECT_TRUE(ok(t.erase("k")));
        // From here on nobody may be given, by the table, what the source had before.
        const auto seen = t.lookup("k");
        if (seen) {
          EXPECT_GE(*seen, i);
        }
      }
    });
    for (int i = 0; i < 3; ++i) {
      all.until_stopped(
          [&] { EXPECT_TRUE(ok(t.get_or_compute("k", [&] { return source.load(); }))); });
    }
  });
}

TYPED_TEST(GetOrCompute, RandomCallsComputeNoOftenerThanKeysAreMissing) {
  this->run(std::array{keeping::memory}, [](auto& g) {
    auto t = g.open();
    std::atomic<std::size_t> computed = 0;
    std::atomic<std::size_t> erased = 0;
    crowd all;
    for (unsigned i = 0; i < 4; ++i) {
      all.once([&, i] {
        std::mt19937_64 dice(i);
        for (std::size_t n = 0; n < test::budgeted(3000); ++n) {
          const auto key = "k" + std::to_string(dice() % 8);
          if (dice() % 8 == 0) {
            ++erased;  // before it happens: what it causes comes later
            EXPECT_TRUE(ok(t.erase(key)));
          } else {
            EXPECT_TRUE(ok(t.get_or_compute(key, [&] {
              ++computed;
              return std::int64_t{1};
            })));
          }
        }
      });
    }
    all.join();
    EXPECT_LE(computed, 8 + erased);
  });
}

}  // namespace
}  // namespace shelf::suite
