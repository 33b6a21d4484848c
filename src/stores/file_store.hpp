// STORES  api -> engine -> [stores] -> journal -> file
// The change store that is a file: its name, whether it is whole, and a new file in its place.
#pragma once

#include "file/location.hpp"
#include "journal/trail.hpp"
#include "kinds/contents.hpp"
#include "shelf/detail/core.hpp"
#include "stores/catalogue.hpp"
#include "stores/change_store.hpp"

#include <memory>
#include <span>

namespace shelf::stores {

using kinds::contents;
using kinds::sequence;
using kinds::unsaved_change;

/// What a file tells for stats(). Bytes.
struct file_figures {
  std::uint64_t bytes = 0;
  std::uint64_t garbage_bytes = 0;
  std::uint64_t history_bytes = 0;
  std::uint64_t unsynced_bytes = 0;
  std::uint64_t era = 0;
};

/// What a database holds, to be compared with the size of its file.
struct live_figures {
  std::uint64_t payload_bytes = 0;
  std::uint64_t entries = 0;
};

/// A table as a whole new file is to hold it. The version stays pinned meanwhile.
struct table_image {
  std::uint32_t id = 1;
  const table_description* as = nullptr;  ///< null: no table, but its id was used
  const contents* all = nullptr;          ///< null: no entries
  sequence at = 0;
};

/// What the batch is called that a whole new file begins with, and the session that goes on in it.
struct state_name {
  journal::batch_id id;           ///< of no session: of written_in
  journal::session written_in;    ///< without a nonce: a new session
  std::uint64_t changes_end = 0;  ///< of the batches whose changes lead to the state; 0: unknown
};

/// What a write-back table has changed since its last save.
struct unsaved_table {
  std::uint32_t id = 1;
  bool cleared = false;
  std::span<const unsaved_change> changes;
};

/// What a save writes, in one step.
struct unsaved_state {
  sequence number = 0;  ///< of the save
  std::span<const unsaved_table> changed;
  std::span<const table_image> all;  ///< everything, these changes included
  bool compact = false;              ///< a whole new file is wanted
};

/// The file of an open database, locked.
///
/// Invariant: only write_whole() of another file helps one that is fenced.
///
/// Thread safety: as change_store.
class file_store : public change_store {
 public:
  /// What read_all handed out fits the tables: only now may opening change the file, to mend what a
  /// crash left. Once, before any change, and before anybody is served from it. Not for a file just
  /// created, nor for a native one that is about to be replaced by what write_whole() makes.
  [[nodiscard]] virtual result<> accept() { return {}; }
  /// Reads the whole file anew and looks for damage, as far as the format can show it.
  [[nodiscard]] virtual result<> verify() const = 0;
  /// Saves what write-back tables changed, synced, in one step: in this file (null), or in a new
  /// one that is to be published in its place.
  [[nodiscard]] virtual result<std::shared_ptr<file_store>> save(const unsaved_state& state) = 0;

  // A whole new file.
  /// A file of another content for the same database, locked, under a temporary name, synced, with
  /// mode and owner of this one. This one may be fenced. `tell` is told of the entries.
  [[nodiscard]] virtual result<std::shared_ptr<file_store>> write_whole(
      const state_name& as, std::span<const table_image> tables, const progress& tell) const = 0;
  /// Of a file that is not published: takes what another one got meanwhile.
  [[nodiscard]] virtual result<> catch_up(reading& from) = 0;
  [[nodiscard]] virtual result<> sync_unpublished() = 0;
  /// Gives it the name of the database, replacing what stood there, or not. An error before the
  /// rename leaves the name as it was; after it, this store is fenced and the error is
  /// indeterminate, or std::bad_alloc if there is no memory to say so.
  [[nodiscard]] virtual result<> publish(bool replace) = 0;
  /// replaced if the name no longer means this file.
  [[nodiscard]] virtual result<> still_named() const = 0;
  /// replaced, and fenced, if the file is not what was written to it: cut, changed or renamed by
  /// others, as far as the format can tell at little cost. From any thread, as sync().
  [[nodiscard]] virtual result<> is_whole(journal::look_at /*what*/) { return {}; }
  /// How many names the file has.
  [[nodiscard]] virtual result<std::uint64_t> names() const = 0;

  // The names of batches, where the format has them. Positions outlive the file by them.
  /// For a new file that holds what the last batch made of the database. In the turn.
  [[nodiscard]] state_name same_state() const noexcept {
    return {last_batch(), writes_in(), changes_end()};
  }
  /// For one that holds a batch more. In the turn.
  [[nodiscard]] state_name next_state(sequence number) const noexcept {
    return {{writes_in(), number}, writes_in()};
  }
  /// For one that holds something else: no batch but the new one is known there. In the turn.
  [[nodiscard]] state_name new_state(sequence number) const noexcept {
    return {{{}, number}, {.era = writes_in().era + 2, .nonce = 0}};
  }
  /// The last batch that changed something. In the turn.
  [[nodiscard]] virtual journal::batch_id last_batch() const noexcept { return {}; }
  /// Where its batches end. In the turn.
  [[nodiscard]] virtual std::uint64_t changes_end() const noexcept { return 0; }
  /// Whether write_whole() of the same state keeps changes.
  [[nodiscard]] virtual bool keeps_history() const noexcept { return false; }
  /// The session of the batches to come. In the turn.
  [[nodiscard]] virtual journal::session writes_in() const noexcept { return {}; }
  /// Whether its batches can be read again, one by one.
  [[nodiscard]] virtual bool has_trail() const noexcept { return false; }
  /// Its batches, read again. replaced, if the name means another file by now.
  [[nodiscard]] virtual result<std::unique_ptr<journal::trail>> open_trail() const {
    return nullptr;
  }
  /// Where committed batches end; 0 if that is the trail of another file. From any thread.
  [[nodiscard]] virtual std::uint64_t end_of(const journal::trail& /*t*/) const noexcept {
    return 0;
  }

  // Figures.
  [[nodiscard]] virtual file_figures figures(const live_figures& live) const = 0;
  /// Whether the file has `min_bytes` at least and is more than `factor` times as long as what it
  /// holds needs.
  [[nodiscard]] virtual bool is_mostly_garbage(const live_figures& live, std::uint64_t min_bytes,
                                               std::uint32_t factor) const = 0;
};

/// What every format needs to know to open or create a file.
struct file_options {
  std::shared_ptr<file::location> where;
  const detail::core_config& config;
  /// The only table of a format that has no catalog; the first one of a new file.
  const table_description& description;
};

/// Opens and locks the file, and looks at what it holds; accept() comes next. Errors: as
/// table::open.
[[nodiscard]] result<std::shared_ptr<file_store>> open_file_store(const file_options& o);
/// A new file of these empty tables, with the ids 1, 2, ..., published; EEXIST if there is one.
/// Formats without a catalog have one table.
[[nodiscard]] result<std::shared_ptr<file_store>> create_file_store(
    const file_options& o, std::span<const table_description> tables);
/// Reads the file without a lock and without changing it.
[[nodiscard]] result<found_at_open> read_file_store(const file_options& o, journal::visitor& out);

}  // namespace shelf::stores
