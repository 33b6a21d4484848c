// TEST  api
// Published values: what readers see, when old values die and on which thread, waiting.
#include "shelf/published.hpp"

#include "budget.hpp"
#include "file/thread_barrier.hpp"

#include <gtest/gtest.h>
#include <array>
#include <atomic>
#include <chrono>
#include <latch>
#include <memory>
#include <mutex>
#include <set>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

namespace shelf {
namespace {

using namespace std::chrono_literals;

constexpr auto patience = 60s;

/// Waits until `is_so`; false if it takes too long.
template <class F>
[[nodiscard]] bool becomes_true(F is_so) {
  const auto end = std::chrono::steady_clock::now() + patience;
  while (!is_so()) {
    if (std::chrono::steady_clock::now() > end) return false;
    std::this_thread::sleep_for(1ms);  // sleeps: polls until a deadline
  }
  return true;
}

/// Where and how often values ended. Outlives them: the housekeeper may destroy the last ones after
/// what published them has gone.
struct deaths {
  deaths() = default;
  deaths(const deaths&) = delete;
  deaths& operator=(const deaths&) = delete;
  ~deaths() {
    EXPECT_TRUE(becomes_true([&] { return alive == 0; })) << "a value is never destroyed";
  }

  std::mutex mutex;
  std::set<std::thread::id> threads;
  std::atomic<int> count{0};
  std::atomic<int> alive{0};
};

/// A value that shows when it is torn or destroyed, and counts its end unless it was moved from.
class checked {
 public:
  checked(int n, deaths* told) : a_(n), b_(2 * n), told_(told) { ++told_->alive; }
  checked(checked&& other) noexcept
      : a_(other.a_), b_(other.b_), told_(std::exchange(other.told_, nullptr)) {}
  checked(const checked& other) : a_(other.a_), b_(other.b_), told_(other.told_) {
    if (told_ != nullptr) ++told_->alive;
  }
  checked& operator=(const checked&) = delete;
  ~checked() {
    a_ = -1;
    b_ = -1;
    if (told_ == nullptr) return;
    {
      const std::scoped_lock lock(told_->mutex);
      told_->threads.insert(std::this_thread::get_id());
      ++told_->count;
    }
    --told_->alive;  // the last that is done with it
  }
  [[nodiscard]] bool is_whole() const { return a_ >= 0 && b_ == 2 * a_; }
  [[nodiscard]] int number() const { return a_; }
  void add(int n) {
    a_ += n;
    b_ += 2 * n;
  }

 private:
  int a_;
  int b_;
  deaths* told_;
};

TEST(Published, AReadSeesTheValueThatWasPublishedLast) {
  published<std::string> live("one");
  EXPECT_EQ(*live.read(), "one");
  EXPECT_EQ(live.version(), 1u);
  EXPECT_EQ(live.publish("three"), 2u);
  EXPECT_EQ(live.read()->size(), 5u);
  EXPECT_EQ(live.read().version(), 2u);
  EXPECT_EQ(live.copy(), "three");
  const published<int> made_by_default;
  EXPECT_EQ(*made_by_default.read(), 0);
}

TEST(Published, AReadKeepsItsValueThoughOthersArePublished) {
  deaths told;
  published<checked> live(checked(1, &told));
  {
    const auto before = live.read();
    live.publish(checked(2, &told));
    live.publish(checked(3, &told));
    EXPECT_EQ(before->number(), 1);
    EXPECT_EQ(before.version(), 1u);
    EXPECT_EQ(live.read()->number(), 3);
    EXPECT_EQ(told.count, 0) << "a value ended while a read that may reach it had not";
  }
  EXPECT_TRUE(becomes_true([&] { return told.count == 2; }));
}

TEST(Published, AScopeKeepsEveryValueReadInIt) {
  deaths told;
  published<checked> live(checked(1, &told));
  published<checked> other(checked(10, &told));
  {
    const reader_scope scope;
    const auto& first = live.read(scope);
    const auto& second = other.read(scope);
    {
      const reader_scope inner;
      live.publish(checked(2, &told));
      other.publish(checked(20, &told));
    }
    EXPECT_EQ(first.number(), 1);
    EXPECT_EQ(second.number(), 10);
    EXPECT_EQ(live.read(scope).number(), 2);
    EXPECT_EQ(told.count, 0) << "an inner scope let go of the outer one's values";
  }
  EXPECT_TRUE(becomes_true([&] { return told.count == 2; }));
}

TEST(Published, TheLastOldValueDiesThoughNobodyPublishesAnyMore) {
  auto shared = std::make_shared<int>(1);
  const std::weak_ptr<int> alive = shared;
  published<std::shared_ptr<int>> live(std::move(shared));
  std::latch inside(1), leave(1);
  std::jthread reader([&] {
    const auto held = live.read();
    inside.count_down();
    leave.wait();
  });
  inside.wait();
  live.publish(nullptr);
  EXPECT_FALSE(alive.expired());
  leave.count_down();
  EXPECT_TRUE(becomes_true([&] { return alive.expired(); }));
}

TEST(Published, AnOldValueThatNobodyReadsDiesBeforePublishReturns) {
  deaths told;
  published<checked> live(checked(1, &told));
  live.publish(checked(2, &told));
  EXPECT_EQ(told.count, 1);
  EXPECT_EQ(told.threads.count(std::this_thread::get_id()), 1u);
}

TEST(Published, DestroyingItDestroysTheCurrentValue) {
  deaths told;
  {
    published<checked> live(checked(1, &told));
  }
  EXPECT_EQ(told.count, 1);
}

TEST(Published, AnUpdateChangesACopyOfTheNewestValue) {
  published<std::vector<int>> live(std::vector{1});
  const auto before = live.read();
  EXPECT_EQ(live.update([](std::vector<int>& v) { v.push_back(2); }), 2u);
  EXPECT_EQ(*before, (std::vector{1}));
  EXPECT_EQ(live.copy(), (std::vector{1, 2}));
  live.update([](auto& v) { v.clear(); });
  EXPECT_TRUE(live.read()->empty());
}

TEST(Published, AnUpdateThatWasOvertakenIsMadeAgainOnTheNewerValue) {
  published<int> live(1);
  int calls = 0;
  live.update([&](int& n) {
    if (++calls == 1) std::jthread([&] { live.publish(100); }).join();
    n += 1;
  });
  EXPECT_EQ(calls, 2);
  EXPECT_EQ(*live.read(), 101);
  EXPECT_EQ(live.version(), 3u);
}

/// Throws when it is copied.
struct touchy {
  touchy() = default;
  touchy(touchy&&) = default;
  touchy(const touchy& other) : number(other.number) {
    if (number == 13) throw std::runtime_error("no copies of 13");
  }
  int number = 0;
};

TEST(Published, AnExceptionOfACopyOrOfTheFunctionChangesNothing) {
  published<touchy> live;
  EXPECT_THROW(live.update([](touchy&) { throw std::logic_error("no"); }), std::logic_error);
  EXPECT_EQ(live.version(), 1u);
  live.update([](touchy& t) { t.number = 13; });
  EXPECT_THROW(live.update([](touchy& t) { t.number = 14; }), std::runtime_error);
  EXPECT_THROW((void)live.copy(), std::runtime_error);
  EXPECT_EQ(live.read()->number, 13);
  EXPECT_EQ(live.version(), 2u);
  touchy next;
  next.number = 15;
  live.publish(std::move(next));
  EXPECT_EQ(live.copy().number, 15);
}

TEST(Published, ValuesNeedNotBeCopied) {
  published<std::unique_ptr<int>> live;
  EXPECT_EQ(*live.read(), nullptr);
  live.publish(std::make_unique<int>(7));
  EXPECT_EQ(**live.read(), 7);
}

TEST(Published, WaitingEndsWithAChangeAndNotBefore) {
  published<int> live(1);
  EXPECT_TRUE(live.wait_for_change(0, 0s)) << "the first value is news to who has seen none";
  EXPECT_FALSE(live.wait_for_change(1, 1ms));
  EXPECT_FALSE(live.wait_for_change(1, -1h));
  std::atomic<int> woken{0};
  std::atomic<int> about_to_wait{0};
  {
    std::vector<std::jthread> waiters;
    for (int i = 0; i < 3; ++i) {
      waiters.emplace_back([&] {
        ++about_to_wait;
        if (live.wait_for_change(1, std::chrono::hours::max())) ++woken;
      });
    }
    ASSERT_TRUE(becomes_true([&] { return about_to_wait == 3; }));
    // sleeps: so that they are asleep; if not, the test is an easier one
    std::this_thread::sleep_for(5ms);
    EXPECT_EQ(woken, 0);
    live.publish(2);
  }
  EXPECT_EQ(woken, 3);
}

TEST(Published, AWaitIsNotEndedByAnotherValue) {
  std::vector<published<int>> many(64);  // more than can have a list of sleepers each
  std::atomic<bool> done{false};
  std::jthread publisher([&] {
    while (!done) {
      for (std::size_t i = 1; i < many.size(); ++i) many[i].publish(1);
    }
  });
  EXPECT_FALSE(many[0].wait_for_change(1, 20ms));
  done = true;
}

TEST(Published, NoChangeIsMissedByAWaiter) {
  published<int> live(0);
  const int rounds = static_cast<int>(test::budgeted(20'000));
  std::atomic<std::uint64_t> seen{1};
  std::jthread waiter([&] {
    while (seen < static_cast<std::uint64_t>(rounds) + 1) {
      if (!live.wait_for_change(seen, patience)) return;
      seen = live.version();
    }
  });
  for (int i = 1; i <= rounds; ++i) {
    live.publish(i);
    if (i % 3 == 0) {
      while (seen != static_cast<std::uint64_t>(i) + 1) std::this_thread::yield();
    }
  }
  waiter.join();
  EXPECT_EQ(seen, static_cast<std::uint64_t>(rounds) + 1);
}

/// Readers, publishers and updaters, with the barriers that publishers make, or with the fences
/// that readers make where the kernel refuses barriers.
void stress() {
  deaths told;
  const int rounds = static_cast<int>(test::budgeted(20'000));
  constexpr int publishers = 2;
  std::set<std::thread::id> readers_seen;
  {
    published<checked> live(checked(0, &told));
    std::atomic<bool> stop{false};
    std::atomic<int> reads{0};
    std::vector<std::jthread> readers;
    for (int r = 0; r < 3; ++r) {
      readers.emplace_back([&, r] {
        std::uint64_t newest = 0;
        while (!stop || reads < 100) {
          if (r == 0) {
            const reader_scope scope;
            const auto& first = live.read(scope);
            const auto& second = live.read(scope);
            ASSERT_TRUE(first.is_whole() && second.is_whole());
            ASSERT_LE(first.number(), second.number());
          } else {
            const auto c = live.read();
            ASSERT_GE(c.version(), newest);
            newest = c.version();
            ASSERT_TRUE(c->is_whole());
          }
          ++reads;
        }
      });
      readers_seen.insert(readers.back().get_id());
    }
    {
      std::vector<std::jthread> writers;
      for (int w = 0; w < publishers; ++w) {
        writers.emplace_back([&] {
          for (int i = 0; i < rounds; ++i) live.update([](checked& c) { c.add(1); });
        });
      }
    }
    stop = true;
    readers.clear();
    EXPECT_EQ(live.read()->number(), publishers * rounds) << "an update was lost";
    EXPECT_EQ(live.version(), 1u + publishers * static_cast<unsigned>(rounds));
    // A value of a failed attempt ends on its updater, so there may be more.
    EXPECT_TRUE(becomes_true([&] { return told.count >= publishers * rounds; }));
  }
  // All of them, so that those are judged that were left to the housekeeper, too.
  EXPECT_TRUE(becomes_true([&] { return told.alive == 0; }));
  const std::scoped_lock lock(told.mutex);
  for (const auto id : readers_seen) EXPECT_EQ(told.threads.count(id), 0u) << "a reader destroyed";
}

TEST(Published, PublishersMakeBarriersUnlessTheKernelOrTheThreadSanitizerForbidsIt) {
  const published<int> first(1);  // so that it is decided
  EXPECT_EQ(detail::publishers_make_barriers,
            !detail::without_fences && file::register_thread_barrier());
}
TEST(Published, ReadersNeverSeeATornOrDestroyedValueInTheWayOfThisSystem) { stress(); }
TEST(Published, ReadersNeverSeeATornOrDestroyedValueWhereTheyMakeFences) {
  const bool had = detail::publishers_make_barriers.exchange(false);
  stress();
  detail::publishers_make_barriers = had;
}

TEST(Published, TheRegistryHasOneObjectPerTypeAndName) {
  auto& limits = published_at<int>("limits");
  limits.publish(5);
  EXPECT_EQ(&published_at<int>("limits"), &limits);
  EXPECT_EQ(*published_at<int>("limits").read(), 5);
  EXPECT_NE(&published_at<int>("other"), &limits);
  EXPECT_EQ(*published_at<int>("other").read(), 0);
  EXPECT_EQ(*published_at<std::string>("limits").read(), "");
}

TEST(Published, ThreadsThatRegisterTheSameNameGetTheSameObject) {
  for (int round = 0; round < 50; ++round) {
    const std::string name = "raced " + std::to_string(round);
    std::latch start(4);
    std::array<published<int>*, 4> found{};
    std::vector<std::jthread> threads;
    for (auto& f : found) {
      threads.emplace_back([&] {
        start.arrive_and_wait();
        f = &published_at<int>(name);
        f->update([](int& n) { ++n; });
      });
    }
    threads.clear();
    for (const auto* f : found) ASSERT_EQ(f, found[0]);
    ASSERT_EQ(*found[0]->read(), 4);
  }
}

template <class T>
concept reads_of_a_temporary_scope = requires(const published<T>& p) { p.read(reader_scope{}); };
static_assert(!reads_of_a_temporary_scope<int>);
static_assert(sizeof(published<std::string>) == sizeof(void*));
static_assert(!std::is_copy_constructible_v<published<int>>);

}  // namespace
}  // namespace shelf
