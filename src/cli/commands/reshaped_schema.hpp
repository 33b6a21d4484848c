// CLI  [cli] -> rows -> upkeep -> engine -> stores -> journal -> file
// A schema whose records have fields renamed, added and dropped at any depth, and values that
// follow.
#pragma once

#include "cli/commands/record_path.hpp"
#include "rows/columns.hpp"

#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace shelf::cli {

/// One type of a schema on its way from old to new.
struct shape {
  struct field {
    std::string name;
    std::string type = {};              ///< of a new field
    std::optional<term> constant = {};  ///< what a new field has
    std::size_t place = 0;              ///< in the old tuple, of any other
    std::unique_ptr<shape> of = {};     ///< likewise
  };
  const rows::schema_node* old = nullptr;
  shape* record_around = nullptr;                  ///< the record that `name{...}` stands for
  std::string tag = {};                            ///< of a record
  std::vector<field> fields = {};                  ///< of a record
  std::vector<std::unique_ptr<shape>> parts = {};  ///< of any other
  bool is_changed = false;                         ///< itself, or a type within it
};

/// A rule that the type met already changes nothing: a script may run twice.
enum class rule_effect : std::uint8_t { followed, met };

/// A path goes through optionals and named types by itself, and through a variant that has one
/// record. A record that holds itself changes at every depth.
class reshaped_schema {
 public:
  explicit reshaped_schema(rows::schema old);

  /// Paths of rules that come later may use the old names, or the new ones.
  void expect_rename(std::vector<path_step> from, std::string to) {
    renames_.emplace_back(std::move(from), std::move(to));
  }
  // invalid_argument: a path leads nowhere, or a name is taken; the message names the nearest
  // field.
  [[nodiscard]] result<rule_effect> drop(const std::vector<path_step>& path);
  [[nodiscard]] result<rule_effect> rename(const std::vector<path_step>& path,
                                           const std::string& to);
  [[nodiscard]] result<rule_effect> add(const std::vector<path_step>& path, const std::string& type,
                                        term constant);
  /// Another tag for the record at the path; the whole value's if it is empty.
  [[nodiscard]] result<rule_effect> call(const std::vector<path_step>& path,
                                         const std::string& tag);
  /// True if the value is a record with a field of this very name, dots included.
  [[nodiscard]] bool has_field(const std::string& name) const;

  /// invalid_argument: a record would get the name of one that it stands in and refers to.
  [[nodiscard]] result<std::string> text() const;
  /// The next values are of the type that text() gives.
  void finish();
  /// `old` fits the old schema. invalid_argument: elements of a set become equal.
  [[nodiscard]] result<term> convert(const term& old) const;

 private:
  struct place {
    shape* record = nullptr;
    std::string name;
  };

  [[nodiscard]] result<shape*> down(const std::vector<path_step>& path, std::size_t steps);
  [[nodiscard]] result<shape*> record_at(shape& from, const std::vector<path_step>& path,
                                         std::size_t steps);
  [[nodiscard]] result<place> field_at(const std::vector<path_step>& path);
  [[nodiscard]] shape::field* find(shape& record, const std::vector<path_step>& path,
                                   std::size_t step);
  [[nodiscard]] std::unexpected<error> no_field(const shape& record,
                                                const std::vector<path_step>& path,
                                                std::size_t step) const;

  rows::schema old_;
  std::unique_ptr<shape> root_;
  std::vector<std::pair<std::vector<path_step>, std::string>> renames_;
};

}  // namespace shelf::cli
