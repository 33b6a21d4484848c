// STORES  api -> engine -> [stores] -> journal -> file
// The catalogue: what a file says of the tables in it, as a term.
#pragma once

#include "shelf/detail/bytes.hpp"
#include "shelf/error.hpp"
#include "shelf/index_description.hpp"
#include "shelf/kind.hpp"

#include <cstdint>
#include <map>
#include <set>
#include <string>
#include <string_view>
#include <vector>

namespace shelf::stores {

/// A table as the catalogue describes it. In a table_created record the key is the name (a binary)
/// and the value
///   #{key_schema => <<"binary">>, kind => set, value_schema => <<"session{user: binary, ...}">>}
/// and `storage => memory` between the last two where that is so. Of a table with indexes,
///   indexes => [#{members => [<<"email">>], what => unique}, #{name => <<"domain">>,
///               what => index_by}]
/// stands in front. A table_changed record has the same form, with the kind and the schemas of the
/// table: the name, the storage and the indexes may be others.
struct table_description {
  kind what = kind::set;
  std::string name = "main";
  std::string key_schema;
  std::string value_schema;
  bool in_memory = false;  ///< its entries are kept in memory only: the file has its name alone
  /// Those that its last writer kept; each once.
  std::vector<index_description> indexes = {};
};

/// Encoded terms, as raw bytes.
struct encoded_description {
  std::string key;
  std::string value;
};

[[nodiscard]] encoded_description encode_description(const table_description& d);

/// Why no table can have this name; null if one can.
[[nodiscard]] const char* why_no_name(std::string_view name) noexcept;

/// The tables of a file, as one catalog record after the other tells: what a reader believes.
class catalogue {
 public:
  /// A table is created. Errors: corrupt, if its id or its name is another one's, or none, or if
  /// the id was used before.
  [[nodiscard]] result<> create(std::uint32_t id, const std::string& name);
  /// A table has another name from here on, or the same. Errors: corrupt, if there is no such
  /// table, or the name is another one's, or none.
  [[nodiscard]] result<> rename(std::uint32_t id, const std::string& name);
  /// A table is dropped, or the id was used once.
  void drop(std::uint32_t id);

 private:
  std::map<std::uint32_t, std::string> names_;
  std::set<std::uint32_t> dropped_;
};

/// Errors: corrupt, if the terms are not what encode_description makes. Unknown properties are
/// skipped, and so are indexes of an unknown form.
[[nodiscard]] result<table_description> decode_description(bytes key, bytes value);

}  // namespace shelf::stores
