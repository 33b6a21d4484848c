// API  [api] -> engine -> stores -> journal -> file
// Ranges over a moment of an ordered table: in key order or against it, from both ends.
#pragma once

#include "shelf/codec.hpp"
#include "shelf/detail/callback.hpp"
#include "shelf/detail/core.hpp"
#include "shelf/detail/projection.hpp"

#include <cstddef>
#include <iterator>
#include <memory>
#include <span>  // the concepts of ranges, too; <ranges> brings the views
#include <utility>
#include <vector>

namespace shelf {

namespace detail {

/// The entries of ranks [from, to) of a moment, first to last or last to first.
struct rank_extent {
  std::size_t from = 0;
  std::size_t to = 0;
  bool is_backward = false;

  [[nodiscard]] std::size_t size() const noexcept { return to - from; }
};

/// A place among the entries of an extent. Entries near it are at hand, and shared with its copies.
/// Thread safety: one thread at a time; copies apart.
class ranked_place {
 public:
  ranked_place() = default;
  ranked_place(std::shared_ptr<const snapshot_core> of, rank_extent extent, std::size_t index);

  [[nodiscard]] const stored_entry& entry() const noexcept {
    return portion_->entries[rank() - portion_->first];
  }
  void advance() {
    ++index_;
    if (is_at_end()) return;
    if (!is_at_hand()) fetch(!extent_.is_backward);
    if (has_expired()) skip_forwards();
  }
  void go_back() {
    --index_;
    if (!is_at_hand()) fetch(extent_.is_backward);
    if (has_expired()) skip_back();
  }
  [[nodiscard]] std::size_t index() const noexcept { return index_; }
  [[nodiscard]] bool is_at_end() const noexcept { return index_ == extent_.size(); }

 private:
  /// Entries of consecutive ranks.
  struct portion {
    std::size_t first = 0;
    std::vector<stored_entry> entries;
  };
  [[nodiscard]] std::size_t rank() const noexcept {
    return extent_.is_backward ? extent_.to - 1 - index_ : extent_.from + index_;
  }
  [[nodiscard]] bool is_at_hand() const noexcept {
    return portion_ != nullptr && rank() - portion_->first < portion_->entries.size();
  }
  [[nodiscard]] bool has_expired() const noexcept {
    const auto until = entry().until;
    return until != no_deadline && until <= of_->now();
  }
  // Ranks count entries that have expired; iterators do not stop at them.
  void skip_forwards();
  void skip_back();
  /// The entry at this place, and those behind it in the table, or before it.
  void fetch(bool upwards);

  std::shared_ptr<const snapshot_core> of_;
  std::shared_ptr<const portion> portion_;
  rank_extent extent_;
  std::size_t index_ = 0;
};

/// Goes through a range in both directions. It makes a value of an entry each time it is asked, and
/// it keeps the moment alive, so it may outlive the range.
template <class What>
class ordered_iterator {
  struct made_here {
    typename What::type value;
    [[nodiscard]] const typename What::type* operator->() const noexcept { return &value; }
  };

 public:
  using iterator_concept = std::bidirectional_iterator_tag;
  using iterator_category = std::input_iterator_tag;  // *i is a value, not a reference
  using value_type = typename What::type;
  using difference_type = std::ptrdiff_t;
  using reference = value_type;
  using pointer = void;

  ordered_iterator() = default;
  ordered_iterator(std::shared_ptr<const snapshot_core> of, rank_extent extent, std::size_t index,
                   decoding_rules rules)
      : place_(std::move(of), extent, index), rules_(rules) {}

  [[nodiscard]] value_type operator*() const {
    auto made = value_type();
    What::decode(place_.entry(), rules_, made);
    return made;
  }
  [[nodiscard]] made_here operator->() const { return {**this}; }
  ordered_iterator& operator++() {
    place_.advance();
    return *this;
  }
  ordered_iterator operator++(int) {
    auto before = *this;
    ++*this;
    return before;
  }
  ordered_iterator& operator--() {
    place_.go_back();
    return *this;
  }
  ordered_iterator operator--(int) {
    auto before = *this;
    --*this;
    return before;
  }
  /// Of one range.
  [[nodiscard]] friend bool operator==(const ordered_iterator& a,
                                       const ordered_iterator& b) noexcept {
    return a.place_.index() == b.place_.index();
  }
  [[nodiscard]] friend bool operator==(const ordered_iterator& i,
                                       std::default_sentinel_t) noexcept {
    return i.place_.is_at_end();
  }

 private:
  ranked_place place_;
  decoding_rules rules_;
};

/// What the ranges over an ordered moment have in common.
template <class What>
class ordered_walk {
 public:
  /// Bidirectional; makes a value each time it is dereferenced.
  using iterator = ordered_iterator<What>;

  ordered_walk(std::shared_ptr<const snapshot_core> of, decoding_rules rules, rank_extent extent)
      : of_(std::move(of)), rules_(rules), extent_(extent) {}

  /// The first entry. Throws std::bad_alloc.
  [[nodiscard]] iterator begin() const { return {of_, extent_, 0, rules_}; }
  /// Behind the last one.
  [[nodiscard]] iterator end() const { return {of_, extent_, extent_.size(), rules_}; }
  /// The number of entries, those included that have expired and are not swept. Constant time.
  [[nodiscard]] std::size_t size() const noexcept { return extent_.size(); }
  /// True if there are none.
  [[nodiscard]] bool empty() const noexcept { return size() == 0; }

 protected:
  std::shared_ptr<const snapshot_core> of_;
  decoding_rules rules_;
  rank_extent extent_;
};

}  // namespace detail

/// The keys of a part of an ordered table. A bidirectional, common, sized view of `K`; values are
/// not decoded.
template <class K>
class ordered_key_range : public detail::ordered_walk<detail::key_of_entry<K>> {
 public:
  using detail::ordered_walk<detail::key_of_entry<K>>::ordered_walk;

  /// The same keys, last to first.
  [[nodiscard]] ordered_key_range reversed() const {
    ordered_key_range turned = *this;
    turned.extent_.is_backward = !this->extent_.is_backward;
    return turned;
  }
};

/// What rows(), values() and each() make of entries of an ordered table. A bidirectional, common,
/// sized view of that.
template <class What>
class ordered_projection : public detail::ordered_walk<What> {
 public:
  using detail::ordered_walk<What>::ordered_walk;

  /// The same, last to first.
  [[nodiscard]] ordered_projection reversed() const {
    ordered_projection turned = *this;
    turned.extent_.is_backward = !this->extent_.is_backward;
    return turned;
  }
};

/// Entries of one moment of an ordered table. A bidirectional, common, sized view of
/// `std::pair<K, V>`, made by the ranges of snapshot and table. It owns what it shows: copies are
/// cheap, iterators may outlive it, and the entries stay in memory as long as one of them exists.
/// Each `*i` decodes the entry, so an algorithm that looks at entries several times does better on
/// a copy. There is no random access: a jump costs the logarithm of the table's size.
template <class K, class V>
class entry_range : public detail::ordered_walk<detail::whole_entry<K, V>> {
 public:
  using detail::ordered_walk<detail::whole_entry<K, V>>::ordered_walk;

  /// The same entries, last to first: `scores.range(1, 9).reversed()`.
  [[nodiscard]] entry_range reversed() const {
    entry_range turned = *this;
    turned.extent_.is_backward = !this->extent_.is_backward;
    return turned;
  }
  /// Their keys alone.
  [[nodiscard]] ordered_key_range<K> keys() const {
    return {this->of_, this->rules_, this->extent_};
  }
  /// Views of their keys and values; see snapshot::rows.
  [[nodiscard]] ordered_projection<detail::row_of_entry<K, V>> rows() const {
    return {this->of_, this->rules_, this->extent_};
  }
  /// Their values alone.
  [[nodiscard]] ordered_projection<detail::value_of_entry<V>> values() const {
    return {this->of_, this->rules_, this->extent_};
  }
  /// One member of their values.
  template <auto Member>
  [[nodiscard]] ordered_projection<detail::member_of_entry<Member>> each() const {
    static_assert(std::is_same_v<detail::owner_of<Member>, V>,
                  "each<&T::member> needs a member of the table's value type.");
    return {this->of_, this->rules_, this->extent_};
  }
};

}  // namespace shelf

/// \cond
template <class K, class V>
inline constexpr bool std::ranges::enable_view<shelf::entry_range<K, V>> = true;
template <class K, class V>
inline constexpr bool std::ranges::enable_borrowed_range<shelf::entry_range<K, V>> = true;
template <class K>
inline constexpr bool std::ranges::enable_view<shelf::ordered_key_range<K>> = true;
template <class K>
inline constexpr bool std::ranges::enable_borrowed_range<shelf::ordered_key_range<K>> = true;
template <class What>
inline constexpr bool std::ranges::enable_view<shelf::ordered_projection<What>> = true;
template <class What>
inline constexpr bool std::ranges::enable_borrowed_range<shelf::ordered_projection<What>> = true;
/// \endcond
