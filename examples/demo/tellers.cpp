// DEMO  the child process of the bank
// Two threads make transfers; a third one adds up the accounts, which must hold the same total at
// every moment.
#include "tellers.hpp"

#include "bank.hpp"
#include "child.hpp"

#include <sys/resource.h>

#include <atomic>
#include <chrono>
#include <mutex>
#include <random>
#include <thread>

namespace demo {
namespace {

/// What is reported. Whoever has made a transfer counts it and reports under one lock, so that the
/// numbers in the pipe only grow.
struct report {
  std::mutex mutex;
  std::uint32_t transfers = 0;  // guarded by mutex
  std::atomic<std::uint32_t> wrong_totals{0};
  std::atomic<std::uint64_t> totals{0};
};

[[noreturn]] void transfer_for_ever(bank& b, report& r, int pipe, unsigned seed) {
  std::uniform_int_distribution any(0, bank::accounts - 1);
  std::uniform_int_distribution other(1, bank::accounts - 1);
  std::uniform_int_distribution<std::int64_t> money(0, 99);
  for (std::mt19937 random(seed);;) {
    const int from = any(random);
    b.move({.from = from, .to = (from + other(random)) % bank::accounts, .amount = money(random)});
    const std::scoped_lock lock(r.mutex);
    acknowledge(
        pipe,
        {.written = ++r.transfers, .mistakes = r.wrong_totals.load(), .reads = r.totals.load()});
  }
}

[[noreturn]] void add_up_for_ever(const bank& b, report& r) {
  for (std::uint64_t i = 0;; ++i) {
    // sleeps: leaves the tellers a processor on small machines
    if (i % 50 == 0) std::this_thread::sleep_for(std::chrono::microseconds(500));
    if (b.total() != bank::all_money) ++r.wrong_totals;
    ++r.totals;
  }
}

}  // namespace

std::filesystem::path bank_file(const std::filesystem::path& directory) {
  return directory / "bank.shelf";
}

void run_tellers(const std::filesystem::path& directory, int pipe) {
  // The parent's kill must come in time even on a busy machine.
  ::setpriority(PRIO_PROCESS, 0, 19);
  bank b({.path = bank_file(directory).string()});
  report r;
  const std::jthread reader([&] { add_up_for_ever(b, r); });
  const std::jthread second([&] { transfer_for_ever(b, r, pipe, std::random_device{}()); });
  transfer_for_ever(b, r, pipe, std::random_device{}());
}

}  // namespace demo
