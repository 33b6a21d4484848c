// BENCH  rivals
// RocksDB's OptimisticTransactionDB with its defaults: what a transaction writes after reading is
// read with GetForUpdate, and a transaction that met a conflict is repeated.
#include "rivals/bank.hpp"

#include <rocksdb/utilities/optimistic_transaction_db.h>
#include <rocksdb/utilities/transaction.h>
#include <cstring>
#include <stdexcept>

namespace bench {
namespace {

void must(const rocksdb::Status& s) {
  if (!s.ok()) throw std::runtime_error("rocksdb: " + s.ToString());
}

[[nodiscard]] rocksdb::Slice bytes_of(const std::int64_t& number) {
  return {reinterpret_cast<const char*>(&number), sizeof number};
}

[[nodiscard]] std::int64_t number_of(const rocksdb::Slice& found) {
  std::int64_t number = 0;
  if (found.size() != sizeof number) throw std::runtime_error("rocksdb: not a balance");
  std::memcpy(&number, found.data(), sizeof number);
  return number;
}

class rocksdb_teller : public teller {
 public:
  rocksdb_teller(rocksdb::OptimisticTransactionDB& db, rocksdb::WriteOptions write)
      : db_(db), write_(write) {}

  std::int64_t balance(std::int64_t account) override {
    must(db_.Get({}, db_.DefaultColumnFamily(), bytes_of(account), &found_));
    const auto balance = number_of(found_);
    found_.Reset();
    return balance;
  }
  void set_balance(std::int64_t account, std::int64_t balance) override {
    repeat([&] { must(transaction_->Put(bytes_of(account), bytes_of(balance))); });
  }
  void transfer(std::int64_t from, std::int64_t to, std::int64_t amount) override {
    repeat([&] {
      const auto left = read(from) - amount;
      const auto there = read(to) + amount;
      must(transaction_->Put(bytes_of(from), bytes_of(left)));
      must(transaction_->Put(bytes_of(to), bytes_of(there)));
    });
  }

 private:
  /// Runs `work` in a transaction, until it commits.
  template <class F>
  void repeat(F work) {
    for (;;) {
      // As its manual recommends, the transaction's memory is used again.
      transaction_.reset(db_.BeginTransaction(write_, {}, transaction_.release()));
      work();
      const auto committed = transaction_->Commit();
      if (committed.ok()) return;
      if (!committed.IsBusy() && !committed.IsTryAgain()) must(committed);
    }
  }
  [[nodiscard]] std::int64_t read(std::int64_t account) {
    must(transaction_->GetForUpdate({}, db_.DefaultColumnFamily(), bytes_of(account), &found_));
    const auto balance = number_of(found_);
    found_.Reset();
    return balance;
  }

  rocksdb::OptimisticTransactionDB& db_;
  rocksdb::WriteOptions write_;
  rocksdb::PinnableSlice found_;
  std::unique_ptr<rocksdb::Transaction> transaction_;
};

class rocksdb_bank : public bank {
 public:
  rocksdb_bank(const std::string& directory, std::int64_t accounts, sync mode) {
    rocksdb::Options options;
    options.create_if_missing = true;
    rocksdb::OptimisticTransactionDB* db = nullptr;
    must(rocksdb::OptimisticTransactionDB::Open(options, directory, &db));
    db_.reset(db);
    for (std::int64_t i = 0; i < accounts; ++i) {
      must(db_->Put({}, bytes_of(i), bytes_of(opening_balance)));
    }
    write_.sync = mode == sync::every_commit;
  }
  std::unique_ptr<teller> hire() override { return std::make_unique<rocksdb_teller>(*db_, write_); }

 private:
  std::unique_ptr<rocksdb::OptimisticTransactionDB> db_;
  rocksdb::WriteOptions write_;
};

}  // namespace

std::unique_ptr<bank> open_rocksdb_bank(const std::string& directory, std::int64_t accounts,
                                        bank::sync mode) {
  return std::make_unique<rocksdb_bank>(directory, accounts, mode);
}

}  // namespace bench
