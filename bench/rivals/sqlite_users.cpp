// BENCH  rivals
// SQLite in memory, with prepared statements.
#include "rivals/user_store.hpp"

#include <sqlite3.h>
#include <stdexcept>

namespace bench {
namespace {

class sqlite_users final : public user_store {
 public:
  explicit sqlite_users(bool indexed) {
    must(sqlite3_open_v2(":memory:", &db_, SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX, nullptr));
    run("CREATE TABLE users (key TEXT PRIMARY KEY, email TEXT, city TEXT, age INTEGER) "
        "WITHOUT ROWID");
    if (indexed) {
      run("CREATE UNIQUE INDEX by_email ON users (email)");
      run("CREATE INDEX by_city ON users (city)");
      run("CREATE INDEX by_age ON users (age)");
    }
    put_ = prepare("INSERT OR REPLACE INTO users VALUES (?, ?, ?, ?)");
    find_ = prepare("SELECT key FROM users WHERE email = ?");
  }
  ~sqlite_users() override {
    sqlite3_finalize(put_);
    sqlite3_finalize(find_);
    sqlite3_close(db_);
  }
  sqlite_users(const sqlite_users&) = delete;
  sqlite_users& operator=(const sqlite_users&) = delete;

  void put(const std::string& key, const user& u) override {
    bind(put_, 1, key);
    bind(put_, 2, u.email);
    bind(put_, 3, u.city);
    must(sqlite3_bind_int64(put_, 4, u.age));
    must(sqlite3_step(put_), SQLITE_DONE);
    must(sqlite3_reset(put_));
  }
  std::size_t find_by_email(const std::string& email) override {
    bind(find_, 1, email);
    must(sqlite3_step(find_), SQLITE_ROW);
    const auto size = static_cast<std::size_t>(sqlite3_column_bytes(find_, 0));
    must(sqlite3_reset(find_));
    return size;
  }

 private:
  void must(int code, int expected = SQLITE_OK) const {
    if (code != expected) throw std::runtime_error(std::string("sqlite: ") + sqlite3_errmsg(db_));
  }
  void run(const char* sql) const { must(sqlite3_exec(db_, sql, nullptr, nullptr, nullptr)); }
  void bind(sqlite3_stmt* to, int at, const std::string& text) const {
    must(sqlite3_bind_text(to, at, text.data(), static_cast<int>(text.size()), SQLITE_STATIC));
  }
  [[nodiscard]] sqlite3_stmt* prepare(const char* sql) const {
    sqlite3_stmt* prepared = nullptr;
    must(sqlite3_prepare_v2(db_, sql, -1, &prepared, nullptr));
    return prepared;
  }

  sqlite3* db_ = nullptr;
  sqlite3_stmt* put_ = nullptr;
  sqlite3_stmt* find_ = nullptr;
};

}  // namespace

std::unique_ptr<user_store> open_sqlite_users(bool indexed) {
  return std::make_unique<sqlite_users>(indexed);
}

}  // namespace bench
