// KINDS  api -> engine -> [kinds] -> memory -> file
// The changes since the last save, and those a save is writing just now.
#pragma once

#include "memory/limbo.hpp"

#include <algorithm>
#include <cassert>
#include <cstddef>
#include <cstdint>
#include <utility>
#include <vector>

namespace shelf::kinds {

/// Words in order, with holes; a word is a pointer to an entry and three bits of the kind's own. An
/// entry knows its place (entry::unsaved_at), and a place is believed only if it points back.
/// Thread safety: the writer's own.
class unsaved_list {
 public:
  explicit unsaved_list(memory::byte_count& held) : held_(&held) {}
  unsaved_list(const unsaved_list&) = delete;
  unsaved_list& operator=(const unsaved_list&) = delete;
  ~unsaved_list() { clear(); }

  /// Room for `count` pushes, and for joining `front` in front later. Throws std::bad_alloc.
  void reserve(std::size_t count, unsaved_list& front) {
    while (chunks_.size() * per_chunk < size_ + count) {
      make_room(front.chunks_, chunks_.size() + 1);
      make_room(chunks_, 1);
      chunks_.push_back(static_cast<std::uint64_t*>(memory::blocks::allocate(chunk_bytes)));
      held_->add(chunk_bytes);
    }
  }
  /// Needs room. Returns the place.
  std::uint32_t push(std::uint64_t word) noexcept {
    assert(size_ < chunks_.size() * per_chunk && word != 0);
    at(size_) = word;
    ++count_;
    return static_cast<std::uint32_t>(size_++);
  }
  [[nodiscard]] std::uint64_t& at(std::size_t index) noexcept {
    return chunks_[index / per_chunk][index % per_chunk];
  }
  [[nodiscard]] std::uint64_t at(std::size_t index) const noexcept {
    return chunks_[index / per_chunk][index % per_chunk];
  }
  /// The word at a place, 0 if there is none.
  [[nodiscard]] std::uint64_t look(std::size_t index) const noexcept {
    return index < size_ ? at(index) : 0;
  }
  void make_hole(std::size_t index) noexcept {
    assert(at(index) != 0 && count_ > 0);
    at(index) = 0;
    --count_;
    while (size_ > 0 && at(size_ - 1) == 0) --size_;
  }
  /// Places, holes included.
  [[nodiscard]] std::size_t size() const noexcept { return size_; }
  /// Words.
  [[nodiscard]] std::size_t count() const noexcept { return count_; }

  /// Closes the holes; moved(word, new place) for each word. Worth it when most places are holes.
  template <class Moved>
  void close_holes(const Moved& moved) noexcept {
    std::size_t to = 0;
    for (std::size_t from = 0; from < size_; ++from) {
      const auto word = at(from);
      if (word == 0) continue;
      at(to) = word;
      moved(word, static_cast<std::uint32_t>(to++));
    }
    size_ = to;
    while (chunks_.size() > size_ / per_chunk + 1) drop_chunk();
  }
  /// All of `from` moves here. This list is empty.
  void take(unsaved_list& from) noexcept {
    assert(size_ == 0);
    clear();
    chunks_.swap(from.chunks_);
    size_ = std::exchange(from.size_, 0);
    count_ = std::exchange(from.count_, 0);
  }
  /// All of `front` moves in front of this list; moved(word, new place) for each word whose place
  /// changed. Needs no memory: reserve saw to it.
  template <class Moved>
  void join(unsaved_list& front, const Moved& moved) noexcept {
    // A chunk is taken over whole, so the front's last chunk is filled up with holes.
    while (front.size_ % per_chunk != 0) front.at(front.size_++) = 0;
    while (front.chunks_.size() > front.size_ / per_chunk) front.drop_chunk();
    const std::size_t shift = front.size_;
    assert(front.chunks_.capacity() >= front.chunks_.size() + chunks_.size() || chunks_.empty());
    front.chunks_.insert(front.chunks_.end(), chunks_.begin(), chunks_.end());
    chunks_.clear();
    chunks_.swap(front.chunks_);
    size_ += shift;
    count_ += front.count_;
    front.size_ = front.count_ = 0;
    for (std::size_t i = shift; i < size_; ++i) {
      if (at(i) != 0) moved(at(i), static_cast<std::uint32_t>(i));
    }
    while (size_ > 0 && at(size_ - 1) == 0) --size_;
  }
  void clear() noexcept {
    while (!chunks_.empty()) drop_chunk();
    size_ = count_ = 0;
  }

 private:
  static constexpr std::size_t per_chunk = 512;
  static constexpr std::size_t chunk_bytes = per_chunk * sizeof(std::uint64_t);
  static void make_room(std::vector<std::uint64_t*>& chunks, std::size_t more) {
    const std::size_t wanted = chunks.size() + more;
    if (chunks.capacity() < wanted) chunks.reserve(std::max(wanted, 2 * chunks.capacity()));
  }
  void drop_chunk() noexcept {
    memory::blocks::release(chunks_.back(), chunk_bytes);
    held_->subtract(chunk_bytes);
    chunks_.pop_back();
  }

  memory::byte_count* held_;
  std::vector<std::uint64_t*> chunks_;
  std::size_t size_ = 0;
  std::size_t count_ = 0;
};

}  // namespace shelf::kinds
