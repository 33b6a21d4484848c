// ENGINE  api -> [engine] -> stores -> journal -> file
// One table of an open database: what it holds, and its verbs over encoded bytes.
#pragma once

#include "engine/change_ring.hpp"
#include "engine/expiry_clock.hpp"
#include "engine/figures.hpp"
#include "engine/flights.hpp"
#include "engine/group.hpp"
#include "engine/operation.hpp"
#include "engine/ownership.hpp"
#include "file/system.hpp"
#include "journal/change.hpp"
#include "kinds/contents.hpp"
#include "kinds/retired_contents.hpp"
#include "shelf/detail/core.hpp"
#include "shelf/detail/cursor.hpp"
#include "stores/catalogue.hpp"

#include <atomic>
#include <cassert>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace shelf::engine {

using detail::sought_key;
using kinds::contents;
using kinds::latest;
using kinds::ordered_contents;
using kinds::sequence;
using kinds::staged;
using kinds::staging;
using stores::table_description;

class instance;
struct own_write;

/// The same place as the kinds call it.
[[nodiscard]] constexpr ordered_contents::place translate(detail::place where) noexcept {
  static_assert(static_cast<int>(detail::place::at_or_before) ==
                static_cast<int>(ordered_contents::place::at_or_before));
  return static_cast<ordered_contents::place>(where);
}

/// What a table is called in messages, and what the catalog says of it. Never changed: an
/// alteration puts another in its place.
struct table_face {
  table_description as;
  std::string label;
};

/// What the catalog is to say of the indexes of a table of these types.
[[nodiscard]] std::vector<index_description> indexes_to_record(const detail::entry_types& types);
/// What is known of a table that the program has not declared.
[[nodiscard]] detail::entry_types types_of(const table_description& as);

/// One table.
///
/// A write goes: verb -> commit_queue::submit -> (in the turn) stage, append to the file, publish.
/// Memory changes in contents::stamp and version_board::publish alone, after the file has taken
/// what the mode promises.
///
/// Thread safety: reads, writes and life from any thread, close included; the turn's part by the
/// holder of the turn.
class live_table final : public detail::core {
 public:
  struct settings {
    std::uint32_t id = 1;
    bool is_stored = false;  ///< its changes go to the file, one by one
    bool is_saved = false;   ///< they are listed, for the next save
    bool is_read_only = false;
    bool has_owner = false;  ///< one thread at a time may write
    bool is_lone = false;    ///< the only table anybody sees: its handle stands for the file
    bool counts_reads = false;
    std::size_t entry_limit = 0;
    bool keeps_deadlines = true;  ///< its file does
    bool may_be_stale = false;    ///< of a replica: instance::is_stale says whether it is
  };
  live_table(instance& of, settings how, table_face face, detail::entry_types types);
  live_table(const live_table&) = delete;
  live_table& operator=(const live_table&) = delete;
  ~live_table() override;

  // Reads (reading.cpp).
  result<> lookup(const sought_key& key, detail::function_ref<void(bytes)> f) const override;
  result<> lookup_many(std::span<const sought_key> keys,
                       detail::function_ref<void(std::size_t, bytes)> f) const override;
  bool contains(const sought_key& key) const noexcept override;
  std::size_t size() const noexcept override;
  bool is_open() const noexcept override;
  std::shared_ptr<const detail::snapshot_core> snapshot() const override;
  result<> seek(detail::place where, bytes key,
                detail::function_ref<void(bytes, bytes)> f) const override;
  result<> nth(std::size_t index, detail::function_ref<void(bytes, bytes)> f) const override;
  std::size_t rank(bytes key) const noexcept override;
  result<> find_by(const detail::asked_index& index, bytes wanted,
                   detail::function_ref<void(bytes, bytes)> f) const override;
  result<table_stats> stats() const override;

  // Writes (writing.cpp).
  result<written> insert(bytes key, bytes value) override;
  result<written> insert_pieces(bytes key, std::span<const bytes> value) override;
  result<> insert_new(bytes key, std::span<const bytes> value) override;
  result<std::unique_ptr<detail::entry_batch>> make_batch(const expiry& until = {}) const override;
  result<std::size_t> insert_batch(std::unique_ptr<detail::entry_batch> batch,
                                   bool only_new) override;
  result<write_counts> write(const detail::change_list& changes) override;
  result<std::size_t> erase(bytes key) override;
  result<std::size_t> erase_value(bytes key, bytes value) override;
  result<std::size_t> clear() override;
  result<detail::wide_integer> update_counter(bytes key, detail::counter_step step) override;
  result<> replace_if(bytes key, bytes expected, std::span<const bytes> value) override;
  result<written> edit(bytes key, detail::edit_function how, const expiry& created = {}) override;
  result<std::size_t> take(bytes key, detail::function_ref<void(bytes)> f) override;
  result<> take_end(detail::place end, detail::function_ref<void(bytes, bytes)> f) override;
  result<std::size_t> change_same(std::span<detail::same_entry> entries) override;
  result<> compute(bytes key, std::chrono::nanoseconds wait, detail::computing_function make,
                   detail::function_ref<void(bytes)> show) override;

  // Expiry (expiring.cpp).
  result<written> insert_expiring(bytes key, bytes value, const expiry& until,
                                  bool only_new) override;
  result<> touch(bytes key, const expiry& until) override;
  result<std::uint64_t> expires_at(const sought_key& key) const override;
  result<std::size_t> purge_expired() override;
  struct swept {
    std::size_t count = 0;
    bool is_more = false;  ///< there is more to do at once
    bool is_left = false;  ///< something will expire
  };
  /// Erases up to 256 entries whose deadlines have passed by then. As a write of the table's own,
  /// so that no owner and no transaction is asked. Errors: those of a write.
  [[nodiscard]] result<swept> sweep(deadline until, bool is_exact);
  /// invalid_argument, if entries of this table cannot be given that expiry.
  [[nodiscard]] result<> check(const expiry& e) const {
    return e.what() == expiry::form::by_default ? result<>() : check_given(e);
  }
  /// What a checked expiry means at that time; of keep, what counts if there is nothing to keep.
  [[nodiscard]] deadline deadline_at(const expiry& e, deadline now) const noexcept;
  /// The same now; asks the clock only if need be.
  [[nodiscard]] deadline deadline_of(const expiry& e) const noexcept;
  [[nodiscard]] deadline deadline_of(const expiry& e, group& to) const noexcept;
  /// In the turn: the deadline of what replaces an entry, or of the first of its key (null).
  [[nodiscard]] deadline deadline_after(const entry* there, const expiry& first,
                                        group& to) const noexcept {
    if (there == nullptr) return deadline_of(first, to);
    return to.needs_care ? there->until() : no_deadline;
  }
  [[nodiscard]] deadline default_deadline() const noexcept {
    return ttl_.load(std::memory_order_relaxed) == 0 ? no_deadline : deadline_of({});
  }
  // Bounds (bounding.cpp).
  /// Evicts what a file held beyond the bounds. Errors: those of a write.
  [[nodiscard]] result<> trim();
  /// Whether writes may find no room.
  [[nodiscard]] bool may_refuse() const noexcept { return may_refuse_; }
  /// Whether it is larger than it may be, staged changes included.
  [[nodiscard]] bool is_too_large() const noexcept;
  /// The error of a write that finds no room.
  [[nodiscard]] error too_large() const;
  /// In the turn.
  void add_bounds_figures(table_stats& to) const;
  /// How many entries expire, and have expired. In the turn.
  void add_expiry_figures(table_stats& to) const;
  /// Another time to live, for what is inserted from here on.
  void set_ttl(std::chrono::milliseconds ttl) noexcept {
    ttl_.store(ttl.count(), std::memory_order_relaxed);
  }

  // Life, of the whole database (life.cpp).
  result<> save() override;
  result<> sync() override;
  result<> reload() override;
  result<std::size_t> catch_up() override;
  result<> compact(const progress& tell) override;
  result<backup_report> backup_to(const std::string& path, const backup_options& how) override;
  result<> restore_from(const std::string& path, const restore_from_options& how) override;
  result<> recover() override;
  result<> close() override;
  void abandon() noexcept override;
  void close_at_destruction() noexcept override;
  result<> give_away() override;
  result<> take_over() override;
  const std::string& label() const noexcept override { return face().label; }
  std::uint64_t identity() const noexcept override;

  [[nodiscard]] instance& database() const noexcept { return of_; }
  [[nodiscard]] std::uint32_t id() const noexcept { return how_.id; }
  [[nodiscard]] const detail::entry_types& types() const noexcept { return types_; }
  /// It stays as it is, and where it is, to the end; later calls may show another. From any thread.
  [[nodiscard]] const table_description& description() const noexcept { return face().as; }
  /// A face for show_face(), kept to the end. Under life_. Throws std::bad_alloc.
  [[nodiscard]] const table_face& keep_face(table_face face) {
    return *faces_.emplace_back(std::make_unique<const table_face>(std::move(face)));
  }
  /// In the turn.
  void show_face(const table_face& face) noexcept { face_.store(&face, std::memory_order_release); }
  /// It shows nothing for good, and its name is free. In the turn and under life_ and names_.
  void drop() noexcept {
    is_dropped_ = true;
    cleared_ = false;
    unsaved_bytes_ = 0;
    install(nullptr);
  }
  [[nodiscard]] bool is_dropped() const noexcept { return is_dropped_; }
  /// Another storage from here on. In the turn, between groups; unsaved changes are seen to.
  void keep_as(bool is_stored, bool is_saved) noexcept {
    how_.is_stored = is_stored;
    how_.is_saved = is_saved;
    cleared_ = false;
    unsaved_bytes_ = 0;
    if (owned_) owned_->track_unsaved(is_saved);
  }
  [[nodiscard]] bool is_bag_kind() const noexcept { return is_bag_; }
  /// In the turn, as has_unique(): an alteration may change it.
  [[nodiscard]] bool is_indexed() const noexcept { return is_indexed_; }
  /// The functions of the program that make keys of indexes; null: none do. From any thread.
  [[nodiscard]] const index_functions* functions() const noexcept {
    return functions_.load(std::memory_order_acquire);
  }
  /// Others for change_functions(), kept to the end. Under life_. Throws std::bad_alloc.
  [[nodiscard]] const index_functions* keep_functions(index_functions of);
  /// Writers go by others from here on; null: by none. In the turn, between groups.
  void change_functions(const index_functions* to) noexcept;
  /// Notes what comes and goes from here on; null: no more. In the turn, between groups.
  void log_changes(std::unique_ptr<kinds::index_log> to) noexcept;
  [[nodiscard]] kinds::index_log* log() const noexcept { return log_.get(); }
  [[nodiscard]] bool has_unique() const noexcept { return has_unique_; }
  /// The keys of an entry in function indexes, by the functions that they are of. Errors,
  /// exceptions: those of the functions.
  [[nodiscard]] result<> derive(bytes value, derived_keys& into) const;
  /// That a unique index has another entry under its key.
  [[nodiscard]] error clash_error(const detail::index_definition& of,
                                  const kinds::index_clash* clash = nullptr) const;
  [[nodiscard]] error no_index() const;
  /// Other indexes from here on, which the contents have already. In the turn, and under life_.
  void note_indexes(detail::index_definitions indexed_by) noexcept {
    types_.indexes = std::move(indexed_by);
    note_indexes();
  }
  /// Whether the calling thread may write, and there is something to write to.
  [[nodiscard]] bool may_write() const noexcept {
    return !is_forked() && current_.load(std::memory_order_acquire) != nullptr &&
                   transactions_.load(std::memory_order_relaxed) == 0
               ? !how_.is_read_only && (!owner_ || owner_->is_mine())
               : may_write_again();
  }
  [[nodiscard]] error why_not() const;
  [[nodiscard]] bool may_write_in_transaction() const noexcept;
  [[nodiscard]] std::size_t entry_limit() const noexcept { return how_.entry_limit; }
  [[nodiscard]] result<> readable() const;
  [[nodiscard]] error labelled(errc code) const;

  /// What it shows now; null once closed. Inside an epoch guard.
  [[nodiscard]] const contents* look() const noexcept {
    const auto* const c = current_.load(std::memory_order_acquire);
    return c != nullptr ? c : look_again();
  }
  /// What it showed at a pinned version; null if it is closed.
  [[nodiscard]] std::shared_ptr<contents> look_at(sequence pinned) const;
  /// Throws std::bad_alloc, as the first epoch guard of a thread.
  [[nodiscard]] std::size_t memory_bytes() const;

  // In the turn (staging.cpp). Staging throws std::bad_alloc, having staged anything or nothing.
  /// Decides the operation on top of what the group has staged. False: it must wait until that is
  /// published.
  [[nodiscard]] bool stage(operation& op, group& to);
  /// Stages a change of a batch that another process has written, checked before.
  void replay(const journal::change& c, derived_keys& derived, group& to);
  /// The same of one write of a transaction, which can be staged.
  void stage(own_write& w, group& to);
  /// What the group has made of the contents so far: others, if it has cleared them.
  [[nodiscard]] const contents& staged_contents() const noexcept { return draft(); }
  /// The group has staged something here.
  [[nodiscard]] bool is_touched() const noexcept { return is_touched_; }
  /// What is staged bears the number from here on. The board publishes it next, then settle().
  void stamp(sequence number) noexcept;
  /// Returns how many blocks wait for their readers to leave.
  std::size_t settle(sequence number) noexcept;
  void discard() noexcept;
  /// Stages contents that replace what there is. Nothing else is staged. `event` is what observers
  /// are told; its room was made before.
  void stage_fresh(std::shared_ptr<contents> fresh, table_event event, group& to) noexcept;
  /// Shows its first contents, or none any more.
  void install(std::shared_ptr<contents> fresh) noexcept;
  [[nodiscard]] contents* held() const noexcept { return owned_.get(); }
  [[nodiscard]] const std::shared_ptr<contents>& owned() const noexcept { return owned_; }
  /// memory_bytes(), of a table that is open.
  [[nodiscard]] std::size_t held_bytes() const noexcept {
    return memory_of(*owned_) + retired_.memory_bytes();
  }
  /// Empty contents, with empty indexes. In the turn, or before anybody has the table.
  [[nodiscard]] std::shared_ptr<contents> make_contents() const {
    return make_contents(types_.indexes);
  }
  /// The same without indexes, for what shows nothing.
  [[nodiscard]] std::shared_ptr<contents> make_empty() const { return make_contents(nullptr); }
  /// Write-back: cleared since the last save.
  [[nodiscard]] bool& cleared() noexcept { return cleared_; }
  [[nodiscard]] std::size_t unsaved_count() const noexcept;
  /// Write-back: keys and values written since the last save.
  [[nodiscard]] std::size_t& unsaved_bytes() noexcept { return unsaved_bytes_; }
  /// Frees some of what readers and snapshots have left. True if more of it is left.
  bool collect_some(std::size_t most) noexcept;
  /// Something waits to be freed, or is still wanted.
  [[nodiscard]] bool has_leftovers() const noexcept;
  /// In a forked child: shows nothing any more, and touches nothing.
  void forget() noexcept { current_.store(nullptr); }
  /// See instance::migrate.
  [[nodiscard]] result<detail::migration_counts> migrate(
      const detail::entry_types& to,
      detail::function_ref<result<>(detail::stored_entry, detail::entry_batch&)> convert,
      bool dry_run, const progress& tell);
  /// The program has told its types.
  [[nodiscard]] bool is_typed() const noexcept { return types_.compare_schema != nullptr; }
  void adopt_types(detail::entry_types types) noexcept {
    types_ = std::move(types);
    note_functions();
    note_indexes();
  }
  /// Of a table that was never shown.
  [[nodiscard]] detail::entry_types give_up_types() noexcept { return std::move(types_); }

 private:
  result<> look_up(const sought_key& key, detail::function_ref<void(bytes)> f) const;
  bool has(const sought_key& key) const noexcept;
  bool has_and_count(const sought_key& key) const noexcept;
  result<> look_up_and_count(const sought_key& key, detail::function_ref<void(bytes)> f) const;
  [[nodiscard]] static result<> look_up_all(const contents& in, const sought_key& key,
                                            detail::function_ref<void(bytes)> f);
  [[nodiscard]] error why_not_readable() const;
  [[nodiscard]] result<> showable() const;
  [[nodiscard]] bool read_with_tail(const entry& e) const noexcept;
  [[nodiscard]] const contents* look_again() const noexcept;
  [[nodiscard]] bool is_open_again() const noexcept;
  [[nodiscard]] bool may_write_again() const noexcept;
  [[nodiscard]] bool is_forked() const noexcept { return process_.is_of_parent(); }
  [[nodiscard]] bool announce(operation& op, bytes key) const noexcept;
  [[nodiscard]] std::optional<error> ready(operation& op, bytes key, std::span<const bytes> value,
                                           deadline until = no_deadline) const;
  void submit(operation& op);
  void submit_around(operation& op);
  void submit_with_keys(operation& op);
  [[nodiscard]] result<> derive_all(const operation& op, derived_keys& keys) const;
  [[nodiscard]] std::shared_ptr<contents> make_contents(detail::index_definitions indexed_by) const;
  [[nodiscard]] bool is_stale(const operation& op) const noexcept;
  void note_functions() noexcept;
  void note_indexes() noexcept;
  [[nodiscard]] static std::size_t memory_of(const contents& c) noexcept;
  [[nodiscard]] result<> store_computed(bytes key, bytes value, const expiry& until,
                                        const flight& from);
  [[nodiscard]] result<> check_given(const expiry& e) const;
  [[nodiscard]] const table_face& face() const noexcept {
    return *face_.load(std::memory_order_acquire);
  }
  [[nodiscard]] bool is_expired(const entry& e) const noexcept;

  /// What changes are staged in.
  [[nodiscard]] contents& draft() const noexcept { return fresh_ ? *fresh_ : *owned_; }
  void touch(group& to) noexcept;
  void make_room(group& to) const;
  void note_before(group& to, bytes key, bytes value) const;
  void expect_deadlines(group& to) const noexcept;
  void note(group& to, const journal::change& c) noexcept;
  [[nodiscard]] bool stage_indexed(operation& op, group& to);
  void unstage(group& to) noexcept;
  void stage_entry(operation& op, group& to);
  [[nodiscard]] bool stage_batch(operation& op, group& to);
  [[nodiscard]] bool stage_changes(operation& op, group& to);
  [[nodiscard]] bool stage_clear(operation& op, group& to);
  void clear_all(group& to);
  void stage_counter(operation& op, group& to);
  void stage_replace_if(operation& op, group& to);
  void stage_edit(operation& op, group& to);
  void stage_take(operation& op, group& to);
  void stage_take_end(operation& op, group& to);
  [[nodiscard]] bool stage_same(operation& op, group& to);
  [[nodiscard]] const entry* find_same(const detail::same_entry& e, group& to) const;
  void stage_touch(operation& op, group& to);
  [[nodiscard]] bool must_be_alone(const operation& op) const noexcept;
  void make_way(const entry& e, const entry* there, group& to);
  [[nodiscard]] bool stage_trim(operation& op, group& to);
  [[nodiscard]] bool stage_sweep(operation& op, group& to);
  [[nodiscard]] const entry* find_live(bytes key, std::uint64_t hash, group& to) const {
    const auto* const there = draft().find_staged(key, hash);
    const bool may_be_gone = to.needs_care && there != nullptr && there->expires();
    return may_be_gone && there->is_expired(to.now()) ? nullptr : there;
  }
  [[nodiscard]] const entry* find_live(bytes key, group& to) const;
  void keep_deadline(entry::owner& e, std::uint64_t hash, group& to) const;
  staging put(entry::owner& e, std::uint64_t hash, group& to);
  staging drop(bool whole_key, bytes key, bytes value, group& to);
  void note_erase(bool whole_key, bytes key, bytes value, group& to, std::uint8_t cause) noexcept;
  staging put_with_care(entry::owner& e, std::uint64_t hash, group& to, journal::op what);
  staging drop_with_care(bool whole_key, bytes key, bytes value, group& to, std::uint8_t cause);
  staging put_expiring(entry::owner& e, std::uint64_t hash, group& to, journal::op what);
  staging drop_expiring(bool whole_key, bytes key, bytes value, group& to, std::uint8_t cause);
  staging put_observed(entry::owner& e, std::uint64_t hash, group& to, journal::op what);
  staging drop_observed(bool whole_key, bytes key, bytes value, group& to, std::uint8_t cause);
  staging put_indexed(entry::owner& e, std::uint64_t hash, group& to, journal::op what);
  staging drop_indexed(bool whole_key, bytes key, bytes value, group& to, std::uint8_t cause);
  [[nodiscard]] std::optional<kinds::index_clash> find_clash(const entry& e, const entry* before,
                                                             const kinds::function_keys* keys,
                                                             group& to) const;
  void finish_swap() noexcept;
  std::size_t settle_others(sequence number) noexcept;
  void let_go_of(std::shared_ptr<contents> old) noexcept;

  instance& of_;
  settings how_;                     ///< only the turn changes how it is kept
  detail::entry_types types_;        ///< whose indexes are guarded by the turn and by life_
  index_functions first_functions_;  ///< of its types
  std::vector<std::unique_ptr<const index_functions>> later_functions_;  ///< guarded by life_
  /// Null, the first or one of the later. Written in the turn.
  std::atomic<const index_functions*> functions_{nullptr};
  std::vector<std::unique_ptr<const table_face>> faces_;  ///< that it ever had; guarded by life_
  std::atomic<const table_face*> face_;
  bool is_dropped_ = false;  ///< written in the turn and under life_ and names_
  const bool is_bag_;
  const bool evicts_;      ///< bounded: what comes replaces others
  const bool may_refuse_;  ///< bounded: there may be no room for what comes
  const file::process_stamp process_;
  std::optional<ownership> owner_;
  const std::atomic<int>& transactions_;  ///< how many run in the database
  std::atomic<std::int64_t> ttl_{0};      ///< milliseconds; 0 is none
  std::uint64_t evicted_ = 0;             ///< the turn's

  /// What readers see; null once closed, and while others take their place: then readers see
  /// `going_` until the board has published the version that shows `coming_`.
  /// Written in the turn alone, read by all inside an epoch guard: what they point to stays until
  /// the readers have left. A forked child sets the first to null, once.
  std::atomic<contents*> current_{nullptr};
  std::atomic<contents*> going_{nullptr};
  std::atomic<contents*> coming_{nullptr};

  // Guarded by the turn: only its holder reads or writes them.
  std::shared_ptr<contents> owned_;  ///< keeps *current_ alive
  std::shared_ptr<contents> fresh_;  ///< staged: takes the place of owned_
  bool fresh_is_clear_ = false;      ///< and not what was loaded
  bool is_touched_ = false;          ///< it is in the group's list
  bool cleared_ = false;
  bool is_plain_ = true;     ///< no others are staged, and there are no indexes
  bool is_special_ = false;  ///< indexed, or may refuse
  bool is_indexed_ = false;  ///< or will be. With the next: from the types, when they are told
  bool has_unique_ = false;
  std::unique_ptr<kinds::index_log> log_;  ///< while indexes are built
  std::size_t unsaved_bytes_ = 0;

  /// Its writes need more than a place in the turn. Written in the turn, read by writers before it.
  std::atomic<bool> goes_around_{false};

  mutable kinds::retired_contents retired_;
  flights flights_;
  const std::unique_ptr<reader_figures> reads_;  ///< null: not counted
};

}  // namespace shelf::engine
