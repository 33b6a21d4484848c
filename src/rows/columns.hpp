// ROWS  cli -> [rows] -> upkeep -> engine -> stores -> journal -> file
// The types of a table as its file names them, and the columns they make.
#pragma once

#include "codec/schema_check.hpp"
#include "shelf/error.hpp"
#include "shelf/term.hpp"

#include <memory>
#include <string>
#include <vector>

namespace shelf::rows {

using detail::schema_form;
using detail::schema_node;

/// A schema with the text its tree points into. Cheap to copy.
class schema {
 public:
  /// corrupt: `text` is no schema.
  [[nodiscard]] static result<schema> parse(std::string text);
  [[nodiscard]] const schema_node& root() const noexcept { return held_->tree; }
  [[nodiscard]] const std::string& text() const noexcept { return held_->text; }

 private:
  struct held {
    std::string text;
    schema_node tree;
  };
  explicit schema(std::shared_ptr<const held> h) : held_(std::move(h)) {}

  std::shared_ptr<const held> held_;
};

/// The types of keys and values.
struct types {
  schema key;
  schema value;
};

/// The schema that counts: what stands in a named(..).
[[nodiscard]] const schema_node& unnamed(const schema_node& n) noexcept;
/// True for records with fields and tuples with elements: what is shown in several columns. A
/// record that holds itself stays in one: its parts mean nothing without it.
[[nodiscard]] bool has_columns(const schema_node& n) noexcept;

/// A column of a table: a whole key or value, or one field of it.
struct column {
  enum class side : std::uint8_t { key, value };
  std::string name;
  side of = side::key;
  bool whole = true;
  std::size_t element = 0;  ///< of the tuple, if not whole; a record's tag counts
  const schema_node* type = nullptr;
};

/// Columns in order: those of the key, those of the value. They point into `t`.
[[nodiscard]] std::vector<column> columns_of(const types& t);
/// The columns of these names, in their order. invalid_argument: there is none of a name; the
/// sentence begins with `called`.
[[nodiscard]] result<std::vector<column>> choose_columns(const std::vector<column>& all,
                                                         const std::vector<std::string>& names,
                                                         std::string_view called);
/// The column of that name, also as key.NAME or value.NAME; null if there is none.
[[nodiscard]] const column* find_column(const std::vector<column>& all, std::string_view name);

/// Their names, separated by commas, for sentences.
[[nodiscard]] std::string names_of(const std::vector<column>& all);

/// A whole key or value as one column.
[[nodiscard]] column whole_side(const types& t, column::side of);

/// What stands in a column of a row. The sides are taken apart once a row.
class cells {
 public:
  cells(const term& key, const term& value);
  [[nodiscard]] const term& at(const column& c);

 private:
  struct side {
    const term* whole;
    std::vector<term> elements;
    bool taken_apart = false;
  };
  side key_;
  side value_;
  term missing_;
};

/// True if text may be read back as it is: binaries and what holds them under another name.
[[nodiscard]] bool is_text(const schema_node& n) noexcept;
/// True for times, which are written as instant.hpp says.
[[nodiscard]] bool is_time(const schema_node& n) noexcept;
/// True for numbers, which stand to the right in tables.
[[nodiscard]] bool is_number(const schema_node& n) noexcept;

}  // namespace shelf::rows
