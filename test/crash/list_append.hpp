// TEST  crash
// Isolation judged from outside: transactions append to lists and read them, and whatever was read
// must fit some serial order that agrees with real time. Nothing is known of the library's own
// order. After Elle (Kingsbury and Alvaro, 2020).
#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace shelf::crash {

/// An append of a value, unique within its list, or a read of the whole list.
struct list_step {
  std::int64_t list = 0;
  bool is_read = false;
  std::int64_t value = 0;               ///< appended
  std::vector<std::int64_t> seen = {};  ///< read
};

/// A committed transaction. Times are those of one clock, and all differ.
struct list_transaction {
  std::vector<list_step> steps;
  std::uint64_t began = 0;  ///< before it was called
  std::uint64_t ended = 0;  ///< after it had returned
};

/// What is wrong with a history, in words; empty if it is strictly serializable. Every list must be
/// read by some transaction after the last append. Finds reads that are no prefix of each other,
/// reads of what nobody committed, of half a transaction, of less than the transaction itself has
/// appended; and cycles of transactions of which each comes before the next: by the order of
/// appends (ww), by a read of an append (wr), by a read that lacks an append (rw), or because it
/// had returned before the next one was called (real time).
[[nodiscard]] std::vector<std::string> find_anomalies(const std::vector<list_transaction>& all);

struct list_plan {
  int threads = 4;
  std::uint64_t transactions = 5'000;  ///< of each thread
  std::uint64_t seed = 1;
  int lists = 6;            ///< at a time; each is given up for a new one after a while
  bool in_memory = true;    ///< else on a simulated disk
  bool is_durable = false;  ///< then synced; else written through
};

struct list_report {
  std::uint64_t committed = 0;
  std::uint64_t again = 0;  ///< runs that met others
  std::vector<std::string> anomalies;
};

/// Runs transactions over the keys of a bag and of a duplicate bag, each key a list, and judges
/// their history.
[[nodiscard]] list_report check_lists(const list_plan& plan);

}  // namespace shelf::crash
