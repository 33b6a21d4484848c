// BENCH  rivals
// SQLite with a write-ahead log and statements prepared once, as its manual recommends for speed.
#include "rivals/sqlite_store.hpp"

#include <sqlite3.h>
#include <stdexcept>

namespace bench {

struct sqlite_store::handles {
  sqlite3* db = nullptr;
  sqlite3_stmt* put = nullptr;
  sqlite3_stmt* get = nullptr;

  void must(int code, int expected = SQLITE_OK) const {
    if (code != expected) throw std::runtime_error(std::string("sqlite: ") + sqlite3_errmsg(db));
  }
  void run(const char* sql) const { must(sqlite3_exec(db, sql, nullptr, nullptr, nullptr)); }
  void bind(sqlite3_stmt* to, int which, std::string_view text) const {
    must(sqlite3_bind_blob(to, which, text.data(), static_cast<int>(text.size()), SQLITE_STATIC));
  }
};

sqlite_store::sqlite_store(const std::string& directory, sync mode)
    : handles_(std::make_unique<handles>()) {
  auto& h = *handles_;
  h.must(sqlite3_open((directory + "/sqlite.db").c_str(), &h.db));
  h.run("PRAGMA journal_mode=WAL");
  h.run(mode == sync::every_write ? "PRAGMA synchronous=FULL" : "PRAGMA synchronous=OFF");
  h.run("CREATE TABLE entries (key BLOB PRIMARY KEY, value BLOB) WITHOUT ROWID");
  h.must(sqlite3_prepare_v2(h.db, "INSERT OR REPLACE INTO entries VALUES (?, ?)", -1, &h.put,
                            nullptr));
  h.must(sqlite3_prepare_v2(h.db, "SELECT value FROM entries WHERE key = ?", -1, &h.get, nullptr));
}

sqlite_store::~sqlite_store() {
  sqlite3_finalize(handles_->put);
  sqlite3_finalize(handles_->get);
  sqlite3_close(handles_->db);
}

void sqlite_store::put(std::string_view key, std::string_view value) {
  const auto& h = *handles_;
  h.bind(h.put, 1, key);
  h.bind(h.put, 2, value);
  h.must(sqlite3_step(h.put), SQLITE_DONE);
  h.must(sqlite3_reset(h.put));
}

std::string sqlite_store::get(std::string_view key) {
  const auto& h = *handles_;
  h.bind(h.get, 1, key);
  h.must(sqlite3_step(h.get), SQLITE_ROW);
  std::string found(static_cast<const char*>(sqlite3_column_blob(h.get, 0)),
                    static_cast<std::size_t>(sqlite3_column_bytes(h.get, 0)));
  h.must(sqlite3_reset(h.get));
  return found;
}

}  // namespace bench
