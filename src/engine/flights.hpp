// ENGINE  api -> [engine] -> stores -> journal -> file
// Values that are being computed, each by one thread, while others wait for it (single flight).
#pragma once

#include "shelf/detail/bytes.hpp"
#include "shelf/error.hpp"

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <cstddef>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <thread>
#include <vector>

namespace shelf::engine {

/// One value in the making. All but `is_stale` is guarded by the mutex of all flights.
struct flight {
  std::thread::id pilot;  ///< who computes it; nobody, once the pilot has thrown
  std::size_t waiting = 0;
  std::condition_variable changed;
  bool has_landed = false;
  std::optional<error> failure;  ///< landed: instead of a value
  std::vector<std::byte> value;  ///< landed
  /// A write of the key came in between: the value may be of an older state of its source, and is
  /// not stored. Set and asked in the turn.
  std::atomic<bool> is_stale = false;
};

/// The flights of one table, by encoded key.
///
/// A flight is in the list from its start until it lands, goes stale, or is given up. Who asks for
/// its key meanwhile waits for it.
///
/// Thread safety: all functions from any thread.
class flights {
 public:
  using duration = std::chrono::nanoseconds;

  struct boarding {
    std::shared_ptr<flight> on;
    bool is_pilot = false;  ///< this thread computes the value, and must land() or give_up()
  };
  /// Joins the flight of the key, or starts one. busy at once, if this thread would wait for
  /// itself, directly or by way of others.
  [[nodiscard]] result<boarding> board(bytes key, const std::string& label);
  /// Waits until it lands or is given up: then this thread may be its pilot. busy after `wait`.
  [[nodiscard]] result<boarding> await(boarding b, duration wait, const std::string& label);
  /// The value, or the error, of those who wait.
  void land(bytes key, const boarding& b, result<std::vector<std::byte>> value) noexcept;
  /// The pilot has thrown: somebody who waits takes over.
  void give_up(bytes key, const boarding& b) noexcept;

  /// In the turn, by every write: the key was written.
  void note_write(bytes key) noexcept {
    if (count_.load(std::memory_order_seq_cst) != 0) [[unlikely]]
      make_stale(key);
  }
  /// In the turn: all keys were.
  void note_clear() noexcept;

 private:
  void make_stale(bytes key) noexcept;
  void remove(bytes key, const flight& which) noexcept;

  struct less {
    using is_transparent = void;
    [[nodiscard]] bool operator()(bytes a, bytes b) const noexcept {
      return as_text(a) < as_text(b);
    }
  };
  std::map<std::vector<std::byte>, std::shared_ptr<flight>, less> under_way_;
  std::atomic<std::size_t> count_ = 0;  ///< of under_way_; writers look at it without the mutex
};

}  // namespace shelf::engine
