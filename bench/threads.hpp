// BENCH  how it is measured: several threads
// Work by threads that start together, and work alongside a thread that disturbs it.
#pragma once

#include "measure.hpp"

#include <atomic>
#include <thread>
#include <vector>

namespace bench {

/// Nanoseconds per operation of all threads together, each doing `each` calls of f(thread, i).
template <class F>
[[nodiscard]] double in_threads(std::size_t threads, std::size_t each, F f) {
  std::vector<std::jthread> running;
  std::atomic<std::size_t> ready{0};
  std::atomic<bool> go{false};
  for (std::size_t t = 0; t < threads; ++t) {
    running.emplace_back([&, t] {
      ++ready;
      while (!go.load()) std::this_thread::yield();
      for (std::size_t i = 0; i < each; ++i) f(t, i);
    });
  }
  while (ready.load() < threads) std::this_thread::yield();
  return timed(threads * each, [&] {
    go = true;
    running.clear();
  });
}

/// Runs `work` while another thread calls `disturb` without pause.
template <class F, class G>
[[nodiscard]] double alongside(F work, G disturb) {
  std::atomic<bool> stop{false};
  std::jthread other([&] {
    for (std::size_t i = 0; !stop.load(std::memory_order_relaxed); ++i) disturb(i);
  });
  const auto took = work();
  stop = true;
  return took;
}

}  // namespace bench
