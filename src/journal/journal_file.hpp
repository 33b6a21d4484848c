// JOURNAL  api -> engine -> stores -> [journal] -> file
// The file of a table, held open for writing: batches are appended, synced, and the file is sealed
// at close.
#pragma once

#include "file/fair_mutex.hpp"
#include "file/location.hpp"
#include "file/sync_pace.hpp"
#include "journal/change.hpp"
#include "journal/file_header.hpp"
#include "journal/frame.hpp"
#include "journal/scan.hpp"

#include <atomic>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

namespace shelf::journal {

/// The highest numbers a file may bear and still be written. No writer counts this far: a file
/// beyond them was made to have ours wrap around. What lies between them and the end of their range
/// is more than any process uses up while it has the file open.
inline constexpr std::uint64_t most_sequence = std::uint64_t{1} << 61;
inline constexpr std::uint64_t most_generation = std::uint64_t{1} << 61;
inline constexpr std::uint32_t most_era = std::uint32_t{1} << 31;

/// What opening a journal found.
struct recovery {
  scanned found;
  bool clean = false;           ///< sealed by a close, nothing behind the seal
  std::uint64_t cut_bytes = 0;  ///< torn bytes that recover() cuts off
};

/// A journal open for writing, its file locked.
///
/// Invariant: [frames_start, end) holds committed batches only, each complete in the file; what
/// a failed append left behind `end` is cut back before the next append, or the journal is fenced.
/// Invariant: a sequence number or session that reached the file is never used for other changes.
///
/// Thread safety: append calls (begin, add, commit, roll_back, seal) one thread at a time; sync
/// from any thread beside them; the observers from any thread.
class journal_file {
 public:
  struct settings {
    /// Fill the file with zeros ahead of the end, so that a sync need not write the file's size.
    /// For durable mode.
    bool write_ahead = false;
    /// Small frames go to the file through memory, which is lengthened ahead of the end.
    bool mapped = false;
    /// Sync long batches on the way, until the file has its name: so that its sync is a short one.
    bool sync_on_the_way = false;
    /// Of a new file: see allow_several_tables.
    bool several_tables = false;
    /// Of a new file: it continues a backup, and is no table.
    bool increment = false;
    /// Of a new file: the session it is written in. No nonce: one is drawn. A file that takes the
    /// place of another goes on in its session, or in a later one, so that no batch is ever named
    /// like another one of the old file.
    session written_in{.era = 1, .nonce = 0};
  };

  /// A new file under a temporary name: headers only. Append the catalogue, sync, then publish.
  [[nodiscard]] static result<std::unique_ptr<journal_file>> create(
      const file::location& where, const std::array<std::byte, 16>& store_id, settings s);

  /// Opens, locks and scans, and changes nothing: what the file holds can be replayed, and refused,
  /// while it is as it was found. recover() comes before the first append. `tell` is told of the
  /// bytes scanned. Errors: not_found, not_a_table, already_open, corrupt, unsupported_version
  /// (read_only features too), file_error.
  [[nodiscard]] static result<std::unique_ptr<journal_file>> open(const file::location& where,
                                                                  settings s,
                                                                  const progress& tell = {});
  /// Makes an opened file one to append to: cuts off a torn end and syncs. Once, as soon as nothing
  /// will refuse the file any more, and before anybody is served from it. Errors: file_error.
  [[nodiscard]] result<> recover();
  ~journal_file();
  journal_file(const journal_file&) = delete;
  journal_file& operator=(const journal_file&) = delete;

  /// What open found. Empty for a created journal.
  [[nodiscard]] const recovery& recovered() const noexcept { return recovery_; }
  /// Hands out the changes of the committed batches in [from, to), in the order of the file.
  [[nodiscard]] result<> replay(std::uint64_t from, std::uint64_t to, visitor& out) const;
  /// Reads the whole file anew, scanning it as open does, but changes nothing.
  [[nodiscard]] result<scanned> verify() const;

  /// From here on the catalog may have any number of tables: the header says so, on disk, before
  /// anything else is written, so that readers who know one table only refuse the file untouched.
  /// For the appending thread, between batches. Errors: file_error; a failed sync fences.
  [[nodiscard]] result<> allow_several_tables();
  [[nodiscard]] bool has_several_tables() const noexcept { return header_.several_tables; }
  /// From here on records may have flags, and there may be expire records: as
  /// allow_several_tables(), but also inside a batch that has none so far. add() sees to it.
  [[nodiscard]] result<> allow_deadlines();
  [[nodiscard]] bool has_deadlines() const noexcept { return header_.deadlines; }
  /// The same for history: its frames, and records that tell a time or what is replaced.
  [[nodiscard]] result<> allow_history();
  [[nodiscard]] bool has_history() const noexcept { return header_.history; }

  // Appending: begin, add any number of times, commit; or roll_back.
  /// Starts the batch `sequence`, greater than any used before (or equal, for notes alone).
  void begin(std::uint64_t sequence);
  /// Starts a batch that bears the name of one in another file, whose state it holds. Of a new
  /// file.
  void begin_as(const batch_id& id);
  /// Adds a change to the batch; frames that are full go to the file. After an error: roll_back.
  [[nodiscard]] result<> add(const change& c);
  /// The same for a change whose bytes stay where they are until the next call that begins, adds,
  /// commits or rolls back has returned: a large value goes to the file from there, not by way of a
  /// buffer as large as itself.
  [[nodiscard]] result<> add_in_place(const change& c);
  /// A frame of a batch of another file, which becomes history in this one, under the name that it
  /// has. Of a new file, behind its first batch; the state follows.
  [[nodiscard]] result<> copy_history(const frame& f);
  /// A frame of a batch of another file, which becomes the same batch in this one. Of a new file
  /// without history, whose session becomes a later one. Errors: corrupt, if no session can be
  /// later; file_error, no_space.
  [[nodiscard]] result<> copy_frame(const frame& f);
  /// Writes the last frame. ok: the batch is in the file (not yet synced). After an error:
  /// roll_back.
  [[nodiscard]] result<> commit();
  /// Cuts off what the batch begun last wrote. If that fails, or `cause` leaves the file in doubt,
  /// the journal is fenced. Returns what to tell the caller: the cause, or indeterminate.
  [[nodiscard]] error roll_back(const error& cause);

  /// roll_back without a cause to tell: for a batch that an exception ended.
  void drop_batch() noexcept;

  /// fdatasync: all batches committed before the call are durable after it, in a file that
  /// is_whole(). A failure fences the journal. Costs nothing if nothing was written since the last.
  [[nodiscard]] result<> sync();
  /// A note that carries durable_up_to, so that later damage before it is told from a torn end. Not
  /// synced.
  void note_durable() noexcept;
  /// Writes the seal and both header slots, synced. A failure fences.
  [[nodiscard]] result<> seal();

  /// Syncs a file that has no name yet. A failure fences nothing, but this file can never be
  /// published: throw it away.
  [[nodiscard]] result<> sync_unpublished();
  /// Owner, group and permissions as the other file has them.
  [[nodiscard]] result<> copy_mode_of(const journal_file& other);
  [[nodiscard]] result<> copy_mode_of(const file::open_file& other);
  /// Ends a created file to which nothing will be appended: its seal, and all of it on disk. Only
  /// publish() comes after it. A failure fences nothing: throw the file away.
  [[nodiscard]] result<> seal_unpublished();
  /// Gives a created file its name (replacing what stood there, or not) and syncs file and
  /// directory. An error before the rename leaves the name as it was. After the rename an error
  /// fences this journal and is indeterminate.
  [[nodiscard]] result<> publish(bool replace);
  /// replaced if the table's name no longer means this file.
  [[nodiscard]] result<> still_named() const { return where_->still_names(held_.file); }
  /// still_named(), and the file is as long as it was written; and, if its content is looked at
  /// too, nobody changed what was written since the last such look (of much the first 4 MiB and the
  /// last frame). Else it is replaced, and the journal fenced. sync() looks at all, once it is on
  /// disk.
  [[nodiscard]] result<> is_whole(look_at what);

  /// Why nothing more can be written, if so.
  [[nodiscard]] std::optional<error> fence() const;
  void set_fence(const error& cause) noexcept;
  [[nodiscard]] bool is_fenced() const noexcept {
    return is_fenced_.load(std::memory_order_acquire);
  }

  /// Where the next batch will start.
  [[nodiscard]] std::uint64_t end() const noexcept { return end_.load(std::memory_order_acquire); }
  [[nodiscard]] std::uint64_t durable_up_to() const noexcept {
    return durable_.load(std::memory_order_acquire);
  }
  /// True if every batch that changes something has been synced.
  [[nodiscard]] bool is_durable() const noexcept {
    return durable_up_to() >= changes_end_.load(std::memory_order_acquire);
  }
  /// The highest sequence number that may have reached the file. For the appending thread.
  [[nodiscard]] std::uint64_t last_sequence() const noexcept { return sequence_; }
  /// The last batch that changed something. For the appending thread.
  [[nodiscard]] const batch_id& last_batch() const noexcept { return last_batch_; }
  /// Of the batches to come. For the appending thread.
  [[nodiscard]] const session& writes_in() const noexcept { return session_; }
  [[nodiscard]] std::uint64_t file_id() const noexcept { return header_.file_id; }
  [[nodiscard]] std::uint32_t era() const noexcept { return era_.load(std::memory_order_relaxed); }
  [[nodiscard]] const std::array<std::byte, 16>& store_id() const noexcept {
    return header_.store_id;
  }
  [[nodiscard]] const file::open_file& file() const noexcept { return held_.file; }
  /// The lock ends, the descriptor closes, once a sync under way is done. Nothing is written, and
  /// nothing may be appended after it; sync says table_closed.
  void abandon() noexcept;

 private:
  journal_file(const file::location& where, file::location::temporary held, settings s);

  [[nodiscard]] result<> write_header_slots(bool sync_each);
  [[nodiscard]] result<> allow(bool& feature, bool is_late);
  [[nodiscard]] std::size_t filled() const noexcept { return buffer_.size() + large_.size(); }
  [[nodiscard]] result<> copy(const frame& f, bool as_history);
  [[nodiscard]] result<> allow_features_of(const change& c);
  [[nodiscard]] result<> make_room(const change& c);
  [[nodiscard]] result<> flush_frame(bool commits);
  [[nodiscard]] result<> write_in_pieces(const frame_header& header);
  void empty_buffer() {
    buffer_.resize(frame_header_size);
    large_ = {};
  }
  [[nodiscard]] result<> sync_on_the_way();
  void map_if_asked();
  [[nodiscard]] result<> write_ahead_of(std::uint64_t end);
  [[nodiscard]] result<file_header> read_header() const;
  [[nodiscard]] result<scanned> scan_all(const file_header& header, std::uint64_t size,
                                         const progress& tell) const;
  [[nodiscard]] result<> look(const progress& tell);
  [[nodiscard]] result<> has_room_to_count() const;
  void start_session();
  [[nodiscard]] result<> announce_session();
  [[nodiscard]] result<> write_slot(std::size_t slot, bool then_sync);
  void claim_durable(std::uint32_t over) noexcept;
  [[nodiscard]] result<> is_whole(look_at what, std::uint64_t up_to, std::uint64_t last_frame);
  [[nodiscard]] result<> is_as_long() const;
  [[nodiscard]] result<> reads_back(std::uint64_t up_to, std::uint64_t last_frame);
  [[nodiscard]] result<> cut_back(std::uint64_t size);
  void know_size(std::uint64_t size) noexcept;
  [[nodiscard]] bool is_unpublished() const noexcept { return !held_.name.empty(); }
  [[nodiscard]] std::uint64_t claimed_durable() const noexcept;

  const file::location* where_;
  file::location::temporary held_;  ///< the file; its name is empty once it has the table's
  settings settings_;
  file_header header_;
  recovery recovery_;
  std::optional<error> sync_failed_;  ///< before it had a name: what it holds is in doubt for good
  session session_;
  std::atomic<std::uint32_t> era_ = 0;  ///< session_.era, for observers
  bool is_recovered_ = false;           ///< nothing torn stands behind end_: appending may begin
  bool is_announced_ = false;           ///< the header on disk has ended the eras before ours
  std::uint64_t sequence_ = 0;
  batch_id last_batch_;

  // The batch under way.
  std::vector<std::byte> buffer_;  ///< header space and records of the frame being filled
  bytes large_;                    ///< the value of its last record, if that is not in the buffer
  std::uint64_t batch_sequence_ = 0;
  session batch_session_;
  std::uint64_t batch_at_ = 0;  ///< where its next frame goes
  std::uint64_t frame_at_ = 0;  ///< where its last frame went
  bool batch_first_ = false;
  bool batch_is_note_ = false;

  file::sync_pace pace_;             ///< of sync_on_the_way
  std::uint64_t written_up_to_ = 0;  ///< file size as we know it, zeros written ahead included

  // The appending thread writes these; a sync in another thread, and the observers, read them.
  std::atomic<std::uint64_t> end_{frames_start};
  std::atomic<std::uint64_t> last_frame_{frames_start};  ///< start of the frame that ends at end_
  /// The file is no shorter unless somebody else cut it: lowered before we do, and counted.
  std::atomic<std::uint64_t> least_size_{0};
  std::atomic<std::uint32_t> own_cuts_{0};
  std::atomic<std::uint64_t> changes_end_{frames_start};  ///< end, trailing notes not counted
  // Whoever syncs writes the first, under sync_mutex_; whoever fences the second, once.
  std::atomic<std::uint64_t> durable_{0};
  std::atomic<bool> is_fenced_{false};
  mutable std::mutex fence_mutex_;
  std::optional<error> fence_;  ///< guarded by fence_mutex_
  file::fair_mutex sync_mutex_;
  std::uint64_t proven_ = frames_start;  ///< a frame that was read back; under sync_mutex_
  std::uint64_t proven_up_to_ = 0;       ///< nothing was written since; under sync_mutex_
};

/// Drops the batch begun while it lives, should an exception end it.
class unfinished_batch {
 public:
  explicit unfinished_batch(journal_file& j) noexcept : journal_(&j) {}
  unfinished_batch(const unfinished_batch&) = delete;
  unfinished_batch& operator=(const unfinished_batch&) = delete;
  ~unfinished_batch() {
    if (journal_ != nullptr) journal_->drop_batch();
  }
  /// It was committed, or roll_back takes care of it.
  void ended() noexcept { journal_ = nullptr; }

 private:
  journal_file* journal_;
};

}  // namespace shelf::journal
