// ENGINE  api -> [engine] -> stores -> journal -> file
// An open database: its tables, its file, its writers' turn, and its life from open to close.
#pragma once

#include "engine/commit_queue.hpp"
#include "engine/file_keeper.hpp"
#include "engine/housekeeper.hpp"
#include "engine/live_table.hpp"
#include "engine/loader.hpp"
#include "engine/observers.hpp"
#include "engine/reservation.hpp"
#include "engine/save_pressure.hpp"
#include "engine/snapshots.hpp"
#include "file/fair_mutex.hpp"
#include "file/location.hpp"
#include "shelf/detail/replica.hpp"
#include "shelf/open_tables.hpp"
#include "stores/file_store.hpp"

#include <array>
#include <atomic>
#include <chrono>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <thread>
#include <vector>

namespace shelf::stores {
class sealed_file;
struct origin;
}  // namespace shelf::stores

namespace shelf::engine {

using stores::found_at_open;
using stores::table_image;

using detail::wanted_table;
class followed_batch;
class transaction_run;

/// Errors: invalid_argument: names, times to live, bounds.
[[nodiscard]] result<> check_declared(const std::vector<wanted_table>& declared);

/// Errors: invalid_argument, wrong_kind.
[[nodiscard]] result<> check_ttl(std::chrono::milliseconds ttl, kind what, const std::string& name);
[[nodiscard]] result<> check_bounds(const size_bounds& bounds, kind what, const std::string& name);
[[nodiscard]] result<> check_config(const detail::core_config& c, kind what);

/// Tables as a whole new file is to hold them, and what keeps them as they are meanwhile.
struct table_images {
  std::shared_ptr<const pinned_version> pin;
  std::vector<std::shared_ptr<contents>> held;
  std::vector<table_image> tables;
};

/// While the user's check runs on this thread, inside life_.
class check_scope {
 public:
  explicit check_scope(std::atomic<std::thread::id>& who) noexcept : who_(who) {
    who_ = std::this_thread::get_id();
  }
  check_scope(const check_scope&) = delete;
  check_scope& operator=(const check_scope&) = delete;
  ~check_scope() { who_ = std::thread::id(); }

 private:
  std::atomic<std::thread::id>& who_;
};

/// One open database; one with a single table is what a lone table stands on.
///
/// Locks, outermost first: life_ (save, reload, compact, recover, close: one at a time, in the
/// order in which they come), the turn (one writer). Readers take neither.
///
/// Thread safety: all calls from any thread, close included.
class instance final : public chore,
                       public detail::database_core,
                       public std::enable_shared_from_this<instance> {
 public:
  /// A database of one table, whose handle stands for it. Errors: as table::open.
  [[nodiscard]] static result<std::shared_ptr<live_table>> open_lone(detail::core_config config,
                                                                     detail::entry_types types);
  instance(detail::core_config config, bool is_lone);
  ~instance() override;

  /// Who decides its writes in its place; null if nobody does.
  [[nodiscard]] const std::shared_ptr<detail::authority>& decided_by() const noexcept {
    return authority_;
  }
  void set_authority(std::shared_ptr<detail::authority> by) noexcept { authority_ = std::move(by); }
  /// Before anybody uses it.
  void set_replica(std::unique_ptr<detail::replica> memory) noexcept {
    replica_ = std::move(memory);
  }
  [[nodiscard]] bool is_replica() const noexcept { return replica_ != nullptr; }
  /// Returns once the operation is done, by whoever decides.
  void submit(operation& op) {
    if (authority_) return submit_elsewhere(op);
    commits_.submit(op);
  }
  /// Whether what it shows is older than the program wants it.
  [[nodiscard]] bool is_stale() const noexcept { return is_stale_.load(std::memory_order_relaxed); }

  [[nodiscard]] commit_queue& commits() noexcept { return commits_; }
  [[nodiscard]] const std::shared_ptr<observers>& observed_by() const noexcept {
    return observers_;
  }
  [[nodiscard]] const expiry_clock& clock() const noexcept { return clock_; }
  /// A table has an entry that expires, or is about to: somebody is to sweep it.
  void note_deadlines() noexcept {
    clock_.note_need();
    if (!visit_comes_.load()) want_visit();
  }
  /// The level of a feed: the one asked for, if it makes sense. Errors: table_closed, forked,
  /// invalid_argument.
  [[nodiscard]] result<change_level> level_to_follow(const change_options& how) const;
  /// The table of that id; null if there is none. It stays to the end.
  [[nodiscard]] live_table* table_of(std::uint32_t id) const noexcept;
  /// Whether an entry is of the types of the table, as far as the program has told them. From any
  /// thread.
  [[nodiscard]] result<> fits_types(const live_table& in, bytes key, bytes value) const;
  // The batches of the file, read again (following.cpp). From any thread.
  [[nodiscard]] bool has_trail() const;
  /// Errors: replaced, if the file was replaced just now; table_closed; those of the file.
  [[nodiscard]] result<std::unique_ptr<journal::trail>> open_trail() const;
  /// Where the batches end that were published; 0 if that is the trail of another file.
  [[nodiscard]] std::uint64_t end_of(const journal::trail& t) const;
  /// Whether the file has batches as they were published, and not as they were saved.
  [[nodiscard]] bool saves_later() const noexcept { return config_.mode == write_mode::back; }
  [[nodiscard]] error labelled(errc code) const;
  /// The last batch that is on disk with all before it. In the turn.
  [[nodiscard]] sequence durable_batch() const noexcept;
  /// Before a feed that tells durable batches. Of who only reads: syncs what was read.
  [[nodiscard]] result<> prepare_durable_feed();
  const std::string& label() const noexcept override { return label_; }
  /// How many transactions run in it.
  [[nodiscard]] const std::atomic<int>& running() const noexcept { return running_; }
  void note_running(int more) noexcept { running_.fetch_add(more, std::memory_order_relaxed); }
  /// Waits while a transaction has the table to itself.
  void wait_for_reservation(live_table& of) {
    if (!reserved_.is_held() && !pressure_.is_high()) [[likely]]
      return;
    relieve_pressure();
    std::array<live_table*, 1> one{&of};
    reserved_.wait_for(one);
  }
  /// In the turn: a write-back table has staged so many bytes of keys and values.
  void note_unsaved(std::size_t bytes) noexcept {
    if (pressure_.has_limit()) note_pressure(bytes);
  }
  /// The table, if it is one of this database.
  [[nodiscard]] live_table* own_table(const detail::core& which) const noexcept;
  [[nodiscard]] std::size_t transaction_limit() const noexcept {
    return config_.limits.transaction_bytes;
  }
  [[nodiscard]] std::uint64_t hash_seed() const;
  /// The table of that name; empty: the only one. Null if there is none.
  [[nodiscard]] live_table* find(std::string_view name) const noexcept;
  bool is_open() const noexcept override;
  /// Pins the present version of all tables. Throws std::bad_alloc.
  [[nodiscard]] std::shared_ptr<const pinned_version> pin() const;
  /// The figures that a table shares with all of its database.
  void add_figures(table_stats& to, const live_table& of) const;
  void add_shared_figures(table_stats& to) const;
  /// Has the housekeeper look after what readers and snapshots leave.
  void look_after_leftovers(bool of_snapshots) const noexcept;

  // Tables and transactions (database.cpp).
  /// Errors: as open_database.
  [[nodiscard]] static result<std::shared_ptr<instance>> open_several(
      detail::core_config config, std::vector<wanted_table> declared);
  /// Errors: as detail::try_migrations.
  [[nodiscard]] static result<std::vector<detail::migrated_table>> try_migrations(
      detail::core_config config, std::vector<wanted_table> declared);
  result<std::shared_ptr<detail::core>> table(wanted_table w) override;
  std::vector<detail::table_facts> tables() const override;
  /// (altering.cpp)
  result<> alter(std::vector<detail::table_step> steps) override;
  /// Nothing, if it is closed.
  void add_open_tables(std::vector<open_table>& to) const;
  std::shared_ptr<const detail::database_snapshot_core> snapshot() const override;
  result<detail::committed> transact(
      const detail::transact_settings& how,
      detail::function_ref<result<>(detail::transaction_core&)> f) override;
  // (posting.cpp)
  result<detail::posting> post(
      detail::function_ref<result<>(detail::transaction_core&)> f) override;
  result<> await(const detail::posted& p) override;
  result<> freshen() override;
  bool is_durable(std::uint64_t number) const override;
  result<> make_durable(std::uint64_t number) override;
  result<detail::database_figures> stats() const override;

  // Life. What the caller may do was asked of its table.
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
  void leave_to_parent() noexcept;
  /// A call that waits for others to end would wait for one on this thread.
  [[nodiscard]] bool is_busy_here() const noexcept { return is_checking() || is_in_callback(); }
  [[nodiscard]] bool is_forked() const noexcept { return process_.is_of_parent(); }

  /// Replaces a table by one of other types (migration.cpp). For a database nobody else uses.
  [[nodiscard]] result<detail::migration_counts> migrate(
      live_table& from, const detail::entry_types& to,
      detail::function_ref<result<>(detail::stored_entry, detail::entry_batch&)> convert,
      bool dry_run, const progress& tell);

  /// Periodic work: sync_every, save_every, compaction, freeing what readers and snapshots have
  /// left. Called by the housekeeper, or by a test by hand.
  std::chrono::nanoseconds work() noexcept override;

 private:
  class alteration;
  class index_build;
  friend class replica_memory;
  friend class memory_image;

  // Opening (opening.cpp).
  [[nodiscard]] static result<std::shared_ptr<instance>> open(detail::core_config config,
                                                              std::vector<wanted_table> wanted,
                                                              bool is_lone);
  [[nodiscard]] result<> open_file(std::vector<wanted_table>& wanted);
  [[nodiscard]] result<> open_existing(std::vector<wanted_table>& wanted);
  [[nodiscard]] result<> open_to_read_only(std::vector<wanted_table>& wanted);
  [[nodiscard]] result<> create_file(std::vector<wanted_table>& wanted);
  [[nodiscard]] result<> create_tables(std::vector<wanted_table>& wanted);
  [[nodiscard]] result<> can_be_read(const detail::entry_types& types) const;
  [[nodiscard]] result<> may_alter() const;
  [[nodiscard]] result<bool> migrate_known(live_table& known, wanted_table& w);
  [[nodiscard]] table_face face_of(table_description as) const;
  [[nodiscard]] std::unique_ptr<live_table> make_table(std::uint32_t id, table_description as,
                                                       detail::entry_types types);
  live_table& keep(std::unique_ptr<live_table> made);
  live_table& add_table(std::uint32_t id, table_description as, detail::entry_types types);
  [[nodiscard]] result<live_table*> join_table(live_table& known, wanted_table& w);
  void record_indexes(live_table& of, const detail::entry_types& types);
  [[nodiscard]] result<> commit_once(transaction_run& run, detail::committed& done,
                                     bool& is_conflict);
  [[nodiscard]] result<> can_be_durable() const;
  [[nodiscard]] load_settings how_to_load(bool may_have_several = true) const;
  [[nodiscard]] std::vector<declared_table> known_tables() const;
  [[nodiscard]] table_description describe(const wanted_table& t) const;
  [[nodiscard]] stores::file_options file_options() const;
  void hire(housekeeper& keeper, housekeeper::place&& room) noexcept;
  void add_loaded(file_loader& loaded, std::vector<wanted_table>& wanted);
  void adopt(file_loader& loaded, const journal::batch_id* as);

  // Of a replica (replica.cpp).
  void submit_elsewhere(operation& op);
  /// Asks who decides in its place. Not in the turn, nor in its life: who follows needs both.
  [[nodiscard]] result<> decide(detail::function_ref<result<>()> ask) const;
  [[nodiscard]] result<> declare_there(const wanted_table& w) const;

  // Life.
  [[nodiscard]] result<> has_file() const;
  [[nodiscard]] result<> may_take_life() const;
  [[nodiscard]] result<> may_write_file() const;
  [[nodiscard]] bool is_checking() const noexcept;
  [[nodiscard]] bool is_in_callback() const noexcept;
  [[nodiscard]] bool is_in_transaction() const noexcept;
  [[nodiscard]] result<> save_locked(table_images* shown = nullptr);
  [[nodiscard]] result<> save_unsaved(table_images* shown = nullptr);
  // Backups (backup.cpp).
  struct backup_moment;
  [[nodiscard]] result<> may_be_backed_up() const;
  [[nodiscard]] bool file_is_lost() const;
  [[nodiscard]] result<backup_moment> moment_to_back_up();
  [[nodiscard]] result<std::optional<backup_report>> back_up_changes(const backup_options& how,
                                                                     stores::sealed_file& to);
  class restored_tables;
  [[nodiscard]] result<> may_be_restored() const;
  [[nodiscard]] result<> put_in_place(restored_tables& tables, const progress& tell);
  [[nodiscard]] result<backup_report> back_up_whole(const stores::origin* source,
                                                    const backup_options& how,
                                                    stores::sealed_file& to);
  // Unsaved bytes (pressure.cpp).
  [[nodiscard]] bool has_much_unsaved() const;
  [[nodiscard]] std::size_t unsaved_bytes() const noexcept;
  void note_pressure(std::size_t bytes) noexcept;
  void settle_pressure(bool is_saved);
  void relieve_pressure();
  [[nodiscard]] result<> sync_and_note(bool settle);
  void note_on_disk(sequence number) noexcept;
  void name_batches(sequence published) noexcept;
  [[nodiscard]] bool has_left(const file_store& f) const;
  void note_sync(const file_store& f);
  [[nodiscard]] result<> reload_locked();
  [[nodiscard]] result<> reload_from_file();
  [[nodiscard]] result<> read_again();
  // Following a writer in another process (following.cpp).
  struct place_followed {
    std::uint64_t file_id = 0;
    std::uint64_t end = 0;
  };
  [[nodiscard]] result<std::size_t> catch_up_locked();
  [[nodiscard]] result<std::size_t> take_batches();
  [[nodiscard]] result<std::size_t> start_over();
  [[nodiscard]] result<std::optional<std::size_t>> take_batches_anew();
  void apply(followed_batch& b, const journal::batch_id& id, const place_followed& where);
  [[nodiscard]] result<> sync_followed();
  void follow_from(std::shared_ptr<journal::journal_view> view) noexcept;
  void name_followed(sequence number, const journal::batch_id& as) noexcept;
  [[nodiscard]] std::chrono::nanoseconds follow_due() noexcept;
  [[nodiscard]] result<> close_locked();
  [[nodiscard]] result<> save_the_rest_and_seal();
  [[nodiscard]] table_images images() const;
  [[nodiscard]] stores::live_figures live() const;
  [[nodiscard]] bool wants_compaction(std::uint64_t min_bytes) const;
  [[nodiscard]] result<> compact_at_close();
  [[nodiscard]] result<> compact_locked(const progress& tell);
  [[nodiscard]] result<> compact_saved_state(const progress& tell);
  [[nodiscard]] result<> rewrite_from_memory();
  void release_all() noexcept;
  void work_due();
  [[nodiscard]] std::chrono::nanoseconds sweep() noexcept;
  bool collect() noexcept;
  [[nodiscard]] std::size_t memory_bytes() const noexcept;
  [[nodiscard]] bool writes_file() const noexcept {
    return !config_.in_memory && config_.opening != opening::read_only;
  }
  void want_visit() const noexcept;
  void report(const error& e) noexcept;
  void tell(const error& e) const noexcept;
  [[nodiscard]] error no_table(std::string_view name) const;
  [[nodiscard]] result<> may_transact(const detail::transact_settings& how) const;

  const detail::core_config config_;
  const std::string label_;
  const bool is_lone_;
  file::system& system_;
  const file::process_stamp process_;
  std::atomic<bool> is_left_{false};  ///< in a forked child: all stays as the parent had it
  std::shared_ptr<instance> myself_;  ///< then, so that nothing of it is destroyed
  std::shared_ptr<file::location> where_;

  file_keeper file_;
  const std::shared_ptr<observers> observers_;
  expiry_clock clock_;
  mutable commit_queue commits_;
  /// Grows under life_ and in the turn; either is enough to walk it. Tables stay to the end.
  std::vector<std::unique_ptr<live_table>> tables_;
  /// Held while it grows or types are told, and by those who have neither.
  mutable std::mutex names_;
  std::uint32_t highest_id_ = 0;  ///< that a table ever had; with tables_
  table_description first_;       ///< of a format without a catalog; else of a new file
  std::atomic<bool> is_open_{false};
  std::atomic<int> running_{0};  ///< transactions
  reservation reserved_;
  save_pressure pressure_;
  std::shared_ptr<snapshot_registry> snapshots_;

  // Of a replica; set before anybody uses it (replica.cpp).
  std::shared_ptr<detail::authority> authority_;
  std::unique_ptr<detail::replica> replica_;
  std::atomic<bool> is_stale_{false};  ///< written by who follows, read by all

  std::shared_ptr<journal::journal_view> followed_;  ///< of who reads only; guarded by life_
  journal::batch_id followed_to_;                    ///< shown last; guarded by life_, as are:
  std::uint64_t followed_run_ = 0;
  std::int64_t followed_ahead_ = 0;  ///< numbers here of those in the file
  mutable std::mutex followed_mutex_;
  place_followed followed_at_;  ///< guarded by followed_mutex_

  /// The number of a batch that is on disk with all before it.
  std::atomic<sequence> durable_{0};
  file::fair_mutex waits_for_sync_;  ///< outside life_: one syncs for all who wait
  mutable file::fair_mutex life_;
  /// Whose config.check runs inside a reload, which holds life_.
  std::atomic<std::thread::id> checking_{};

  mutable std::mutex notes_;  ///< guards what follows: facts for stats()
  std::optional<std::chrono::nanoseconds> last_save_;
  std::optional<std::chrono::nanoseconds> last_sync_;
  mutable std::optional<error> last_error_;
  found_at_open found_;
  std::chrono::nanoseconds next_sync_{0};
  std::chrono::nanoseconds next_save_{0};

  /// Comes by itself to a database that writes a file; to others once something is there to be
  /// freed.
  housekeeper* keeper_ = nullptr;  ///< set by open; null where there are no background threads
  mutable std::atomic<bool> visit_comes_{false};
  mutable housekeeper::place room_;  ///< until the first visit; of whoever set visit_comes_
};

}  // namespace shelf::engine
