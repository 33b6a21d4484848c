// ENGINE  api -> [engine] -> stores -> journal -> file
// Who follows a database: feeds with the ring they read from, watches of keys, and all who wait.
#pragma once

#include "engine/change_ring.hpp"
#include "file/event_descriptor.hpp"
#include "shelf/position.hpp"

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
  /// `run`: of batches that no file names.
  explicit observers(std::uint64_t run) : spans_{{.run = run}} { spans_.reserve(most_spans); }
  observers(const observers&) = delete;
  observers& operator=(const observers&) = delete;

  // The names of batches: positions.
  /// The last batch that was published, `last`, has this name in the file; those to come are of
  /// `run`, under their numbers. In the turn, or before anybody has the database.
  void name_batches(sequence last, const shelf::position& as, std::uint64_t run) noexcept;
  /// What was published as `number` is told as the position of `as`: that is in the file.
  void name_also(sequence number, sequence as) noexcept;
  /// Batches with a number above `after` are of that run, their numbers less `ahead`.
  void name_from(sequence after, std::uint64_t run, std::int64_t ahead) noexcept;
  [[nodiscard]] shelf::position position_of(sequence number) const noexcept;
  /// The batch of that name, if this opening has published it, or might yet.
  [[nodiscard]] std::optional<sequence> number_of(const shelf::position& p) const noexcept;

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
  /// Whether a reader waits for batches that are on disk.
  [[nodiscard]] bool has_durable_readers() const noexcept;
  /// From here on batches are kept: somebody knows a position.
  void keep_from_here() noexcept;

  /// One that reads batches. Its calls: one thread at a time.
  class reader {
   public:
    /// In the turn. `last` as of begin_group; `durable` as of note_durable.
    reader(std::shared_ptr<observers> of, bool only_durable, sequence last, sequence durable);
    reader(const reader&) = delete;
    reader& operator=(const reader&) = delete;
    ~reader();

    /// The number behind which the ring begins.
    [[nodiscard]] sequence oldest() const;
    void start_at(sequence behind) noexcept { cursor_ = {.seen = behind}; }
    [[nodiscard]] sequence seen() const noexcept { return cursor_.seen; }
    /// The last batch that is known to be on disk.
    [[nodiscard]] sequence durable() const;
    [[nodiscard]] bool is_only_durable() const noexcept { return only_durable_; }

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
  /// More are needed only by who recovers this often: the names of the oldest batches are
  /// forgotten.
  static constexpr std::size_t most_spans = 8;
  enum wanted : unsigned { batches = 1, keys = 2 };
  /// Batches with a number above `after`, and up to `last`; the empty table before all of them.
  struct span {
    sequence after = 0;
    sequence last = ~sequence{0};
    std::uint64_t run;
    std::int64_t ahead = 0;  ///< of its number in the file is the one in memory
  };

  void add_span(sequence after, std::uint64_t run, std::int64_t ahead) noexcept;
  void note_written(const noted_change& c) noexcept;
  void wake_locked() noexcept;
  void raise_events() noexcept;

  std::atomic<unsigned> wanted_{0};  ///< flags of `wanted`

  mutable std::mutex mutex_;
  std::condition_variable awake_;
  bool is_kept_ = false;  ///< the ring is complete from its beginning on; guarded by the turn
  // Guarded by the mutex.
  std::vector<span> spans_;                   ///< has room for most_spans; never empty
  bool is_named_ = false;                     ///< by a file
  std::pair<sequence, sequence> also_{0, 0};  ///< see name_also
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
