// ROWS  cli -> [rows] -> upkeep -> engine -> stores -> journal -> file
// Terms as JSON and back, by the schema of their table.
//
//   binary          "text", or {"$hex": "00ff"} where the bytes are no UTF-8
//   optional(T)     null or T, {"$some": T} where T is null itself
//   record          {"field": ..}; without fields its name
//   a time          "2026-11-20T12:00:00Z"; a number of nanoseconds since 1970 is read, too
//   tuple, list     [..]
//   map(K, V)       {"key": ..} if K is a binary or an atom, else [[K, V], ..]
//   any             what JSON has: numbers, strings, true, false, null, lists, maps of strings
//   all else        {"$term": "Erlang text"}, which is understood everywhere
#pragma once

#include "rows/columns.hpp"
#include "rows/text/deadline.hpp"
#include "rows/text/json_value.hpp"

#include <expected>
#include <string>

namespace shelf::rows {

/// Appends `t`, which fits the schema or not. What is read back is the same term.
void append_json(std::string& out, const schema_node& n, const term& t);
[[nodiscard]] std::string to_json(const schema_node& n, const term& t);

/// The term that a JSON value means under a schema. What is returned fits the schema.
[[nodiscard]] std::expected<term, bad_text> from_json(const schema_node& n, const json_value& v);

/// Both steps: text to JSON to term.
[[nodiscard]] std::expected<term, bad_text> from_json(const schema_node& n, std::string_view text);

/// `{"key":..,"value":..}`, without a newline; with `"expires":"TIME"` if there is a deadline.
void append_json_row(std::string& out, const types& t, const term& key, const term& value,
                     deadline until);

}  // namespace shelf::rows
