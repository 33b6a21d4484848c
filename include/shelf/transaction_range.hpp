// API  [api] -> engine -> stores -> journal -> file
// What a transaction walks through: the entries of a table as it sees them.
#pragma once

#include "shelf/bounds.hpp"
#include "shelf/codec.hpp"
#include "shelf/detail/database_core.hpp"
#include "shelf/snapshot.hpp"

#include <cstddef>
#include <iterator>
#include <memory>
#include <optional>
#include <utility>
#include <vector>

namespace shelf {

namespace detail {

/// Which entries of a table a transaction walks through.
struct transaction_extent {
  enum class form : std::uint8_t {
    nothing,
    everything,  ///< of a table without order
    keys,        ///< between two bounds
    ranks,       ///< from a rank to a rank
  };

  transaction_table_core* of = nullptr;
  form what = form::everything;
  key_interval keys = {};
  std::size_t first = 0;  ///< ranks
  std::size_t end = 0;

  /// The walk, from the last entry to the first if backwards; null if there is nothing to walk
  /// through. This outlives it.
  [[nodiscard]] std::unique_ptr<snapshot_core::walk> start(bool backwards) const {
    switch (what) {
      case form::nothing: return nullptr;
      case form::everything: return of->entries();
      case form::keys: return of->range(bounds(), backwards);
      case form::ranks: break;
    }
    return backwards ? ranks_backwards() : of->slice(first, end);
  }
  [[nodiscard]] std::size_t size() const {
    switch (what) {
      case form::nothing: return 0;
      case form::everything: return of->size();
      case form::keys: {
        const auto before = keys.from ? of->rank(keys.from->key, keys.from->is_behind) : 0;
        const auto until = keys.to ? of->rank(keys.to->key, keys.to->is_behind) : of->size();
        return before < until ? until - before : 0;
      }
      case form::ranks: break;
    }
    const auto all = of->size();
    const auto until = end < all ? end : all;
    return first < until ? until - first : 0;
  }

 private:
  [[nodiscard]] range_bounds bounds() const {
    range_bounds b;
    if (keys.from) b.from = bytes(keys.from->key);
    if (keys.to) b.to = bytes(keys.to->key);
    b.from_is_behind = keys.from && keys.from->is_behind;
    b.to_is_behind = keys.to && keys.to->is_behind;
    return b;
  }
  /// The key of that rank, which stays where it is until the run ends.
  [[nodiscard]] std::optional<bytes> key_at(std::size_t rank) const {
    std::optional<bytes> key;
    of->nth(rank, [&](bytes k, bytes) { key = k; });
    return key;
  }
  [[nodiscard]] std::unique_ptr<snapshot_core::walk> ranks_backwards() const {
    const auto from_key = key_at(first);
    if (!from_key) return nullptr;
    return of->range({.from = from_key, .to = key_at(end)}, true);
  }
};

/// What the ranges of a transaction have in common.
template <class What>
class transaction_walk {
 public:
  /// Moves only.
  using iterator = walk_iterator<What>;

  transaction_walk(std::shared_ptr<const transaction_extent> extent, const decoding_rules& rules,
                   bool is_backward = false)
      : extent_(std::move(extent)), rules_(rules), is_backward_(is_backward) {}

  /// Starts a walk. What it comes to is read by the transaction. Throws std::bad_alloc.
  [[nodiscard]] iterator begin() const {
    auto walk = extent_->start(is_backward_);
    return walk ? iterator(extent_, std::move(walk), rules_) : iterator();
  }
  /// The end of every iteration.
  [[nodiscard]] std::default_sentinel_t end() const noexcept { return {}; }
  /// The number of entries, which the transaction reads by this. Ranges of keys and ranks:
  /// logarithmic. No algorithm asks for it by itself: this is not a std::ranges::sized_range.
  [[nodiscard]] std::size_t size() const { return extent_->size(); }
  /// True if there are none; reads up to the first entry.
  [[nodiscard]] bool empty() const { return begin() == end(); }

 protected:
  std::shared_ptr<const transaction_extent> extent_;
  decoding_rules rules_;
  bool is_backward_;
};

}  // namespace detail

/// The keys of a table, or of a part of it, as a transaction sees them; a key of a bag once per
/// value. A view of `K` for one pass; values are not decoded. Lives as long as the run.
template <class K>
class transaction_keys : public detail::transaction_walk<detail::key_of_entry<K>> {
 public:
  using detail::transaction_walk<detail::key_of_entry<K>>::transaction_walk;
};

/// Entries of a table as a transaction sees them, its own writes included. A view of
/// `std::pair<K, V>` for one pass, in one direction: the transaction reads the part that the pass
/// has come through. begin() starts a pass. Lives as long as the run.
template <class K, class V>
class transaction_range : public detail::transaction_walk<detail::whole_entry<K, V>> {
  using base = detail::transaction_walk<detail::whole_entry<K, V>>;

 public:
  using base::base;

  /// The same entries, last to first: `tx(scores).range(1, 9).reversed()`.
  [[nodiscard]] transaction_range reversed() const {
    return transaction_range(this->extent_, this->rules_, !this->is_backward_);
  }
  /// Their keys alone.
  [[nodiscard]] transaction_keys<K> keys() const {
    return transaction_keys<K>(this->extent_, this->rules_, this->is_backward_);
  }
};

}  // namespace shelf

/// \cond
template <class K, class V>
inline constexpr bool std::ranges::enable_view<shelf::transaction_range<K, V>> = true;
template <class K, class V>
inline constexpr bool std::ranges::disable_sized_range<shelf::transaction_range<K, V>> = true;
template <class K>
inline constexpr bool std::ranges::enable_view<shelf::transaction_keys<K>> = true;
template <class K>
inline constexpr bool std::ranges::disable_sized_range<shelf::transaction_keys<K>> = true;
/// \endcond
