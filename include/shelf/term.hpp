// API  [api] -> engine -> stores -> journal -> file
// An Erlang term as a value: built, compared, taken apart, decoded and encoded.
#pragma once

#include "shelf/detail/bytes.hpp"
#include "shelf/error.hpp"

#include <compare>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <initializer_list>
#include <iosfwd>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <vector>

namespace shelf {

/// Any Erlang term. Owns its canonical encoding, the bytes a table stores.
///
/// `==` is equality of the encoding: 1 and 1.0 differ, and so do 0.0 and -0.0 (as from OTP 27 on).
/// `<=>` is Erlang's term order: number < atom < reference < fun < port < pid < tuple < map < [] <
/// list < bitstring; in it 1 and 1.0 are equivalent without being equal.
///
/// Limits: terms nest at most 256 deep, integers have at most 8 KiB, a term has at most 1 GiB.
/// Bytes and text from outside that break them are an error value; list, tuple, binary and
/// bitstring, which cannot fail otherwise, throw shelf::exception (size_limit_exceeded), as a
/// container throws length_error.
///
/// Copying allocates only for terms longer than 15 bytes; what allocates throws std::bad_alloc. A
/// term that was moved from may only be assigned to or destroyed.
/// Thread safety: as a std::string: distinct objects are independent, const calls may run together.
class term {
 public:
  /// What a term is. Named as in Erlang; a binary is a bitstring of whole bytes. In term order.
  enum class type : std::uint8_t {
    integer,
    floating,
    atom,
    reference,
    fun,
    port,
    pid,
    tuple,
    map,
    nil,
    list,
    bitstring,
    binary,
  };
  /// Of an integer given by its magnitude.
  enum class sign : std::uint8_t { positive, negative };
  /// A key and its value in a map.
  using pair = std::pair<term, term>;

  /// The empty list, `[]`.
  term() : term(nil()) {}

  // Factories.
  /// An integer of any type of up to 64 bits.
  template <std::integral T>
    requires(!std::same_as<T, bool>)
  [[nodiscard]] static term integer(T value) {
    if constexpr (std::is_signed_v<T>)
      return from_signed(static_cast<std::int64_t>(value));
    else
      return from_unsigned(static_cast<std::uint64_t>(value));
  }
  /// An integer of any size from decimal text such as "-123". invalid_argument: not an integer;
  /// size_limit_exceeded: more than 8 KiB. Time is quadratic in the digits, which the limit bounds.
  [[nodiscard]] static result<term> integer_from_text(std::string_view decimal);
  /// An integer from its magnitude, lowest byte first. size_limit_exceeded: more than 8 KiB.
  [[nodiscard]] static result<term> integer_from_magnitude(sign s, bytes little_endian);
  /// invalid_argument: NaN and infinities are not Erlang terms. Keeps the sign of -0.0.
  [[nodiscard]] static result<term> floating(double value);
  /// `name` is UTF-8. invalid_argument: not UTF-8, or more than 255 characters.
  [[nodiscard]] static result<term> atom(std::string_view name);
  /// The atom `true` or `false`.
  [[nodiscard]] static term boolean(bool value);
  /// A binary with this content.
  [[nodiscard]] static term binary(bytes content);
  /// The same for text.
  [[nodiscard]] static term binary(std::string_view content) { return binary(as_bytes(content)); }
  /// All bits of `content` but the last byte's lowest 8 - `bits_in_last_byte`.
  /// invalid_argument: the count is not 1..8, or not 0 for empty content.
  [[nodiscard]] static result<term> bitstring(bytes content, unsigned bits_in_last_byte);
  /// The empty list.
  [[nodiscard]] static term nil();
  /// A proper list.
  [[nodiscard]] static term list(std::span<const term> elements);
  /// The same for a braced list.
  [[nodiscard]] static term list(std::initializer_list<term> elements) {
    return list(std::span(elements.begin(), elements.size()));
  }
  /// A tuple.
  [[nodiscard]] static term tuple(std::span<const term> elements);
  /// The same for a braced list.
  [[nodiscard]] static term tuple(std::initializer_list<term> elements) {
    return tuple(std::span(elements.begin(), elements.size()));
  }
  /// Pairs in any order. invalid_argument: a key twice; size_limit_exceeded: nested too deep.
  [[nodiscard]] static result<term> map(std::span<const pair> pairs);
  /// The same for a braced list.
  [[nodiscard]] static result<term> map(std::initializer_list<pair> pairs) {
    return map(std::span(pairs.begin(), pairs.size()));
  }

  // Inspectors. nullopt: the term is something else. Views live until this term is changed.
  /// Which type it is.
  [[nodiscard]] type what() const noexcept;
  /// nullopt also for integers beyond the 64 bits; see as_unsigned and to_string.
  [[nodiscard]] std::optional<std::int64_t> as_integer() const noexcept;
  /// nullopt also for negative integers and those beyond 64 bits.
  [[nodiscard]] std::optional<std::uint64_t> as_unsigned() const noexcept;
  /// The value of a float.
  [[nodiscard]] std::optional<double> as_floating() const noexcept;
  /// True or false for these two atoms.
  [[nodiscard]] std::optional<bool> as_boolean() const noexcept;
  /// The content of a binary; as_text() of bytes.hpp turns it into a string_view.
  [[nodiscard]] std::optional<bytes> as_binary() const& noexcept;
  std::optional<bytes> as_binary() const&& = delete;
  /// The name of an atom, in UTF-8.
  [[nodiscard]] std::optional<std::string_view> as_atom() const& noexcept;
  std::optional<std::string_view> as_atom() const&& = delete;
  /// The elements of a tuple or list, in order; none for []. The tail of an improper list is not
  /// among them, see tail(). A list of bytes has integers as its elements. One allocation, and one
  /// for each element longer than 15 bytes.
  [[nodiscard]] std::optional<std::vector<term>> elements() const;
  /// The tail after the last element of a list: [] for proper lists (and for [] itself).
  [[nodiscard]] std::optional<term> tail() const;
  /// The pairs of a map, in key order (integers before floats).
  [[nodiscard]] std::optional<std::vector<pair>> pairs() const;
  /// Number of elements of a tuple or list, of pairs of a map, of bytes (the last maybe in part) of
  /// a binary or bitstring; otherwise 0. Constant time.
  [[nodiscard]] std::size_t size() const noexcept;

  // Encoding.
  /// Reads the external term format, version byte 131 included; compressed terms too, within
  /// bounds. Old forms are read and made canonical. corrupt: not exactly one term, the message
  /// names byte and cause; size_limit_exceeded: beyond the limits above. The bytes may come from
  /// anyone.
  [[nodiscard]] static result<term> decode(bytes external);
  /// As decode, for bytes without the 131.
  [[nodiscard]] static result<term> from_encoded(bytes encoded);
  /// Takes over what encoded() gave, unchecked: asserted, not verified. No cost beyond the copy.
  [[nodiscard]] static term from_canonical(bytes encoded);
  /// The external term format with its 131, as OTP's minor version 2 and `deterministic` make it.
  [[nodiscard]] std::vector<std::byte> encode() const;
  /// The canonical encoding without the 131. Lives as long as this term is not changed.
  [[nodiscard]] bytes encoded() const& noexcept { return as_bytes(bytes_); }
  bytes encoded() const&& = delete;

  /// Erlang text such as `{user,<<"alice">>,42}`, in UTF-8, cut behind `limit` bytes with `...`.
  [[nodiscard]] std::string to_string(std::size_t limit = std::string::npos) const;
  /// Writes to_string().
  friend std::ostream& operator<<(std::ostream& out, const term& t);

  /// Equality of the encodings.
  friend bool operator==(const term& a, const term& b) noexcept { return a.bytes_ == b.bytes_; }
  /// Erlang's term order.
  friend std::weak_ordering operator<=>(const term& a, const term& b) noexcept {
    return order(a, b);
  }
  /// Equal terms have equal hashes within one process and one version of the library.
  [[nodiscard]] std::size_t hash() const noexcept;

 private:
  explicit term(std::string encoded) noexcept : bytes_(std::move(encoded)) {}
  [[nodiscard]] static term from_signed(std::int64_t value);
  [[nodiscard]] static term from_unsigned(std::uint64_t value);
  [[nodiscard]] static std::weak_ordering order(const term& a, const term& b) noexcept;

  /// Invariant: one canonical encoded term. A std::string: its small buffer holds most scalars.
  std::string bytes_;
};

}  // namespace shelf

template <>
struct std::hash<shelf::term> {
  [[nodiscard]] std::size_t operator()(const shelf::term& t) const noexcept { return t.hash(); }
};
