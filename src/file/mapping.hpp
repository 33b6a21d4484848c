// FILE  api -> engine -> stores -> journal -> [file]
// The front of a file in memory, where reading and writing cost no system call.
#pragma once

#include "file/system.hpp"
#include "shelf/detail/bytes.hpp"

#include <atomic>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>

namespace shelf::file {

/// Shared with the page cache: what is written here is in the file, for all who read it and after a
/// kill, as if by pwrite, but for one thing: a kill may cut a write anywhere, unless it is of 4 or
/// 8 bytes at a multiple of as many. It serves small copies inside the file as far as that is known
/// to reach; for all else, and whenever a copy fails, the caller makes the system call, which says
/// why. A forked child does not have it: it would hold the file's lock.
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
  /// To which length the file should be set before a write, so that it and those which follow
  /// need no call; nothing if it is as long, or grows by its writes.
  [[nodiscard]] std::optional<std::uint64_t> growth_for(std::uint64_t offset,
                                                        std::size_t size) const noexcept;
  /// The file has that length now.
  void grown_to(std::uint64_t end) noexcept;
  /// That failed: from now on the file grows by its writes, each of which says why it cannot.
  void stop_growing() noexcept { grows_.store(false, std::memory_order_relaxed); }
  /// These bytes will be read soon.
  void announce(std::uint64_t offset, std::size_t size) const noexcept;
  /// The file ends here now, by a call that changed its length.
  void set_end(std::uint64_t end) noexcept { end_.store(end, std::memory_order_release); }
  [[nodiscard]] std::uint64_t end() const noexcept { return end_.load(std::memory_order_acquire); }

 private:
  mapping(system& system, std::byte* at, std::uint64_t length, std::uint64_t end, bool to_write)
      : system_(system),
        at_(at),
        length_(length),
        end_(end),
        grows_(to_write),
        to_write_(to_write) {}
  [[nodiscard]] bool holds(std::uint64_t offset, std::size_t size) const noexcept;

  system& system_;
  std::byte* at_;
  std::uint64_t length_;
  const process_stamp process_;
  std::atomic<std::uint64_t> end_;
  std::atomic<bool> grows_;
  bool to_write_;
};

}  // namespace shelf::file
