// FILE  api -> engine -> stores -> journal -> [file]
// The one seam to the operating system: raw calls, no policy. The real system and the simulated
// disk implement it.
#pragma once

#include <atomic>
#include <cerrno>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <expected>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace shelf::file {

/// An open file or directory of the `system` that gave it out. Meaningless to any other.
enum class descriptor : int { none = -1 };

/// The errno of a refused call travels as the error value. `T` is what the call returns.
template <class T = void>
using os_result = std::expected<T, int>;

/// What fstat tells, and what identifies a file: (device, inode).
struct file_status {
  std::uint64_t device = 0;
  std::uint64_t inode = 0;
  std::uint64_t size = 0;   ///< bytes
  std::uint64_t links = 0;  ///< number of names
  std::uint32_t mode = 0;   ///< permission bits only (07777)
  std::uint32_t owner = 0;
  std::uint32_t group = 0;
  enum class type : std::uint8_t {
    regular,
    directory,
    symlink,
    fifo,
    socket,
    device,
    other
  } what = type::other;

  [[nodiscard]] bool same_file(const file_status& other) const noexcept {
    return device == other.device && inode == other.inode;
  }
};

/// How open_file opens. All descriptors are close-on-exec and at least 3.
struct open_flags {
  bool write = false;
  bool create_new = false;    ///< O_CREAT|O_EXCL: fails with EEXIST on anything there, symlinks too
  std::uint32_t mode = 0600;  ///< of a created file, umask not applied
};

/// The operating system, as far as shelf calls it. Interrupted calls (EINTR) and short reads or
/// writes are passed on as they are: `open_file` (the class) above this seam loops.
/// Thread safety: all calls from any thread.
class system {
 public:
  virtual ~system() = default;

  /// Opens the directory `path` relative to `at` (none: the working directory; absolute paths
  /// allowed). beneath: the kernel refuses (EXDEV) whatever would leave `at`, through "..",
  /// symlinks or absolute paths.
  virtual os_result<descriptor> open_directory(descriptor at, std::string_view path,
                                               bool beneath) = 0;
  /// Opens `name` (one component) in `directory`; never follows a symlink (ELOOP), never blocks on
  /// a FIFO. What it opened may be anything: ask status() before using it.
  virtual os_result<descriptor> open_file(descriptor directory, std::string_view name,
                                          open_flags flags) = 0;
  virtual os_result<std::string> read_link(descriptor directory, std::string_view name) = 0;
  /// Frees the descriptor whatever happens; the error, if any, is informative only.
  virtual os_result<> close(descriptor file) = 0;

  virtual os_result<std::size_t> read(descriptor file, std::uint64_t offset,
                                      std::span<std::byte> into) = 0;
  virtual os_result<std::size_t> write(descriptor file, std::uint64_t offset,
                                       std::span<const std::byte> from) = 0;
  virtual os_result<> truncate(descriptor file, std::uint64_t size) = 0;
  /// fdatasync of a file: data and the size needed to read it back.
  virtual os_result<> sync_data(descriptor file) = 0;
  /// fsync of a file or a directory.
  virtual os_result<> sync(descriptor file) = 0;
  /// Asks the page cache to forget the file's clean pages (POSIX_FADV_DONTNEED). Advice only.
  virtual os_result<> drop_cache(descriptor file) = 0;
  /// Has the disk begin to write this range, without waiting and without a promise: a later sync
  /// finds less to do, and reports what failed. Advice only.
  virtual void start_writing(descriptor /*file*/, std::uint64_t /*offset*/,
                             std::uint64_t /*size*/) noexcept {}

  /// Maps the first `length` bytes of the file, shared, also where it does not reach yet; not more
  /// than a courtesy, and not for forked children. Only copy_mapped() may touch what comes back.
  virtual os_result<std::byte*> map(descriptor /*file*/, std::size_t /*length*/,
                                    bool /*to_write*/) {
    return std::unexpected(ENOTSUP);
  }
  /// Has the pages of a mapping ready to be written: one call instead of a fault each. Advice only.
  virtual void populate(std::byte* /*at*/, std::size_t /*length*/) noexcept {}
  virtual void unmap(std::byte* /*at*/, std::size_t /*length*/) noexcept {}

  virtual os_result<file_status> status(descriptor file) = 0;
  /// Of a name in a directory, symlinks not followed.
  virtual os_result<file_status> status_at(descriptor directory, std::string_view name) = 0;
  virtual os_result<> set_mode(descriptor file, std::uint32_t mode) = 0;
  virtual os_result<> set_owner(descriptor file, std::uint32_t owner, std::uint32_t group) = 0;

  /// Renames within one directory. no_replace: EEXIST if `to` is there, atomically.
  virtual os_result<> rename(descriptor directory, std::string_view from, std::string_view to,
                             bool no_replace) = 0;
  virtual os_result<> unlink(descriptor directory, std::string_view name) = 0;
  virtual os_result<std::vector<std::string>> list(descriptor directory) = 0;

  /// Exclusive flock of the open file, not waiting: EWOULDBLOCK if another open file holds it.
  /// Ends when the file is closed; a forked child never ends it.
  virtual os_result<> lock(descriptor file) = 0;
  /// The process that holds the flock of this file, 0 if it cannot be known. Advice only.
  virtual std::int64_t lock_holder(descriptor file) = 0;
  /// statfs's magic number of the file system the file lies on.
  virtual os_result<std::uint64_t> file_system_type(descriptor file) = 0;

  /// Monotonic time, for waiting and for ages.
  virtual std::chrono::nanoseconds now() = 0;
  /// Wall clock time in nanoseconds since 1970, for display only.
  virtual std::chrono::nanoseconds wall_clock() = 0;
  /// The same, some milliseconds late, and faster to read. For deadlines.
  virtual std::chrono::nanoseconds coarse_wall_clock() { return wall_clock(); }
  /// Monotonic time that goes on while the machine sleeps.
  virtual std::chrono::nanoseconds boot_clock() { return now(); }
  /// 64 bits nobody can guess.
  virtual std::uint64_t random() = 0;
  /// The user whom new files belong to, and this process's id: to know one's own files and locks.
  virtual std::uint32_t user_id() = 0;
  virtual std::int64_t process_id() = 0;
  /// False in a simulation: nothing runs by itself, tests drive the housekeeping by hand.
  virtual bool has_background_threads() const = 0;
};

/// The real operating system. One for the process, never destroyed.
[[nodiscard]] system& real_system() noexcept;

/// Remembers the process it was made in. Thread safety: const calls from any thread.
class process_stamp {
 public:
  process_stamp() noexcept;
  /// True in a child forked since: what was opened before the fork is the parent's. Costs a load.
  [[nodiscard]] bool is_of_parent() const noexcept {
    return current_->load(std::memory_order_relaxed) != made_in_;
  }

 private:
  const std::atomic<std::uint64_t>* current_;  ///< changes in every forked child
  std::uint64_t made_in_;
};

}  // namespace shelf::file
