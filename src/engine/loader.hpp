// ENGINE  api -> [engine] -> stores -> journal -> file
// Recovery's side of the one door: the changes of a file become the contents of its tables.
#pragma once

#include "journal/scan.hpp"
#include "kinds/contents.hpp"
#include "kinds/index_set.hpp"
#include "shelf/detail/core.hpp"
#include "shelf/detail/database_core.hpp"
#include "stores/catalogue.hpp"

#include <cassert>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace shelf::engine {

using kinds::contents;
using kinds::entry;
using kinds::staged;
using stores::table_description;

/// What loaders need to know of the database.
struct load_settings {
  missing_fields policy = missing_fields::refuse;
  std::string path;           ///< in messages
  bool names_tables = false;  ///< in messages, as well
  /// Empty contents on a board of their own.
  std::function<std::shared_ptr<contents>(kind what, const size_bounds& bounds)> make;
  /// From here on entries are the database's own: they are not checked again, and no code of the
  /// user runs.
  bool trusted = false;
  /// The file has no schema of its own: with missing_fields every value may be an older one. A set
  /// may have a key twice; the first counts. What it holds bears the sequence 0.
  bool has_schema = true;
  /// The header allows for several tables.
  bool may_have_several = true;
  kinds::deadline now = 0;  ///< what time it is
  // Of migrations.
  std::size_t entry_limit = 0;
  const progress* tell_migrated = nullptr;
  bool is_trial = false;  ///< what cannot be migrated is counted, and no error
};

/// The steps that take entries from the types of a file to those of the program, in their order.
using migration_path = std::vector<const detail::migration_step*>;

/// Applies the changes of one table to fresh contents and checks them on the way: every entry
/// against the types, and at the end the user's predicate on what is left.
/// Thread safety: one thread.
class table_loader {
 public:
  /// `types` outlives it, and says what the table is to be. Null: whatever the catalogue says;
  /// entries are sound terms, no more.
  table_loader(const load_settings& how, const detail::entry_types* types, table_description as);

  [[nodiscard]] result<> visit(const journal::change& c, std::uint64_t number);
  /// Another name or storage, from here on.
  void change_description(const table_description& as);
  /// Takes over what another loader has loaded so far, as if it had been loaded here.
  [[nodiscard]] result<> take_over(table_loader& from);
  /// Loads an entry that a migration has made. Errors: key_already_present.
  [[nodiscard]] result<> add_converted(entry::owner made);
  /// What is loaded is not what the file holds.
  void note_migrated() noexcept { schema_differs_ = has_schema_ = true; }
  /// Whether all that was loaded so far fits. Runs the user's check. Errors: type_mismatch with the
  /// number of bad entries and the first few.
  [[nodiscard]] result<> judge();
  void reserve(std::size_t entries) { loaded_->reserve(entries); }
  void trust() noexcept;
  /// The last version of the contents: to show them, take a later one.
  [[nodiscard]] kinds::sequence version() const noexcept { return version_; }
  /// The contents, complete and judged. On a board of their own.
  [[nodiscard]] std::shared_ptr<contents> take();
  /// Builds the indexes of the program, if they are not there or entries have come since. Errors:
  /// key_already_present, if a unique one would have two entries under one key; those of the
  /// program's functions.
  [[nodiscard]] result<> build_indexes();
  [[nodiscard]] const contents& loaded() const noexcept { return *loaded_; }
  /// The file was written with fewer fields: what was loaded is no longer what the file holds.
  [[nodiscard]] bool brought_up_to_date() const noexcept {
    return has_schema_ ? schema_differs_ : values_differ_;
  }
  /// What the file says of the table; brought up to date where the values were.
  [[nodiscard]] const table_description& description() const noexcept { return description_; }
  /// Judges the catalogue's description against the types.
  [[nodiscard]] result<> check_description();

 private:
  [[nodiscard]] result<> visit_sound(const journal::change& c, std::uint64_t number);
  [[nodiscard]] result<> check_schema(std::string& stored, const std::string& wanted,
                                      std::string_view which, missing_fields policy);
  [[nodiscard]] result<> check_entry(bytes key, bytes value) const;
  [[nodiscard]] bool is_there(bytes key, std::uint64_t hash);
  [[nodiscard]] entry::owner make_entry(const journal::change& c, bool fits);
  [[nodiscard]] result<> expire(const journal::change& c);
  template <class Change>
  void stage(Change change);
  void insert_announced();
  void check_live();
  void note_bad(bytes key, const error& why);
  void publish();
  void clear();
  void note_label();

  const load_settings& how_;
  const detail::entry_types* types_;
  table_description description_;
  std::string label_;  ///< in messages
  std::shared_ptr<contents> loaded_;
  struct announced {
    entry::owner made;
    std::uint64_t hash;
  };
  std::vector<announced> announced_;  ///< inserts whose places are being loaded
  kinds::sequence version_ = 0;       ///< of the contents, on their own board
  bool trusted_;
  bool has_doubts_ = false;      ///< some change did not fit the types
  bool schema_differs_ = false;  ///< allowed by missing_fields: values are brought up to date
  bool values_differ_ = false;   ///< some value was
  bool has_schema_;
  bool first_counts_ = false;  ///< of equal keys
  std::size_t bad_entries_ = 0;
  std::string first_bad_;          ///< sentences without content
  std::string first_bad_details_;  ///< with keys
};

template <class Change>
void table_loader::stage(Change change) {
  constexpr std::size_t publish_after = 64;
  if (loaded_->indexes) loaded_->indexes.set(nullptr);
  (void)change();
  assert(loaded_->published() <= version_ && "what is loaded is alone on its board");
  if (loaded_->staged_count() >= publish_after) loaded_->publish(++version_);
}

/// A table that the program says it has.
struct declared_table {
  std::string name;  ///< empty: the only table of the file, whatever its name
  const detail::entry_types* types;
  std::uint32_t id = 0;  ///< that the table is known to have, whatever its name; 0: unknown
  /// For a table of older types; null: none.
  const std::vector<detail::migration_step>* migrate = nullptr;
};

/// Hands the changes of a file to the loaders of its tables, as the catalogue names them.
/// Thread safety: one thread.
class file_loader final : public journal::visitor {
 public:
  /// The types of `declared` outlive it.
  file_loader(load_settings how, std::vector<declared_table> declared);
  file_loader(const file_loader&) = delete;
  file_loader& operator=(const file_loader&) = delete;

  result<> visit(const journal::change& c, std::uint64_t sequence) override;
  /// Batches come whole, and nobody looks before the end.
  result<> committed(std::uint64_t /*sequence*/) override { return {}; }

  /// Whether all that was loaded so far fits. Errors: corrupt if there was no catalogue;
  /// wrong_kind, if one table was asked for without a name and there are several; those of the
  /// tables.
  [[nodiscard]] result<> judge();
  void trust() noexcept;
  /// As table_loader::build_indexes, of all tables.
  [[nodiscard]] result<> build_indexes();
  /// What the header says, if that is known only once all was read.
  void may_have_several(bool may) noexcept { how_.may_have_several = may; }
  /// Expect about so many entries.
  void reserve(std::size_t entries) noexcept { expected_ = entries; }
  [[nodiscard]] bool brought_up_to_date() const noexcept;
  /// What judge() has migrated, or would have.
  [[nodiscard]] std::vector<detail::migrated_table>& migrated() noexcept { return migrated_; }

  struct loaded_table {
    const declared_table* declared;  ///< null: the program does not know it
    std::unique_ptr<table_loader> load;
    table_description as;        ///< what the catalog says
    std::optional<error> wrong;  ///< it does not fit the declaration: loaded as if there were none
    migration_path path = {};    ///< to be migrated: loaded as if there were no declaration
  };
  /// By id. Declared tables that the file does not have are not among them.
  [[nodiscard]] std::map<std::uint32_t, loaded_table>& tables() noexcept { return tables_; }
  /// The highest id that the file has ever used.
  [[nodiscard]] std::uint32_t highest_id() const noexcept { return highest_id_; }
  [[nodiscard]] const declared_table* declared_as(std::uint32_t id,
                                                  const std::string& name) const noexcept;

 private:
  [[nodiscard]] result<> visit_catalogue(const journal::change& c);
  [[nodiscard]] result<> create(std::uint32_t id, table_description as);
  [[nodiscard]] result<> change(std::uint32_t id, table_description as);
  void drop(std::uint32_t id);
  [[nodiscard]] result<loaded_table> bind(std::uint32_t id, table_description as);
  [[nodiscard]] result<> migrate();
  [[nodiscard]] static error too_many();
  [[nodiscard]] error several_tables() const;

  load_settings how_;
  const std::vector<declared_table> declared_;
  std::map<std::uint32_t, loaded_table> tables_;
  loaded_table* last_ = nullptr;  ///< that a change was for
  std::uint32_t last_id_ = 0;
  stores::catalogue catalogue_;
  bool is_of_several_ = false;  ///< it is, or was
  std::uint32_t highest_id_ = 0;
  std::size_t expected_ = 0;
  bool catalogue_seen_ = false;
  std::vector<detail::migrated_table> migrated_;
};

}  // namespace shelf::engine
