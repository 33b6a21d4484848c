// TEST  crash
// Random transactions of several threads, replayed one after the other in the order of their
// commits over the containers of the standard library: every read must have seen what the replay
// sees.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace shelf::crash {

struct isolation_plan {
  int threads = 4;
  std::uint64_t transactions = 10'000;  ///< of each thread
  std::uint64_t seed = 1;
  int keys = 8;           ///< few, so that they meet
  bool in_memory = true;  ///< else on a simulated disk
  bool durable = false;   ///< then synced, for which writers gather; else written through
};

struct isolation_report {
  std::uint64_t committed = 0;
  std::uint64_t conflicts = 0;  ///< runs that met others
  std::vector<std::string> violations;
};

[[nodiscard]] isolation_report check_isolation(const isolation_plan& plan);

/// How many runs a long transaction takes at most that always meets short ones; at the best of a
/// few rounds.
[[nodiscard]] int attempts_of_a_long_one(int rivals, int transactions);

/// What becomes of a transaction that another thread writes into in each of its runs, if it can.
struct interruptions {
  int attempts = 0;               ///< runs it took; 20 if it did not get through
  int writes_while_reserved = 0;  ///< that should have waited
};
[[nodiscard]] interruptions interrupt_a_transaction();

}  // namespace shelf::crash
