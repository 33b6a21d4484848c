// FILE  api -> table -> journal -> [file]
// The front of a file in memory, where reading and writing cost no system call.
#pragma once

#include "file/system.hpp"
#include "shelf/detail/bytes.hpp"

#include <atomic>
#include <cstdint>
#include <memory>
#include <span>

namespace shelf::file {

/// Shared with the page cache: what is written here is in the file, for all who read it and after a
/// kill, as if by pwrite. It serves small copies inside the file as far as that is known to reach;
/// for all else, and whenever a copy fails, the caller makes the system call, which says why.
/// Thread safety: reads, writes at distinct offsets and set_end may run concurrently.
class mapping {
 public:
  /// Null if the system cannot map the file. `end`: where the file ends; `length`: as far as it may
  /// come to reach.
  [[nodiscard]] static std::unique_ptr<mapping> of(system& system, descriptor file,
                                                   std::uint64_t length, std::uint64_t end,
                                                   bool to_write);
  mapping(const mapping&) = delete;
  mapping& operator=(const mapping&) = delete;
  ~mapping();

  /// Whether `into` was filled.
  [[nodiscard]] bool read(std::uint64_t offset, std::span<std::byte> into) const noexcept;
  /// Whether all of `from` was written.
  [[nodiscard]] bool write(std::uint64_t offset, bytes from) noexcept;
  /// These bytes will be read soon.
  void announce(std::uint64_t offset, std::size_t size) const noexcept;
  /// The file ends here now, by a call that changed its length.
  void set_end(std::uint64_t end) noexcept { end_.store(end, std::memory_order_release); }
  [[nodiscard]] std::uint64_t end() const noexcept { return end_.load(std::memory_order_acquire); }

 private:
  mapping(system& system, std::byte* at, std::uint64_t length, std::uint64_t end, bool to_write)
      : system_(system), at_(at), length_(length), end_(end), to_write_(to_write) {}
  [[nodiscard]] bool holds(std::uint64_t offset, std::size_t size) const noexcept;

  system& system_;
  std::byte* at_;
  std::uint64_t length_;
  std::atomic<std::uint64_t> end_;
  bool to_write_;
};

}  // namespace shelf::file
