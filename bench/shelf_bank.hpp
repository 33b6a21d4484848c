// BENCH  shelf's side
// Accounts in a table of a database.
#pragma once

#include "rivals/bank.hpp"

#include <shelf/database.hpp>

#include <chrono>

namespace bench {

using accounts_table = shelf::map<std::int64_t, std::int64_t>;

/// In the file as the mode says, or in memory alone.
struct bank_options {
  shelf::storage storage = shelf::storage::disk;
  shelf::write_mode mode = shelf::write_mode::through;
  shelf::file_io io = shelf::file_io::calls;
};

class shelf_bank : public bank {
 public:
  shelf_bank(const std::string& directory, std::int64_t accounts, const bank_options& o);
  /// In a database that is open and has no accounts yet.
  shelf_bank(shelf::database db, std::int64_t accounts,
             shelf::storage storage = shelf::storage::disk);
  /// Closes without a last sync.
  ~shelf_bank() override { db_.abandon(); }
  std::unique_ptr<teller> hire() override;

  [[nodiscard]] shelf::database& db() noexcept { return db_; }
  [[nodiscard]] accounts_table& accounts() noexcept { return accounts_; }

 private:
  shelf::database db_;
  accounts_table accounts_;
};

}  // namespace bench
