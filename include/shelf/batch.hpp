// API  [api] -> engine -> stores -> journal -> file
// A batch of writes: inserts and erases that happen together or not at all.
#pragma once

#include "shelf/codec.hpp"
#include "shelf/detail/change_list.hpp"
#include "shelf/kind.hpp"

#include <cstddef>
#include <optional>

namespace shelf {

template <class K, class V, kind Kind, class... Index>
class table;

namespace detail {
struct table_access;
}

/// Inserts and erases, in order, for `table::write`. Belongs to no table, so it can be filled
/// before the table is open, written again after an error, or written to several tables.
///
/// Keys and values are encoded as they are added. One that cannot be stored (NaN) makes `write`
/// fail, with the table unchanged. std::bad_alloc leaves the batch as it was.
///
/// Thread safety: as a std::vector: const calls from any thread.
template <class K, class V>
class batch {
  static_assert(detail::refuse_unless_storable<K>());
  static_assert(detail::refuse_unless_storable<V>());

 public:
  /// Adds an insert, with the meaning of table::insert.
  template <key_argument<K> A = K>
  batch& insert(const A& key, const V& value) {
    add(detail::change_verb::insert, key, &value);
    return *this;
  }
  /// Adds an insert of a key without a value, for tables such as shelf::set.
  template <key_argument<K> A = K>
    requires(detail::is_nothing<V>)
  batch& insert(const A& key) {
    return insert(key, V{});
  }
  /// Adds an erase of the key with all its values. A missing key is not an error.
  template <key_argument<K> A = K>
  batch& erase(const A& key) {
    add(detail::change_verb::erase, key, nullptr);
    return *this;
  }
  /// Adds an erase of the key with this value, with the meaning of table::erase.
  template <key_argument<K> A = K>
  batch& erase(const A& key, const V& value) {
    add(detail::change_verb::erase_value, key, &value);
    return *this;
  }

  /// The number of inserts and erases, with those that cannot be stored.
  [[nodiscard]] std::size_t size() const noexcept { return changes_.size() + left_out_; }
  /// True if there are none. A batch whose `write` fails is never empty.
  [[nodiscard]] bool empty() const noexcept { return size() == 0; }
  /// Removes all of them; keeps the memory.
  void clear() noexcept {
    changes_.clear();
    refused_.reset();
    left_out_ = 0;
    is_deep_ = false;
  }

 private:
  template <class, class, kind, class...>
  friend class table;
  friend struct detail::table_access;

  /// The limits belong to the table, which looks at them when the batch is written. Nesting is
  /// bounded here by what most tables allow, so that the table has to look at the few batches only
  /// that hold something deeper.
  static constexpr std::size_t most_bytes = std::size_t{2} << 30;
  static constexpr std::uint32_t usual_nesting = 256;
  static constexpr std::uint32_t most_nesting = 1024;

  template <class A>
  void add(detail::change_verb what, const A& key, const V* value) {
    if (!refused_) {
      if (encode(what, key, value, usual_nesting)) return;
      if (*refused_ == errc::size_limit_exceeded) {
        refused_.reset();
        if (encode(what, key, value, most_nesting)) {
          is_deep_ = true;
          return;
        }
      }
    }
    ++left_out_;
  }
  /// False if it cannot be stored; refused_ says why.
  template <class A>
  bool encode(detail::change_verb what, const A& key, const V* value, std::uint32_t nesting) {
    detail::encoder k(detail::purpose::key, {.size = most_bytes, .nesting = nesting});
    detail::encode_key<K>(k, key);
    detail::encoder v(detail::purpose::value, {.size = most_bytes, .nesting = nesting});
    v.gather();
    if (value != nullptr) detail::encode(v, *value);
    if (k.failed() || v.failed()) {
      refused_ = (k.failed() ? k : v).outcome().error();
      return false;
    }
    if (v.has_pieces())
      changes_.add_pieces(what, k.written(), v.pieces());
    else
      changes_.add(what, k.written(), v.written());
    return true;
  }

  detail::change_list changes_;
  std::optional<error> refused_;  ///< why a key or value cannot be stored
  std::size_t left_out_ = 0;      ///< from that one on
  bool is_deep_ = false;          ///< something nests deeper than usual
};

}  // namespace shelf
