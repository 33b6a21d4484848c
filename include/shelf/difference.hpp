// API  [api] -> engine -> stores -> journal -> file
// diff: what changed between two snapshots of a table.
#pragma once

#include "shelf/detail/differences.hpp"
#include "shelf/detail/table_access.hpp"
#include "shelf/snapshot.hpp"

#include <cstddef>
#include <iterator>
#include <memory>
#include <optional>
#include <utility>
#include <vector>

namespace shelf {

/// What became of a key, or in bags of one value of it, between two snapshots.
template <class K, class V>
struct difference {
  /// The key.
  K key;
  /// Its value in the first snapshot; nothing if it has none there.
  std::optional<V> before;
  /// Its value in the second snapshot; nothing if it has none there.
  std::optional<V> after;
};

/// The differences between two snapshots, decoded as they are looked at. Owns both snapshots.
/// Thread safety: const calls from any thread; an iterator belongs to one thread.
template <class K, class V>
class difference_range {
 public:
  /// Goes over the differences once.
  class iterator {
   public:
    /// An input iterator.
    using iterator_concept = std::input_iterator_tag;
    /// What it shows.
    using value_type = difference<K, V>;
    /// Of two iterators.
    using difference_type = std::ptrdiff_t;

    /// One to assign to.
    iterator() = default;
    /// At the first difference.
    explicit iterator(const difference_range& of) : of_(&of) {}
    /// Decodes the difference.
    [[nodiscard]] value_type operator*() const { return of_->decode(at_); }
    /// Goes to the next one.
    iterator& operator++() noexcept {
      ++at_;
      return *this;
    }
    /// Goes to the next one.
    void operator++(int) noexcept { ++at_; }
    /// Whether it is at the end.
    [[nodiscard]] friend bool operator==(const iterator& i, std::default_sentinel_t) noexcept {
      return i.at_ == i.of_->size();
    }

   private:
    const difference_range* of_ = nullptr;
    std::size_t at_ = 0;
  };

  /// Made by diff.
  difference_range(std::shared_ptr<const detail::snapshot_core> from,
                   std::shared_ptr<const detail::snapshot_core> to, detail::decoding_rules rules)
      : from_(std::move(from)),
        to_(std::move(to)),
        rules_(rules),
        all_(detail::find_differences(*from_, *to_)) {}

  /// The first difference.
  [[nodiscard]] iterator begin() const { return iterator(*this); }
  /// The end of every iteration.
  [[nodiscard]] std::default_sentinel_t end() const noexcept { return {}; }
  /// How many there are.
  [[nodiscard]] std::size_t size() const noexcept { return all_.size(); }
  /// Whether both snapshots show the same.
  [[nodiscard]] bool empty() const noexcept { return all_.empty(); }

 private:
  [[nodiscard]] difference<K, V> decode(std::size_t at) const {
    const auto& from = all_[at];
    difference<K, V> made{};
    detail::decode_stored(from.key, rules_, made.key);
    if (from.before) detail::decode_stored(*from.before, rules_, made.before.emplace());
    if (from.after) detail::decode_stored(*from.after, rules_, made.after.emplace());
    return made;
  }

  std::shared_ptr<const detail::snapshot_core> from_;
  std::shared_ptr<const detail::snapshot_core> to_;
  detail::decoding_rules rules_;
  std::vector<detail::entry_difference> all_;
};

/// What changed from snapshot `a` to snapshot `b` of one table: each key that was added, erased, or
/// has another value, and in bags each such value. Ordered tables: in key order, by stepping over
/// what both snapshots share, in time O(changes * log n). The other kinds: in no order, in time
/// O(n). Of two tables it is what turns the one into the other, in time O(n). Throws
/// std::bad_alloc.
template <class K, class V, kind Kind>
[[nodiscard]] difference_range<K, V> diff(const snapshot<K, V, Kind>& a,
                                          const snapshot<K, V, Kind>& b) {
  using inner = detail::table_access;
  return {inner::core_of(a), inner::core_of(b), inner::rules_of(b)};
}

}  // namespace shelf
