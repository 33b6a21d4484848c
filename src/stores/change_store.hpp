// STORES  api -> engine -> [stores] -> journal -> file
// Where changes are kept: what an open database asks of whatever makes them last.
#pragma once

#include "journal/change.hpp"
#include "journal/journal_view.hpp"
#include "journal/scan.hpp"
#include "shelf/repair.hpp"
#include "stores/catalogue.hpp"

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <vector>

namespace shelf::stores {

/// What opening found and did.
struct found_at_open {
  std::uint64_t batches = 0;
  std::uint64_t cut_bytes = 0;
  bool clean = true;           ///< it had been closed
  bool several_tables = true;  ///< the header allows for more than one; without a header as well
  std::optional<dets::repair_report> repaired;
  /// Of a native file that was opened to read: from where its writer is followed.
  std::shared_ptr<journal::journal_view> view = nullptr;
};

/// What the catalog is to say of a table.
struct declared_table {
  std::uint32_t id = 1;
  table_description as;
};

/// A look at what a store takes from some moment on. Ends before its store does.
class reading {
 public:
  virtual ~reading() = default;
  /// Bytes not handed out yet, about.
  [[nodiscard]] virtual std::uint64_t waiting() const noexcept = 0;
  /// Hands out what was not handed out yet. Beside a writer, too.
  [[nodiscard]] virtual result<> next(journal::visitor& out) = 0;
};

/// Keeps the changes of all tables of a database, in the order of their batches.
///
/// Invariant: it holds what append() took, and nothing of what it refused; where that is in doubt
/// it is fenced, and takes nothing any more.
///
/// Thread safety: append, follow, note_durable, close one thread at a time (the turn); sync, the
/// fence and the figures from any thread beside them; all else under the life of the database.
class change_store {
 public:
  virtual ~change_store() = default;

  // The way up.
  /// Hands out everything, the catalogue first. While nobody appends.
  [[nodiscard]] virtual result<> read_all(journal::visitor& out) const = 0;
  /// About how many entries read_all will make.
  [[nodiscard]] virtual std::size_t expected_entries() const noexcept = 0;
  [[nodiscard]] virtual const found_at_open& found() const noexcept = 0;
  /// The highest sequence number it knows; 0 where none is kept.
  [[nodiscard]] virtual std::uint64_t last_sequence() const noexcept = 0;
  enum class start : std::uint8_t { beginning, now };
  /// What it holds from the beginning, or takes from now on. One at a time. In the turn.
  [[nodiscard]] virtual result<std::unique_ptr<reading>> follow(start from) = 0;

  // The way down.
  /// The catalog will have several tables, or one whose id is not 1. Before the batch that says so.
  [[nodiscard]] virtual result<> allow_several_tables() = 0;
  /// Whether that has been said: of a store where it was not, such a catalog is damage.
  [[nodiscard]] virtual bool has_several_tables() const noexcept = 0;
  /// What the catalog says of tables is to change, in front of the next batch: a batch that fails
  /// takes it back. In place of what was declared so far. In the turn, or before anybody writes.
  virtual void declare(std::vector<declared_table> /*as*/) {}
  /// What was declared and is not in the file yet. In the turn.
  [[nodiscard]] virtual std::span<const declared_table> declared() const noexcept { return {}; }
  /// All of a batch, or nothing of it. The error is what to tell the caller: indeterminate if the
  /// store is in doubt, and then it is fenced. After an exception it is as before, or fenced.
  [[nodiscard]] virtual result<> append(std::uint64_t number,
                                        std::span<const journal::change> changes) = 0;
  /// Whether batches of several writers are better appended together.
  [[nodiscard]] virtual bool likes_groups() const noexcept = 0;

  // The disk.
  /// What append took is on the disk. A failure fences.
  [[nodiscard]] virtual result<> sync() = 0;
  /// sync(), and the file is a closed one where the format has such a state.
  [[nodiscard]] virtual result<> sync_and_settle() = 0;
  /// sync() would have nothing to do.
  [[nodiscard]] virtual bool is_durable() const noexcept = 0;
  /// sync_and_settle() would have nothing to do.
  [[nodiscard]] virtual bool is_settled() const noexcept = 0;
  /// Leaves word of what is durable, where the format has a place for it.
  virtual void note_durable() noexcept {}
  /// What is due by time alone; called now and then.
  [[nodiscard]] virtual result<> work_due() { return {}; }
  /// Saves, marks as closed, syncs. On an error the store is still there to be used or fenced.
  [[nodiscard]] virtual result<> close() = 0;
  /// Lets go of everything, and removes what was never published.
  virtual void abandon() noexcept = 0;

  // The fence.
  /// Why nothing more can be written, if so.
  [[nodiscard]] virtual std::optional<error> fence() const = 0;
  virtual void set_fence(const error& cause) noexcept = 0;
  [[nodiscard]] virtual bool is_fenced() const noexcept = 0;
};

}  // namespace shelf::stores
