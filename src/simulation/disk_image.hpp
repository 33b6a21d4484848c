// SIMULATION  [simulation] -> file
// A simulated disk at one moment: what is on the platter, what only the page cache knows, what is
// still under way.
#pragma once

#include "file/system.hpp"
#include "shelf/detail/bytes.hpp"

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <vector>

namespace shelf::simulation {

using file::descriptor;
using file::file_status;
using file::open_flags;
using file::os_result;
using file::system;

/// Bytes that are shared until one of the sharers changes them.
class shared_bytes {
 public:
  using buffer = std::vector<std::byte>;
  shared_bytes() = default;
  explicit shared_bytes(bytes from) : held_(std::make_shared<buffer>(from.begin(), from.end())) {}

  [[nodiscard]] bytes view() const noexcept { return held_ ? bytes(*held_) : bytes(); }
  [[nodiscard]] std::size_t size() const noexcept { return held_ ? held_->size() : 0; }
  /// For changing: copied first if anybody else holds them.
  [[nodiscard]] buffer& own();
  /// Writes at an offset; a gap before it becomes zeros.
  void put(std::uint64_t offset, bytes from);
  void resize(std::uint64_t size);

 private:
  std::shared_ptr<buffer> held_;
};

/// A call that changed something, or was to make a change durable. A run of them is a history.
struct disk_operation {
  enum class type : std::uint8_t {
    create,      ///< name in directory -> inode, with mode and owner
    write,       ///< data at offset
    truncate,    ///< to offset bytes
    sync_data,   ///< data and length of the inode become durable, or, if it failed, are dropped
    sync,        ///< the same, mode and owner too; of a directory: its entries
    drop_cache,  ///< clean pages of the inode are forgotten
    set_mode,
    set_owner,
    rename,  ///< name in directory -> to
    unlink,  ///< name in directory
    plant,   ///< a test put data there behind everybody's back: durable at once
    uproot,  ///< a test took the name away: durable at once
  } what = type::write;
  bool failed = false;  ///< syncs only: the call said EIO
  /// Of a failed sync: which dropped pieces reached the platter all the same, to be seen once the
  /// cache is dropped. 0 none, ~0 all, else the seed of a random choice.
  std::uint64_t reached = 0;
  std::uint64_t inode = 0;
  std::uint64_t directory = 0;
  std::string name;
  std::string to;
  std::uint64_t offset = 0;
  shared_bytes data;
  std::uint32_t mode = 0;
  std::uint32_t owner = 0;
  std::uint32_t group = 0;
  file_status::type planted = file_status::type::regular;
};

/// "write of 128 bytes at 4096 to inode 3", for messages of failed tests.
[[nodiscard]] std::string to_string(const disk_operation& done);

/// What has become of a change on its way to the platter.
enum class fate : std::uint8_t {
  waiting,  ///< in the page cache, dirty: a later sync makes it durable, a crash may lose it
  dropped,  ///< a sync of it failed: no later sync writes it, reads still show it, a crash may lose
            ///< it
  safe,     ///< durable, but listed still, because a dropped one lies beneath it
};

/// A change of a file that a crash may take back.
struct file_change {
  enum class type : std::uint8_t { data, cut, mode, owner } what = type::data;
  fate now = fate::waiting;
  std::uint64_t reached = 0;  // as operation::reached
  std::uint64_t offset = 0;   // of data; the new size of a cut
  shared_bytes data;
  std::uint32_t mode = 0;
  std::uint32_t owner = 0;
  std::uint32_t group = 0;

  [[nodiscard]] std::uint64_t end() const noexcept { return offset + data.size(); }
};

/// A change of a directory's entries that a crash may take back. A rename is one change.
struct entry_change {
  fate now = fate::waiting;
  std::uint64_t inode = 0;
  std::string gone;  // the name that goes, empty if none
  std::string come;  // the name that comes, empty if none
};

using entry_map = std::map<std::string, std::uint64_t, std::less<>>;

/// A file, directory or symlink.
struct disk_node {
  file_status::type what = file_status::type::regular;
  std::uint32_t mode = 0600;
  std::uint32_t owner = 0;
  std::uint32_t group = 0;
  std::uint32_t durable_mode = 0600;
  std::uint32_t durable_owner = 0;
  std::uint32_t durable_group = 0;
  shared_bytes cached;                 // what reads return; a symlink's target
  shared_bytes durable;                // what the platter surely has
  std::vector<file_change> changes;    // oldest first, since durable
  std::vector<std::uint64_t> lengths;  // passed through since the last good sync, that one's first
  entry_map entries;                   // of a directory, as lookups see them
  entry_map durable_entries;
  std::vector<entry_change> entry_changes;  // oldest first, since durable_entries
};

/// The model: what a crash may legally leave. Code that survives all of it survives real disks.
///  - File data. A write or truncate waits until a successful sync of its inode. At a power cut
///  every 512-byte piece
///    of what waits is kept or lost by itself, and one piece may be torn at any byte. The length is
///    any of those passed through since the last sync, whatever data arrived. Bytes below the
///    length that were never written read as zeros, as 0xA5, or as those of a deleted file.
///  - Directories. Entry changes since the directory's last sync survive as any prefix (or, weak,
///  any subset); a rename
///    is one change. A file's sync says nothing about its name, a directory's nothing about its
///    files.
///  - A failed sync drops what waited: later syncs return ok and do not write it, a random part may
///  have reached the
///    platter, and reads return the new bytes until the cache is dropped or the machine crashes.
///  - A kill without a power cut leaves the page cache as it is; one write under way may be cut at
///  any page.
///  - Locks and open files end with the process.
/// Invariant: cached is durable with all changes applied, until a cache drop forgets the dropped
/// ones. Thread safety: none, the owner locks.
class disk_image {
 public:
  static constexpr std::uint64_t root = 1;
  static constexpr std::uint64_t piece_size = 512;
  static constexpr std::uint64_t page_size = 4096;

  disk_image();

  /// Does what the operation says. Operations on inodes that are gone are ignored. honest: false
  /// makes every sync a lie that returns ok and does nothing.
  void apply(const disk_operation& done, bool honest = true);

  [[nodiscard]] const disk_node* node(std::uint64_t inode) const noexcept;
  [[nodiscard]] const std::map<std::uint64_t, disk_node>& nodes() const noexcept { return nodes_; }
  /// The inode of a name in a directory, 0 if there is none.
  [[nodiscard]] std::uint64_t lookup(std::uint64_t directory, std::string_view name) const noexcept;
  /// The inode of the directory `path`, symlinks followed. beneath: EXDEV if it would leave `from`.
  [[nodiscard]] os_result<std::uint64_t> walk(std::uint64_t from, std::string_view path,
                                              bool beneath) const;
  [[nodiscard]] std::uint64_t links(std::uint64_t inode) const noexcept;
  [[nodiscard]] std::uint64_t next_inode() const noexcept { return next_inode_; }
  /// Bytes of all files that have a name or are in `open`.
  [[nodiscard]] std::uint64_t used(const std::set<std::uint64_t>& open) const noexcept;
  /// What the last file that lost its last name held: what a crash may show where nothing was
  /// written.
  [[nodiscard]] bytes deleted() const noexcept { return deleted_.view(); }

  /// Forgets inodes that no crash can bring back and nobody has open.
  void collect(const std::set<std::uint64_t>& open);

  /// Puts a node there as it is, for whoever builds an image after a crash.
  void place(std::uint64_t inode, disk_node node);
  void bury(shared_bytes content) { deleted_ = std::move(content); }

 private:
  void create(const disk_operation& done);
  void write(disk_node& file, const disk_operation& done);
  void truncate(disk_node& file, const disk_operation& done);
  void sync(disk_node& node, const disk_operation& done);
  void sync_entries(disk_node& directory, const disk_operation& done);
  void drop_cache(disk_node& file);
  void change_entry(disk_node& directory, entry_change change);
  void plant(const disk_operation& done);
  void lost_a_name(std::uint64_t inode);
  [[nodiscard]] disk_node* find(std::uint64_t inode) noexcept;

  std::map<std::uint64_t, disk_node> nodes_;
  std::uint64_t next_inode_ = root + 1;
  shared_bytes deleted_;
};

/// What a disk was when recording began, and all that was done to it since. Copies share the bytes.
struct history {
  disk_image start;
  std::vector<disk_operation> operations;
};

/// Calls f(index, from, to) for every piece of a data change: cut where the file's 512-byte sectors
/// meet.
template <class F>
void for_each_piece(const file_change& change, F f) {
  std::uint64_t index = 0;
  for (std::uint64_t from = change.offset; from < change.end(); ++index) {
    const std::uint64_t sector_end = (from / disk_image::piece_size + 1) * disk_image::piece_size;
    const std::uint64_t to = sector_end < change.end() ? sector_end : change.end();
    f(index, from, to);
    from = to;
  }
}

/// Changes a directory's entries as `change` says.
void change_entries(entry_map& entries, const entry_change& change);

/// True if piece number `piece` of a dropped change reached the platter, by operation::reached.
[[nodiscard]] bool piece_reached(std::uint64_t reached, std::uint64_t piece) noexcept;

}  // namespace shelf::simulation
