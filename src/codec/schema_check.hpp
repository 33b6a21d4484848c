// CODEC  api -> [codec] -> term
// Whether a term is what a schema in a file says: for programs that do not have the types.
#pragma once

#include "codec/schema_tree.hpp"
#include "shelf/error.hpp"
#include "shelf/term.hpp"

#include <string>
#include <string_view>

namespace shelf::detail {

/// Walks a schema down into a value. A record that holds itself stands as `name{...}` inside: this
/// finds the record that was meant.
class schema_path {
 public:
  /// The schema to read instead of `n`, which is itself unless it refers to a record around it.
  [[nodiscard]] const schema_node& resolve(const schema_node& n) const noexcept;
  void enter(const schema_node& n) { open_.push_back(&n); }
  void leave() noexcept { open_.pop_back(); }

 private:
  std::vector<const schema_node*> open_;
};

/// What the nodes of a schema stand for.
enum class schema_form : std::uint8_t {
  boolean,
  integer,
  floating,
  binary,
  nil,
  any,
  list,
  set,
  map,
  array,
  tuple,
  optional,
  one_of,
  names,
  named,
  record,
  unknown,  ///< a word that is no type, or a type with the wrong number of parts
};
[[nodiscard]] schema_form form_of(const schema_node& n) noexcept;

/// ok: `t` is a value of the schema. type_mismatch: the sentence says where it differs and how:
/// ".user: expected binary, found integer".
[[nodiscard]] result<> check_by_schema(const schema_node& schema, const term& t);
/// The same within a schema: `around` has the records that `schema` stands in.
[[nodiscard]] result<> check_by_schema(const schema_node& schema, const term& t,
                                       const schema_path& around);

/// The schema in the form that schema.cpp gives it, from text that people wrote: blanks may be
/// missing or too many, and string, int and bool are understood. invalid_argument: no schema, or a
/// word in it is no type.
[[nodiscard]] result<std::string> tidy_schema(std::string_view written);

}  // namespace shelf::detail
