// TEST  file room
// A mutex is handed on in the order in which threads came.
#include "file/fair_mutex.hpp"

#include <gtest/gtest.h>

#include <thread>
#include <vector>

namespace shelf::file {
namespace {

void wait_for_queue(const fair_mutex& of, std::uint64_t length) {
  while (of.queue_length() < length) std::this_thread::yield();
}

TEST(FairMutex, ThreadsGetItInTheOrderInWhichTheyCame) {
  for (int round = 0; round < 100; ++round) {
    fair_mutex m;
    std::vector<int> order;
    {
      std::vector<std::jthread> threads;
      m.lock();
      for (int i = 0; i < 4; ++i) {
        threads.emplace_back([&, i] {
          const std::scoped_lock lock(m);
          order.push_back(i);
        });
        wait_for_queue(m, static_cast<std::uint64_t>(i) + 2);
      }
      m.unlock();
    }
    EXPECT_EQ(order, (std::vector{0, 1, 2, 3}));
  }
}

TEST(FairMutex, WhoUnlocksItAndTakesItAgainAtOnceComesBehindThoseWhoWait) {
  for (int round = 0; round < 100; ++round) {
    fair_mutex m;
    bool served = false;
    m.lock();
    std::jthread other([&] {
      const std::scoped_lock lock(m);
      served = true;
    });
    wait_for_queue(m, 2);
    m.unlock();
    m.lock();
    EXPECT_TRUE(served);
    m.unlock();
  }
}

TEST(FairMutex, OneThreadAtATimeHasIt) {
  fair_mutex m;
  int count = 0;
  {
    std::vector<std::jthread> threads;
    for (int i = 0; i < 4; ++i) {
      threads.emplace_back([&] {
        for (int n = 0; n < 5000; ++n) {
          const std::scoped_lock lock(m);
          ++count;
        }
      });
    }
  }
  EXPECT_EQ(count, 20'000);
  EXPECT_EQ(m.queue_length(), 0u);
}

}  // namespace
}  // namespace shelf::file
