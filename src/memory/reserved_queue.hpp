// MEMORY  api -> engine -> kinds -> [memory] -> file
// A queue whose room is made beforehand, so that what must not fail can push.
#pragma once

#include "memory/blocks.hpp"
#include "memory/byte_count.hpp"

#include <cassert>
#include <cstddef>
#include <new>
#include <type_traits>
#include <utility>

namespace shelf::memory {

/// First in, first out; in chunks, so that growth never copies.
/// Thread safety: one thread at a time.
template <class T>
class reserved_queue {
  static_assert(std::is_trivially_destructible_v<T>);
  static constexpr std::size_t chunk_bytes = 4096;
  static constexpr std::size_t per_chunk = (chunk_bytes - sizeof(void*)) / sizeof(T);
  struct chunk {
    chunk* next = nullptr;
    T at[per_chunk];
  };

 public:
  /// Its memory is counted in `held`.
  explicit reserved_queue(byte_count& held) noexcept : held_(held) {}
  reserved_queue(const reserved_queue&) = delete;
  reserved_queue& operator=(const reserved_queue&) = delete;
  ~reserved_queue() {
    while (head_ != nullptr) release(std::exchange(head_, head_->next));
    while (spare_ != nullptr) release(std::exchange(spare_, spare_->next));
  }

  /// Room for `count` pushes. Throws std::bad_alloc.
  void reserve(std::size_t count) {
    while (room() < count) {
      auto* const fresh = static_cast<chunk*>(blocks::allocate(sizeof(chunk)));
      held_.add(blocks::rounded(sizeof(chunk)));
      fresh->next = std::exchange(spare_, fresh);
      ++spares_;
    }
  }
  [[nodiscard]] bool try_reserve(std::size_t count) noexcept {
    try {
      reserve(count);
    } catch (const std::bad_alloc&) {
      return false;
    }
    return true;
  }
  [[nodiscard]] std::size_t room() const noexcept {
    return (tail_ != nullptr ? per_chunk - end_ : 0) + spares_ * per_chunk;
  }

  /// Needs room made by reserve.
  void push(const T& item) noexcept {
    if (tail_ == nullptr || end_ == per_chunk) open_chunk();
    new (&tail_->at[end_++]) T(item);
    ++size_;
  }
  [[nodiscard]] bool empty() const noexcept { return size_ == 0; }
  [[nodiscard]] std::size_t size() const noexcept { return size_; }
  [[nodiscard]] T& front() noexcept {
    assert(size_ > 0);
    return head_->at[begin_];
  }
  void pop() noexcept {
    assert(size_ > 0);
    --size_;
    if (++begin_ == per_chunk) close_chunk();
  }
  /// Gives back the room that is left for more than `count` pushes, but for two chunks.
  void trim(std::size_t count) noexcept {
    while (spares_ > 2 && room() >= count + per_chunk) {
      --spares_;
      release(std::exchange(spare_, spare_->next));
    }
  }

 private:
  void open_chunk() noexcept {
    assert(spare_ != nullptr && "room is made before");
    chunk* const fresh = std::exchange(spare_, spare_->next);
    --spares_;
    fresh->next = nullptr;
    (tail_ != nullptr ? tail_->next : head_) = fresh;
    if (tail_ == nullptr) begin_ = 0;
    tail_ = fresh;
    end_ = 0;
  }
  void close_chunk() noexcept {
    chunk* const done = std::exchange(head_, head_->next);
    if (head_ == nullptr) tail_ = nullptr;
    begin_ = 0;
    if (spares_ > 1) return release(done);
    done->next = std::exchange(spare_, done);
    ++spares_;
    assert((head_ == nullptr) == (tail_ == nullptr));
  }
  void release(chunk* c) noexcept {
    held_.subtract(blocks::rounded(sizeof(chunk)));
    blocks::release(c, sizeof(chunk));
  }

  byte_count& held_;
  chunk* head_ = nullptr;
  chunk* tail_ = nullptr;
  chunk* spare_ = nullptr;
  std::size_t begin_ = 0;
  std::size_t end_ = 0;
  std::size_t size_ = 0;
  std::size_t spares_ = 0;
};

}  // namespace shelf::memory
