// API  [api] -> engine -> stores -> journal -> file
// Reads canonical external terms; every length is checked against the input before it is believed.
#pragma once

#include "shelf/detail/encoder.hpp"

#include <bit>

namespace shelf::detail {

struct decoding_rules {
  /// A record may lack fields at its end; they keep the values a new struct has.
  bool missing_fields = false;
  std::uint32_t nesting = 256;
};

/// What stands at the front of a list: as elements or, for small integers, as plain bytes.
struct list_head {
  std::size_t count = 0;
  const std::byte* small_integers = nullptr;  ///< if set: `count` bytes, one an element
};

/// Every reader returns false if the input is something else, and then has promised nothing about
/// where it stands: the caller gives up, and asks find_mismatch() what was wrong.
/// Thread safety: none; one thread at a time.
class decoder {
 public:
  explicit decoder(bytes input, decoding_rules rules = {}) noexcept
      : at_(input.data()), end_(input.data() + input.size()), rules_(rules) {}

  [[nodiscard]] bool done() const noexcept { return at_ == end_; }
  [[nodiscard]] std::size_t left() const noexcept { return static_cast<std::size_t>(end_ - at_); }
  [[nodiscard]] const std::byte* position() const noexcept { return at_; }
  [[nodiscard]] const decoding_rules& rules() const noexcept { return rules_; }
  [[nodiscard]] bytes rest() const noexcept { return {at_, left()}; }
  /// The tag of the next term; none at the end.
  [[nodiscard]] term_tag next() const noexcept {
    return done() ? term_tag::none : static_cast<term_tag>(*at_);
  }
  [[nodiscard]] bool next_is(term_tag tag) const noexcept { return next() == tag; }

  [[nodiscard]] bool boolean(bool& into) noexcept;
  /// An integer from -2^63 to 2^63 - 1.
  [[nodiscard]] bool integer(std::int64_t& into) noexcept {
    if (left() >= 2 && next_is(term_tag::small_integer)) {
      into = std::to_integer<std::uint8_t>(at_[1]);
      at_ += 2;
      return true;
    }
    return longer_integer(into);
  }
  /// An integer from 0 to 2^64 - 1.
  [[nodiscard]] bool natural(std::uint64_t& into) noexcept;
  /// A finite number.
  [[nodiscard]] bool floating(double& into) noexcept;
  [[nodiscard]] bool binary(bytes& into) noexcept {
    if (left() < 5 || !next_is(term_tag::binary)) return false;
    const std::size_t size = u32(at_ + 1);
    if (size > left() - 5) return false;
    into = {at_ + 5, size};
    at_ += 5 + size;
    return true;
  }
  [[nodiscard]] bool atom(std::string_view& into) noexcept;
  [[nodiscard]] bool atom_is(std::string_view name) noexcept;
  /// The head of a tuple; its elements follow.
  [[nodiscard]] bool tuple(std::size_t& size) noexcept;
  /// Exactly these bytes.
  [[nodiscard]] bool raw(bytes expected) noexcept {
    if (expected.size() > left() || std::memcmp(at_, expected.data(), expected.size()) != 0) {
      return false;
    }
    at_ += expected.size();
    return true;
  }
  /// The head of a proper list; its elements follow, and list_end() unless there are none or they
  /// are small integers. The count is never larger than the input.
  [[nodiscard]] bool list(list_head& into) noexcept;
  [[nodiscard]] bool list_end() noexcept {
    if (!next_is(term_tag::nil)) return false;
    ++at_;
    return true;
  }
  /// The head of a map; its pairs follow. The count is never larger than the input.
  [[nodiscard]] bool map(std::size_t& count) noexcept;
  /// Passes over one term of any kind; only its lengths are checked.
  [[nodiscard]] bool skip() noexcept;

  /// To be called before the elements of a tuple, list or map, and leave() after them.
  [[nodiscard]] bool enter() noexcept { return ++depth_ <= rules_.nesting; }
  void leave() noexcept { --depth_; }
  /// How many more levels may be entered.
  [[nodiscard]] std::uint32_t nesting_left() const noexcept {
    return depth_ < rules_.nesting ? rules_.nesting - depth_ : 0;
  }
  /// A decoder of other bytes at the same depth.
  [[nodiscard]] decoder over(bytes input) const noexcept {
    decoder other(input, rules_);
    other.depth_ = depth_;
    return other;
  }

  [[nodiscard]] static std::uint32_t u32(const std::byte* at) noexcept {
    std::uint32_t value;
    std::memcpy(&value, at, sizeof(value));
    return std::endian::native == std::endian::little ? __builtin_bswap32(value) : value;
  }
  [[nodiscard]] static std::uint16_t u16(const std::byte* at) noexcept {
    return static_cast<std::uint16_t>(std::to_integer<unsigned>(at[0]) << 8 |
                                      std::to_integer<unsigned>(at[1]));
  }

 private:
  [[nodiscard]] bool longer_integer(std::int64_t& into) noexcept;
  /// Sign and magnitude of an integer with tag small_big, if it is canonical and fits 64 bits.
  [[nodiscard]] bool big(bool& negative, std::uint64_t& magnitude) noexcept;

  const std::byte* at_;
  const std::byte* end_;
  decoding_rules rules_;
  std::uint32_t depth_ = 0;
};

/// One element of a list that is kept as plain bytes, as the term it stands for.
struct small_integer_term {
  explicit small_integer_term(std::byte value) noexcept
      : data{byte_of(term_tag::small_integer), value} {}
  [[nodiscard]] bytes view() const noexcept { return data; }

  std::byte data[2];
};

/// The nesting of the one term that `term` is (0 for a number, 1 for a list of numbers), at most
/// `most` + 1; the lengths in it must be right.
[[nodiscard]] std::uint32_t nesting_of(bytes term, std::uint32_t most) noexcept;

/// -1, 0 or 1: the order of two canonical terms among the keys of a map or the elements of a set:
/// term order, but every integer stands before every float, so that 1 and 1.0 differ.
[[nodiscard]] int compare_keys(bytes a, bytes b) noexcept;

}  // namespace shelf::detail
