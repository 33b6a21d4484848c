// ENGINE  api -> [engine] -> stores -> journal -> file
// Recovery's side of the one door: a journal's changes become the contents of a table.
#pragma once

#include "journal/scan.hpp"
#include "kinds/contents.hpp"
#include "shelf/detail/core.hpp"
#include "stores/catalogue.hpp"

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace shelf::engine {

using kinds::contents;
using kinds::entry;
using kinds::held_version;
using kinds::sequence;
using kinds::staged;
using stores::table_description;

/// Applies the changes of a journal to fresh contents and checks them on the way: the catalogue
/// against kind and schema, every entry against the types, and at the end the user's predicate on
/// what is left.
/// Thread safety: one thread.
class loader final : public journal::visitor {
 public:
  using contents_factory = std::function<std::shared_ptr<contents>()>;
  loader(const detail::entry_types& types, missing_fields policy, std::string path,
         contents_factory make);

  result<> visit(const journal::change& c, std::uint64_t sequence) override;
  /// Batches come whole, and nobody looks before the end.
  result<> committed(std::uint64_t /*sequence*/) override { return {}; }

  /// The contents, complete. Errors: type_mismatch with the number of bad entries and the first
  /// few, corrupt if there was no catalogue.
  [[nodiscard]] result<std::shared_ptr<contents>> finish();
  /// finish() without handing over: whether all that was loaded so far fits. Runs the user's check.
  [[nodiscard]] result<> judge();
  /// From here on entries are this table's own: they are not checked again, and no code of the user
  /// runs.
  void trust() noexcept {
    trusted_ = true;
    first_counts_ = false;
  }
  /// The file has no schema of its own: with missing_fields every value may be an older one. A set
  /// may have a key twice; the first counts. What it holds bears the sequence 0.
  void expect_no_schema() noexcept;
  /// Expect about so many entries.
  void reserve(std::size_t entries) { loaded_->reserve(entries); }
  /// The file was written with fewer fields: what was loaded is no longer what the file holds.
  [[nodiscard]] bool brought_up_to_date() const noexcept {
    return has_schema_ ? schema_differs_ : values_differ_;
  }
  /// What the file says of its table; brought up to date where the values were.
  [[nodiscard]] const table_description& description() const noexcept { return description_; }

 private:
  [[nodiscard]] result<> visit_sound(const journal::change& c, std::uint64_t number);
  [[nodiscard]] result<> check_catalogue(const journal::change& c);
  [[nodiscard]] result<> check_schema(std::string& stored, const std::string& wanted,
                                      std::string_view which, missing_fields policy);
  [[nodiscard]] bool is_there(bytes key, std::uint64_t hash);
  [[nodiscard]] entry::owner make_entry(const journal::change& c, bool fits);
  template <class Change>
  void stage(Change change);
  void insert_announced();
  void check_live();
  void note_bad(bytes key, const error& why);
  void publish();
  void clear();

  const detail::entry_types& types_;
  missing_fields policy_;
  std::string path_;
  contents_factory make_;
  std::shared_ptr<contents> loaded_;
  struct announced {
    entry::owner made;
    std::uint64_t hash;
  };
  std::vector<announced> announced_;  ///< inserts whose places are being loaded
  table_description description_;
  bool catalogue_seen_ = false;
  bool trusted_ = false;
  bool has_doubts_ = false;      ///< some change did not fit the types
  bool schema_differs_ = false;  ///< allowed by missing_fields: values are brought up to date
  bool values_differ_ = false;   ///< some value was
  bool has_schema_ = true;
  bool first_counts_ = false;  ///< of equal keys
  std::size_t bad_entries_ = 0;
  std::string first_bad_;          ///< sentences without content
  std::string first_bad_details_;  ///< with keys
};

}  // namespace shelf::engine
