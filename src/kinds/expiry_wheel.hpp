// KINDS  api -> engine -> [kinds] -> memory -> file
// Which entries expire next: a hierarchical timing wheel.
#pragma once

#include "kinds/entry.hpp"
#include "memory/byte_count.hpp"

#include <array>
#include <cstddef>
#include <cstdint>
#include <vector>

namespace shelf::kinds {

/// The published entries of a table that expire, by their deadlines.
///
/// Four levels of 64 buckets, each a list; a bucket of the lowest level spans a tick of 1.024 s,
/// one of the next 64 ticks. What lies beyond the four levels is in one more list. When the time
/// passes a bucket, its list is put behind the due list as a whole; there each entry is looked at
/// once, and is due or goes to a bucket of a lower level. So linking and unlinking take constant
/// time, and an entry is moved at most five times.
///
/// Never early: an entry is due if its own deadline has passed. Where time goes back, all entries
/// are put in order anew.
///
/// Thread safety: the writer's own.
class expiry_wheel {
 public:
  explicit expiry_wheel(memory::byte_count& held) noexcept;
  expiry_wheel(const expiry_wheel&) = delete;
  expiry_wheel& operator=(const expiry_wheel&) = delete;
  ~expiry_wheel();

  /// Room for so many links. Throws std::bad_alloc.
  void reserve(std::size_t count);
  /// Needs room. The entry expires, and stays until it is unlinked.
  void link(entry* e) noexcept;
  void unlink(entry* e) noexcept;
  /// Entries linked.
  [[nodiscard]] std::size_t size() const noexcept { return size_; }

  /// Time has come to `now`. Looks at no more than `most_moved` entries; false if more wait to be
  /// looked at.
  bool advance(deadline now, std::size_t most_moved) noexcept;
  /// Appends up to `most` entries whose deadlines have passed at `now`, which stay linked.
  /// advance() comes before. exactly: also those of the present tick.
  void collect_due(deadline now, std::size_t most, bool exactly,
                   std::vector<const entry*>& due) const;
  /// How many have passed at `now`. Linear in their number, and in that of a bucket of each level.
  [[nodiscard]] std::size_t count_due(deadline now) const noexcept;

 private:
  using index = std::uint32_t;
  static constexpr unsigned tick_shift = 10;  // of milliseconds
  static constexpr unsigned level_shift = 6;
  static constexpr std::size_t buckets = std::size_t{1} << level_shift;
  static constexpr std::size_t levels = 4;
  static constexpr std::size_t beyond_all = levels * buckets;  ///< the list of later ones
  static constexpr std::size_t unsorted = beyond_all + 1;      ///< passed, not looked at yet
  static constexpr std::size_t past = beyond_all + 2;          ///< due
  static constexpr std::size_t lists = beyond_all + 3;

  /// In a list that is a ring; the first node of each list stands for the list.
  struct node {
    entry* which = nullptr;
    index next = 0;
    index previous = 0;
  };
  static constexpr std::size_t per_chunk = 512;

  [[nodiscard]] node& at(index i) const noexcept { return chunks_[i / per_chunk][i % per_chunk]; }
  [[nodiscard]] static std::uint64_t tick_of(deadline d) noexcept { return d >> tick_shift; }
  [[nodiscard]] std::size_t list_for(deadline d) const noexcept;
  void add_chunk();
  void append(index list, index i) noexcept;
  void take_out(index i) noexcept;
  void empty_into_unsorted(std::size_t list) noexcept;
  void pass(std::uint64_t to) noexcept;
  template <class F>
  void each_in(std::size_t list, const F& f) const;

  memory::byte_count& held_;
  std::vector<node*> chunks_;
  index free_ = 0;  ///< a chain of free nodes; 0 is none
  std::size_t free_count_ = 0;
  std::size_t size_ = 0;
  std::uint64_t tick_ = 0;  ///< buckets before it are empty
};

}  // namespace shelf::kinds
