// FILE  api -> engine -> stores -> journal -> [file]
// When a long write is to be synced on the way.
#pragma once

#include <cstdint>

namespace shelf::file {

/// A large file written in one go and synced at its end stands still there for seconds. Synced now
/// and then it never is further ahead of the disk than this many bytes, so that how much is written
/// says how far it is, and the sync at the end, which still is the one that counts, has little to
/// wait for.
class sync_pace {
 public:
  static constexpr std::uint64_t most_unsynced = std::uint64_t{32} << 20;

  /// Whether it is time, now that the file reaches to `end`: then whoever asks syncs.
  [[nodiscard]] bool is_due(std::uint64_t end) noexcept {
    if (end < synced_ + most_unsynced) return false;
    synced_ = end;
    return true;
  }

  /// It was synced up to there for another reason.
  void synced_to(std::uint64_t end) noexcept { synced_ = end; }

 private:
  std::uint64_t synced_ = 0;
};

}  // namespace shelf::file
