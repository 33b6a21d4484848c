// TEST  engine
// The writers' turn: who waits for it is served, whatever others do meanwhile.
#include "engine/turn.hpp"

#include <gtest/gtest.h>

#include <atomic>
#include <cstddef>
#include <mutex>
#include <thread>
#include <vector>

namespace shelf::engine {
namespace {

class nothing final : public queued {};

void wait_for_lockers(const turn& of, int count) {
  while (of.lockers() < count) std::this_thread::yield();
}

TEST(Turn, WhoUnlocksItAndTakesItAgainAtOnceComesBehindThoseWhoWait) {
  for (int round = 0; round < 100; ++round) {
    turn t([](queued*) {});
    std::vector<int> order;
    {
      std::vector<std::jthread> threads;
      t.lock();
      for (int i = 0; i < 3; ++i) {
        threads.emplace_back([&, i] {
          const std::scoped_lock lock(t);
          order.push_back(i);
        });
        wait_for_lockers(t, i + 1);
      }
      t.unlock();
      t.lock();
      order.push_back(3);
      t.unlock();
    }
    EXPECT_EQ(order, (std::vector{0, 1, 2, 3}));
  }
}

TEST(Turn, AWriterDoesNotOvertakeAThreadThatWaitsForTheTurn) {
  for (int round = 0; round < 100; ++round) {
    bool served = false;
    bool overtaken = false;
    turn t([&](queued*) { overtaken = overtaken || !served; });
    t.lock();
    std::jthread waits([&] {
      const std::scoped_lock lock(t);
      served = true;
    });
    wait_for_lockers(t, 1);
    t.unlock();
    nothing op;
    t.submit(op);
    EXPECT_FALSE(overtaken);
  }
}

TEST(Turn, AnOperationQueuedWhileThreadsWaitForTheTurnIsExecuted) {
  std::atomic<std::size_t> executed{0};
  turn t([&](queued* first) {
    for (; first != nullptr; first = first->next()) ++executed;
  });
  constexpr std::size_t each = 5000;
  {
    std::vector<std::jthread> threads;
    for (int i = 0; i < 3; ++i) {
      threads.emplace_back([&] {
        for (std::size_t n = 0; n < each; ++n) {
          nothing op;
          t.submit(op);
        }
      });
      threads.emplace_back([&] {
        for (std::size_t n = 0; n < each; ++n) const std::scoped_lock lock(t);
      });
    }
  }
  EXPECT_EQ(executed, 3 * each);
}

}  // namespace
}  // namespace shelf::engine
