// API  [api] -> engine -> stores -> journal -> file
// A key on its way to a lookup: hashed and compared where the caller has it, copied nowhere.
#pragma once

#include "shelf/detail/bytes.hpp"

#include <cstdint>

namespace shelf::detail {

/// Before the content of a binary its term has a tag and a length of 32 bits.
inline constexpr std::size_t binary_head_bytes = 5;

/// A key that is looked for, in the form that costs its table least.
///
/// Why not always a term: a lookup that hashes a term it has just written waits until the
/// processor has put those bytes into its cache, and that comes after all that was begun before. So
/// no two lookups would overlap, and each would take the whole time that memory takes. A string is
/// therefore hashed where it lies, an integer in a register.
///
/// Refers to its bytes and does not own them. Thread safety: a value; const calls from any thread.
class sought_key {
 public:
  enum class form : std::uint8_t {
    term,     ///< the canonical term
    content,  ///< of a binary: its bytes, without the term's head
    integer,  ///< the canonical term, and the number it is
  };

  /// Any key. Not explicit: a term is a key.
  sought_key(bytes canonical_term) noexcept : bytes_(canonical_term) {}  // NOLINT
  /// A binary, by its content.
  [[nodiscard]] static sought_key binary(bytes content) noexcept {
    return sought_key(content, 0, form::content);
  }
  /// An integer that fits 64 bits, signed or not, by its canonical term and its two's complement.
  [[nodiscard]] static sought_key integer(bytes canonical_term, std::uint64_t number) noexcept {
    return sought_key(canonical_term, number, form::integer);
  }

  [[nodiscard]] form what() const noexcept { return form_; }
  /// The term, or of form::content the content.
  [[nodiscard]] bytes shown() const noexcept { return bytes_; }
  /// Only of form::integer.
  [[nodiscard]] std::uint64_t number() const noexcept { return number_; }

 private:
  sought_key(bytes shown, std::uint64_t number, form what) noexcept
      : bytes_(shown), number_(number), form_(what) {}

  bytes bytes_;
  std::uint64_t number_ = 0;
  form form_ = form::term;
};

}  // namespace shelf::detail
