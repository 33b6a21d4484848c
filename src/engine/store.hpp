// ENGINE  api -> [engine] -> stores -> journal -> file
// The store: one open table over encoded bytes. Its memory, its file, its writers' turn and its
// life.
#pragma once

#include "engine/housekeeper.hpp"
#include "engine/operation.hpp"
#include "engine/ownership.hpp"
#include "engine/snapshots.hpp"
#include "engine/turn.hpp"
#include "file/fair_mutex.hpp"
#include "file/location.hpp"
#include "journal/change.hpp"
#include "kinds/contents.hpp"
#include "kinds/retired_contents.hpp"
#include "shelf/detail/core.hpp"
#include "stores/backing.hpp"
#include "stores/catalogue.hpp"

#include <atomic>
#include <chrono>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <thread>

namespace shelf::engine {

using detail::sought_key;
using kinds::contents;
using kinds::entry;
using kinds::held_version;
using kinds::latest;
using kinds::ordered_contents;
using kinds::retired_contents;
using kinds::sequence;
using kinds::staged;
using kinds::staging;
using kinds::unsaved_change;
using kinds::walker;
using stores::backing;
using stores::backing_options;
using stores::found_at_open;
using stores::live_figures;
using stores::reading;
using stores::table_description;
using stores::unsaved_state;

class loader;

/// One open table.
///
/// A write goes: submit -> (in the turn) stage, append to the file, publish. Memory changes in
/// contents::publish alone, after the file has taken what the mode promises.
///
/// Invariant: changes are published one batch at a time, in the order of the batches in the file.
/// So in through and durable mode memory is always some prefix of the file, never a reordering of
/// it.
///
/// Locks, outermost first: life_ (save, reload, compact, recover, close: one at a time, in the
/// order in which they come), the turn (one writer). Readers take neither.
///
/// Thread safety: all calls from any thread, close included.
class store final : public detail::core, public chore, public std::enable_shared_from_this<store> {
 public:
  [[nodiscard]] static result<std::shared_ptr<store>> open(detail::core_config config,
                                                           detail::entry_types types);
  store(detail::core_config config, detail::entry_types types);
  ~store() override;

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
  result<table_stats> stats() const override;

  // Writes (writing.cpp).
  result<written> insert(bytes key, bytes value) override;
  result<written> insert_pieces(bytes key, std::span<const bytes> value) override;
  result<> insert_new(bytes key, std::span<const bytes> value) override;
  std::unique_ptr<detail::entry_batch> make_batch() const override;
  result<std::size_t> insert_batch(std::unique_ptr<detail::entry_batch> batch,
                                   bool only_new) override;
  result<write_counts> write(const detail::change_list& changes) override;
  result<std::size_t> erase(bytes key) override;
  result<std::size_t> erase_value(bytes key, bytes value) override;
  result<std::size_t> clear() override;
  result<detail::wide_integer> update_counter(bytes key, detail::counter_step step) override;
  result<> replace_if(bytes key, bytes expected, std::span<const bytes> value) override;

  // Life (saving.cpp, compaction.cpp, closing.cpp).
  result<> save() override;
  result<> sync() override;
  result<> reload() override;
  result<> compact(const progress& tell) override;
  result<> recover() override;
  result<> close() override;
  void abandon() noexcept override;
  void close_at_destruction() noexcept override;
  result<> give_away() override;
  result<> take_over() override;
  const std::string& label() const noexcept override { return label_; }

  /// Replaces the file by one of other types (migration.cpp). For a table that nobody else uses.
  [[nodiscard]] result<detail::migration_counts> migrate_to(
      const detail::entry_types& to,
      detail::function_ref<result<>(detail::stored_entry, detail::entry_batch&)> convert,
      bool dry_run, const progress& tell);

  /// Periodic work: sync_every, save_every, compaction, freeing what readers and snapshots have
  /// left. Called by the housekeeper, or by a test by hand.
  std::chrono::nanoseconds work() noexcept override;

 private:
  // Opening (opening.cpp).
  [[nodiscard]] result<> open_file();
  [[nodiscard]] result<> open_existing();
  [[nodiscard]] result<> open_to_read_only();
  [[nodiscard]] result<> can_be_read(const detail::entry_types& types) const;
  [[nodiscard]] result<> create_file();
  [[nodiscard]] std::shared_ptr<contents> make_contents(sequence first) const;
  [[nodiscard]] std::shared_ptr<contents> make_contents(sequence first, kind what) const;
  [[nodiscard]] backing_options file_options() const;
  [[nodiscard]] loader make_loader() const;

  // Reading.
  [[nodiscard]] result<> readable() const;
  [[nodiscard]] bool is_forked() const noexcept { return process_.is_of_parent(); }
  [[nodiscard]] bool is_kind(kind k) const noexcept { return types_.what == k; }

  // Writing.
  [[nodiscard]] result<> writable() const;
  void submit(operation& op);
  void execute(operation* first) noexcept;
  [[nodiscard]] operation* stage_group(operation* first);
  void publish_group(operation* first, const operation* end) noexcept;
  [[nodiscard]] bool refuse(operation& op) const noexcept;
  [[nodiscard]] std::optional<error> append(sequence number);
  [[nodiscard]] std::optional<error> sync_group();
  void execute_clear(operation& op) noexcept;
  [[nodiscard]] bool stage(operation& op);
  [[nodiscard]] bool stage_entry(operation& op);
  [[nodiscard]] bool stage_batch(operation& op);
  [[nodiscard]] bool stage_changes(operation& op);
  [[nodiscard]] bool stage_erase(operation& op);
  [[nodiscard]] staging add_erase(bool whole_key, bytes key, bytes value);
  [[nodiscard]] bool stage_counter(operation& op);
  [[nodiscard]] bool stage_replace_if(operation& op);
  [[nodiscard]] bool announce(operation& op, bytes key) const noexcept;
  template <class Value>
  [[nodiscard]] result<> ready(operation& op, bytes key, Value value) const;
  void add_put(operation& op, entry::owner e, std::uint64_t hash, staging& s);
  void install(std::shared_ptr<contents> fresh) noexcept;

  // Life.
  [[nodiscard]] result<> may_manage() const;
  [[nodiscard]] result<> may_take_life() const;
  [[nodiscard]] result<> may_write_file() const;
  [[nodiscard]] bool is_checking() const noexcept;
  [[nodiscard]] result<> save_locked();
  [[nodiscard]] result<> save_unsaved();
  [[nodiscard]] result<> sync_and_note(bool settle);
  [[nodiscard]] bool has_left(const backing& f);
  void note_sync(const backing& f);
  [[nodiscard]] result<> reload_locked();
  [[nodiscard]] result<> reload_from_file();
  void adopt(std::shared_ptr<contents> loaded) noexcept;
  [[nodiscard]] result<> close_locked();
  [[nodiscard]] result<> save_the_rest_and_seal();
  [[nodiscard]] std::shared_ptr<backing> current_file() const;
  [[nodiscard]] result<> check_name() const;
  [[nodiscard]] result<> check_file(journal::look_at what) const;
  [[nodiscard]] result<> check_only_name() const;
  [[nodiscard]] bool wants_compaction(std::uint64_t min_bytes) const;
  [[nodiscard]] result<> compact_at_close();
  [[nodiscard]] result<> compact_locked(const progress& tell);
  [[nodiscard]] result<> compact_saved_state(const progress& tell);
  [[nodiscard]] result<> rewrite_from_memory();
  [[nodiscard]] result<> take_up(std::shared_ptr<backing> fresh);
  void release_all() noexcept;
  void leave_to_parent() noexcept;
  void work_due();
  bool collect() noexcept;
  [[nodiscard]] bool writes_file() const noexcept {
    return !config_.in_memory && config_.opening != opening::read_only;
  }
  void hire(housekeeper& keeper, housekeeper::place&& room) noexcept;
  void want_visit() const noexcept;
  void report(const error& e) noexcept;
  void tell(const error& e) const noexcept;
  [[nodiscard]] error labelled(errc code) const;

  const detail::core_config config_;
  const detail::entry_types types_;
  const std::string label_;
  file::system& system_;
  const file::process_stamp process_;
  std::atomic<bool> is_left_{false};  ///< in a forked child: the store stays as the parent had it
  std::shared_ptr<store> myself_;     ///< then, so that nothing of it is destroyed
  std::shared_ptr<file::location> where_;
  table_description description_;  ///< what the catalogue says; set by open

  std::atomic<contents*> current_{nullptr};  ///< what readers see; null once closed
  std::shared_ptr<contents> owned_;          ///< guarded by the turn: keeps *current_ alive
  retired_contents retired_;
  std::shared_ptr<snapshot_registry> snapshots_ = std::make_shared<snapshot_registry>();
  std::optional<ownership> owner_;

  mutable file::fair_mutex life_;
  /// Whose config.check runs inside a reload, which holds life_.
  std::atomic<std::thread::id> checking_{};
  mutable turn turn_;
  sequence sequence_ = 0;                 ///< last used; guarded by the turn
  std::vector<journal::change> changes_;  ///< of the group being staged; guarded by the turn
  bool closing_ = false;                  ///< writers are refused; guarded by the turn
  bool cleared_ = false;  ///< write-back: cleared since the last save; guarded by the turn
  /// Replaced under life_, the turn and notes_; any one of them is enough to use it.
  std::shared_ptr<backing> file_;

  mutable std::mutex notes_;  ///< guards what follows: facts for stats()
  std::optional<std::chrono::nanoseconds> last_save_;
  std::optional<std::chrono::nanoseconds> last_sync_;
  mutable std::optional<error> last_error_;
  found_at_open found_;
  std::chrono::nanoseconds next_sync_{0};
  std::chrono::nanoseconds next_save_{0};

  /// Comes by itself to a table that writes a file; to others once something is there to be freed.
  housekeeper* keeper_ = nullptr;  ///< set by open; null where there are no background threads
  mutable std::atomic<bool> visit_comes_{false};
  mutable housekeeper::place room_;  ///< until the first visit; of whoever set visit_comes_
};

}  // namespace shelf::engine
