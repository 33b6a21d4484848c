// API  [api] -> engine -> stores -> journal -> file
// What the shell tells the core of an index: its name, and the keys that an entry has in it.
#pragma once

#include "shelf/detail/bytes.hpp"
#include "shelf/detail/decoder.hpp"
#include "shelf/detail/function_ref.hpp"
#include "shelf/error.hpp"
#include "shelf/index_description.hpp"

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

namespace shelf::detail {

/// Is shown a key, a canonical term.
using index_key_sink = function_ref<void(bytes key)>;

struct index_definition;

/// See index_definition::derive.
using index_derivation = result<> (*)(bytes value, const index_definition& of, index_key_sink show);

/// An index that is asked for: its place in the type of the handle, and what it is. The table may
/// have it at another place, or no more.
struct asked_index {
  std::size_t at = 0;
  index_derivation derive = nullptr;
};

/// One index of a table.
struct index_definition {
  std::string name;  ///< in messages
  bool is_unique = false;
  /// `derive` calls a function of the program: never in the writers' turn, and for exactly one key
  /// per entry.
  bool calls_program = false;
  /// Shows the keys that an entry of this value has in the index; one of them more than once counts
  /// once. Errors: those of encoding a key, only if calls_program.
  index_derivation derive = nullptr;
  decoding_rules rules = {};
  index_description as = {};               ///< for the file
  std::vector<std::uint32_t> fields = {};  ///< of members that only a schema tells: their places
};

/// The indexes of a table, in the order of its type; null: none.
using index_definitions = std::shared_ptr<const std::vector<index_definition>>;

}  // namespace shelf::detail
