// API  [api] -> engine -> stores -> journal -> file
// How a table is opened: every choice with its default.
#pragma once

#include "shelf/detail/clock.hpp"
#include "shelf/error.hpp"
#include "shelf/expiry.hpp"
#include "shelf/function.hpp"
#include "shelf/metrics.hpp"
#include "shelf/repair.hpp"
#include "shelf/size_bounds.hpp"

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <type_traits>

namespace shelf {

namespace file {
class system;
}

/// What names a file: a std::string, a literal, a std::string_view, a std::filesystem::path.
template <class P>
concept path_argument = std::is_convertible_v<const P&, std::string_view> || requires(const P& p) {
  requires std::is_convertible_v<decltype(p.native()), std::string>;
};

namespace detail {
/// The text of a path.
template <path_argument P>
[[nodiscard]] std::string path_text(const P& path) {
  if constexpr (std::is_convertible_v<const P&, std::string_view>)
    return std::string(std::string_view(path));
  else
    return path.native();
}
}  // namespace detail

/// When a write reaches the file. docs/durability.md specifies what survives which failure.
enum class write_mode : std::uint8_t {
  through,  ///< every write reaches the file before it returns: survives kill -9; synced every
            ///< `sync_every`
  back,     ///< writes stay in memory until save() or close()
  durable,  ///< every write is synced before it returns: survives a power failure
};

/// What open expects to find.
enum class opening : std::uint8_t {
  create_if_missing,  ///< opens the file, or creates it
  existing,           ///< not_found if there is no file
  create_new,         ///< file_error (EEXIST) if there is one
  read_only,          ///< takes no lock, changes nothing, works concurrently with a writer
};

enum class file_format : std::uint8_t {
  native,  ///< shelf's own: one journal file, docs/format.md
  dets,    ///< Erlang's: each entry is an object {Key, Value}; docs/dets.md lists the limits.
           ///< No ordered_map
};

/// How small reads and writes access an open file. Durability is the same.
enum class file_io : std::uint8_t {
  calls,  ///< by system calls
  /// through a mapping of the file, without system calls: several times faster in
  /// write_mode::through and in dets::file. Uses address space, and installs a SIGBUS handler that
  /// forwards foreign signals; a handler that the program installs later must do the same. No
  /// thread that uses the table may block SIGBUS; otherwise a failing or full disk ends the program
  /// instead of returning an error. Files that cannot be mapped are accessed by calls
  mapped,
};

/// Who may write.
enum class access : std::uint8_t {
  any_thread,  ///< every thread
  one_writer,  ///< Erlang's protected: the opening thread writes and closes, others only read
};

enum class missing_fields : std::uint8_t {
  refuse,        ///< they must have exactly the fields of the C++ struct
  use_defaults,  ///< stored structs may lack trailing fields of the C++ struct
};

/// Where tables may be stored.
enum class file_system : std::uint8_t {
  local,  ///< network file systems are refused: their locks and syncs are unreliable
  any,    ///< at your own risk
};

/// Limits on what a program writes; exceeding them returns size_limit_exceeded. A file with larger
/// entries still opens: reads are bounded by the file's length.
struct limits {
  std::size_t entry_bytes = std::size_t{64} << 20;  ///< encoded key and value together; up to 2 GiB
  std::size_t nesting = 256;  ///< depth of nested lists, tuples and maps; up to 1024
  /// what a transaction reads and writes, in memory and in its batch
  std::size_t transaction_bytes = std::size_t{256} << 20;
};

/// When a table compacts its file, which means to write a new one with only the live entries: if
/// the file has at least this many bytes, and more than `garbage_factor` times what its entries
/// need.
struct compaction {
  /// A threshold that no file reaches.
  static constexpr std::uint64_t never = ~std::uint64_t{0};
  std::uint64_t min_bytes = std::uint64_t{64} << 20;       ///< while it is open, in the background
  std::uint64_t close_min_bytes = std::uint64_t{4} << 20;  ///< when it is closed
  std::uint32_t garbage_factor = 2;                        ///< 2 or more
};

/// Which changes a compaction keeps in the file, so that feeds can start from positions before it.
/// Both limits are zero: none. If both are set, changes are kept that are within both of them. Not
/// for DETS files (invalid_argument). See docs/changes.md.
struct history {
  std::uint64_t bytes = 0;           ///< the latest changes, up to this many bytes of the file
  std::chrono::milliseconds age{0};  ///< the changes of this long, to about a second
  /// Whether changes are written with the values that they replace, so that feeds tell `before`
  /// also from the file. Costs a lookup and the size of that value per write. Not in
  /// write_mode::back (invalid_argument).
  bool before = false;
};

/// How to open a `table<K, V, ...>`. An aggregate: name what differs from the defaults.
template <class K, class V>
struct config {
  /// The file, UTF-8. Relative paths are resolved against base_directory, otherwise the working
  /// directory.
  std::string path = {};
  /// If set, the path cannot leave this directory, neither through ".." nor through symlinks.
  std::optional<std::string> base_directory = {};
  /// A label for messages; need not be unique. Default: the path.
  std::string name = {};
  /// Which table of the file, if it has several. Default: the only one.
  std::string table = {};
  /// When a write reaches the file.
  write_mode mode = write_mode::through;
  /// What open expects to find.
  shelf::opening opening = shelf::opening::create_if_missing;
  /// How the file is written.
  file_format format = file_format::native;
  /// How small reads and writes access the file.
  file_io io = file_io::calls;
  /// Who may write.
  shelf::access access = shelf::access::any_thread;
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
  /// Called for every entry at open and reload, after the types were checked; false fails the call
  /// with type_mismatch.
  function<bool(const K&, const V&)> check = {};
  /// Whether stored structs may lack trailing fields.
  shelf::missing_fields missing_fields = shelf::missing_fields::refuse;
  /// Receives errors of the destructor and of background work. Default: prints one line to stderr.
  /// Called from any thread; must not throw.
  function<void(const error&)> on_error = {};
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
  /// How long entries live that insert writes without an expiry of their own; zero: until they are
  /// erased. Not for bags and DETS files (invalid_argument). See docs/expiry.md.
  std::chrono::milliseconds ttl{0};
  /// What decides whether an entry has expired; nullptr is the operating system. It outlives the
  /// table.
  const shelf::clock* clock = nullptr;
  /// How long a wall clock that was set must stand before the sweep erases what has expired by it,
  /// also after open. Reads go by the wall clock at once.
  std::chrono::milliseconds clock_grace = std::chrono::seconds(60);
  /// How large the table may become. What a file holds beyond that is evicted at open, unless it is
  /// to be refused.
  size_bounds bounds = {};
  /// file_format::dets: what to do with a file that was not closed; stats() reports the repair.
  dets::repair_policy repair = dets::repair_policy::automatic;
};

/// How entries of a table in memory expire, and how many there may be: as the members of config of
/// these names say.
struct memory_options {
  std::chrono::milliseconds ttl{0};     ///< as config.ttl
  const shelf::clock* clock = nullptr;  ///< as config.clock
  /// As config.clock_grace.
  std::chrono::milliseconds clock_grace = std::chrono::seconds(60);
  size_bounds bounds = {};  ///< as config.bounds
};

/// How a path is resolved, for calls that name a file without opening a table.
struct path_options {
  /// As config::base_directory.
  std::optional<std::string> base_directory = {};
  /// As config::system.
  file::system* system = nullptr;
  /// As config::table.
  std::string table = {};
};

/// The result of stats(). Sizes are in bytes.
struct table_stats {
  std::size_t entries = 0;    ///< pairs, also in bags
  std::size_t expiring = 0;   ///< of these, entries with a deadline
  std::size_t expired = 0;    ///< of these, entries that have expired and are not swept yet
  std::uint64_t evicted = 0;  ///< entries that config.bounds made go, since the table was opened
  /// What config.bounds.max_bytes is held against; zero without bounds.
  std::size_t bounded_bytes = 0;
  /// Entries and index, and what readers and snapshots still hold, also of before a clear or
  /// reload.
  std::size_t memory_bytes = 0;
  std::size_t payload_bytes = 0;     ///< encoded keys and values
  std::uint64_t file_bytes = 0;      ///< length of the file's used part
  std::uint64_t garbage_bytes = 0;   ///< estimate of what compaction would free in the file
  std::uint64_t history_bytes = 0;   ///< of the file: changes that compaction keeps
  std::size_t unsaved_changes = 0;   ///< write_mode::back
  std::uint64_t sequence = 0;        ///< of the last batch
  std::uint64_t era = 0;             ///< the session of writing; see docs/format.md
  std::uint64_t unsynced_bytes = 0;  ///< in the file, not yet known to be on disk
  std::optional<std::chrono::system_clock::time_point>
      last_save;  ///< when the table was last saved
  std::optional<std::chrono::system_clock::time_point>
      last_sync;  ///< when the file was last synced in the background or by sync()
  std::optional<error> last_error;  ///< of background work, or the fence
  bool fenced = false;              ///< a failure stopped all writing; see recover()
  std::size_t snapshots = 0;        ///< versions pinned by snapshots and walks
  std::chrono::nanoseconds oldest_snapshot_age{0};  ///< of the oldest version that a snapshot pins
  std::uint64_t recovered_batches = 0;              ///< read from the file at open
  std::uint64_t recovery_cut_bytes =
      0;  ///< torn bytes cut off at open, of a write that was never acknowledged
  bool recovered_clean = true;                  ///< the file had been closed properly
  std::optional<dets::repair_report> repaired;  ///< file_format::dets: what open had to repair
  write_figures writes = {};                    ///< of all tables of the file
  std::optional<read_figures> reads;            ///< with metrics::reads
};

}  // namespace shelf
