// API  [api] -> engine -> stores -> journal -> file
// What the shell tells the core of an index: its name, and the keys that an entry has in it.
#pragma once

#include "shelf/detail/bytes.hpp"
#include "shelf/detail/decoder.hpp"
#include "shelf/detail/function_ref.hpp"
#include "shelf/error.hpp"

#include <memory>
#include <string>
#include <vector>

namespace shelf::detail {

/// Is shown a key, a canonical term.
using index_key_sink = function_ref<void(bytes key)>;

/// One index of a table.
struct index_definition {
  std::string name;  ///< in messages
  bool is_unique = false;
  /// `derive` calls a function of the program: never in the writers' turn, and for exactly one key
  /// per entry.
  bool calls_program = false;
  /// Shows the keys that an entry of this value has in the index; one of them more than once counts
  /// once. Errors: those of encoding a key, only if calls_program.
  result<> (*derive)(bytes value, const decoding_rules& rules, index_key_sink show) = nullptr;
  decoding_rules rules = {};
};

/// The indexes of a table, in the order of its type; null: none.
using index_definitions = std::shared_ptr<const std::vector<index_definition>>;

}  // namespace shelf::detail
