// ENGINE  api -> [engine] -> stores -> journal -> file
// An alteration: what tables a database has, changed in one step.
#pragma once

#include "engine/index_building.hpp"
#include "engine/instance.hpp"

#include <deque>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace shelf::engine {

/// What a table may be called. Errors: invalid_argument.
[[nodiscard]] result<> check_name(const std::string& name);
/// A table that a program asks for, as far as it can be judged alone. Errors: invalid_argument,
/// wrong_kind.
[[nodiscard]] result<> check_wanted(const detail::wanted_table& w);

/// Steps are taken one by one, each on top of those before it, and nothing happens until commit().
/// Lives under life_, or before anybody has the database.
class instance::alteration {
 public:
  explicit alteration(instance& of);
  alteration(const alteration&) = delete;
  alteration& operator=(const alteration&) = delete;
  ~alteration();

  /// Errors: as of database_core::alter.
  [[nodiscard]] result<> take(detail::table_step& step);
  [[nodiscard]] result<> create(detail::wanted_table& w);
  /// A table of that name is dropped, and another created that has these contents, which are on a
  /// board of their own at that version.
  [[nodiscard]] result<> replace(detail::wanted_table& w, std::shared_ptr<contents> by,
                                 sequence version);
  /// All of it, or nothing. Errors: those of a write.
  [[nodiscard]] result<> commit();

 private:
  class unsaved_changes;
  /// A table as it is after the steps so far.
  struct altered_table {
    live_table* is = nullptr;
    std::unique_ptr<live_table> made = {};  ///< a new one
    std::shared_ptr<contents> first = {};   ///< what the new one shows
    table_description as;
    /// Its indexes from then on, if they are changed.
    std::optional<detail::index_definitions> indexed_by = {};
    std::unique_ptr<index_build> build = {};
    std::shared_ptr<kinds::index_set> indexes = {};
    kinds::index_place::room room = {};
    bool is_changed = false;
    bool is_declared = false;   ///< the catalog does not know its indexes
    bool is_rewritten = false;  ///< its storage has changed: the file gets all its entries, or none
    bool is_dropped = false;
    bool is_brought = false;           ///< what it shows first is on a board of its own
    const table_face* face = nullptr;  ///< of one that is changed
  };

  [[nodiscard]] altered_table* find(std::string_view name) noexcept;
  [[nodiscard]] error refused(errc code, const std::string& name, const std::string& why) const;
  void note(journal::op what, const altered_table& t);
  [[nodiscard]] result<> drop(const std::string& name);
  [[nodiscard]] result<> rename(const std::string& from, const std::string& to);
  [[nodiscard]] result<> store(const std::string& name, storage where);
  [[nodiscard]] result<> index(detail::wanted_table& w);
  [[nodiscard]] result<> build_indexes();
  [[nodiscard]] result<bool> finish_indexes();
  [[nodiscard]] result<> commit_in_turn();
  [[nodiscard]] std::vector<stores::declared_table> declare() const;
  void note_entries();
  [[nodiscard]] result<> write(sequence number);
  void show(sequence number) noexcept;

  instance& of_;
  std::uint32_t highest_;     ///< id that a table ever had
  bool has_indexes_ = false;  ///< some table gets others
  sequence version_ = 0;      ///< of contents that it brings along
  std::deque<altered_table> tables_;
  std::deque<stores::encoded_description> texts_;  ///< that the changes refer to
  std::vector<journal::change> changes_;
};

}  // namespace shelf::engine
