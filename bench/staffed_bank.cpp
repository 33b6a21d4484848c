// BENCH  how it is measured: banks at work
// Threads that start together, each with a teller of its own.
#include "staffed_bank.hpp"

#include "threads.hpp"

#include <algorithm>
#include <atomic>
#include <barrier>
#include <random>
#include <thread>

namespace bench {

std::string name_of(verb v) {
  return v == verb::read ? "read" : v == verb::write ? "write" : "transfer";
}

std::int64_t accounts_of(const bench_run& b) {
  return static_cast<std::int64_t>(std::min<std::size_t>(b.options().entries, 100'000));
}

picked_accounts pick(std::int64_t accounts, std::size_t transactions, bool hot) {
  std::mt19937_64 random(20260101);
  std::uniform_int_distribution<std::int64_t> any(0, accounts - 1);
  picked_accounts picks;
  while (picks.size() < transactions) {
    const bool is_hot = hot && random() % 10 != 0;
    const auto from = is_hot ? static_cast<std::int64_t>(random() % 2) : any(random);
    const auto to = is_hot ? 1 - from : any(random);
    if (from != to) picks.emplace_back(from, to);
  }
  return picks;
}

staffed_bank::staffed_bank(std::unique_ptr<bank> b, std::size_t tellers) : bank_(std::move(b)) {
  for (std::size_t i = 0; i < tellers; ++i) tellers_.push_back(bank_->hire());
}

double staffed_bank::play(verb what, std::size_t threads, std::size_t transactions,
                          const picked_accounts& picks) {
  ++round_;
  const auto apart = picks.size() / threads;
  return in_threads(threads, std::max<std::size_t>(1, transactions / threads),
                    [&](std::size_t t, std::size_t i) {
                      perform(what, t, picks[(t * apart + i) % picks.size()], i);
                    });
}

std::vector<std::size_t> staffed_bank::race(std::chrono::milliseconds time,
                                            const picked_accounts& picks) {
  const auto threads = tellers_.size();
  std::vector<std::size_t> committed(threads);
  std::barrier start(static_cast<std::ptrdiff_t>(threads) + 1);
  std::atomic<bool> stop{false};
  std::vector<std::jthread> running;
  for (std::size_t t = 0; t < threads; ++t) {
    running.emplace_back([&, t] {
      const auto first = t * (picks.size() / threads);
      start.arrive_and_wait();
      std::size_t i = 0;
      for (; !stop.load(std::memory_order_relaxed); ++i) {
        perform(verb::transfer, t, picks[(first + i) % picks.size()], i);
      }
      committed[t] = i;
    });
  }
  start.arrive_and_wait();
  std::this_thread::sleep_for(time);  // sleeps: the time that is measured
  stop = true;
  running.clear();
  return committed;
}

void staffed_bank::perform(verb what, std::size_t teller,
                           const picked_accounts::value_type& accounts, std::size_t number) {
  const auto& [from, to] = accounts;
  switch (what) {
    case verb::read: return keep(tellers_[teller]->balance(from));
    case verb::write:
      // Never what is there: shelf would have nothing to write.
      return tellers_[teller]->set_balance(from, static_cast<std::int64_t>(round_ << 32 | number));
    case verb::transfer: return tellers_[teller]->transfer(from, to, 1);
  }
}

}  // namespace bench
