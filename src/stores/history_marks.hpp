// STORES  api -> engine -> [stores] -> journal -> file
// How much of a file is history that a compaction would keep, and when its batches were written.
#pragma once

#include "journal/retained.hpp"
#include "shelf/config.hpp"

#include <cstdint>
#include <mutex>
#include <optional>
#include <vector>

namespace shelf::stores {

/// Thread safety: is_due() and note() by the holder of the turn; begin() before the file is shared;
/// the rest from any thread.
class history_marks {
 public:
  explicit history_marks(const history& kept) noexcept : kept_(kept) {}

  /// Whether changes are kept at all.
  [[nodiscard]] bool are_wanted() const noexcept {
    return kept_.bytes != 0 || kept_.age.count() != 0;
  }
  [[nodiscard]] const history& kept() const noexcept { return kept_; }
  [[nodiscard]] journal::retention limits_at(std::uint64_t now) const noexcept;

  /// What the file holds so far.
  void begin(const journal::layout& parts, std::vector<journal::time_mark> marks) noexcept;
  /// Whether the next batch is to tell the time: one does each second.
  [[nodiscard]] bool is_due(std::uint64_t now) const noexcept;
  /// The batch at that place tells the time. Throws std::bad_alloc.
  void note(std::uint64_t now, std::uint64_t at);
  /// How many bytes of the file, which ends at `end`, are changes that would be kept.
  [[nodiscard]] std::uint64_t bytes_at(std::uint64_t now, std::uint64_t end) const;

 private:
  const history kept_;
  journal::layout parts_;
  std::optional<std::uint64_t> last_;  ///< moment that was noted
  mutable std::mutex mutex_;
  std::vector<journal::time_mark> marks_;  ///< guarded by the mutex
};

}  // namespace shelf::stores
