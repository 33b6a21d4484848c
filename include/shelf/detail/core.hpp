// API  [api] -> engine -> stores -> journal -> file
// The border between the typed shell and the untyped core: verbs over encoded bytes.
#pragma once

#include "shelf/backup.hpp"
#include "shelf/config.hpp"
#include "shelf/detail/bytes.hpp"
#include "shelf/detail/change_list.hpp"
#include "shelf/detail/clock.hpp"
#include "shelf/detail/counter.hpp"
#include "shelf/detail/function_ref.hpp"
#include "shelf/detail/index_definition.hpp"
#include "shelf/detail/sought_key.hpp"
#include "shelf/detail/wide_integer.hpp"
#include "shelf/error.hpp"
#include "shelf/expiry.hpp"
#include "shelf/function.hpp"
#include "shelf/kind.hpp"
#include "shelf/position.hpp"
#include "shelf/progress.hpp"

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

namespace shelf::detail {

class encoder;
struct decoding_rules;
struct shape;

/// The deadline of an entry that does not expire.
inline constexpr std::uint64_t no_deadline = ~std::uint64_t{0};

/// A deadline as a moment. One of a file that is later than any we write becomes the latest.
[[nodiscard]] constexpr std::optional<expiry::time> moment_of(std::uint64_t deadline) noexcept {
  if (deadline == no_deadline) return std::nullopt;
  constexpr auto latest = static_cast<std::uint64_t>(expiry::longest);
  return expiry::time(
      std::chrono::milliseconds(static_cast<std::int64_t>(deadline < latest ? deadline : latest)));
}

/// An entry as the core shows it. The bytes live as long as the call or the snapshot that shows
/// them.
struct stored_entry {
  bytes key;
  bytes value;
  std::uint64_t until = no_deadline;  ///< milliseconds since 1970
};

/// What a program that has no types of its own does about the record of a table's indexes.
struct recorded_indexes {
  std::vector<index_description> found;  ///< in the file; others refuse the open
  std::vector<index_description> kept;   ///< what the file says behind the first write
};

/// What the shell tells the core of K and V.
struct entry_types {
  kind what = kind::set;
  std::string key_schema;
  std::string value_schema;
  /// Judges the types of a stored entry. Runs on the thread that opens or reloads, as does
  /// `accept`.
  function<result<>(bytes key, bytes value)> check;
  /// The user's own check of an entry whose types are right; empty if there is none.
  function<bool(bytes key, bytes value)> accept;
  /// A stored value in the form the types have now; used where missing_fields lets the schemas
  /// differ.
  function<result<std::vector<std::byte>>(bytes value)> reencode;
  /// Judges a stored schema text against ours; "key" or "value" is named by the caller.
  result<> (*compare_schema)(const std::string& stored, const std::string& wanted,
                             missing_fields policy) = nullptr;
  index_definitions indexes = nullptr;
  /// What the catalog is to say of the indexes; nothing: it names `indexes`.
  std::optional<recorded_indexes> recorded = std::nullopt;
  /// How large the program lets the table become.
  size_bounds bounds = {};
};

/// What a program's table tells the core of K and V. From it the core makes entry_types, compiled
/// once: a program instantiates none of that.
struct program_types {
  kind what = kind::set;
  const shape& key;
  const shape& value;
  /// Appends a stored value in the form that its type has now; false if it is not of the type.
  bool (*reencode)(bytes value, const decoding_rules& rules, encoder& out) = nullptr;
  const decoding_rules& rules;
  function<bool(bytes key, bytes value)> accept = {};
  index_definitions indexes = nullptr;
  size_bounds bounds = {};
};
[[nodiscard]] entry_types make_entry_types(program_types types);

/// The parts of a config<K, V> that do not depend on K and V. Strings and functions are moved from.
struct config_parts {
  std::string& path;
  std::optional<std::string>& base_directory;
  std::string& name;
  std::string& table;
  write_mode mode;
  shelf::opening opening;
  file_format format;
  file_io io;
  shelf::access access;
  std::chrono::milliseconds save_every;
  std::size_t save_at_bytes;
  std::chrono::milliseconds sync_every;
  std::chrono::milliseconds follow;
  shelf::missing_fields missing_fields;
  function<void(const error&)>& on_error;
  const shelf::limits& limits;
  const shelf::compaction& compaction;
  const shelf::history& history;
  shelf::metrics metrics;
  shelf::file_system file_system;
  file::system* system;
  dets::repair_policy repair;
  std::chrono::milliseconds ttl;
  const shelf::clock* clock;
  std::chrono::milliseconds clock_grace;
};

/// config<K, V> without its types.
struct core_config {
  std::string path;
  std::optional<std::string> base_directory;
  std::string name;
  std::string table = {};  ///< of a file with several; empty: the only one
  write_mode mode = write_mode::through;
  shelf::opening opening = shelf::opening::create_if_missing;
  file_format format = file_format::native;
  file_io io = file_io::calls;
  shelf::access access = shelf::access::any_thread;
  std::chrono::milliseconds save_every{0};
  std::size_t save_at_bytes = 0;
  std::chrono::milliseconds sync_every{1000};
  std::chrono::milliseconds follow{0};
  shelf::missing_fields missing_fields = shelf::missing_fields::refuse;
  function<void(const error&)> on_error;
  shelf::limits limits;
  shelf::compaction compaction;
  shelf::history history;
  shelf::metrics metrics = shelf::metrics::none;
  shelf::file_system file_system = shelf::file_system::local;
  file::system* system = nullptr;
  dets::repair_policy repair = dets::repair_policy::automatic;
  std::chrono::milliseconds ttl{0};  ///< of a lone table
  const shelf::clock* clock = nullptr;
  std::chrono::milliseconds clock_grace = std::chrono::seconds(60);
  bool in_memory = false;
  bool may_be_stale = false;  ///< of a replica: reads ask whether what they show is too old
  /// Told of the entries that a migration has converted when a database is opened.
  progress tell_migrated = {};
  /// Told of the bytes of the first of two passes over a native file that is opened: it checks, and
  /// the second reads. Called again by a reload() of a file opened read_only.
  progress tell_checked = {};
  std::uint64_t dets_limit = 0;  ///< where a DETS file is full; 0: where Erlang says. For tests
};

/// Where in key order to look; ordered tables only.
enum class place : std::uint8_t { first, last, at_or_after, after, before, at_or_before };

/// One moment of a table. Owns what it shows. Thread safety: all calls from any thread, walks
/// apart.
class snapshot_core {
 public:
  /// Hands out entries in portions, each valid until the next call; empty at the end.
  class walk {
   public:
    virtual ~walk() = default;
    [[nodiscard]] virtual std::span<const stored_entry> next() = 0;
  };

  virtual ~snapshot_core() = default;
  [[nodiscard]] virtual std::size_t size() const noexcept = 0;
  /// Calls `f` with each value of the key (set kinds: at most one); how many there were.
  virtual std::size_t lookup(const sought_key& key, function_ref<void(bytes)> f) const = 0;
  [[nodiscard]] virtual std::unique_ptr<walk> entries() const = 0;
  /// Where it is in the sequence of changes; none, if it is of a closed table.
  [[nodiscard]] virtual shelf::position position() const noexcept = 0;

  // Ordered tables only.
  /// How many keys are before this one, itself included if `behind`.
  [[nodiscard]] virtual std::size_t rank(bytes key, bool behind) const = 0;
  [[nodiscard]] virtual std::unique_ptr<walk> entries(std::size_t from, std::size_t to) const = 0;
  /// The same with those that have expired, so that each rank has its entry.
  [[nodiscard]] virtual std::unique_ptr<walk> ranked(std::size_t from, std::size_t to) const = 0;
  /// What time it is in this moment: an entry whose deadline is not after it has expired.
  [[nodiscard]] virtual std::uint64_t now() const noexcept = 0;
  /// Calls `f(key, value)` with the entry at that place; false if there is none.
  virtual bool seek(place where, bytes key, function_ref<void(bytes, bytes)> f) const = 0;
  /// The same with the entry that has `index` entries before it.
  virtual bool nth(std::size_t index, function_ref<void(bytes, bytes)> f) const = 0;
  /// What cursors of the table are bound to; see table_identity.
  [[nodiscard]] virtual std::uint64_t identity() const noexcept = 0;

  /// The same moment in the order of an index of the table: an entry once per key that it has
  /// there. Where an ordered table takes a key, this takes a key of the index; lookup is that of
  /// the table. Nothing is in an index that the table did not have then. Never null; may outlive
  /// this.
  [[nodiscard]] virtual std::shared_ptr<const snapshot_core> by_index(
      const asked_index& index) const = 0;
};

/// Entries made ready for one atomic insert. Filled on the caller's thread.
class entry_batch {
 public:
  virtual ~entry_batch() = default;
  /// Copies the bytes. Errors: size_limit_exceeded. Throws std::bad_alloc.
  [[nodiscard]] virtual result<> add(bytes key, bytes value) = 0;
  /// The same with a value whose bytes lie in several places.
  [[nodiscard]] virtual result<> add_pieces(bytes key, std::span<const bytes> value) = 0;
  /// The same with a deadline; set kinds.
  [[nodiscard]] virtual result<> add_until(bytes key, bytes value, std::uint64_t until) = 0;
};

/// What becomes of a key that is edited.
enum class edited : std::uint8_t { keep, put, erase };

/// Decides on the value that the writes before have left (nullopt: there is no such key), and
/// writes a new one to `made`. An error refuses the edit. It is called in the writers' turn, at
/// most once, by any thread: so it is code of the library, and never of the program.
using edit_function =
    function_ref<result<edited>(std::optional<bytes> there, std::vector<std::byte>& made)>;

/// Computes a value into `made`, and may say when it expires.
using computing_function = function_ref<result<>(std::vector<std::byte>& made, expiry& until)>;

/// An entry as a snapshot has shown it, and what is to become of it if it is still that one. Its
/// bytes are those of the snapshot, which lives meanwhile.
struct same_entry {
  bytes key;
  bytes value;
  std::optional<bytes> next = {};  ///< another value; absent: it is erased
  bool done = false;               ///< it was still that one
};

/// A table over encoded bytes. Keys and values are canonical external terms without the version
/// byte.
/// Thread safety: all calls from any thread. Callbacks run on the calling thread.
class core {
 public:
  virtual ~core() = default;

  // Reads. Errors: table_closed, forked, not_found.
  /// Calls `f` with each value of the key, in insertion order; the bytes are the table's own.
  [[nodiscard]] virtual result<> lookup(const sought_key& key,
                                        function_ref<void(bytes)> f) const = 0;
  /// Calls `f(i, value)` for each key that is there.
  [[nodiscard]] virtual result<> lookup_many(std::span<const sought_key> keys,
                                             function_ref<void(std::size_t, bytes)> f) const = 0;
  [[nodiscard]] virtual bool contains(const sought_key& key) const noexcept = 0;
  [[nodiscard]] virtual std::size_t size() const noexcept = 0;
  [[nodiscard]] virtual bool is_open() const noexcept = 0;
  /// Never null; of a closed table an empty one. Throws std::bad_alloc.
  [[nodiscard]] virtual std::shared_ptr<const snapshot_core> snapshot() const = 0;
  /// Ordered tables: calls `f(key, value)` with the entry at that place.
  [[nodiscard]] virtual result<> seek(place where, bytes key,
                                      function_ref<void(bytes, bytes)> f) const = 0;
  /// The same with the entry that has `index` entries before it; not_found past the end.
  [[nodiscard]] virtual result<> nth(std::size_t index,
                                     function_ref<void(bytes, bytes)> f) const = 0;
  /// How many keys are before this one; 0 if the table cannot be read.
  [[nodiscard]] virtual std::size_t rank(bytes key) const noexcept = 0;
  /// Calls `f(key, value)` with the first entry that an index has under its key `wanted`.
  /// invalid_argument if the table has no such index any more.
  [[nodiscard]] virtual result<> find_by(const asked_index& index, bytes wanted,
                                         function_ref<void(bytes, bytes)> f) const = 0;

  // Writes. Errors: table_closed, forked, not_owner, read_only, fenced, indeterminate, no_space,
  // file_error, size_limit_exceeded.
  [[nodiscard]] virtual result<written> insert(bytes key, bytes value) = 0;
  /// The same with a value whose bytes lie in several places.
  [[nodiscard]] virtual result<written> insert_pieces(bytes key, std::span<const bytes> value) = 0;
  /// key_already_present if the key is there.
  [[nodiscard]] virtual result<> insert_new(bytes key, std::span<const bytes> value) = 0;
  /// As insert_pieces or insert_new, with an expiry. Set kinds. invalid_argument, if it is not
  /// valid, or the file keeps no deadlines.
  [[nodiscard]] virtual result<written> insert_expiring(bytes key, bytes value, const expiry& until,
                                                        bool only_new) = 0;
  /// Gives the entry another deadline. Set kinds. not_found; invalid_argument.
  [[nodiscard]] virtual result<> touch(bytes key, const expiry& until) = 0;
  /// Set kinds: the deadline of the key's entry, or not_found.
  [[nodiscard]] virtual result<std::uint64_t> expires_at(const sought_key& key) const = 0;
  /// Erases what has expired; how many entries that were.
  [[nodiscard]] virtual result<std::size_t> purge_expired() = 0;
  /// For entries that are given such an expiry when they are inserted. invalid_argument.
  [[nodiscard]] virtual result<std::unique_ptr<entry_batch>> make_batch(
      const expiry& until = {}) const = 0;
  /// One atomic batch; how many entries it held. only_new: all keys must be absent, else nothing
  /// happens.
  [[nodiscard]] virtual result<std::size_t> insert_batch(std::unique_ptr<entry_batch> batch,
                                                         bool only_new) = 0;
  /// One atomic batch, each change on top of those before it.
  [[nodiscard]] virtual result<write_counts> write(const change_list& changes) = 0;
  [[nodiscard]] virtual result<std::size_t> erase(bytes key) = 0;
  [[nodiscard]] virtual result<std::size_t> erase_value(bytes key, bytes value) = 0;
  [[nodiscard]] virtual result<std::size_t> clear() = 0;
  /// The new value. not_found without initial; overflow.
  [[nodiscard]] virtual result<wide_integer> update_counter(bytes key, counter_step step) = 0;
  /// Set kinds: replaces the value if it still is `expected`; else conflict (another thread was
  /// faster) or not_found.
  [[nodiscard]] virtual result<> replace_if(bytes key, bytes expected,
                                            std::span<const bytes> value) = 0;
  /// Set kinds: what `how` decides, in one atomic step. What it told is true only on success.
  /// A key that it creates gets the expiry.
  [[nodiscard]] virtual result<written> edit(bytes key, edit_function how,
                                             const expiry& created = {}) = 0;
  /// Erases the key; `f` is shown each of its values in the turn, in insertion order. How many
  /// there were. What `f` was shown is true only on success.
  [[nodiscard]] virtual result<std::size_t> take(bytes key, function_ref<void(bytes)> f) = 0;
  /// Ordered tables: erases the entry at `end`, place::first or place::last, which `f` is shown as
  /// by take. not_found if the table is empty.
  [[nodiscard]] virtual result<> take_end(place end, function_ref<void(bytes, bytes)> f) = 0;

  /// One atomic batch of what is to become of entries that are still those of a snapshot; how many
  /// were changed or erased. An erase from a duplicate_bag takes all copies of the pair.
  [[nodiscard]] virtual result<std::size_t> change_same(std::span<same_entry> entries) = 0;
  /// Set kinds: shows the value of the key. If it is missing, `make` computes it on this thread, or
  /// another thread is waited for that does so already. The value is stored before anybody gets
  /// it, unless the key was written meanwhile. Errors: those of `make`, for all who wait; busy,
  /// after `wait` or if a thread would wait for itself; those of a write. An exception of `make`
  /// passes through, and one of those who wait takes over.
  [[nodiscard]] virtual result<> compute(bytes key, std::chrono::nanoseconds wait,
                                         computing_function make,
                                         function_ref<void(bytes)> show) = 0;

  // Life. See table.hpp for what each promises.
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
  /// close, with errors going to on_error; what cannot be saved is released all the same.
  virtual void close_at_destruction() noexcept = 0;
  [[nodiscard]] virtual result<table_stats> stats() const = 0;
  [[nodiscard]] virtual result<> give_away() = 0;
  [[nodiscard]] virtual result<> take_over() = 0;
  /// The name of the table in messages.
  [[nodiscard]] virtual const std::string& label() const noexcept = 0;
  /// What cursors of the table are bound to; see table_identity.
  [[nodiscard]] virtual std::uint64_t identity() const noexcept = 0;
};

/// Set kinds: if the key has the value `expected`, or both are missing, gives it the value
/// `desired`, or erases it. False: it has not.
[[nodiscard]] result<bool> exchange(core& of, bytes key, std::optional<bytes> expected,
                                    std::optional<bytes> desired);

/// While one lives, a callback of its table runs on this thread, and close refuses with busy.
/// Nests: the scopes of a thread end in the order opposite to that in which they began.
class callback_scope {
 public:
  explicit callback_scope(const core& of) noexcept;
  ~callback_scope();
  callback_scope(const callback_scope&) = delete;
  callback_scope& operator=(const callback_scope&) = delete;

  /// Whether this thread is inside a callback of that table.
  [[nodiscard]] static bool is_inside(const core& of) noexcept;

 private:
  const core& of_;
  const callback_scope* const outer_;
};

/// Opens, creates or makes a table. Errors: see table.hpp, open.
[[nodiscard]] result<std::shared_ptr<core>> open_core(core_config config, entry_types types);

/// The same, as a program's table calls it.
[[nodiscard]] result<std::shared_ptr<core>> open_table(const config_parts& config,
                                                       program_types types);
/// A table without a file. Throws std::bad_alloc.
[[nodiscard]] std::shared_ptr<core> make_table(std::string name, program_types types);
/// The same with entries that expire. invalid_argument.
[[nodiscard]] result<std::shared_ptr<core>> make_table(std::string name,
                                                       const memory_options& options,
                                                       program_types types);

/// A table's file to which entries are added one by one, with no table in memory: that holds about
/// a frame of them. Of equal keys of a set the last counts, when the file is opened; in a bag what
/// is there already changes nothing. What is not published is gone with the builder; after any
/// error but size_limit_exceeded nothing else is left to do. The file is synced on the way, so that
/// publish() has little left to wait for. Thread safety: one thread.
class file_builder : public entry_batch {
 public:
  /// What was added is in the table, on disk, in one step. A new file gets its name: file_error
  /// (EEXIST) if that is taken; no_space.
  [[nodiscard]] virtual result<> publish() = 0;
  /// Joins the pieces first.
  [[nodiscard]] result<> add_pieces(bytes key, std::span<const bytes> value) final;
};

/// Begins a file at config.path, of these types; adding does not check them. Errors: those of
/// open_core that are about paths and disks.
[[nodiscard]] result<std::unique_ptr<file_builder>> build_file(const core_config& config,
                                                               const entry_types& types);

/// Opens the file at config.path, which holds these types, to add entries behind those it has;
/// holds its lock meanwhile. Cost: the file is read and checked once, as by open. Errors: those of
/// open_core; type_mismatch: the types are others.
[[nodiscard]] result<std::unique_ptr<file_builder>> extend_file(const core_config& config,
                                                                const entry_types& types);

/// How many entries a migration read and wrote.
struct migration_counts {
  std::size_t read = 0;
  std::size_t written = 0;
};

/// Values of an older type become those of a newer one. Keys and kind are those of the table.
struct migration_step {
  entry_types from;
  std::string to;  ///< schema of the values that it makes
  /// Puts what becomes of an entry into the batch. Errors: the program's; size_limit_exceeded.
  function<result<>(stored_entry e, entry_batch& to)> convert;
};

/// Opens a file as `from` and replaces it, in one step, by a file as `to` that holds what `convert`
/// puts into the batch for each entry. dry_run: all but the last step. `tell` is told how many of
/// the new entries are written. Errors: those of open; for all entries that fail together,
/// convert's own; key_already_present, if two entries come to one key of a set kind.
[[nodiscard]] result<migration_counts> migrate_file(
    core_config config, entry_types from, const entry_types& to,
    function_ref<result<>(stored_entry, entry_batch&)> convert, bool dry_run, const progress& tell);

/// The same, as a program calls it.
[[nodiscard]] result<migration_counts> migrate_table(
    const config_parts& config, const program_types& from, const program_types& to,
    function_ref<result<>(stored_entry, entry_batch&)> convert, bool dry_run);

/// Removes a table's file, refusing while it is open for writing.
[[nodiscard]] result<> remove_file(const std::string& path,
                                   const std::optional<std::string>& base_directory,
                                   file::system* system);

}  // namespace shelf::detail
