// BENCH  rivals
// Accounts in a store with transactions, behind the three transactions that the rows need.
#pragma once

#include <cstdint>
#include <memory>
#include <string>

namespace bench {

/// What one thread does with the accounts. Each call is a transaction of its own, repeated until it
/// commits.
/// Thread safety: one thread at a time.
class teller {
 public:
  teller() = default;
  virtual ~teller() = default;
  teller(const teller&) = delete;
  teller& operator=(const teller&) = delete;

  /// Reads one account.
  [[nodiscard]] virtual std::int64_t balance(std::int64_t account) = 0;
  /// Writes one account, without reading it.
  virtual void set_balance(std::int64_t account, std::int64_t balance) = 0;
  /// Reads two accounts and writes both.
  virtual void transfer(std::int64_t from, std::int64_t to, std::int64_t amount) = 0;
};

/// Thread safety: all calls from any thread.
class bank {
 public:
  enum class sync { none, every_commit };
  bank() = default;
  virtual ~bank() = default;
  bank(const bank&) = delete;
  bank& operator=(const bank&) = delete;

  /// A teller for one thread; the bank outlives it.
  [[nodiscard]] virtual std::unique_ptr<teller> hire() = 0;
};

inline constexpr std::int64_t opening_balance = 1000;

/// Makes a bank in an empty directory: accounts 0 to `accounts` - 1, each with the opening balance.
using open_bank = std::unique_ptr<bank>(const std::string& directory, std::int64_t accounts,
                                        bank::sync mode);
open_bank open_lmdb_bank;
open_bank open_rocksdb_bank;
open_bank open_sqlite_bank;

}  // namespace bench
