// STORES  api -> engine -> [stores] -> journal -> file
// Where a table's changes are kept: the border between a table and the format of its file.
#pragma once

#include "file/location.hpp"
#include "journal/scan.hpp"
#include "kinds/contents.hpp"
#include "shelf/detail/core.hpp"
#include "stores/catalogue.hpp"

#include <memory>
#include <optional>
#include <span>

namespace shelf::stores {

using kinds::contents;
using kinds::held_version;
using kinds::latest;
using kinds::sequence;
using kinds::unsaved_change;

/// What opening a file found and did.
struct found_at_open {
  std::uint64_t batches = 0;
  std::uint64_t cut_bytes = 0;
  bool clean = true;  ///< it had been closed
  std::optional<dets::repair_report> repaired;
};

/// What a file tells for stats(). Bytes.
struct file_figures {
  std::uint64_t bytes = 0;
  std::uint64_t garbage_bytes = 0;
  std::uint64_t unsynced_bytes = 0;
  std::uint64_t era = 0;
};

/// What a table holds, to be compared with the size of its file.
struct live_figures {
  std::uint64_t payload_bytes = 0;
  std::uint64_t entries = 0;
};

/// A look at what a file takes from some moment on. Ends before its backing does.
class reading {
 public:
  virtual ~reading() = default;
  /// Bytes not handed out yet, about.
  [[nodiscard]] virtual std::uint64_t waiting() const noexcept = 0;
  /// Hands out what was not handed out yet. Beside a writer, too.
  [[nodiscard]] virtual result<> next(journal::visitor& out) = 0;
};

/// What a write-back table has changed since its last save.
struct unsaved_state {
  sequence number = 0;  ///< of the save
  bool cleared = false;
  std::span<const unsaved_change> changes;
  const held_version& all;  ///< everything, these changes included
  const table_description& as;
  bool compact = false;  ///< a whole new file is wanted
};

/// The file of an open table, locked.
///
/// Invariant: the file holds what append() took, and nothing of what it refused; where that is in
/// doubt it is fenced, and only write_whole() of another backing helps.
///
/// Thread safety: append, follow, note_durable, close one thread at a time (the turn); sync, the
/// fence and the figures from any thread beside them; all else under the table's life_.
class backing {
 public:
  virtual ~backing() = default;

  // The way up.
  /// Hands out everything, the catalogue first. While nobody appends.
  [[nodiscard]] virtual result<> read_all(journal::visitor& out) const = 0;
  /// About how many entries read_all will make.
  [[nodiscard]] virtual std::size_t expected_entries() const noexcept = 0;
  [[nodiscard]] virtual const found_at_open& found() const noexcept = 0;
  /// The highest sequence number the file knows; 0 where the format keeps none.
  [[nodiscard]] virtual sequence last_sequence() const noexcept = 0;
  /// What read_all handed out fits the table: only now may opening change the file, to mend what a
  /// crash left. Once, before any change, and before anybody is served from it. Not for a file just
  /// created, nor for a native one that is about to be replaced by what write_whole() makes.
  [[nodiscard]] virtual result<> accept() { return {}; }
  /// Reads the whole file anew and looks for damage, as far as the format can show it.
  [[nodiscard]] virtual result<> verify() const = 0;
  enum class start : std::uint8_t { beginning, now };
  /// What the file holds from the beginning, or takes from now on. One at a time. In the turn.
  [[nodiscard]] virtual result<std::unique_ptr<reading>> follow(start from) = 0;

  // The way down.
  /// All of a batch, or nothing of it; `before` is the table without it. The error is what to tell
  /// the caller: indeterminate if the file is in doubt, and then it is fenced. After an exception
  /// the file is as before, or fenced.
  [[nodiscard]] virtual result<> append(sequence number, std::span<const journal::change> changes,
                                        const contents& before) = 0;
  /// Whether batches of several writers are better appended together.
  [[nodiscard]] virtual bool likes_groups() const noexcept = 0;
  /// Saves what a write-back table changed, synced, in one step: in this file (null), or in a new
  /// one that is to be published in its place.
  [[nodiscard]] virtual result<std::shared_ptr<backing>> save(const unsaved_state& state) = 0;

  // The disk.
  /// What append took is on the disk. A failure fences.
  [[nodiscard]] virtual result<> sync() = 0;
  /// sync(), and the file is a closed one where the format has such a state.
  [[nodiscard]] virtual result<> sync_and_settle() = 0;
  /// sync() would have nothing to do.
  [[nodiscard]] virtual bool is_durable() const noexcept = 0;
  /// sync_and_settle() would have nothing to do.
  [[nodiscard]] virtual bool is_settled() const noexcept = 0;
  /// Leaves word in the file of what is durable, where the format has a place for it.
  virtual void note_durable() noexcept {}
  /// What is due by time alone; called now and then.
  [[nodiscard]] virtual result<> work_due() { return {}; }
  /// Saves, marks as closed, syncs. On an error the file is still there to be used or fenced.
  [[nodiscard]] virtual result<> close() = 0;
  /// Lets go of file and lock, and removes what was never published.
  virtual void abandon() noexcept = 0;

  // A whole new file.
  /// A file of another content for the same table, locked, under a temporary name, synced, with
  /// mode and owner of this one. This one may be fenced. `tell` is told of the entries.
  [[nodiscard]] virtual result<std::shared_ptr<backing>> write_whole(
      sequence number, const held_version& from, const table_description& as,
      const progress& tell) const = 0;
  /// Of a file that is not published: takes what another one got meanwhile.
  [[nodiscard]] virtual result<> catch_up(reading& from) = 0;
  [[nodiscard]] virtual result<> sync_unpublished() = 0;
  /// Gives it the table's name, replacing what stood there, or not. An error before the rename
  /// leaves the name as it was; after it, this backing is fenced and the error is indeterminate.
  [[nodiscard]] virtual result<> publish(bool replace) = 0;
  /// replaced if the table's name no longer means this file.
  [[nodiscard]] virtual result<> still_named() const = 0;
  /// replaced, and fenced, if the file is not what was written to it: cut, changed or renamed by
  /// others, as far as the format can tell at little cost. From any thread, as sync().
  [[nodiscard]] virtual result<> is_whole(journal::look_at /*what*/) { return {}; }
  /// How many names the file has.
  [[nodiscard]] virtual result<std::uint64_t> names() const = 0;

  // The fence.
  /// Why nothing more can be written, if so.
  [[nodiscard]] virtual std::optional<error> fence() const = 0;
  virtual void set_fence(const error& cause) noexcept = 0;
  [[nodiscard]] virtual bool is_fenced() const noexcept = 0;

  // Figures.
  [[nodiscard]] virtual file_figures figures(const live_figures& live) const = 0;
  /// Whether the file has `min_bytes` at least and is more than `factor` times as long as what it
  /// holds needs.
  [[nodiscard]] virtual bool is_mostly_garbage(const live_figures& live, std::uint64_t min_bytes,
                                               std::uint32_t factor) const = 0;
};

/// What every format needs to know to open or create a file.
struct backing_options {
  std::shared_ptr<file::location> where;
  const detail::core_config& config;
  const table_description& description;
};

/// Opens and locks the file, and looks at what it holds; accept() comes next. Errors: as
/// table::open.
[[nodiscard]] result<std::shared_ptr<backing>> open_backing(const backing_options& o);
/// A new file of an empty table, published; EEXIST if there is one.
[[nodiscard]] result<std::shared_ptr<backing>> create_backing(const backing_options& o);
/// Reads the file without a lock and without changing it.
[[nodiscard]] result<found_at_open> read_backing(const backing_options& o, journal::visitor& out);

}  // namespace shelf::stores
