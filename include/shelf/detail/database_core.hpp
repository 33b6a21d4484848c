// API  [api] -> engine -> stores -> journal -> file
// The border between the typed shell and the untyped core, for several tables: databases and
// transactions over encoded bytes.
#pragma once

#include "shelf/detail/core.hpp"

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

namespace shelf {

/// Where the entries of a table of a database are kept.
enum class storage : std::uint8_t {
  disk,    ///< in the file, as write_mode says
  memory,  ///< in memory alone: the file knows the table's name and types. Empty after every open
};

namespace detail {

/// A table that a program asks for, by name.
struct wanted_table {
  std::string name;
  entry_types types;
  shelf::storage storage = shelf::storage::disk;
  std::chrono::milliseconds ttl{0};
  std::vector<migration_step> migrate = {};  ///< for entries of older types
};

/// What a migration has made of a table, or would make.
struct migrated_table {
  std::string name;
  std::size_t read = 0;     ///< entries, those left out that have expired
  std::size_t written = 0;  ///< entries that the table has then
  std::size_t failed = 0;   ///< entries that cannot be converted
  /// The first few of these: the key, and why.
  std::vector<error> failures = {};
};

/// One step of an alteration.
struct table_step {
  enum class verb : std::uint8_t { create, drop, rename, store, index };
  verb what;
  std::string name;                       ///< of the table as it is called by then
  std::string to = {};                    ///< rename
  std::optional<wanted_table> made = {};  ///< create; index: how it is indexed
  shelf::storage storage = shelf::storage::disk;
};

/// What a database says of one of its tables.
struct table_facts {
  std::string name;
  kind what = kind::set;
  std::string key_schema;
  std::string value_schema;
  shelf::storage storage = shelf::storage::disk;
  std::size_t entries = 0;
};

/// Where a range of keys begins and ends: before or behind an encoded key, or not at all.
struct range_bounds {
  std::optional<bytes> from = {};  ///< absent: from the first of all
  std::optional<bytes> to = {};    ///< absent: to the last of all
  bool from_is_behind = false;     ///< `from` itself is not in it
  bool to_is_behind = false;       ///< `to` itself is in it
};

/// What one run of a transaction sees of a table, and does to it. Reads show the version at which
/// the run began, with its own writes on top, and are recorded, to be repeated at the commit.
/// Lives as long as the run. What is shown of it stays until the run ends.
/// A table that cannot be read (closed, or of another database) shows nothing, and its error is the
/// transaction's.
/// Thread safety: one thread.
class transaction_table_core {
 public:
  using walk = snapshot_core::walk;
  virtual ~transaction_table_core() = default;

  /// Calls `f` with each value of the key, in insertion order; how many there were. peek: not
  /// recorded.
  virtual std::size_t lookup(const sought_key& key, function_ref<void(bytes)> f,
                             bool peek = false) = 0;
  [[nodiscard]] virtual std::size_t size() = 0;
  /// All entries; in key order, if the table has one.
  [[nodiscard]] virtual std::unique_ptr<walk> entries() = 0;

  // Ordered tables only.
  /// Calls `f(key, value)` with the entry at that place; false if there is none.
  virtual bool seek(place where, bytes key, function_ref<void(bytes, bytes)> f) = 0;
  /// Calls `f(key, value)` with the entry that has `index` entries before it; false past the end.
  virtual bool nth(std::size_t index, function_ref<void(bytes, bytes)> f) = 0;
  /// How many keys are before this one, itself included if `behind`.
  [[nodiscard]] virtual std::size_t rank(bytes key, bool behind) = 0;
  /// The entries in the bounds, first to last or last to first. What the walk has not come to is
  /// not recorded.
  [[nodiscard]] virtual std::unique_ptr<walk> range(const range_bounds& of, bool backwards) = 0;
  /// The entries of rank [from, to). Reads how many are before the first, not which.
  [[nodiscard]] virtual std::unique_ptr<walk> slice(std::size_t from, std::size_t to) = 0;

  // Writes: noted, and done at the commit. Errors: those of a write of the table that need no look
  // at its entries; size_limit_exceeded beyond limits.transaction_bytes. An error leaves the run as
  // it was.
  [[nodiscard]] virtual result<> insert(bytes key, bytes value) = 0;
  /// key_already_present if the key is there, which is a read.
  [[nodiscard]] virtual result<> insert_new(bytes key, bytes value) = 0;
  // Set kinds: what a keep, a touch and expires_at find is a read. invalid_argument.
  [[nodiscard]] virtual result<> insert_expiring(bytes key, bytes value, const expiry& until,
                                                 bool only_new) = 0;
  [[nodiscard]] virtual result<> touch(bytes key, const expiry& until) = 0;
  [[nodiscard]] virtual result<std::uint64_t> expires_at(const sought_key& key) = 0;
  [[nodiscard]] virtual result<> erase(bytes key) = 0;
  [[nodiscard]] virtual result<> erase_value(bytes key, bytes value) = 0;
  [[nodiscard]] virtual result<> clear() = 0;
  /// Steps a counter at the commit, whatever it is then: no read. What the step runs into there
  /// (overflow, not_found without initial) is the transaction's error.
  [[nodiscard]] virtual result<> add(bytes key, counter_step step) = 0;

  /// The name of the table in messages.
  [[nodiscard]] virtual const std::string& label() const noexcept = 0;
  /// As that of the table.
  [[nodiscard]] virtual std::uint64_t identity() const noexcept = 0;

  /// The same in the order of an index, as snapshot_core::by_index: size, range, seek and rank by
  /// keys of the index. What they read is recorded. The rest is that of the table. Lives as long as
  /// this.
  [[nodiscard]] virtual transaction_table_core& by_index(const asked_index& index) = 0;
};

// Verbs that read and write, in a run: as those of core, which decide in the turn.

[[nodiscard]] result<written> edit(transaction_table_core& in, bytes key, edit_function how,
                                   const expiry& created = {});
/// Another value for a key, which keeps its deadline.
[[nodiscard]] inline result<> replace(transaction_table_core& in, bytes key, bytes value) {
  return in.insert_expiring(key, value, expiry::keep(), false);
}
[[nodiscard]] result<bool> exchange(transaction_table_core& in, bytes key,
                                    std::optional<bytes> expected, std::optional<bytes> desired);
[[nodiscard]] result<std::size_t> take(transaction_table_core& in, bytes key,
                                       function_ref<void(bytes)> f);
[[nodiscard]] result<> take_end(transaction_table_core& in, place end,
                                function_ref<void(bytes, bytes)> f);
[[nodiscard]] result<wide_integer> step(transaction_table_core& in, bytes key,
                                        const counter_step& how);

/// One run of a transaction. Thread safety: one thread.
class transaction_core {
 public:
  virtual ~transaction_core() = default;
  /// The run's own view of a table; the same one each time.
  [[nodiscard]] virtual transaction_table_core& of(const core& table) = 0;
  /// Which run this is, from 1.
  [[nodiscard]] virtual int attempt() const noexcept = 0;
  /// To be run after the commit, once, on the thread that called transact.
  virtual void on_commit(function<void()> f) = 0;
  /// Runs f; if it returns an error or throws, what it wrote and its on_commit are forgotten. What
  /// it read stays recorded.
  [[nodiscard]] virtual result<> nest(function_ref<result<>()> f) = 0;
};

/// What became of a transaction.
struct committed {
  std::uint64_t sequence = 0;  ///< of its batch; of the version it read, if it wrote nothing
  std::uint64_t ordinal = 0;   ///< its place among the transactions of that batch
  bool changed = false;        ///< it wrote something that was not there already
  int attempts = 0;            ///< runs it took
  bool is_nested = false;      ///< nothing is committed before the outer one is
};

/// How a transaction is run.
struct transact_settings {
  int attempts = 100;
  bool sync = false;  ///< it is on disk before transact returns
  /// Called once it has committed, before it is synced and before its on_commit. Must not throw.
  std::optional<function_ref<void(const committed&)>> tell = {};
  bool fresh = false;  ///< it shows what was acknowledged anywhere before
};

/// A transaction that commits in the background.
/// Thread safety: all calls from any thread.
class posted {
 public:
  virtual ~posted() = default;
  /// What has become of it; nothing, while that is not known.
  [[nodiscard]] virtual std::optional<result<>> outcome() const = 0;
};

/// What post returns.
struct posting {
  std::uint64_t number = 0;                ///< the transaction's; without `under_way` its sequence
  std::shared_ptr<posted> under_way = {};  ///< null: it has committed
};

/// All tables of a database at one moment. Thread safety: all calls from any thread.
class database_snapshot_core {
 public:
  virtual ~database_snapshot_core() = default;
  /// Where it is in the sequence of changes; none, if the database is closed.
  [[nodiscard]] virtual shelf::position position() const noexcept = 0;
  /// Never null; of a table of another database an empty one.
  [[nodiscard]] virtual std::shared_ptr<const snapshot_core> of(const core& table) const = 0;
};

/// The figures of a database; sizes in bytes.
struct database_figures {
  table_stats all;  ///< sums over the tables, and what they share
  std::size_t tables = 0;
};

/// An open database over encoded bytes.
/// Thread safety: all calls from any thread. Callbacks run on the calling thread.
class database_core {
 public:
  virtual ~database_core() = default;

  /// The table of that name, of these types; made if it is not there. Two handles of one name are
  /// one table. Errors: invalid_argument (the name), wrong_kind, type_mismatch; not_found if the
  /// database is read only; those of a write.
  [[nodiscard]] virtual result<std::shared_ptr<core>> table(wanted_table w) = 0;
  [[nodiscard]] virtual std::vector<table_facts> tables() const = 0;
  /// Takes the steps in their order, all of them in one batch, which is on disk then. Errors:
  /// invalid_argument (a name), not_found, key_already_present (a name that is taken), read_only,
  /// busy (in a transaction or a callback of the database), those of a write.
  [[nodiscard]] virtual result<> alter(std::vector<table_step> steps) = 0;
  /// Of a closed database an empty one. Throws std::bad_alloc.
  [[nodiscard]] virtual std::shared_ptr<const database_snapshot_core> snapshot() const = 0;

  /// Runs `f`, again where another write came in between, and commits what it wrote in one batch.
  /// An error of `f` aborts and is returned. On a thread that is inside a transaction of this
  /// database it nests. Errors: conflict after so many attempts; invalid_argument (sync in
  /// write_mode::back); size_limit_exceeded; those of a write.
  [[nodiscard]] virtual result<committed> transact(const transact_settings& how,
                                                   function_ref<result<>(transaction_core&)> f) = 0;
  /// Runs `f` once, which must read nothing, and hands over what it wrote. Where the database
  /// decides itself, it commits. Errors: invalid_argument, if `f` has read; busy inside a
  /// transaction; overloaded; those of transact.
  [[nodiscard]] virtual result<posting> post(function_ref<result<>(transaction_core&)> f) = 0;
  /// Returns when its outcome is known. Errors: why it was rejected; indeterminate: not known in
  /// time.
  [[nodiscard]] virtual result<> await(const posted& p) = 0;
  /// Everything acknowledged anywhere before the call is shown. Errors: those of sync.
  [[nodiscard]] virtual result<> freshen() = 0;
  /// Whether the batch is on disk.
  [[nodiscard]] virtual bool is_durable(std::uint64_t sequence) const = 0;
  /// Returns when the batch is on disk; all who wait share a sync. Errors: those of sync;
  /// invalid_argument in write_mode::back.
  [[nodiscard]] virtual result<> make_durable(std::uint64_t sequence) = 0;

  [[nodiscard]] virtual bool is_open() const noexcept = 0;
  [[nodiscard]] virtual result<> save() = 0;
  [[nodiscard]] virtual result<> reload() = 0;
  [[nodiscard]] virtual result<std::size_t> catch_up() = 0;
  [[nodiscard]] virtual result<> sync() = 0;
  [[nodiscard]] virtual result<> compact(const progress& tell) = 0;
  [[nodiscard]] virtual result<backup_report> backup_to(const std::string& path,
                                                        const backup_options& how) = 0;
  [[nodiscard]] virtual result<> restore_from(const std::string& path,
                                              const restore_from_options& how) = 0;
  [[nodiscard]] virtual result<> recover() = 0;
  [[nodiscard]] virtual result<> close() = 0;
  virtual void abandon() noexcept = 0;
  virtual void close_at_destruction() noexcept = 0;
  [[nodiscard]] virtual result<database_figures> stats() const = 0;
  /// The name of the database in messages.
  [[nodiscard]] virtual const std::string& label() const noexcept = 0;
};

/// Opens or creates a database with these tables, all or none. Errors: as table::open; not_found,
/// if it is opened to be read and lacks one of them.
[[nodiscard]] result<std::shared_ptr<database_core>> open_database(
    core_config config, std::vector<wanted_table> declared);

/// What open_database would migrate, and what would become of it. Writes nothing. Errors: as
/// open_database, apart from entries that cannot be converted.
[[nodiscard]] result<std::vector<migrated_table>> try_migrations(
    core_config config, std::vector<wanted_table> declared);

}  // namespace detail
}  // namespace shelf
