// BENCH  rivals
// SQLite with a write-ahead log and statements prepared once, as its manual recommends for speed.
#include "rivals/disk_store.hpp"

#include <sqlite3.h>
#include <stdexcept>

namespace bench {
namespace {

class sqlite_store : public disk_store {
 public:
  sqlite_store(const std::string& directory, sync mode) {
    must(sqlite3_open((directory + "/sqlite.db").c_str(), &db_));
    run("PRAGMA journal_mode=WAL");
    run(mode == sync::every_write ? "PRAGMA synchronous=FULL" : "PRAGMA synchronous=OFF");
    run("CREATE TABLE entries (key BLOB PRIMARY KEY, value BLOB) WITHOUT ROWID");
    prepare("INSERT OR REPLACE INTO entries VALUES (?, ?)", put_);
    prepare("SELECT value FROM entries WHERE key = ?", get_);
  }
  ~sqlite_store() override {
    sqlite3_finalize(put_);
    sqlite3_finalize(get_);
    sqlite3_close(db_);
  }
  void put(std::string_view key, std::string_view value) override {
    bind(put_, 1, key);
    bind(put_, 2, value);
    must(sqlite3_step(put_), SQLITE_DONE);
    must(sqlite3_reset(put_));
  }
  std::string get(std::string_view key) override {
    bind(get_, 1, key);
    must(sqlite3_step(get_), SQLITE_ROW);
    std::string found(static_cast<const char*>(sqlite3_column_blob(get_, 0)),
                      static_cast<std::size_t>(sqlite3_column_bytes(get_, 0)));
    must(sqlite3_reset(get_));
    return found;
  }

 private:
  void must(int code, int expected = SQLITE_OK) const {
    if (code != expected) throw std::runtime_error(std::string("sqlite: ") + sqlite3_errmsg(db_));
  }
  void run(const char* sql) const { must(sqlite3_exec(db_, sql, nullptr, nullptr, nullptr)); }
  void prepare(const char* sql, sqlite3_stmt*& into) const {
    must(sqlite3_prepare_v2(db_, sql, -1, &into, nullptr));
  }
  void bind(sqlite3_stmt* to, int which, std::string_view text) const {
    must(sqlite3_bind_blob(to, which, text.data(), static_cast<int>(text.size()), SQLITE_STATIC));
  }

  sqlite3* db_ = nullptr;
  sqlite3_stmt* put_ = nullptr;
  sqlite3_stmt* get_ = nullptr;
};

}  // namespace

std::unique_ptr<disk_store> open_sqlite(const std::string& directory, disk_store::sync mode) {
  return std::make_unique<sqlite_store>(directory, mode);
}

}  // namespace bench
