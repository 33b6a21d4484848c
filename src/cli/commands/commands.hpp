// CLI  [cli] -> rows -> upkeep -> engine -> stores -> journal -> file
// The commands, one function each. An error goes to whoever called, who tells it.
#pragma once

#include "cli/request.hpp"
#include "cli/terminal/console.hpp"
#include "shelf/error.hpp"
#include "shelf/upkeep.hpp"

namespace shelf::cli {

using outcome = result<exit_status>;

// Reading (show.cpp, listing.cpp, diff.cpp).
[[nodiscard]] outcome show_file(const request& r, console& out);
[[nodiscard]] outcome info(const request& r, console& out);
[[nodiscard]] outcome watch(const request& r, console& out);
[[nodiscard]] outcome get(const request& r, console& out);
[[nodiscard]] outcome count(const request& r, console& out);
[[nodiscard]] outcome list(const request& r, console& out);
[[nodiscard]] outcome diff(const request& r, console& out);

// What is written (changes.cpp).
[[nodiscard]] outcome changes(const request& r, console& out);
[[nodiscard]] outcome watch_key(const request& r, console& out);

// Writing (put_erase.cpp).
[[nodiscard]] outcome create(const request& r, console& out);
[[nodiscard]] outcome put(const request& r, console& out);
[[nodiscard]] outcome touch(const request& r, console& out);
[[nodiscard]] outcome erase(const request& r, console& out);
[[nodiscard]] outcome take(const request& r, console& out);

// Rows in and out (import.cpp, export.cpp).
[[nodiscard]] outcome import_rows(const request& r, console& out);
[[nodiscard]] outcome export_rows(const request& r, console& out);

// Whole databases as text (dump.cpp).
[[nodiscard]] outcome dump_database(const request& r, console& out);
[[nodiscard]] outcome load_database(const request& r, console& out);

// From one format into another (convert.cpp).
[[nodiscard]] outcome convert(const request& r, console& out);
// The same for SQLite (sqlite.cpp).
[[nodiscard]] outcome convert_to_sqlite(const request& r, console& out);
[[nodiscard]] outcome convert_from_sqlite(const request& r, console& out);

// DETS files and dumps of ETS tables (object_upkeep.cpp).
[[nodiscard]] outcome put_object(const request& r, console& out);
[[nodiscard]] outcome erase_object(const request& r, console& out);
[[nodiscard]] outcome take_object(const request& r, console& out);
[[nodiscard]] outcome check_objects(const request& r, console& out);
[[nodiscard]] outcome compact_objects(const request& r, console& out);

// Backups (backup.cpp).
[[nodiscard]] outcome backup_file(const request& r, console& out);
[[nodiscard]] outcome restore_file(const request& r, console& out);

// The file (file_upkeep.cpp, migrate.cpp).
[[nodiscard]] outcome copy_file(const request& r, console& out);
[[nodiscard]] outcome check_file(const request& r, console& out);
[[nodiscard]] outcome salvage_file(const request& r, console& out);
[[nodiscard]] outcome compact(const request& r, console& out);
[[nodiscard]] outcome remove_table(const request& r, console& out);
[[nodiscard]] outcome migrate(const request& r, console& out);

// The disk (bench.cpp).
[[nodiscard]] outcome bench(const request& r, console& out);

/// What a new table is to be. invalid_argument: a type is none.
[[nodiscard]] result<file_description> described(const types_request& t);

/// True if rows and answers are JSON: asked for, or nobody looks.
[[nodiscard]] inline bool wants_json(const request& r, const console& out) {
  return r.how == notation::json || (r.how == notation::by_schema && !out.is_terminal());
}

}  // namespace shelf::cli
