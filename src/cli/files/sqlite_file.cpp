// CLI  [cli] -> rows -> upkeep -> engine -> stores -> journal -> file
// libsqlite3, with errors as values.
#include "cli/files/sqlite_file.hpp"

#include <sqlite3.h>

#include <array>
#include <cerrno>
#include <cstdio>
#include <cstring>
#include <filesystem>
#include <new>
#include <string>
#include <utility>

namespace shelf::cli {
namespace {

/// So long a writer may hold the database until reading is given up.
constexpr int patience_ms = 2000;

/// What follows from an error, where SQLite's sentence does not say it.
[[nodiscard]] std::string advice_on(int code, int cause) {
  switch (code) {
    case SQLITE_BUSY: return "; another program is writing it";
    // A journal beside it belongs to a transaction that never ended.
    case SQLITE_READONLY:
      return "; a program that was writing it has ended early: open it with sqlite3 once, which "
             "repairs it";
    default: return cause == 0 ? "" : std::string(": ") + std::strerror(cause);
  }
}

[[nodiscard]] error failure(const std::string& file, sqlite3* db) {
  const int code = sqlite3_errcode(db) & 0xFF;
  if (code == SQLITE_NOMEM) throw std::bad_alloc();
  const bool is_of_system = code == SQLITE_IOERR || code == SQLITE_CANTOPEN || code == SQLITE_FULL;
  const int cause = is_of_system ? sqlite3_system_errno(db) : 0;
  const auto sentence = file + ": SQLite: " + sqlite3_errmsg(db) + advice_on(code, cause);
  switch (code) {
    case SQLITE_NOTADB: return {errc::not_a_table, sentence};
    case SQLITE_CORRUPT: return {errc::corrupt, sentence};
    case SQLITE_FULL: return {errc::no_space, sentence, {}, cause};
    case SQLITE_BUSY: return {errc::busy, sentence};
    case SQLITE_ERROR:
    case SQLITE_CONSTRAINT:
    case SQLITE_MISMATCH:
    case SQLITE_TOOBIG: return {errc::type_mismatch, sentence};
    default: return {errc::file_error, sentence, {}, cause};
  }
}

/// No name means anything else to SQLite, such as a database in memory.
[[nodiscard]] std::string plain_path(const std::string& path) {
  return path.starts_with('/') ? path : "./" + path;
}

}  // namespace

void sql_statement::finisher::operator()(sqlite3_stmt* s) const noexcept {
  (void)sqlite3_finalize(s);
}

void sqlite_file::closer::operator()(sqlite3* db) const noexcept { (void)sqlite3_close_v2(db); }

result<> sql_statement::bind(int parameter, const sql_value& value) {
  auto* const s = prepared_.get();
  const auto size = [](const std::string& text) {
    return static_cast<sqlite3_uint64>(text.size());
  };
  int code = SQLITE_OK;
  if (std::holds_alternative<std::monostate>(value)) {
    code = sqlite3_bind_null(s, parameter);
  } else if (const auto* const i = std::get_if<std::int64_t>(&value)) {
    code = sqlite3_bind_int64(s, parameter, *i);
  } else if (const auto* const d = std::get_if<double>(&value)) {
    code = sqlite3_bind_double(s, parameter, *d);
  } else if (const auto* const t = std::get_if<std::string>(&value)) {
    code = sqlite3_bind_text64(s, parameter, t->data(), size(*t), SQLITE_TRANSIENT, SQLITE_UTF8);
  } else {
    const auto& b = std::get<sql_blob>(value).content;
    code = sqlite3_bind_blob64(s, parameter, b.empty() ? "" : b.data(), size(b), SQLITE_TRANSIENT);
  }
  if (code == SQLITE_OK) return {};
  return std::unexpected(failure(*file_, sqlite3_db_handle(s)));
}

result<bool> sql_statement::step() {
  auto* const s = prepared_.get();
  const int code = sqlite3_step(s);
  if (code == SQLITE_ROW) return true;
  if (code != SQLITE_DONE) {
    auto why = failure(*file_, sqlite3_db_handle(s));
    (void)sqlite3_reset(s);
    return std::unexpected(std::move(why));
  }
  (void)sqlite3_reset(s);
  return false;
}

sql_value sql_statement::column(int index) const {
  auto* const s = prepared_.get();
  switch (sqlite3_column_type(s, index)) {
    case SQLITE_INTEGER: return std::int64_t{sqlite3_column_int64(s, index)};
    case SQLITE_FLOAT: return sqlite3_column_double(s, index);
    case SQLITE_TEXT: return text(index);
    case SQLITE_BLOB: {
      const auto* const data = static_cast<const char*>(sqlite3_column_blob(s, index));
      const auto size = static_cast<std::size_t>(sqlite3_column_bytes(s, index));
      return sql_blob{data == nullptr ? std::string() : std::string(data, size)};
    }
    default: return std::monostate();
  }
}

std::string sql_statement::text(int index) const {
  const auto* const data = sqlite3_column_text(prepared_.get(), index);
  const auto size = static_cast<std::size_t>(sqlite3_column_bytes(prepared_.get(), index));
  return data == nullptr ? std::string() : std::string(reinterpret_cast<const char*>(data), size);
}

std::int64_t sql_statement::integer(int index) const {
  return sqlite3_column_int64(prepared_.get(), index);
}

bool sqlite_file::is_one(const std::string& path) {
  constexpr std::string_view magic("SQLite format 3\0", 16);
  std::array<char, magic.size()> front{};
  const std::unique_ptr<std::FILE, int (*)(std::FILE*)> f(std::fopen(path.c_str(), "rbe"),
                                                          &std::fclose);
  if (f == nullptr || std::fread(front.data(), 1, front.size(), f.get()) != front.size()) {
    return false;
  }
  return std::string_view(front.data(), front.size()) == magic;
}

result<sqlite_file> sqlite_file::open(const std::string& path, int flags) {
  sqlite3* db = nullptr;
  const int code =
      sqlite3_open_v2(plain_path(path).c_str(), &db, flags | SQLITE_OPEN_NOMUTEX, nullptr);
  if (db == nullptr) throw std::bad_alloc();
  sqlite_file made(db, path);
  if (code != SQLITE_OK) return std::unexpected(failure(path, db));
  (void)sqlite3_extended_result_codes(db, 0);
  (void)sqlite3_busy_timeout(db, patience_ms);
  // A column that is not there is an error, not a text of its name.
  (void)sqlite3_db_config(db, SQLITE_DBCONFIG_DQS_DML, 0, nullptr);
  return made;
}

result<sqlite_file> sqlite_file::open(const std::string& path) {
  auto made = open(path, SQLITE_OPEN_READONLY);
  if (!made) return made;
  // One moment, whatever others write meanwhile; and an error here rather than halfway.
  auto begun = made->run(
      "PRAGMA trusted_schema = OFF; PRAGMA cell_size_check = ON; BEGIN; "
      "SELECT count(*) FROM sqlite_schema;");
  if (!begun) return std::unexpected(begun.error());
  return made;
}

result<> sqlite_file::refuse_leftovers(const std::string& path) {
  for (const auto* const ending : {"-journal", "-wal"}) {
    std::error_code unknown;
    const auto size = std::filesystem::file_size(path + ending, unknown);
    if (unknown || size == 0) continue;
    return std::unexpected(
        error(errc::file_error,
              path + ending + ": SQLite would apply this to the new database; remove it, or open " +
                  path + " with sqlite3 once",
              {}, EEXIST));
  }
  return {};
}

result<sqlite_file> sqlite_file::create(const std::string& path) {
  auto made = open(path, SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE);
  if (!made) return made;
  // Nobody sees the file before it is complete, and a half-made one is thrown away.
  auto begun = made->run("PRAGMA journal_mode = OFF; PRAGMA synchronous = OFF; BEGIN;");
  if (!begun) return std::unexpected(begun.error());
  return made;
}

result<> sqlite_file::run(const std::string& sql) {
  if (sqlite3_exec(db_.get(), sql.c_str(), nullptr, nullptr, nullptr) == SQLITE_OK) return {};
  return std::unexpected(failure(*path_, db_.get()));
}

result<sql_statement> sqlite_file::prepare(const std::string& sql) {
  sqlite3_stmt* s = nullptr;
  const int code = sqlite3_prepare_v2(db_.get(), sql.c_str(), -1, &s, nullptr);
  if (code == SQLITE_OK) return sql_statement(s, *path_);
  return std::unexpected(failure(*path_, db_.get()));
}

result<> sqlite_file::finish() { return run("COMMIT"); }

std::string sql_name(std::string_view name) {
  std::string quoted = "\"";
  for (const char c : name) {
    if (c == '"') quoted += '"';
    quoted += c;
  }
  return quoted + '"';
}

}  // namespace shelf::cli
