// API  [api] -> engine -> stores -> journal -> file
// One moment of a table, to walk and to look things up in while others write.
#pragma once

#include "shelf/codec.hpp"
#include "shelf/detail/callback.hpp"
#include "shelf/detail/core.hpp"
#include "shelf/detail/key_to_seek.hpp"
#include "shelf/ordered_access.hpp"
#include "shelf/range.hpp"

#include <cstddef>
#include <iterator>
#include <memory>
#include <optional>
#include <utility>
#include <vector>

namespace shelf {

template <class K, class V, kind Kind, class... Index>
class table;

namespace detail {

struct table_access;

/// A walk through entries, which it keeps alive.
template <class What>
class walk_iterator {
 public:
  using iterator_concept = std::input_iterator_tag;
  using value_type = typename What::type;
  using difference_type = std::ptrdiff_t;

  walk_iterator() = default;
  /// A walk through anything that `kept` keeps alive.
  walk_iterator(std::shared_ptr<const void> kept, std::unique_ptr<snapshot_core::walk> walk,
                decoding_rules rules)
      : kept_(std::move(kept)), walk_(std::move(walk)), rules_(rules) {
    portion_ = walk_->next();
    read();
  }

  [[nodiscard]] const value_type& operator*() const noexcept { return *entry_; }
  [[nodiscard]] const value_type* operator->() const noexcept { return &*entry_; }
  walk_iterator& operator++() {
    if (++at_ == portion_.size()) {
      portion_ = walk_->next();
      at_ = 0;
    }
    read();
    return *this;
  }
  void operator++(int) { ++*this; }
  [[nodiscard]] friend bool operator==(const walk_iterator& i, std::default_sentinel_t) noexcept {
    return !i.entry_;
  }

 private:
  void read() {
    if (at_ >= portion_.size()) return entry_.reset();
    if (!entry_) entry_.emplace();
    What::decode(portion_[at_], rules_, *entry_);
  }

  std::shared_ptr<const void> kept_;
  std::unique_ptr<snapshot_core::walk> walk_;
  std::span<const stored_entry> portion_;
  std::size_t at_ = 0;
  std::optional<value_type> entry_;
  decoding_rules rules_;
};

/// All entries of a moment, in the order of the table.
template <class What>
class walk_range {
 public:
  /// Moves only. Owns what it shows.
  using iterator = walk_iterator<What>;

  walk_range(std::shared_ptr<const snapshot_core> of, decoding_rules rules)
      : core_(std::move(of)), rules_(rules), size_(core_->size()) {}

  /// Starts a walk. Throws std::bad_alloc.
  [[nodiscard]] iterator begin() const { return iterator(core_, core_->entries(), rules_); }
  /// The end of every iteration.
  [[nodiscard]] std::default_sentinel_t end() const noexcept { return {}; }
  /// The number of entries. Constant time.
  [[nodiscard]] std::size_t size() const noexcept { return size_; }
  /// True if there are none.
  [[nodiscard]] bool empty() const noexcept { return size_ == 0; }

 protected:
  std::shared_ptr<const snapshot_core> core_;
  decoding_rules rules_;

 private:
  std::size_t size_;
};

}  // namespace detail

/// The keys of a snapshot, one after the other; a key of a bag once per value. A sized view of `K`
/// for one pass; values are not decoded.
template <class K>
class key_range : public detail::walk_range<detail::key_of_entry<K>> {
 public:
  using detail::walk_range<detail::key_of_entry<K>>::walk_range;
};

/// What rows(), values() and each() make of the entries of a snapshot. A sized view of that, for
/// one pass.
template <class What>
class projection : public detail::walk_range<What> {
 public:
  using detail::walk_range<What>::walk_range;
};

/// One moment of a table: every entry that existed when snapshot() was called, exactly once,
/// regardless of later writes. It owns its entries and may outlive the handle. While it exists,
/// they stay in memory (stats().snapshots, oldest_snapshot_age).
/// Thread safety: const calls from any thread; an iterator belongs to one thread.
template <class K, class V, kind Kind>
class snapshot : public detail::walk_range<detail::whole_entry<K, V>>,
                 public ordered_access<snapshot<K, V, Kind>, K, V, Kind> {
  using base = detail::walk_range<detail::whole_entry<K, V>>;
  using base::core_;
  using base::rules_;

 public:
  /// Made by table::snapshot.
  snapshot(std::shared_ptr<const detail::snapshot_core> of, detail::decoding_rules rules)
      : base(std::move(of), rules) {}

  /// Where it is in the sequence of changes: a feed from here tells everything that happened since,
  /// and nothing else. Changes are kept from the first call on, so call it as soon as the snapshot
  /// is taken. Of a closed table it is position{}.
  [[nodiscard]] shelf::position position() const noexcept { return core_->position(); }

  /// The keys alone: values are not decoded. A key_range, or of an ordered table an
  /// ordered_key_range.
  [[nodiscard]] auto keys() const {
    if constexpr (Kind == kind::ordered_set)
      return within({}).keys();
    else
      return key_range<K>(core_, rules_);
  }

  /// Views of keys and values, without a copy: std::string_view for strings, a span for bytes (see
  /// docs/types.md). They show the memory of the table, and are valid as long as this range, one of
  /// its iterators, or the snapshot exists.
  [[nodiscard]] auto rows() const {
    if constexpr (Kind == kind::ordered_set)
      return within({}).rows();
    else
      return projection<detail::row_of_entry<K, V>>(core_, rules_);
  }
  /// The values alone: keys are not decoded.
  [[nodiscard]] auto values() const {
    if constexpr (Kind == kind::ordered_set)
      return within({}).values();
    else
      return projection<detail::value_of_entry<V>>(core_, rules_);
  }
  /// One member of each value: `for (int age : s.each<&user::age>())`. The others are not decoded.
  template <auto Member>
  [[nodiscard]] auto each() const {
    static_assert(std::is_same_v<detail::owner_of<Member>, V>,
                  "each<&T::member> needs a member of the table's value type.");
    if constexpr (Kind == kind::ordered_set)
      return within({}).template each<Member>();
    else
      return projection<detail::member_of_entry<Member>>(core_, rules_);
  }

  /// The value of a key (bags: its values, in insertion order), or not_found.
  template <key_argument<K> A = K>
  [[nodiscard]] auto lookup(const A& key) const {
    const detail::key_to_seek<K, Kind, A> k(key, {});
    if constexpr (is_bag(Kind)) {
      std::vector<V> values;
      if (k.failed()) return result<std::vector<V>>(std::unexpected(k.why()));
      core_->lookup(k.sought(), [&](bytes v) { detail::decode_behind(values, v, rules_); });
      if (values.empty()) return result<std::vector<V>>(std::unexpected(error(errc::not_found)));
      return result<std::vector<V>>(std::move(values));
    } else {
      if (k.failed()) return result<V>(std::unexpected(k.why()));
      result<V> value;
      const auto found =
          core_->lookup(k.sought(), [&](bytes v) { detail::decode_stored(v, rules_, *value); });
      if (found == 0) value = std::unexpected(error(errc::not_found));
      return value;
    }
  }

  /// The value of the key, or `fallback` if it is not there or cannot be a key (NaN).
  template <key_argument<K> A = K, class U = V>
    requires(!is_bag(Kind) && std::is_convertible_v<U, V>)
  [[nodiscard]] V value_or(const A& key, U&& fallback) const {
    auto found = lookup(key);
    return found ? *std::move(found) : static_cast<V>(std::forward<U>(fallback));
  }

  /// Whether the key exists.
  template <key_argument<K> A = K>
  [[nodiscard]] bool contains(const A& key) const {
    const detail::key_to_seek<K, Kind, A> k(key, {});
    return !k.failed() && core_->lookup(k.sought(), [](bytes) {}) != 0;
  }

 private:
  template <class, class, kind, class...>
  friend class table;
  friend class ordered_access<snapshot, K, V, Kind>;
  friend struct detail::table_access;

  // What ordered_access is made of.
  using show_entry = detail::function_ref<void(bytes, bytes)>;
  [[nodiscard]] static result<> found_if(bool is_there) {
    return is_there ? result<>() : std::unexpected(error(errc::not_found));
  }
  [[nodiscard]] result<> show_at(detail::place where, bytes key, show_entry f) const {
    return found_if(core_->seek(where, key, f));
  }
  [[nodiscard]] result<> show_nth(std::size_t index, show_entry f) const {
    return found_if(core_->nth(index, f));
  }
  [[nodiscard]] std::size_t rank_encoded(bytes key) const { return core_->rank(key, false); }
  [[nodiscard]] entry_range<K, V> within(const detail::key_interval& keys) const {
    if (keys.is_nothing) return ranked(0, 0);
    const auto from = keys.from ? core_->rank(keys.from->key, keys.from->is_behind) : 0;
    const auto to = keys.to ? core_->rank(keys.to->key, keys.to->is_behind) : this->size();
    return ranked(from, to);
  }
  [[nodiscard]] entry_range<K, V> ranked(std::size_t from, std::size_t to) const {
    const auto end = to < this->size() ? to : this->size();
    return {core_, rules_, {.from = from < end ? from : end, .to = end}};
  }
  [[nodiscard]] static const error& refused(const error& why) { return why; }
};

}  // namespace shelf

/// \cond
template <class K>
inline constexpr bool std::ranges::enable_view<shelf::key_range<K>> = true;
template <class What>
inline constexpr bool std::ranges::enable_view<shelf::projection<What>> = true;
/// \endcond
