// BENCH  rivals
// SQLite with a write-ahead log, prepared statements and a connection per thread. It has one writer
// at a time and lets the others sleep and try again, so they wait for a mutex here instead.
#include "rivals/bank.hpp"

#include <sqlite3.h>
#include <mutex>
#include <stdexcept>

namespace bench {
namespace {

class connection {
 public:
  connection(const std::string& directory, bank::sync mode) {
    must(sqlite3_open_v2((directory + "/bank.db").c_str(), &db_,
                         SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE | SQLITE_OPEN_NOMUTEX,
                         nullptr));
    run("PRAGMA journal_mode=WAL");
    run(mode == bank::sync::every_commit ? "PRAGMA synchronous=FULL" : "PRAGMA synchronous=NORMAL");
    run("CREATE TABLE IF NOT EXISTS accounts (number INTEGER PRIMARY KEY, balance INTEGER)");
    begin_ = prepare("BEGIN IMMEDIATE");
    commit_ = prepare("COMMIT");
    read_ = prepare("SELECT balance FROM accounts WHERE number = ?");
    write_ = prepare("INSERT OR REPLACE INTO accounts VALUES (?, ?)");
  }
  ~connection() {
    for (auto* s : {begin_, commit_, read_, write_}) sqlite3_finalize(s);
    sqlite3_close(db_);
  }
  connection(const connection&) = delete;
  connection& operator=(const connection&) = delete;

  void begin() { step(begin_, SQLITE_DONE); }
  void commit() { step(commit_, SQLITE_DONE); }
  [[nodiscard]] std::int64_t read(std::int64_t account) {
    must(sqlite3_bind_int64(read_, 1, account));
    must(sqlite3_step(read_), SQLITE_ROW);
    const auto balance = sqlite3_column_int64(read_, 0);
    must(sqlite3_reset(read_));
    return balance;
  }
  void write(std::int64_t account, std::int64_t balance) {
    must(sqlite3_bind_int64(write_, 1, account));
    must(sqlite3_bind_int64(write_, 2, balance));
    step(write_, SQLITE_DONE);
  }

 private:
  void must(int code, int expected = SQLITE_OK) const {
    if (code != expected) throw std::runtime_error(std::string("sqlite: ") + sqlite3_errmsg(db_));
  }
  void run(const char* sql) const { must(sqlite3_exec(db_, sql, nullptr, nullptr, nullptr)); }
  [[nodiscard]] sqlite3_stmt* prepare(const char* sql) const {
    sqlite3_stmt* prepared = nullptr;
    must(sqlite3_prepare_v2(db_, sql, -1, &prepared, nullptr));
    return prepared;
  }
  void step(sqlite3_stmt* statement, int expected) const {
    must(sqlite3_step(statement), expected);
    must(sqlite3_reset(statement));
  }

  sqlite3* db_ = nullptr;
  sqlite3_stmt* begin_ = nullptr;
  sqlite3_stmt* commit_ = nullptr;
  sqlite3_stmt* read_ = nullptr;
  sqlite3_stmt* write_ = nullptr;
};

class sqlite_teller : public teller {
 public:
  sqlite_teller(const std::string& directory, bank::sync mode, std::mutex& writers)
      : connection_(directory, mode), writers_(writers) {}

  std::int64_t balance(std::int64_t account) override { return connection_.read(account); }
  void set_balance(std::int64_t account, std::int64_t balance) override {
    const std::scoped_lock lock(writers_);
    connection_.write(account, balance);
  }
  void transfer(std::int64_t from, std::int64_t to, std::int64_t amount) override {
    const std::scoped_lock lock(writers_);
    connection_.begin();
    const auto left = connection_.read(from);
    const auto there = connection_.read(to);
    connection_.write(from, left - amount);
    connection_.write(to, there + amount);
    connection_.commit();
  }

 private:
  connection connection_;
  std::mutex& writers_;
};

class sqlite_bank : public bank {
 public:
  sqlite_bank(const std::string& directory, std::int64_t accounts, sync mode)
      : directory_(directory), mode_(mode) {
    connection filling(directory, mode);
    filling.begin();
    for (std::int64_t i = 0; i < accounts; ++i) filling.write(i, opening_balance);
    filling.commit();
  }
  std::unique_ptr<teller> hire() override {
    return std::make_unique<sqlite_teller>(directory_, mode_, writers_);
  }

 private:
  std::string directory_;
  sync mode_;
  std::mutex writers_;
};

}  // namespace

std::unique_ptr<bank> open_sqlite_bank(const std::string& directory, std::int64_t accounts,
                                       bank::sync mode) {
  return std::make_unique<sqlite_bank>(directory, accounts, mode);
}

}  // namespace bench
