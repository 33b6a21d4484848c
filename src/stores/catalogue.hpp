// STORES  api -> engine -> [stores] -> journal -> file
// The catalogue: what a file says of the tables in it, as a term.
#pragma once

#include "shelf/detail/bytes.hpp"
#include "shelf/error.hpp"
#include "shelf/kind.hpp"

#include <string>

namespace shelf::stores {

/// A table as the catalogue describes it. In a table_created record the key is the name (a binary)
/// and the value
///   #{key_schema => <<"binary">>, kind => set, value_schema => <<"session{user: binary, ...}">>}
/// and `storage => memory` between the last two where that is so.
struct table_description {
  kind what = kind::set;
  std::string name = "main";
  std::string key_schema;
  std::string value_schema;
  bool in_memory = false;  ///< its entries are kept in memory only: the file has its name alone
};

/// Encoded terms, as raw bytes.
struct encoded_description {
  std::string key;
  std::string value;
};

[[nodiscard]] encoded_description encode_description(const table_description& d);

/// Errors: corrupt, if the terms are not what encode_description makes. Unknown properties are
/// skipped.
[[nodiscard]] result<table_description> decode_description(bytes key, bytes value);

}  // namespace shelf::stores
