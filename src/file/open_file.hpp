// FILE  api -> engine -> stores -> journal -> [file]
// An owned open file: whole reads and writes, and errors that name file, place and cause.
#pragma once

#include "error/sentence.hpp"
#include "file/mapping.hpp"
#include "file/system.hpp"
#include "shelf/detail/bytes.hpp"
#include "shelf/error.hpp"

#include <cstdint>
#include <memory>
#include <span>
#include <string>

namespace shelf::file {

/// An error from an errno: no_space for ENOSPC, EDQUOT and EFBIG, not_found for ENOENT, else
/// file_error. The sentence reads "PATH: DOING: CAUSE", such as "ages.shelf: cannot write at byte
/// 4096: No space left on device".
[[nodiscard]] error os_failure(std::string_view path, std::string_view doing, int os_error);

// Engine and stores still call them by these names.

/// An open regular file. Owns its descriptor; moves, never copies.
/// Thread safety: const-like calls (read, write at distinct offsets, sync) may run concurrently.
class open_file {
 public:
  open_file() = default;
  open_file(class system& system, descriptor fd, std::string shown_path) noexcept;
  open_file(open_file&& other) noexcept;
  open_file& operator=(open_file&& other) noexcept;
  ~open_file();

  [[nodiscard]] bool is_open() const noexcept { return fd_ != descriptor::none; }
  /// The path as messages show it.
  [[nodiscard]] const std::string& path() const noexcept { return path_; }
  [[nodiscard]] class system& system() const noexcept { return *system_; }
  [[nodiscard]] descriptor raw() const noexcept { return fd_; }

  /// Reads until `into` is full or the file ends; returns how many bytes.
  [[nodiscard]] result<std::size_t> read(std::uint64_t offset, std::span<std::byte> into) const;
  /// Writes all of `from`, going on after short writes and EINTR. On an error some part may be
  /// written. A mapped file grows ahead of its writes.
  [[nodiscard]] result<> write(std::uint64_t offset, bytes from) const;
  /// The same by system calls, also if the file is mapped: a kill cuts such a write between two
  /// pages at most.
  [[nodiscard]] result<> write_by_calls(std::uint64_t offset, bytes from) const;
  [[nodiscard]] result<> truncate(std::uint64_t size) const;
  /// fdatasync. After a failure the file's state on disk is unknown: never call it again and
  /// believe it.
  [[nodiscard]] result<> sync_data() const;
  [[nodiscard]] result<> sync() const;
  [[nodiscard]] result<file_status> status() const;
  /// From now on small reads and writes of the first `length` bytes go through memory, if the
  /// system can do that; nothing else changes. For the one that writes the file, or a file that
  /// nobody writes.
  void map(std::uint64_t length, bool to_write);
  /// By calls from now on. The file keeps its length.
  void unmap() noexcept { mapped_.reset(); }
  /// These bytes will be read soon. Does something only if the file is mapped.
  void announce(std::uint64_t offset, std::size_t size) const noexcept {
    if (mapped_) mapped_->announce(offset, size);
  }
  /// Up to where the file may be read and written in memory: its end; 0 if it is not mapped.
  [[nodiscard]] std::uint64_t mapped_end() const noexcept { return mapped_ ? mapped_->end() : 0; }
  /// Frees the descriptor. Safe to call twice.
  void close() noexcept;

 private:
  [[nodiscard]] result<> grow(std::uint64_t size) const;

  class system* system_ = nullptr;
  descriptor fd_ = descriptor::none;
  std::string path_;
  std::unique_ptr<mapping> mapped_;
};

}  // namespace shelf::file
