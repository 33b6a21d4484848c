// API  [api] -> table -> journal -> file
// How a table is opened: every choice with its default.
#pragma once

#include "shelf/detail/clock.hpp"
#include "shelf/error.hpp"
#include "shelf/function.hpp"
#include "shelf/repair.hpp"

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

/// When a write reaches the file. docs/durability.md says what survives what.
enum class write_mode : std::uint8_t {
  through,  ///< each write is in the file before it returns: survives kill -9; synced every
            ///< `sync_every`
  back,     ///< writes stay in memory until save() or close()
  durable,  ///< each write is synced before it returns: survives a power cut
};

/// What open expects to find.
enum class opening : std::uint8_t {
  create_if_missing,  ///< opens the file, or makes one
  existing,           ///< not_found if there is no file
  create_new,         ///< file_error (EEXIST) if there is one
  read_only,          ///< takes no lock, changes nothing, works beside a writer
};

enum class file_format : std::uint8_t {
  native,  ///< shelf's own: one journal file, docs/format.md
  dets,    ///< Erlang's: each entry an object {Key, Value}; docs/dets.md says what it cannot keep.
           ///< No ordered_map
};

/// How small reads and writes get to an open file. What survives a kill or a power cut is the same.
enum class file_io : std::uint8_t {
  calls,  ///< by system calls
  /// Through a mapping of the file, which costs no call: several times faster in
  /// write_mode::through, and in dets::file. Takes address space, and a handler of SIGBUS, which
  /// passes on what is not its own; a program that sets its own later must do likewise, and no
  /// thread that uses the table may block SIGBUS, or a disk that fails or fills up ends the program
  /// instead of being an error. Where a file cannot be mapped, as
  /// calls
  mapped,
};

/// Who may write.
enum class access : std::uint8_t {
  any_thread,  ///< everybody
  one_writer,  ///< Erlang's rule: the opening thread writes and closes, all others only read
};

enum class missing_fields : std::uint8_t {
  refuse,        ///< they must have exactly the fields of the C++ struct
  use_defaults,  ///< stored structs may lack trailing fields of the C++ struct
};

/// Where tables may lie.
enum class file_system : std::uint8_t {
  local,  ///< network file systems are refused: their locks and syncs cannot be relied on
  any,    ///< at your own risk
};

/// Bounds that a program's writes must keep; beyond them is size_limit_exceeded. A file with larger
/// entries still opens: what is read is bounded by the file's length.
struct limits {
  std::size_t entry_bytes = std::size_t{64} << 20;  ///< encoded key and value together; to 2 GiB
  std::size_t nesting = 256;  ///< depth of lists, tuples and maps in each other; to 1024
};

/// When a table writes its file anew with the live entries alone: when the file has so many bytes
/// and more than `garbage_factor` times what its entries need.
struct compaction {
  /// No file is so long: the threshold for "not at all".
  static constexpr std::uint64_t never = ~std::uint64_t{0};
  std::uint64_t min_bytes = std::uint64_t{64} << 20;       ///< while it is open, in the background
  std::uint64_t close_min_bytes = std::uint64_t{4} << 20;  ///< when it is closed
  std::uint32_t garbage_factor = 2;                        ///< 2 or more
};

/// How to open a `table<K, V, ...>`. An aggregate: name what differs from the defaults.
template <class K, class V>
struct config {
  /// The file, UTF-8. Relative paths count from base_directory, or else from the working directory.
  std::string path = {};
  /// If set, the path cannot lead out of this directory, not through "..", nor through symlinks.
  std::optional<std::string> base_directory = {};
  /// A label for messages; need not be unique. Default: the path.
  std::string name = {};
  /// When a write reaches the file.
  write_mode mode = write_mode::through;
  /// What open expects to find.
  shelf::opening opening = shelf::opening::create_if_missing;
  /// How the file is written.
  file_format format = file_format::native;
  /// How small reads and writes get to the file.
  file_io io = file_io::calls;
  /// Who may write.
  shelf::access access = shelf::access::any_thread;
  /// write_mode::back: save in the background this often; zero: never.
  std::chrono::milliseconds save_every{0};
  /// write_mode::through: sync in the background this often while there are unsynced writes; zero:
  /// never.
  std::chrono::milliseconds sync_every{1000};
  /// Run on every entry at open and reload, after the types have been checked; false is
  /// type_mismatch.
  function<bool(const K&, const V&)> check = {};
  /// Whether stored structs may lack trailing fields.
  shelf::missing_fields missing_fields = shelf::missing_fields::refuse;
  /// Where errors of the destructor and of background work go. Default: one sentence on stderr.
  /// Called from any thread; must not throw.
  function<void(const error&)> on_error = {};
  /// Bounds of what is written.
  shelf::limits limits = {};
  /// When the file is compacted without being asked.
  shelf::compaction compaction = {};
  /// Whether the file may lie on a network file system.
  shelf::file_system file_system = shelf::file_system::local;
  /// Where files live: nullptr is the operating system; tests may pass a simulated disk.
  file::system* system = nullptr;
  /// file_format::dets: what to do with a file that was not closed; stats() tells what was done.
  dets::repair_policy repair = dets::repair_policy::automatic;
};

/// Where a path counts from, for calls that name a file without opening a table.
struct path_options {
  /// As config::base_directory.
  std::optional<std::string> base_directory = {};
  /// As config::system.
  file::system* system = nullptr;
};

/// What stats() tells. Bytes unless the name says otherwise.
struct table_stats {
  std::size_t entries = 0;  ///< pairs, in bags too
  /// Entries and index, and what readers and snapshots still hold, also of before a clear or
  /// reload.
  std::size_t memory_bytes = 0;
  std::size_t payload_bytes = 0;     ///< encoded keys and values
  std::uint64_t file_bytes = 0;      ///< the length of the file, or of what of it is in use
  std::uint64_t garbage_bytes = 0;   ///< of the file: an estimate of what compaction would free
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
      0;                        ///< torn bytes cut off at open: a write that was never acknowledged
  bool recovered_clean = true;  ///< the file had been closed properly
  std::optional<dets::repair_report> repaired;  ///< file_format::dets: what open had to repair
};

}  // namespace shelf
