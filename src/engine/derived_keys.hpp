// ENGINE  api -> [engine] -> stores -> journal -> file
// Keys that functions of the program make of values, by the writer and outside of its turn.
#pragma once

#include "kinds/index_log.hpp"
#include "kinds/index_set.hpp"

#include <cassert>
#include <optional>
#include <utility>
#include <vector>

namespace shelf::engine {

/// The functions that make keys of a table's indexes. Never changed: an alteration puts others in
/// their place, and who writes by old ones is told in its turn.
struct index_functions {
  detail::index_definitions all;     ///< of the table; may be null
  detail::index_definitions coming;  ///< of indexes that are being built; may be null
};

/// The keys that values have in the indexes whose keys functions of the program make.
class derived_keys {
 public:
  /// Of no table.
  derived_keys() = default;
  /// Null: there are no functions.
  explicit derived_keys(const index_functions* by) noexcept : by_(by) {}

  struct one {
    std::vector<std::byte> value;
    kinds::function_keys keys;
    kinds::coming_keys coming = {};  ///< in indexes that are being built
  };

  [[nodiscard]] const index_functions* by() const noexcept { return by_; }
  void add(one of) { all_.push_back(std::move(of)); }
  /// Null if there are none. Quick if values are asked for in the order in which they were added.
  [[nodiscard]] const one* find(bytes value) const noexcept {
    for (std::size_t i = 0; i < all_.size(); ++i) {
      auto& at = all_[next_];
      next_ = (next_ + 1) % all_.size();
      if (same_bytes(at.value, value)) return &at;
    }
    return nullptr;
  }

  /// A value that was made in the turn and is not among these: nothing was done.
  std::optional<std::vector<std::byte>> missing;

 private:
  const index_functions* by_ = nullptr;
  std::vector<one> all_;
  mutable std::size_t next_ = 0;
};

}  // namespace shelf::engine
