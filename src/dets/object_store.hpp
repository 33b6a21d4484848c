// DETS  api -> engine -> stores -> [dets] -> file
// A DETS file over encoded terms: what the typed face and the tables stand on.
#pragma once

#include "dets/bucket.hpp"
#include "dets/buddy.hpp"
#include "dets/bulk.hpp"
#include "dets/file_repair.hpp"
#include "dets/header.hpp"
#include "dets/slot_table.hpp"
#include "dets/storage.hpp"
#include "file/location.hpp"
#include "file/process_mutex.hpp"
#include "shelf/detail/function_ref.hpp"

#include <atomic>
#include <chrono>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

namespace shelf::dets_format {

/// How a file is opened. dets.hpp says what each means.
struct settings {
  std::string path = {};
  std::optional<std::string> base_directory = {};
  std::optional<kind> type = {};
  std::optional<std::uint32_t> keypos = {};
  enum class opening : std::uint8_t { create_if_missing, existing, create_new, read_only };
  opening how = opening::create_if_missing;
  dets::repair_policy repair = dets::repair_policy::automatic;
  progress tell_repair = {};      ///< told while the file is opened, and not later
  bool waits_for_accept = false;  ///< see object_store::accept()
  bool durable = false;           ///< each change is synced before its call returns
  bool mapped = false;            ///< file_io::mapped
  bool exact_values = false;      ///< see object_format
  std::uint32_t min_slots = slots_per_segment;
  std::uint32_t max_slots = most_slots;
  std::chrono::nanoseconds auto_save{0};  ///< 0: never
  bool any_file_system = false;
  std::uint64_t highest_end = dets_format::highest_end;  ///< tests want a small one
  file::system* system = nullptr;
};

/// The counts a file tells of itself.
struct store_info {
  kind type = kind::set;
  std::uint32_t keypos = 1;
  std::uint64_t objects = 0;
  std::uint64_t keys = 0;
  std::uint32_t slots = 0;
  std::uint32_t min_slots = 0;
  std::uint32_t max_slots = 0;
  std::uint64_t file_bytes = 0;
  std::uint64_t free_bytes = 0;  ///< between the blocks in use
  bool read_only = false;
  bool unsaved = false;  ///< changed since the last save: a crash now means a repair
};

/// A DETS file. Objects and keys are canonical terms without 131; objects are tuples.
///
/// Changes are in the file when a call returns: a kill takes nothing back, because a bucket is
/// written whole in a new place (or in place within one page) before the old one is marked as free,
/// and repair needs only buckets. Slots, free lists and the header follow in save().
///
/// A file opened read_only takes no lock. A closed one is read where it stands, and an answer is
/// given only if the file did not change meanwhile: else it is busy. An unclosed one is repaired in
/// memory, as it was at one moment, and no longer changes.
///
/// Errors of all calls: table_closed, forked, file_error; corrupt for what the file should not
/// hold; read_only: busy. Of writes: read_only, fenced, indeterminate, no_space,
/// size_limit_exceeded (the 2 GiB of a DETS file), invalid_argument (an object is not a tuple, or
/// has no key).
/// Thread safety: all calls from any thread. Callbacks run without a lock held.
class object_store {
 public:
  [[nodiscard]] static result<std::unique_ptr<object_store>> open(settings how);
  /// The same for a place that is known already; path and base_directory of `how` say where.
  [[nodiscard]] static result<std::unique_ptr<object_store>> open(
      settings how, std::shared_ptr<file::location> where);
  /// Until then opening has changed nothing: what it repaired or has to compact gets its name here.
  /// For files opened with waits_for_accept, once, before any write; an error leaves the file as it
  /// was. One that is not accepted stays as it is.
  [[nodiscard]] result<> accept();
  object_store(const object_store&) = delete;
  object_store& operator=(const object_store&) = delete;
  /// Releases all; a file that has no name yet goes away.
  ~object_store();

  // Reads.
  /// Calls `visit` with each object of the key, oldest first; how many there were. One read of the
  /// file at most.
  [[nodiscard]] result<std::size_t> lookup(bytes key,
                                           shelf::detail::function_ref<void(bytes)> visit) const;
  /// Calls `visit` with every object, in the order of the slots, until it returns false. Objects
  /// that stay throughout are seen once; others may be seen or not. Reads large portions.
  [[nodiscard]] result<> for_each(shelf::detail::function_ref<bool(bytes)> visit) const;
  [[nodiscard]] std::uint64_t size() const noexcept { return objects_.load(); }
  [[nodiscard]] result<store_info> info() const;
  [[nodiscard]] bool is_open() const noexcept { return open_.load(); }
  /// An error left it in doubt what the file holds. Any other error has changed nothing.
  [[nodiscard]] bool is_fenced() const;
  /// What opening had to repair.
  [[nodiscard]] const std::optional<repair_report>& repaired() const noexcept { return repaired_; }
  /// The path as messages show it.
  [[nodiscard]] const std::string& path() const noexcept { return where_.path(); }
  [[nodiscard]] kind type() const noexcept { return type_; }
  [[nodiscard]] std::uint32_t keypos() const noexcept { return keypos_; }

  // Writes.
  [[nodiscard]] result<written> insert(bytes object);
  /// How many objects went in. Not atomic: an error or a crash leaves some of them. only_new: all
  /// keys must be absent, else key_already_present and nothing happens.
  [[nodiscard]] result<std::size_t> insert_all(std::span<const bytes> objects, bool only_new);
  [[nodiscard]] result<std::size_t> erase(bytes key);
  /// Every object identical to this one.
  [[nodiscard]] result<std::size_t> erase_object(bytes object);
  /// Sets: replaces the object of the key by what `change` makes of it, in one step. not_found, or
  /// the error that `change` gives.
  [[nodiscard]] result<> update(
      bytes key, shelf::detail::function_ref<result<std::vector<std::byte>>(bytes object)> change);
  /// One of several changes: an object that goes in or out, or the key of those that go.
  struct one_change {
    enum class verb : std::uint8_t { insert, erase, erase_object } what;
    bytes content;
  };
  /// All of them, in order, or none: an error or an exception that leaves the file unfenced has
  /// changed nothing. A crash leaves some; each key has what it had, what it gets, or what one of
  /// its changes left it with. Memory: a few words per change. In a bag, each time inserts of a
  /// key follow erases of it, or the other way round, its bucket is written once more.
  [[nodiscard]] result<> change_all(std::span<const one_change> changes);
  /// All objects; how many there were. A new file takes the place of the old one.
  [[nodiscard]] result<std::size_t> clear();
  /// Only these objects from now on. A new file, laid out in one go, takes the place of the old one
  /// in one step. In sets the last object of a key wins.
  [[nodiscard]] result<> replace_all(std::span<const bytes> objects);
  /// Closes the gaps: a new file takes the place of the old one.
  [[nodiscard]] result<> compact(const progress& tell = {});

  // A file beside this one (beside.cpp).
  /// A new file of these objects, of this type and otherwise like this one: locked, synced, closed,
  /// under a temporary name. It may be changed before publish() gives it the name; clear, compact
  /// and replace_all are for files that have theirs. Works beside a fenced file, too.
  [[nodiscard]] result<std::unique_ptr<object_store>> write_beside(kind type,
                                                                   std::vector<piece>& pieces,
                                                                   const piece_source& source,
                                                                   const progress& tell) const;
  /// Saves what write_beside() made and gives it its name, replacing what stood there, or not
  /// (already_open, EEXIST). An error before that leaves the name as it was; after it, this file is
  /// fenced and the error is indeterminate.
  [[nodiscard]] result<> publish(bool replace);
  /// replaced if the name no longer means this file.
  [[nodiscard]] result<> still_named() const;
  /// What the system says of the file.
  [[nodiscard]] result<file::file_status> status() const;

  /// replaced if another program cut the file, or its name no longer means it: then it is fenced.
  [[nodiscard]] result<> is_whole();

  // Life.
  /// Makes the file a valid closed one, on the disk, until the next change.
  [[nodiscard]] result<> save();
  /// What was written is on the disk; the file stays unclosed. Cheaper than save().
  [[nodiscard]] result<> sync_changes();
  /// Saves if the time for it has come; when to ask again.
  [[nodiscard]] std::chrono::nanoseconds save_if_due(result<>& outcome);
  [[nodiscard]] result<> close();
  /// Releases all without saving.
  void abandon() noexcept;

 private:
  class growth;
  class walk;
  class indivisible;
  object_store(settings how, std::shared_ptr<file::location> where);

  // opening.cpp
  [[nodiscard]] result<> open_file();
  [[nodiscard]] result<> open_existing();
  [[nodiscard]] result<judged_header> judge(const storage& from) const;
  [[nodiscard]] result<> open_judged(storage&& from);
  [[nodiscard]] result<> create();
  [[nodiscard]] result<judged_header> read_header(const storage& from) const;
  [[nodiscard]] result<> check_wanted(const header& h) const;
  [[nodiscard]] result<> load(storage&& from, header h, bool reopened);
  [[nodiscard]] result<> open_damaged(storage&& from, const header& h, std::string cause,
                                      const progress& tell);
  [[nodiscard]] result<> repair_in_memory(const storage& from, const header& h, std::string cause,
                                          const progress& tell);
  [[nodiscard]] result<> repair_beside(storage&& from, const header& h, std::string cause,
                                       const progress& tell);
  [[nodiscard]] result<> keep_original(storage& from, const progress& tell);
  [[nodiscard]] result<> force(const header& h);

  // alongside.cpp
  using front_bytes = std::array<std::byte, header_size>;
  [[nodiscard]] result<> open_alongside();
  [[nodiscard]] result<std::optional<storage>> read_at_one_moment(
      const file::open_file& from) const;
  [[nodiscard]] bool reads_alongside() const noexcept {
    return settings_.how == settings::opening::read_only && !file_.in_memory();
  }
  [[nodiscard]] static result<front_bytes> front_of(const storage& from);
  [[nodiscard]] result<std::size_t> lookup_alongside(
      bytes key, shelf::detail::function_ref<void(bytes)> visit) const;
  [[nodiscard]] result<bool> is_as_opened(std::uint32_t slot) const;
  [[nodiscard]] result<> check_unchanged() const;
  [[nodiscard]] result<> blame(const error& cause) const;
  [[nodiscard]] error changed_meanwhile() const;
  void pause(int times) const;

  // beside.cpp
  [[nodiscard]] result<> adopt(class replacement& made, const storage& like, bool reopened);
  [[nodiscard]] result<> take_place(class replacement& made);
  [[nodiscard]] result<> take_name(bool replace);

  // replacing.cpp
  [[nodiscard]] result<> rewrite(std::vector<piece>& pieces, const piece_source& source);
  [[nodiscard]] result<> compact_now(const progress& tell);
  [[nodiscard]] result<> copy_blocks(storage& into, const progress& tell) const;

  // reading.cpp
  [[nodiscard]] result<> usable() const;
  [[nodiscard]] std::uint32_t slot_of(bytes key) const noexcept;
  [[nodiscard]] result<> read_bucket(slot_entry entry, std::pmr::vector<std::byte>& into) const;
  [[nodiscard]] result<std::size_t> find_in_bucket(
      bytes content, std::uint64_t offset, bytes key,
      shelf::detail::function_ref<void(bytes)> visit) const;
  [[nodiscard]] object_format format_of(const header& h) const noexcept {
    return {h.type, h.keypos, settings_.exact_values};
  }
  [[nodiscard]] object_format format() const noexcept {
    return {type_, keypos_, settings_.exact_values};
  }

  // writing.cpp
  [[nodiscard]] result<> writable() const;
  [[nodiscard]] result<bytes> key_of(bytes object) const;
  [[nodiscard]] result<> begin_change();
  [[nodiscard]] result<> change_slot(std::uint32_t slot,
                                     shelf::detail::function_ref<result<bool>(key_records&)> edit);
  [[nodiscard]] result<> change_slot_in_steps(
      std::uint32_t slot, std::uint32_t steps,
      shelf::detail::function_ref<result<bool>(key_records&, std::uint32_t step)> edit);
  [[nodiscard]] result<> finish_change();
  [[nodiscard]] std::unexpected<error> fence(const error& cause);

  // batch.cpp
  [[nodiscard]] result<> check_absent(std::span<const bytes> objects) const;
  [[nodiscard]] result<> apply_by_slot(std::span<const one_change> changes);
  [[nodiscard]] result<> apply_to(key_records& records, const one_change& c,
                                  std::vector<std::vector<std::byte>>& stored) const;

  // placing.cpp
  [[nodiscard]] result<> place(std::uint32_t slot, bytes old, bytes fresh, std::size_t turn);
  [[nodiscard]] result<> place_in_place(std::uint32_t slot, bytes old, bytes fresh);
  [[nodiscard]] bool restore_in_place(slot_entry entry, std::size_t from, bytes old);
  [[nodiscard]] result<> place_anew(std::uint32_t slot, bytes old, bytes fresh, std::size_t turn);
  void note_placed(std::uint32_t slot, slot_entry before, slot_entry now) noexcept;
  [[nodiscard]] result<> write_bucket(std::uint64_t address, bytes bucket,
                                      std::vector<std::uint32_t>* waiting);
  [[nodiscard]] std::vector<std::uint32_t>* waiting_in(std::size_t turn) noexcept;
  [[nodiscard]] std::vector<block>& replaced_in(std::size_t turn) noexcept {
    return turn == 0 ? replaced_ : later_[turn - 1].replaced;
  }
  [[nodiscard]] result<> write_at(std::uint64_t address, bytes content);
  [[nodiscard]] result<> free_replaced();
  [[nodiscard]] result<> hand_over(std::vector<std::uint32_t>& unmarked,
                                   std::vector<block>& replaced);
  [[nodiscard]] result<> take_back();
  [[nodiscard]] result<> sync_if_durable();
  [[nodiscard]] result<> write_mark(std::uint64_t address, std::uint32_t status);
  [[nodiscard]] std::uint32_t next_waiting_mark() noexcept;
  [[nodiscard]] result<> mark_free(std::uint64_t address);

  // growth.cpp
  [[nodiscard]] result<> grow_for(std::uint64_t keys);

  // saving.cpp
  [[nodiscard]] result<> check_whole();
  [[nodiscard]] result<> mark_unclosed();
  [[nodiscard]] result<> drop_tail();
  [[nodiscard]] result<> save_now();
  [[nodiscard]] result<> write_tail();
  void forget_original() noexcept;
  void release() noexcept;
  void discard_unpublished() noexcept;

  const settings settings_;
  file::system& system_;
  const file::process_stamp process_;
  const std::shared_ptr<file::location> place_;
  file::location& where_;
  std::atomic<bool> open_{false};
  std::atomic<std::uint64_t> objects_{0};
  kind type_ = kind::set;
  std::uint32_t keypos_ = 1;
  std::optional<repair_report> repaired_;

  mutable file::process_mutex mutex_;  // guards everything below
  storage file_;
  storage original_;  // locked, while what a repair made of it has no name yet
  bool compacts_when_accepted_ = false;
  std::string temporary_name_;  // of a file that is not published; else empty
  header header_;
  slot_table slots_;
  buddy free_{static_cast<std::uint32_t>(body_start)};
  std::uint64_t end_ = 0;      // where the file ends, free lists not counted
  bool unclosed_ = false;      // the header says so, and what follows `end_` is gone
  bool tail_written_ = false;  // a save failed behind `end_`
  bool cannot_grow_ = false;   // a try failed, and nothing has changed since that would help
  std::optional<error> fenced_;
  std::vector<std::uint32_t> unmarked_;  // durable mode: new buckets, to be marked once synced
  std::uint32_t stamp_ = 0;              // see mark_free()
  std::vector<block> replaced_;          // marked as free when the change is complete
  /// Buckets that count only once those of the turn before are free, and what they replace.
  struct later_turn {
    std::vector<std::uint32_t> unmarked;
    std::vector<block> replaced;
  };
  std::vector<later_turn> later_;
  /// A slot that the change under way set.
  struct set_slot {
    std::uint32_t slot;
    slot_entry before;
  };
  std::vector<set_slot> placed_;
  bool in_batch_ = false;    // all of it may have to be taken back
  front_bytes opened_at_{};  // read-only: what the header said when the file was opened
  std::uint64_t changes_ = 0;
  std::chrono::nanoseconds unclosed_since_{0};
  mutable std::atomic<int> walks_{0};  // while there are any, the slots do not grow
};

/// Whether a file looks like a DETS file of version 9; not_a_table or unsupported_version if not.
[[nodiscard]] result<> recognise_file(file::system& system, const std::string& path,
                                      const std::optional<std::string>& base_directory);

}  // namespace shelf::dets_format
