// MEMORY  api -> engine -> kinds -> [memory] -> file
// Blocks out of sight that a reader may still be looking at.
#pragma once

#include "memory/blocks.hpp"
#include "memory/byte_count.hpp"
#include "memory/epoch.hpp"
#include "memory/reserved_queue.hpp"

#include <algorithm>
#include <array>
#include <cassert>
#include <cstdint>

namespace shelf::memory {

/// Frees blocks when every reader that may look at them has left. Blocks go in in bundles: a new
/// epoch and a look at all threads cost something, so they are shared by some dozens of blocks.
/// Thread safety: one thread at a time.
class limbo {
 public:
  explicit limbo(byte_count& held) : held_(held), queue_(held) {}
  ~limbo() { free(queue_.size()); }  // the table is out of sight as a whole
  limbo(const limbo&) = delete;
  limbo& operator=(const limbo&) = delete;

  /// Room for `count` pushes beside those promised. Throws std::bad_alloc.
  void reserve(std::size_t count) { queue_.reserve(count + promised_); }
  [[nodiscard]] bool try_reserve(std::size_t count) noexcept {
    return queue_.try_reserve(count + promised_);
  }
  /// Keeps room for one push at some later time: takes it from the room there is.
  void promise() noexcept { ++promised_; }
  void push_promised(void* block, std::size_t bytes) noexcept {
    assert(promised_ > 0 && "each promise is kept once");
    --promised_;
    push(block, bytes);
  }

  /// The block is out of sight of readers that enter from now on. Needs room.
  void push(void* block, std::size_t bytes) noexcept {
    assert(block != nullptr && bytes > 0);
    queue_.push({block, bytes});
    ++loose_;
  }

  /// Frees at most `most` of the blocks nobody can see any more.
  void collect(std::size_t most) noexcept {
    if (loose_ >= bundle_size) bundle();
    release_bundles();
    free(most < ready_ ? most : ready_);
  }
  /// The same, of those pushed last too. True if more could be freed now.
  bool collect_some(std::size_t most) noexcept {
    if (loose_ > 0) bundle();
    release_bundles();
    free(std::min(most, ready_));
    return ready_ > 0;
  }
  /// Gives back the room that a large batch needed. While nothing is staged: only promises count.
  void trim() noexcept {
    const std::size_t before = held_.value();
    queue_.trim(promised_);
    if (before - held_.value() >= blocks::worth_giving_back) blocks::give_back();
  }
  [[nodiscard]] std::size_t waiting() const noexcept { return queue_.size(); }

 private:
  static constexpr std::size_t bundle_size = 64;
  struct item {
    void* block;
    std::size_t bytes;
  };
  struct bundle_mark {
    std::size_t count;
    std::uint64_t ended;
  };

  void bundle() noexcept {
    assert(loose_ > 0 && ready_ + loose_ <= queue_.size() && "each block waits in one place");
    const auto ended = epoch::advance();
    // When a reader stays so long that the marks run out, the newest takes all that comes.
    if (marks_ == bundles_.size()) {
      auto& newest = bundles_[(first_ + marks_ - 1) % bundles_.size()];
      newest = {newest.count + loose_, ended};
    } else {
      bundles_[(first_ + marks_++) % bundles_.size()] = {loose_, ended};
    }
    loose_ = 0;
  }
  void release_bundles() noexcept {
    while (marks_ > 0 && epoch::everyone_left(bundles_[first_].ended)) {
      ready_ += bundles_[first_].count;
      first_ = (first_ + 1) % bundles_.size();
      --marks_;
    }
    assert(ready_ + loose_ <= queue_.size());
  }
  void free(std::size_t count) noexcept {
    assert(count <= queue_.size());
    ready_ -= count < ready_ ? count : ready_;
    for (; count > 0; --count) {
      const item one = queue_.front();
      queue_.pop();
      held_.subtract(blocks::rounded(one.bytes));
      blocks::release(one.block, one.bytes);
    }
  }

  byte_count& held_;
  reserved_queue<item> queue_;
  std::array<bundle_mark, 16> bundles_{};
  std::size_t promised_ = 0;
  std::size_t first_ = 0;
  std::size_t marks_ = 0;
  std::size_t loose_ = 0;  ///< at the end of the queue, in no bundle yet
  std::size_t ready_ = 0;  ///< at the front of the queue, free to go
};

}  // namespace shelf::memory
