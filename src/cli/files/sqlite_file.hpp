// CLI  [cli] -> rows -> upkeep -> engine -> stores -> journal -> file
// A SQLite database: the only source that knows libsqlite3.
#pragma once

#include "shelf/detail/bytes.hpp"
#include "shelf/error.hpp"

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <variant>

struct sqlite3;
struct sqlite3_stmt;

namespace shelf::cli {

/// A value of SQL: NULL, INTEGER, REAL, TEXT, BLOB.
struct sql_blob {
  std::string content;
};
using sql_value = std::variant<std::monostate, std::int64_t, double, std::string, sql_blob>;

/// A statement that is run any number of times. Ends before its file. Thread safety: one thread.
class sql_statement {
 public:
  sql_statement(sqlite3_stmt* prepared, const std::string& file)
      : prepared_(prepared), file_(&file) {}

  /// Parameters count from 1. Throws std::bad_alloc.
  [[nodiscard]] result<> bind(int parameter, const sql_value& value);
  /// True: there is a row. False: it is done, and may be bound anew.
  [[nodiscard]] result<bool> step();
  /// Of the row, from 0 on.
  [[nodiscard]] sql_value column(int index) const;
  [[nodiscard]] std::string text(int index) const;
  [[nodiscard]] std::int64_t integer(int index) const;

 private:
  struct finisher {
    void operator()(sqlite3_stmt* s) const noexcept;
  };
  std::unique_ptr<sqlite3_stmt, finisher> prepared_;
  const std::string* file_;
};

/// Thread safety: one thread.
class sqlite_file {
 public:
  /// Whether a file begins as SQLite's do.
  [[nodiscard]] static bool is_one(const std::string& path);
  /// To read, at one moment. Errors: not_a_table, corrupt, file_error; busy: a program is writing
  /// it and does not end soon.
  [[nodiscard]] static result<sqlite_file> open(const std::string& path);
  /// file_error: beside the name lies the journal of a database that was there, and SQLite would
  /// take it for one of a new database.
  [[nodiscard]] static result<> refuse_leftovers(const std::string& path);
  /// A new one, which is filled in one transaction. Errors: file_error.
  [[nodiscard]] static result<sqlite_file> create(const std::string& path);

  [[nodiscard]] result<> run(const std::string& sql);
  [[nodiscard]] result<sql_statement> prepare(const std::string& sql);
  /// Ends the transaction; what is in the file is whole, but not yet synced.
  [[nodiscard]] result<> finish();
  [[nodiscard]] const std::string& path() const noexcept { return *path_; }

 private:
  struct closer {
    void operator()(sqlite3* db) const noexcept;
  };
  sqlite_file(sqlite3* db, std::string path)
      : db_(db), path_(std::make_unique<std::string>(std::move(path))) {}
  [[nodiscard]] static result<sqlite_file> open(const std::string& path, int flags);

  std::unique_ptr<sqlite3, closer> db_;
  std::unique_ptr<std::string> path_;  ///< statements refer to it
};

/// A name in quotes.
[[nodiscard]] std::string sql_name(std::string_view name);

}  // namespace shelf::cli
