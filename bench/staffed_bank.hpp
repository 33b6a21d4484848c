// BENCH  how it is measured: banks at work
// Which accounts are picked, and what so many tellers do with them.
#pragma once

#include "measure.hpp"
#include "rivals/bank.hpp"

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <utility>
#include <vector>

namespace bench {

enum class verb { read, write, transfer };
[[nodiscard]] std::string name_of(verb v);

using picked_accounts = std::vector<std::pair<std::int64_t, std::int64_t>>;

/// 100,000, or fewer in a toy run.
[[nodiscard]] std::int64_t accounts_of(const bench_run& b);
/// Two different accounts for each transaction: random ones, or in nine of ten transactions the
/// accounts 0 and 1.
[[nodiscard]] picked_accounts pick(std::int64_t accounts, std::size_t transactions, bool hot);

/// A bank with a teller for each thread.
class staffed_bank {
 public:
  staffed_bank(std::unique_ptr<bank> b, std::size_t tellers);
  /// Nanoseconds per transaction of all threads together. At most as many as there are tellers.
  [[nodiscard]] double play(verb what, std::size_t threads, std::size_t transactions,
                            const picked_accounts& picks);
  /// How many transfers each of the tellers commits in this time.
  [[nodiscard]] std::vector<std::size_t> race(std::chrono::milliseconds time,
                                              const picked_accounts& picks);

 private:
  void perform(verb what, std::size_t teller, const picked_accounts::value_type& accounts,
               std::size_t number);

  std::uint64_t round_ = 0;
  std::unique_ptr<bank> bank_;
  std::vector<std::unique_ptr<teller>> tellers_;  // gone before their bank
};

}  // namespace bench
