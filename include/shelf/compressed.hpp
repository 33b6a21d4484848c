// API  [api] -> engine -> stores -> journal -> file
// Large values that are stored compressed, by zstd. Link shelf::compressed.
#pragma once

#include "shelf/codec.hpp"

#include <utility>
#include <vector>

namespace shelf {

/// How a shelf::compressed is stored. No part of the schema: values that were written with other
/// options are read, as long as they are within max_bytes.
struct compression {
  int level = 3;  ///< of zstd, from -7 (fastest) to 22 (smallest)
  /// The size of the encoded value before compression: a larger one is size_limit_exceeded when it
  /// is written, and type_mismatch when it is read. Bounds the memory of reading one value.
  std::size_t max_bytes = std::size_t{64} << 20;
};

/// A T that is compressed in the file and in the table's memory: for text, JSON and lists of some
/// kilobytes or more. A member of a stored struct or the value of a table; not a key
/// (invalid_argument, or a compile error where K itself is one), because keys are found by their
/// bytes and another version of zstd compresses the same value to other bytes. For the same reason
/// compare_exchange, compare-and-delete and the duplicates of a bag may take an equal value that
/// another version or level wrote for a different one.
///
///     struct page { std::string url; shelf::compressed<std::string> html; };
///
/// Every write compresses and every read decompresses, callbacks and opening the file included;
/// both allocate. Views of it see the decoded value.
/// Thread safety: that of T.
template <class T, compression How = compression{}>
struct compressed {
  T value{};  ///< what is stored

  /// Holds T{}.
  compressed() = default;
  /// Implicit, so that a T may stand where one is stored.
  compressed(T from) : value(std::move(from)) {}

  /// The value.
  [[nodiscard]] T& operator*() noexcept { return value; }
  /// The value.
  [[nodiscard]] const T& operator*() const noexcept { return value; }
  /// Its members.
  [[nodiscard]] T* operator->() noexcept { return &value; }
  /// Its members.
  [[nodiscard]] const T* operator->() const noexcept { return &value; }
  /// Compares the values, never their compressed bytes.
  bool operator==(const compressed&) const = default;
};

namespace detail {

/// Appends the binary that holds `term`: a frame, or the term itself if that is no longer.
void encode_compressed(encoder& out, bytes term, int level);

/// The term of a compressed value. If it was compressed, `unpacked` owns it.
struct unpacked_term {
  bytes term{};
  std::unique_ptr<std::byte[]> unpacked{};
};
/// From the content of the binary. type_mismatch: it is neither a term nor one whole frame, or the
/// frame declares more than `max_bytes` or more than its length can hold. The size is checked
/// before memory is allocated for it.
[[nodiscard]] result<unpacked_term> unpack_term(bytes content, std::size_t max_bytes);

}  // namespace detail

/// The stored binary is `0 term` or `1 frame`: docs/types.md has the layout.
template <class T, compression How>
struct codec<compressed<T, How>> {
  static_assert(How.level >= -7 && How.level <= 22,
                "The level of shelf::compressed is from -7 to 22.");
  static_assert(How.max_bytes > 0 && How.max_bytes < std::size_t{0x7fff'0000},
                "max_bytes of shelf::compressed is from 1 to just under 2 GiB.");
  /// The value that this stores.
  using self = compressed<T, How>;

  /// In the schema.
  static constexpr std::string_view name = "compressed";
  /// No key: equal values may have different bytes.
  static constexpr bool value_only = true;
  /// Names the stored type; never called. The functions below know the limits of the caller.
  static std::vector<std::byte> encode(const self&);
  /// Says that not every binary is one; never called.
  static result<self> decode(std::vector<std::byte>);

  /// Appends the binary.
  static void encode_into(detail::encoder& out, const self& from) {
    if (!out.is_value()) {
      return out.fail({errc::invalid_argument, "a compressed value cannot be part of a key"});
    }
    if (out.nesting_left() == 0) return out.enter();  // which fails
    detail::encoder inner(detail::purpose::value,
                          {.size = How.max_bytes, .nesting = out.nesting_left() - 1});
    detail::encode(inner, from.value);
    const result<bytes> term = inner.outcome();
    if (!term) return out.fail(term.error());
    if (term->size() > How.max_bytes) {
      return out.fail({errc::size_limit_exceeded, "a compressed value is larger than its limit"});
    }
    detail::encode_compressed(out, *term, How.level);
  }

  /// Reads the binary; false: it holds no T.
  [[nodiscard]] static bool decode_from(detail::decoder& in, self& into) {
    bytes content;
    if (in.nesting_left() == 0 || !in.binary(content)) return false;
    const auto term = detail::unpack_term(content, How.max_bytes);
    if (!term) return false;
    detail::decoder inner(term->term, inner_rules(in));
    return detail::decode(inner, into.value) && inner.done();
  }

  /// Whether the binary holds a T; says why not.
  [[nodiscard]] static result<> check(detail::decoder in) {
    bytes content;
    if (in.nesting_left() == 0) {
      return std::unexpected(error(errc::type_mismatch, "values nested too deeply"));
    }
    if (!in.binary(content)) return std::unexpected(error(errc::type_mismatch, "another term"));
    const auto term = detail::unpack_term(content, How.max_bytes);
    if (!term) return std::unexpected(error(term.error()));
    return detail::check_shape(detail::shape_of<T>(), term->term, inner_rules(in));
  }

 private:
  static detail::decoding_rules inner_rules(const detail::decoder& in) noexcept {
    detail::decoding_rules rules = in.rules();
    rules.nesting = in.nesting_left() - 1;
    return rules;
  }
};

}  // namespace shelf
