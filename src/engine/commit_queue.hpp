// ENGINE  api -> [engine] -> stores -> journal -> file
// The writers' turn of a database: operations become groups, groups become batches of the file and
// versions in memory.
#pragma once

#include "engine/figures.hpp"
#include "engine/file_keeper.hpp"
#include "engine/live_table.hpp"
#include "engine/observers.hpp"
#include "engine/turn.hpp"
#include "kinds/versions.hpp"

#include <cassert>
#include <functional>
#include <memory>
#include <optional>

namespace shelf::engine {

/// Invariant: changes are published one batch at a time, in the order of the batches in the file.
/// So in through and durable mode memory is always some prefix of the file, never a reordering of
/// it.
/// Invariant: a sequence number that was drawn is never drawn again.
///
/// Thread safety: submit, lock and unlock from any thread; all else by the holder of the turn.
class commit_queue {
 public:
  /// `much_left` is called when readers have left much behind that nobody may come to free.
  commit_queue(file_keeper& file, write_mode mode, observers& heard_by, const expiry_clock& clock,
               std::function<void()> much_left);

  /// Returns when the operation is done, by this thread or by another that had the turn. Throws
  /// what it threw.
  void submit(operation& op) {
    turn_.submit(op);
    if (op.thrown) std::rethrow_exception(op.thrown);
  }

  // BasicLockable: the turn for something that is not an operation.
  void lock() { turn_.lock(); }
  void unlock() { turn_.unlock(); }

  [[nodiscard]] kinds::version_board& board() const noexcept { return *board_; }
  [[nodiscard]] const std::shared_ptr<kinds::version_board>& shared_board() const noexcept {
    return board_;
  }
  /// The number of the last batch.
  [[nodiscard]] sequence last() const noexcept { return sequence_; }
  [[nodiscard]] sequence draw() noexcept {
    assert(sequence_ + 1 < kinds::unpublished && "no file that is written counts this far");
    return ++sequence_;
  }
  /// The file knows this number: later ones are drawn.
  void continue_after(sequence number) noexcept {
    if (number > sequence_) sequence_ = number;
  }
  /// From here on writers are refused, or no more.
  void refuse_writers(bool refuse) noexcept { is_closing_ = refuse; }
  /// From here on the file gets what changes replace. Before anybody has the database.
  void keep_before() noexcept { group_.keeps_before = is_careful_ = true; }
  /// Room for one table more. Throws std::bad_alloc.
  /// A table of the database is bounded.
  void expect_bounds() noexcept { is_careful_ = true; }
  void expect_tables(std::size_t count) { group_.touched.reserve(count); }

  /// The group that operations outside submit() stage in: publish() ends it.
  [[nodiscard]] group& open_group() noexcept {
    begin_group();
    return group_;
  }
  [[nodiscard]] writer_figures& figures() noexcept { return figures_; }
  [[nodiscard]] const writer_figures& figures() const noexcept { return figures_; }
  /// Publishes what is staged, under a new number; the file has it, or needs nothing.
  void publish() noexcept;
  /// Nothing of it happens.
  void discard() noexcept;

 private:
  void begin_group() noexcept {
    group_.needs_care = is_careful_ || group_.clock->is_needed();
    if (!observers_.is_anybody_there()) [[likely]]
      return;
    group_.is_observed = true;
    group_.needs_care = true;
    observers_.begin_group(board_->published());
  }
  void tell_observers(sequence number) noexcept;
  void execute(operation* first) noexcept;
  operation* execute_group(operation* first) noexcept;
  operation* execute_timed(operation* first) noexcept;
  [[nodiscard]] bool takes_writes(const operation& op) const noexcept {
    return op.on->held() != nullptr && !is_closing_ && !(file_ && file_->is_fenced());
  }
  [[nodiscard]] bool refuse(operation& op) const noexcept;
  [[nodiscard]] operation* stage_group(operation* first);
  [[nodiscard]] bool refuse_too_large(operation& op);
  void publish_group(operation* first, const operation* end) noexcept;
  [[nodiscard]] std::optional<error> append(sequence number);
  [[nodiscard]] result<> append_timed(sequence number);
  [[nodiscard]] std::optional<error> sync_group();
  void show(sequence number) noexcept;

  file_keeper& file_;
  const write_mode mode_;
  observers& observers_;
  const std::function<void()> much_left_;
  /// Published to in the turn, read by all without a lock; snapshots outlive the queue.
  const std::shared_ptr<kinds::version_board> board_ = std::make_shared<kinds::version_board>(0);
  mutable turn turn_;
  // Guarded by the turn: only its holder reads or writes them.
  sequence sequence_ = 0;  ///< last used; never less than what the board has published
  group group_;            ///< empty between groups
  bool is_closing_ = false;
  bool is_careful_ = false;  ///< the file keeps what is replaced, or some table is bounded
  bool is_timed_ = false;    ///< this group
  writer_figures figures_;
};

}  // namespace shelf::engine
