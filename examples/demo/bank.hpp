// DEMO  the bank
// Accounts and a ledger: two tables of one database. A transfer is one transaction over both.
#pragma once

#include <shelf/database.hpp>

#include <cstddef>
#include <cstdint>
#include <vector>

namespace demo {

/// An entry of the ledger.
struct transfer {
  int from = 0;
  int to = 0;
  std::int64_t amount = 0;
};

using account_map = shelf::map<int, std::int64_t>;
using ledger_map = shelf::ordered_map<std::uint64_t, transfer>;  // numbered from 1

/// Thread safety: all calls from any thread.
class bank {
 public:
  static constexpr int accounts = 20;
  static constexpr std::int64_t opening_balance = 1000;
  static constexpr std::int64_t all_money = accounts * opening_balance;

  /// Opens the bank; a new one gets its accounts, and is synced. Throws shelf::exception.
  explicit bank(shelf::database_config c);

  /// Moves money, or nothing if the account has too little, and enters the transfer in the ledger.
  void move(const transfer& wanted);
  /// What all accounts hold at one moment.
  [[nodiscard]] std::int64_t total() const;
  /// How many transfers the ledger has. Throws broken_promise if they are fewer than those
  /// acknowledged, or if the accounts are not exactly what these transfers make of them.
  [[nodiscard]] std::size_t prove(std::size_t acknowledged) const;

  void sync() { shelf::or_throw(db_.sync()); }
  /// Whether a torn write was cut off when the file was opened; how many bytes.
  [[nodiscard]] std::uint64_t cut_bytes() const;
  void close() { shelf::or_throw(db_.close()); }
  void abandon() { db_.abandon(); }

 private:
  shelf::database db_;
  account_map accounts_;
  ledger_map ledger_;
};

}  // namespace demo
