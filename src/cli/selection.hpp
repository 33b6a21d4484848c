// CLI  [cli] -> api -> table -> journal -> file
// Which rows a command is about: a range of keys, a prefix, conditions on columns, a window.
#pragma once

#include "cli/request.hpp"
#include "cli/source.hpp"

#include <optional>
#include <string>
#include <vector>

namespace shelf::cli {

/// A selection made ready for a table. Holds pointers into the source's schemas.
class selection {
 public:
  /// invalid_argument: a text does not fit its type, a column does not exist, a prefix of keys that
  /// have none.
  [[nodiscard]] static result<selection> make(const selection_request& wanted, notation how,
                                              const source& from);
  /// Calls `f` for each selected row, until it returns false; tells `tell` of the entries it looks
  /// at. Errors: those of the source.
  [[nodiscard]] result<> for_each(const source& from,
                                  detail::function_ref<bool(const term& key, const term& value)> f,
                                  const progress& tell) const;
  /// True if every row is selected.
  [[nodiscard]] bool is_all() const noexcept;

 private:
  enum class comparison : std::uint8_t { equal, unequal, less, at_most, more, at_least, contains };
  struct condition {
    column which;
    comparison how;
    term with;
  };

  [[nodiscard]] result<> add_prefix(const std::string& text, const source& from);
  [[nodiscard]] result<> add_condition(const std::string& text, notation how);
  [[nodiscard]] bool holds(const term& key, const term& value) const;
  [[nodiscard]] static bool holds(const condition& c, const term& found);

  key_range range_;
  std::optional<std::string> prefix_;
  std::vector<condition> conditions_;
  std::vector<column> columns_;
  std::uint64_t skip_ = 0;
  std::optional<std::uint64_t> limit_;
};

}  // namespace shelf::cli
