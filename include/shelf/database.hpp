// API  [api] -> engine -> stores -> journal -> file
// The database: several tables in one file, with snapshots and transactions over all of them.
#pragma once

#include "shelf/detail/database_core.hpp"
#include "shelf/detail/table_access.hpp"
#include "shelf/migration.hpp"
#include "shelf/table.hpp"
#include "shelf/transaction.hpp"

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <type_traits>
#include <utility>
#include <vector>

namespace shelf {

namespace detail {
struct database_access;
}

struct change_options;
class database_feed;
template <class K, class V, kind Kind, class... Index>
class indexed_snapshot;

/// How to open a database. An aggregate: name what differs from the defaults. Every member means
/// what it means in config<K, V>, for all tables of the file.
struct database_config {
  /// The file, UTF-8.
  std::string path = {};
  /// If set, the path cannot leave this directory, neither through ".." nor through symlinks.
  std::optional<std::string> base_directory = {};
  /// A label for messages; need not be unique. Default: the path.
  std::string name = {};
  /// When a write or a transaction reaches the file.
  write_mode mode = write_mode::through;
  /// What open expects to find.
  shelf::opening opening = shelf::opening::create_if_missing;
  /// How small reads and writes access the file.
  file_io io = file_io::calls;
  /// write_mode::back: interval of saves in the background; zero: never.
  std::chrono::milliseconds save_every{0};
  /// write_mode::back: from so many unsaved bytes of keys and values on, the background saves; from
  /// twice as many on, writers save before they write more. Zero: as many as you like.
  std::size_t save_at_bytes = 0;
  /// write_mode::through: interval of syncs in the background while there are unsynced writes;
  /// zero: never.
  std::chrono::milliseconds sync_every{1000};
  /// opening::read_only: how often a thread of the library looks for what the writer has written
  /// since, and shows it as catch_up() does; zero: never. Not for DETS files (invalid_argument).
  std::chrono::milliseconds follow{0};
  /// Whether stored structs may lack trailing fields.
  shelf::missing_fields missing_fields = shelf::missing_fields::refuse;
  /// Receives errors of the destructor and of background work. Default: prints one line to stderr.
  /// Called from any thread; must not throw.
  function<void(const error&)> on_error = {};
  /// Told of the entries that a migration has converted, of all that it is to convert.
  progress on_migrate = {};
  /// Limits on what is written.
  shelf::limits limits = {};
  /// When the file is compacted without being asked.
  shelf::compaction compaction = {};
  /// Which changes a compaction keeps.
  shelf::history history = {};
  /// What is counted besides writes: see stats().reads.
  shelf::metrics metrics = shelf::metrics::none;
  /// Whether the file may be on a network file system.
  shelf::file_system file_system = shelf::file_system::local;
  /// Where files are stored: nullptr is the operating system; tests may pass a simulated disk.
  file::system* system = nullptr;
  /// What decides whether an entry has expired; nullptr is the operating system.
  const shelf::clock* clock = nullptr;
  /// How long a wall clock that was set must stand before the sweep goes by it.
  std::chrono::milliseconds clock_grace = std::chrono::seconds(60);
};

/// What a program says of a table of a database.
template <class T>
struct table_options {
  static_assert(
      detail::is_table<T>::value,
      "A database holds shelf tables: shelf::map, ordered_map, bag, duplicate_bag, set or "
      "ordered_set of the key and value types.");
  /// Whether its entries are in the file, or in memory alone. Those of a memory table are lost when
  /// the database is closed; the file keeps its name and types.
  shelf::storage storage = shelf::storage::disk;
  /// Called for every entry at open and reload, after the types were checked; false fails the call
  /// with type_mismatch.
  function<bool(const typename T::key_type&, const typename T::mapped_type&)> check = {};
  /// How long entries live that insert writes without an expiry of their own; zero: until they are
  /// erased, or as an earlier table<T>() of the same name has said. Not for bags.
  std::chrono::milliseconds ttl{0};
  /// How large the table may become. To be given where the table is declared or created.
  size_bounds bounds = {};
  /// How values of older types become those of T, if the table has them: `{.migrate =
  /// shelf::from<user_v1>(f)}`. Then all of them are converted, by f on the calling thread, and the
  /// table has the type of T from then on. Errors: f's, of the first entry that it cannot convert,
  /// with the number of all of these; key_already_present for two new entries of one key. What f
  /// throws passes through. On an error nothing has changed.
  migration<typename T::key_type, typename T::mapped_type, T::table_kind> migrate = {};
};

/// A table that database::open is to have: made by declare.
template <class T>
struct declared {
  /// Its name in the database.
  std::string name;
  /// How it is kept.
  table_options<T> options = {};
};

/// A table for database::open: `shelf::declare<shelf::map<std::string, int>>("ages")`. A name is
/// valid UTF-8 of 1 to 255 bytes.
template <class T>
[[nodiscard]] declared<T> declare(std::string name, table_options<T> options = {}) {
  return {std::move(name), std::move(options)};
}

/// What a database says of one of its tables: name, kind, schemas, storage, number of entries.
using table_facts = detail::table_facts;
/// What a migration would make of a table: its name, how many entries it has read and written, how
/// many cannot be converted, and sentences about the first few of these.
using table_migration = detail::migrated_table;
/// The result of database::stats(): `all`, summed up over the tables, and how many there are.
using database_stats = detail::database_figures;

/// Waits for a transaction to be on disk. Give it to transact, which fills it when it commits, or
/// get it from post; then wait() when the answer is to leave the program. Tickets that are waited
/// for at the same time share one sync. Copies stand for the same transaction. Keeps the database's
/// memory, not its file.
/// Thread safety: const calls from any thread.
class ticket {
 public:
  /// Returns once the transaction is on disk: it survives a power failure. One that was posted to a
  /// cluster has committed then. Errors: invalid_argument if no transaction has committed with this
  /// ticket, or in write_mode::back, where save() writes; those of database::sync. Posted: why it
  /// was rejected; indeterminate, if its outcome is not known at the deadline of the cluster.
  [[nodiscard]] result<> wait() const;
  /// Whether it is on disk already. False if no transaction has committed with this ticket.
  [[nodiscard]] bool is_durable() const;
  /// Names the transaction: among those that were posted to this database of a cluster, and the
  /// writes of it that were indeterminate; elsewhere its batch. 0: none has this ticket.
  [[nodiscard]] std::uint64_t number() const noexcept { return sequence_; }

 private:
  friend class database;
  friend struct detail::database_access;

  std::shared_ptr<detail::database_core> core_;
  std::uint64_t sequence_ = 0;
  std::shared_ptr<detail::posted> posted_;
};

/// Options of transact.
struct transact_options {
  int attempts = 100;               ///< runs before it gives up with conflict; 1 or more
  shelf::ticket* ticket = nullptr;  ///< filled when it commits, before on_commit; else emptied
  bool sync = false;                ///< wait until it is on disk, as ticket::wait does
  /// Of a cluster: database::sync first, so that it sees what was acknowledged anywhere before the
  /// call, even if reads are `stale`. Concurrent callers share one question to the server. Errors:
  /// those of sync; invalid_argument in a nested call. Other databases are always fresh.
  bool fresh = false;
};

/// Options of database::read.
struct read_options {
  bool fresh = false;  ///< as transact_options::fresh
};

/// What database::alter is to change: steps, noted here, and taken in their order once the function
/// has returned. Each is on top of those before it, so that names can be passed on: a table is
/// dropped, and another is renamed to its name.
/// Thread safety: one thread.
class schema {
 public:
  /// A new table. Its handle is what db.table<T>(name) gives afterwards.
  template <class T>
  void create(std::string name, table_options<T> options = {});
  /// The table goes, with its entries. Its handles say table_closed from then on, as feeds and
  /// watches of it do. Snapshots that were taken before still show it.
  void drop(std::string name) {
    steps_.push_back({.what = detail::table_step::verb::drop, .name = std::move(name)});
  }
  /// The table has another name; its handles stay, and go by that name in messages. Cursors of
  /// pages are bound to the name.
  void rename(std::string from, std::string to) {
    steps_.push_back(
        {.what = detail::table_step::verb::rename, .name = std::move(from), .to = std::move(to)});
  }

  /// The table is kept in the file from then on, or in memory alone. On its way to the disk, the
  /// batch holds all its entries; on its way to memory, the file drops them.
  void store(std::string name, shelf::storage where) {
    steps_.push_back(
        {.what = detail::table_step::verb::store, .name = std::move(name), .storage = where});
  }

  /// The table has the indexes of T from then on, and no others; the rest of T is the table's type.
  /// Handles stay: those whose type has an index that is gone find nothing by it, and
  /// invalid_argument where they return errors. Indexes that the table has already are taken over.
  /// Others are built while readers and writers go on; the functions of an index_by are called by
  /// the thread that calls alter, and by writers, and what they throw passes through alter. Errors:
  /// key_already_present, if a unique index would have two entries under one key, which details()
  /// names; conflict, if the table is cleared again and again meanwhile.
  template <class T>
  void index(std::string name);

 private:
  friend class database;
  explicit schema(const detail::decoding_rules& rules) noexcept : rules_(rules) {}

  detail::decoding_rules rules_;
  std::vector<detail::table_step> steps_;
};

/// All tables of a database at one moment. Copies nothing; entries are retained while it exists. It
/// may outlive the database.
/// Thread safety: all calls from any thread.
class database_snapshot {
 public:
  /// Made by database::snapshot.
  explicit database_snapshot(std::shared_ptr<const detail::database_snapshot_core> of) noexcept
      : core_(std::move(of)) {}
  /// Where it is in the sequence of changes, as snapshot::position.
  [[nodiscard]] shelf::position position() const noexcept { return core_->position(); }
  /// One table at that moment; empty if it is a table of another database.
  template <class K, class V, kind Kind>
  [[nodiscard]] shelf::snapshot<K, V, Kind> operator()(const table<K, V, Kind>& of) const {
    using inner = detail::table_access;
    return shelf::snapshot<K, V, Kind>(core_->of(inner::core_of(of)), inner::rules_of(of));
  }
  /// The same of a table with indexes (index.hpp).
  template <class K, class V, kind Kind, class First, class... More>
  [[nodiscard]] indexed_snapshot<K, V, Kind, First, More...> operator()(
      const table<K, V, Kind, First, More...>& of) const {
    using inner = detail::table_access;
    return {core_->of(inner::core_of(of)), inner::rules_of(of)};
  }

 private:
  std::shared_ptr<const detail::database_snapshot_core> core_;
};

/// Several tables in one file: one lock, one sequence of writes, one moment for snapshots, and
/// transactions over all of them.
///
/// `table<T>(name)` gives handles with the verbs of any table. What concerns the file concerns all
/// tables: `save`, `sync`, `reload` and `compact` of a handle are those of the database. `close()`
/// of a handle is invalid_argument, and its destruction closes nothing; once the database is
/// closed, its handles say table_closed.
///
/// Thread safety: all calls from any thread concurrently, including close(); moving and destroying
/// require exclusive access to this object.
class database {
 public:
  // --- life --------------------------------------------------------------------------------------

  /// Opens the file, or creates it, with these tables: those that are missing are created, all or
  /// none. Tables in the file that are not declared are loaded, kept by every rewrite, and checked
  /// against types when table<T>() asks for them. Errors: those of table::open; not_found if the
  /// database is opened read_only and lacks one of the tables; invalid_argument for a name that is
  /// no name, or declared twice. On error nothing has changed.
  template <class... T>
  [[nodiscard]] static result<database> open(database_config c, declared<T>... tables);
  /// The same with the file alone, a std::string, a literal or a std::filesystem::path; the rest as
  /// database_config has it by default.
  template <path_argument P, class... T>
  [[nodiscard]] static result<database> open(const P& path, declared<T>... tables);

  /// What open with the same arguments would migrate: reads the file, converts and checks every
  /// entry, and writes nothing. One for each table that would be migrated. The file may be open.
  /// Errors: those of open, apart from entries that cannot be converted, which it counts; not_found
  /// if there is no file.
  template <class... T>
  [[nodiscard]] static result<std::vector<table_migration>> try_migration(database_config c,
                                                                          declared<T>... tables);

  /// A database without a file, with these tables: supports everything except save, sync, reload,
  /// compact, recover and tickets. Errors: invalid_argument for a name that is no name, or declared
  /// twice.
  template <class... T>
  [[nodiscard]] static result<database> in_memory(declared<T>... tables);

  /// Moves the handle; a moved-from handle may only be assigned to or destroyed.
  database(database&&) noexcept = default;
  /// Closes this database, as the destructor does, and takes over the other.
  database& operator=(database&& other) noexcept;
  /// Closes; errors go to config.on_error, and everything is released regardless.
  ~database() { release(); }

  /// Saves, seals the file and releases everything, as table::close. busy in a transaction or a
  /// callback of this database.
  [[nodiscard]] result<> close() { return core_->close(); }
  /// Releases everything without saving. Unsaved changes (write_mode::back) are lost.
  void abandon() noexcept { core_->abandon(); }
  /// False once closed, abandoned or moved from, and in a forked child.
  [[nodiscard]] bool is_open() const noexcept { return core_ && core_->is_open(); }

  // --- tables ------------------------------------------------------------------------------------

  /// The table of that name, created if it is missing, or migrated if it has older types and was
  /// not declared; `db.table<T>("online", {.storage =
  /// shelf::storage::memory})`. Two handles of one name are one table. Errors: invalid_argument
  /// (the name, or another storage than the table has), wrong_kind and type_mismatch (the table has
  /// other types), not_found (it is missing in a database opened read_only), those of a write.
  template <class T>
  [[nodiscard]] result<T> table(std::string name, table_options<T> options = {});
  /// All tables of the file, those included that this program has not declared.
  [[nodiscard]] std::vector<table_facts> tables() const { return core_->tables(); }
  /// Changes which tables there are:
  ///
  ///     db.alter([](shelf::schema& s) {
  ///       s.create<orders_table>("orders");
  ///       s.rename("users", "customers");
  ///       s.drop("sessions");
  ///     });
  ///
  /// Calls f(schema&), once, and then takes its steps, all or none: as one batch, which is on disk
  /// when alter returns, in every write_mode. Snapshots of all tables see either none of it or all.
  /// Readers never wait for it; writers wait while the batch is written. f returns nothing, or a
  /// result whose error ends the call.
  ///
  /// Errors: f's; not_found for a table that is not there; key_already_present for a name that is
  /// taken; invalid_argument for a name that is no name; read_only; busy in a transaction or a
  /// callback of this database; those of a write. On error nothing has changed; after indeterminate
  /// the file may have the batch, until recover() has written it anew.
  template <class F>
  [[nodiscard]] result<> alter(F&& f);

  // --- all tables at once ------------------------------------------------------------------------

  /// All tables at one moment: `auto moment = db.snapshot(); moment(accounts).size()`. Never blocks
  /// and never conflicts. Of a closed database it is empty.
  [[nodiscard]] database_snapshot snapshot() const { return database_snapshot(core_->snapshot()); }
  /// Calls f(const database_snapshot&) and returns what it returns, as a result. table_closed if
  /// the database is closed. An exception thrown by f passes through.
  template <class F>
  [[nodiscard]] auto read(F&& f, const read_options& options = {}) const;
  /// f may run several times: again whenever another write has changed what it has read. So it must
  /// do nothing outside the database that may not happen twice; on_commit is for that.
  ///
  /// Calls f(transaction&), and commits what it wrote, in any tables, in one atomic step for
  /// readers and on disk. Returns what f returned when it ran last, as a result. If that is an
  /// error, or f throws, nothing is written, and the error or exception is passed on.
  ///
  /// Strictly serializable: each transaction happens as if at one moment, between the call of
  /// transact and its return. f runs on the calling thread, without any lock. A call on the same
  /// database inside f is `nested`: options.attempts has no meaning there, and a ticket stays
  /// empty, because nothing is committed before the outermost call is.
  ///
  /// Errors: conflict after options.attempts runs; those of a write; size_limit_exceeded above
  /// limits.transaction_bytes; of add: not_found and overflow; invalid_argument for options.sync in
  /// write_mode::back or in a nested call, and for tables of another database.
  template <class F>
  [[nodiscard]] auto transact(F&& f, const transact_options& options = {});
  /// A transaction that only writes, and that nobody waits for: runs f(transaction&) once, and
  /// hands over what it wrote. In a cluster it commits in the background, after what was posted
  /// before by the same thread, and is visible then; the ticket tells what becomes of it. Other
  /// databases commit it before post returns, and the ticket waits for the disk. f returns nothing,
  /// or a result whose error ends the call. It must not read: insert, erase, clear and add, of any
  /// tables.
  ///
  /// Errors: f's; invalid_argument if f has read or used on_commit; busy in a transaction of this
  /// database; overloaded: writes of 64 MiB wait for the server of the cluster, and the deadline
  /// has passed; those of transact.
  template <class F>
  [[nodiscard]] result<ticket> post(F&& f);

  // To call these, include shelf/database_changes.hpp.

  /// A feed of the changes of all tables from now on.
  [[nodiscard]] result<database_feed> changes() const;
  /// A feed of the changes of all tables, batch by batch, in the order in which they were
  /// committed.
  /// Errors: as table::changes.
  [[nodiscard]] result<database_feed> changes(const change_options& options) const;

  // --- disk --------------------------------------------------------------------------------------

  /// back: appends the changes since the last save as one atomic batch and syncs. through, durable:
  /// syncs. As table::save, for all tables.
  [[nodiscard]] result<> save() { return core_->save(); }
  /// Syncs everything written to the file (fdatasync). In write_mode::back it does not save.
  [[nodiscard]] result<> sync() { return core_->sync(); }
  /// back: rolls all tables back to the last saved state. Otherwise: reads and checks the file
  /// again. Atomic for readers of several tables.
  [[nodiscard]] result<> reload() { return core_->reload(); }
  /// As table::catch_up.
  [[nodiscard]] result<std::size_t> catch_up() { return core_->catch_up(); }
  /// Writes a new file with only the live entries of all tables and renames it over the old one;
  /// writers continue. `tell` receives the number of entries written.
  [[nodiscard]] result<> compact(const progress& tell = {}) { return core_->compact(tell); }
  /// Writes a backup of one moment of all tables to a new file, while writers continue: a closed
  /// file that any open takes, or an increment; see backup.hpp.
  [[nodiscard]] result<backup_report> backup_to(const std::string& path,
                                                const backup_options& options = {}) const {
    return core_->backup_to(path, options);
  }
  /// All tables become what a backup and its increments hold, in one step; see
  /// backup.hpp.
  [[nodiscard]] result<> restore_from(const std::string& path,
                                      const restore_from_options& options = {}) {
    return core_->restore_from(path, options);
  }
  /// Makes a fenced database writable again, as table::recover.
  [[nodiscard]] result<> recover() { return core_->recover(); }
  /// Sums over the tables, and the figures of the file. `stats()` of a table has its own.
  [[nodiscard]] result<database_stats> stats() const { return core_->stats(); }

 private:
  friend struct detail::database_access;

  template <class... T>
  [[nodiscard]] static result<database> open_core(detail::core_config c,
                                                  const detail::decoding_rules& rules,
                                                  declared<T>... tables);
  database(std::shared_ptr<detail::database_core> core, detail::decoding_rules rules,
           detail::encoding_limits limits)
      : core_(std::move(core)), rules_(rules), limits_(limits) {}

  void release() noexcept {
    if (core_) core_->close_at_destruction();
  }

  std::shared_ptr<detail::database_core> core_;
  detail::decoding_rules rules_;
  detail::encoding_limits limits_;
};

/// Opens a database with the tables declared, calls f(database), and always closes it:
///
///     shelf::with_database({.path = "shop.shelf"}, shelf::declare<users_table>("users"),
///                          [](shelf::database& db) { ... });
///
/// Returns what f returns (a result is passed on). If closing fails too, the error includes both
/// causes. An exception thrown by f passes through after the database is closed; errors of that
/// close go to config.on_error.
template <class... DeclaredAndF>
[[nodiscard]] auto with_database(database_config c, DeclaredAndF&&... declared_and_f);

}  // namespace shelf

#include "shelf/detail/database.hpp"
