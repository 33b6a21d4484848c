// CLI  [cli] -> rows -> upkeep -> engine -> stores -> journal -> file
// What DETS files and dumps of ETS tables have in common: objects, tuples with their keys in them.
#pragma once

#include "rows/source.hpp"

namespace shelf::cli {

using rows::key_bounds;
using rows::schema;
using rows::source;
using rows::types;

/// Whether this element of an object is that key. 0.0 and -0.0 are one key, though an object keeps
/// its sign.
[[nodiscard]] bool is_key(bytes element, bytes key);

/// A source whose values are whole objects; the key is one of their elements.
class object_source : public source {
 public:
  object_source();
  [[nodiscard]] const types& schemas() const override { return types_; }
  /// Every object is looked at. invalid_argument: backwards.
  [[nodiscard]] result<std::uint64_t> walk(const key_bounds& range, rows::entry_function f,
                                           const progress& tell) const override;

 protected:
  /// Calls `f` with each object, a canonical tuple that has a key, until it returns false; tells
  /// `tell` of all.
  [[nodiscard]] virtual result<> for_each_object(detail::function_ref<bool(bytes object)> f,
                                                 const progress& tell) const = 0;

 private:
  types types_;  ///< any term is a key, and any tuple a value
};

}  // namespace shelf::cli
