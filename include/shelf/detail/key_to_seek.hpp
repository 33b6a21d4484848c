// API  [api] -> engine -> stores -> journal -> file
// From a key argument to a key that is sought: by its content where that is at hand, else by its
// term.
#pragma once

#include "shelf/codec.hpp"
#include "shelf/detail/sought_key.hpp"
#include "shelf/kind.hpp"

namespace shelf::detail {

/// A key argument made ready for a lookup: its term is written. The argument outlives this.
template <class K, key_argument<K> A>
class term_to_seek {
 public:
  term_to_seek(const A& argument, encoding_limits limits)
      : argument_(argument), term_(purpose::key, limits) {
    encode_key<K>(term_, argument);
  }
  [[nodiscard]] bool failed() const noexcept { return term_.failed(); }
  /// Why the argument is no key; only if failed().
  [[nodiscard]] error why() const { return term_.outcome().error(); }
  /// Only if not failed().
  [[nodiscard]] sought_key sought() const noexcept {
    if constexpr (plain_integer<K> && plain_integer<A>)
      return sought_key::integer(term_.written(), static_cast<std::uint64_t>(argument_));
    else
      return term_.written();
  }

 private:
  const A& argument_;
  encoder term_;
};

/// The same of an argument whose bytes are compared where they lie: nothing is written.
template <class K, content_argument<K> A>
class content_to_seek {
 public:
  content_to_seek(const A& argument, encoding_limits limits) noexcept
      : argument_(argument), content_(key_content<K>(argument)), limits_(limits) {}
  /// As the encoder would.
  [[nodiscard]] bool failed() const noexcept {
    const auto most =
        limits_.size > encoder::small_capacity ? limits_.size : encoder::small_capacity;
    return content_.size() > limits_.size || content_.size() + binary_head_bytes > most ||
           !has_key_size<K>(content_);
  }
  /// The encoder knows the sentence.
  [[nodiscard]] error why() const { return term_to_seek<K, A>(argument_, limits_).why(); }
  [[nodiscard]] sought_key sought() const noexcept { return sought_key::binary(content_); }

 private:
  const A& argument_;
  bytes content_;
  encoding_limits limits_;
};

/// Ordered tables compare whole terms, so they want them.
template <class K, kind Kind, class A>
struct way_to_seek {
  using type = term_to_seek<K, A>;
};
template <class K, kind Kind, content_argument<K> A>
  requires(Kind != kind::ordered_set)
struct way_to_seek<K, Kind, A> {
  using type = content_to_seek<K, A>;
};
template <class K, kind Kind, class A>
using key_to_seek = typename way_to_seek<K, Kind, A>::type;

}  // namespace shelf::detail
