// ENGINE  api -> [engine] -> stores -> journal -> file
// Who may write to a one_writer table: a token that threads hand on.
#pragma once

#include "shelf/error.hpp"

#include <atomic>
#include <cstdint>
#include <memory>
#include <mutex>

namespace shelf::engine {

/// The owner of a one_writer table. The token is tied to a thread's life, not to its id, which the
/// system reuses.
/// Thread safety: all calls from any thread.
class ownership {
 public:
  /// The calling thread owns.
  ownership();
  /// True if the calling thread owns. Costs one load.
  [[nodiscard]] bool is_mine() const noexcept;
  /// The owner gives the table up; until somebody takes it over nobody can write. not_owner for
  /// others.
  [[nodiscard]] result<> give_away();
  /// The calling thread becomes the owner of a table that was given away or whose owner thread has
  /// ended; not_owner while another thread owns it. Nothing happens if the caller owns it already.
  [[nodiscard]] result<> take_over();

 private:
  std::mutex mutex_;
  std::atomic<std::uint64_t> owner_;           ///< token of the owning thread, 0 for nobody
  std::weak_ptr<const std::uint64_t> holder_;  ///< expires when the owning thread ends
};

}  // namespace shelf::engine
