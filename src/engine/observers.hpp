// ENGINE  api -> [engine] -> stores -> journal -> file
// Who follows a database: feeds with the ring they read from, watches of keys, and all who wait.
#pragma once

#include "engine/change_ring.hpp"
#include "file/event_descriptor.hpp"

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <cstddef>
#include <cstdint>
#include <map>
#include <mutex>
#include <optional>
#include <span>
#include <utility>
#include <vector>

namespace shelf::engine {

/// Hears of every batch once readers see it.
///
/// The ring begins with the first feed, or with the first position that a snapshot tells. It ends
/// when there has been no feed for as many changes as it holds.
///
/// Writers never wait for an observer: the mutex is held for the time of a copy, or to move a
/// cursor.
///
/// Thread safety: begin_group and tell in the turn; all else from any thread.
class observers {
 public:
  explicit observers(std::uint64_t run) : run_(run) {}
  observers(const observers&) = delete;
  observers& operator=(const observers&) = delete;

  /// Drawn by this opening of the database.
  [[nodiscard]] std::uint64_t run() const noexcept { return run_; }

  // The writer, in its turn.
  /// Whether changes are to be noted. A relaxed load.
  [[nodiscard]] bool is_anybody_there() const noexcept {
    return wanted_.load(std::memory_order_relaxed) != 0;
  }
  /// Before the changes of a group are staged. `last`: what is published so far.
  void begin_group(sequence last) noexcept;
  /// Readers see the batch, and batches up to `durable` are on disk as far as the writer knows.
  void tell(sequence number, std::span<const noted_change> changes, sequence durable) noexcept;

  /// All batches up to this number are on disk.
  void note_durable(sequence number) noexcept;
  /// Nothing comes any more.
  void close() noexcept;
  /// Something else has changed that those who wait may want to know.
  void wake() noexcept;
  /// From here on batches are kept: somebody knows a position.
  void keep_from_here() noexcept;

  /// One that reads batches. Its calls: one thread at a time.
  class reader {
   public:
    /// In the turn. `last` as of begin_group.
    reader(std::shared_ptr<observers> of, bool only_durable, sequence last);
    reader(const reader&) = delete;
    reader& operator=(const reader&) = delete;
    ~reader();

    /// The number behind which the ring begins.
    [[nodiscard]] sequence oldest() const;
    void start_at(sequence behind) noexcept { cursor_.seen = behind; }
    [[nodiscard]] sequence seen() const noexcept { return cursor_.seen; }

    enum class outcome : std::uint8_t { found, nothing, lost, closed };
    /// Waits for the next batch, which then lives until pass(). `is_over` is asked when there is
    /// none.
    [[nodiscard]] outcome next(std::chrono::steady_clock::time_point until,
                               change_ring::found_batch& found,
                               detail::function_ref<bool()> is_over);
    void pass(const change_ring::found_batch& b) noexcept;
    /// The error is an errno.
    [[nodiscard]] file::os_result<int> event();

   private:
    friend class observers;
    const std::shared_ptr<observers> of_;
    const bool only_durable_;
    change_ring::cursor cursor_;
    std::optional<file::event_descriptor> event_;  ///< guarded by the mutex
  };

  /// One that wants to know whether a key was written. Its calls: one thread at a time.
  class watcher {
   public:
    /// In the turn.
    watcher(std::shared_ptr<observers> of, const live_table& in, std::vector<std::byte> key);
    watcher(const watcher&) = delete;
    watcher& operator=(const watcher&) = delete;
    ~watcher();

    [[nodiscard]] bytes key() const noexcept { return key_.second; }
    enum class outcome : std::uint8_t { written, nothing, closed };
    /// Waits until the key was written since the last call. The first call returns at once.
    [[nodiscard]] outcome wait(std::chrono::steady_clock::time_point until,
                               detail::function_ref<bool()> is_over);

   private:
    friend class observers;
    const std::shared_ptr<observers> of_;
    const std::pair<const live_table*, std::vector<std::byte>> key_;
    bool is_written_ = true;  ///< guarded by the mutex
  };

 private:
  using watched_key = std::pair<const live_table*, bytes>;
  struct by_key {
    using is_transparent = void;
    [[nodiscard]] bool operator()(const watched_key& a, const watched_key& b) const noexcept {
      if (a.first != b.first) return std::less<>()(a.first, b.first);
      return as_text(a.second) < as_text(b.second);
    }
  };
  enum wanted : unsigned { batches = 1, keys = 2 };

  void note_written(const noted_change& c) noexcept;
  void wake_locked() noexcept;
  void raise_events() noexcept;

  const std::uint64_t run_;
  std::atomic<unsigned> wanted_{0};  ///< flags of `wanted`

  std::mutex mutex_;
  std::condition_variable awake_;
  bool is_kept_ = false;  ///< the ring is complete from its beginning on; guarded by the turn
  // Guarded by the mutex.
  change_ring ring_;
  std::size_t unheard_ = 0;  ///< bytes since there was a reader
  sequence last_ = 0;        ///< batch that was told
  sequence durable_ = 0;
  bool is_closed_ = false;
  std::size_t waiting_ = 0;  ///< threads
  std::vector<reader*> readers_;
  std::multimap<watched_key, watcher*, by_key> watchers_;
};

}  // namespace shelf::engine
