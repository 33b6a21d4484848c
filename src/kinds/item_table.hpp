// KINDS  api -> engine -> [kinds] -> memory -> file
// From an entry of the table to its item in an index whose keys the program's functions make.
#pragma once

#include "kinds/index_item.hpp"

#include <cassert>
#include <cstdint>
#include <vector>

namespace shelf::kinds {

/// A hash table of items by the entries they stand for, with linear probing.
/// Thread safety: the writer's own.
class item_table {
 public:
  [[nodiscard]] std::size_t memory_bytes() const noexcept { return places_.capacity() * place; }

  /// The next `more` inserts need no memory. Throws std::bad_alloc.
  void reserve(std::size_t more) {
    if ((size_ + more) * 4 <= places_.size() * 3) return;
    std::size_t wanted = places_.empty() ? 16 : 2 * places_.size();
    while ((size_ + more) * 4 > wanted * 3) wanted *= 2;
    std::vector<const entry*> before(wanted, nullptr);
    before.swap(places_);
    for (const auto* item : before) {
      if (item != nullptr) places_[place_for(entry_of_item(item->key()))] = item;
    }
  }
  /// Its entry has no other. There is room.
  void insert(const entry* item) noexcept {
    auto& at = places_[place_for(entry_of_item(item->key()))];
    assert(at == nullptr && (size_ + 1) * 4 <= places_.size() * 3);
    at = item;
    ++size_;
  }
  /// The item of an entry, which has one.
  [[nodiscard]] const entry* find(const entry* of) const noexcept {
    const auto* const found = places_.empty() ? nullptr : places_[place_for(of)];
    assert(found != nullptr && "each entry has an item");
    return found;
  }
  /// It is there.
  void erase(const entry* item) noexcept {
    auto hole = place_for(entry_of_item(item->key()));
    assert(places_[hole] == item);
    // What was pushed further by it moves up.
    for (auto at = next(hole); places_[at] != nullptr; at = next(at)) {
      const auto home = home_of(entry_of_item(places_[at]->key()));
      const bool stays = hole < at ? hole < home && home <= at : hole < home || home <= at;
      if (stays) continue;
      places_[hole] = places_[at];
      hole = at;
    }
    places_[hole] = nullptr;
    --size_;
  }

 private:
  static constexpr std::size_t place = sizeof(const entry*);

  [[nodiscard]] std::size_t home_of(const entry* of) const noexcept {
    const auto at = static_cast<std::uint64_t>(reinterpret_cast<std::uintptr_t>(of)) >> 3;
    return static_cast<std::size_t>((at * 0x9e37'79b9'7f4a'7c15ULL) >> 32) & (places_.size() - 1);
  }
  [[nodiscard]] std::size_t next(std::size_t at) const noexcept {
    return (at + 1) & (places_.size() - 1);
  }
  /// Where the item of that entry is, or would be.
  [[nodiscard]] std::size_t place_for(const entry* of) const noexcept {
    auto at = home_of(of);
    while (places_[at] != nullptr && entry_of_item(places_[at]->key()) != of) at = next(at);
    return at;
  }

  std::vector<const entry*> places_;  ///< a power of two of them, a quarter empty
  std::size_t size_ = 0;
};

}  // namespace shelf::kinds
