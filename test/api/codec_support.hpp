// API  [api] -> table -> journal -> file
// What the tests of the typed layer share: types to store, and bytes as hexadecimal text.
#pragma once

#include "error/hex.hpp"
#include "shelf/codec.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <tuple>
#include <utility>
#include <variant>
#include <vector>

namespace shelf::testing {

struct session {
  std::string user;
  std::int64_t expires_at = 0;
  bool operator==(const session&) const = default;
};

struct nothing_in_it {
  bool operator==(const nothing_in_it&) const = default;
};

struct UserProfile {
  std::string name;
  std::optional<int> age;
  std::vector<session> sessions;
  std::map<std::string, double> scores;
  bool operator==(const UserProfile&) const = default;
};

/// A type that holds itself.
struct tree {
  int number = 0;
  std::vector<tree> children;
  bool operator==(const tree&) const = default;
};

enum class color { red, green, blue };
enum class level : std::uint8_t { low = 1, high = 200 };

/// "6d 00000001 61" and the like; spaces are for people.
inline std::vector<std::byte> unhex(std::string_view text) {
  std::vector<std::byte> made;
  int high = -1;
  for (const char c : text) {
    if (c == ' ') continue;
    const int digit = c <= '9' ? c - '0' : c - 'a' + 10;
    if (high < 0) {
      high = digit;
    } else {
      made.push_back(static_cast<std::byte>(high * 16 + digit));
      high = -1;
    }
  }
  return made;
}

template <class T>
std::vector<std::byte> encoded(const T& value, detail::purpose what = detail::purpose::value) {
  detail::encoder out(what);
  detail::encode(out, value);
  const result<bytes> made = out.outcome();
  EXPECT_TRUE(made.has_value()) << (made ? "" : made.error().message());
  if (!made) return {};
  return {made->begin(), made->end()};
}

/// The error that encoding ends with.
template <class T>
error encoding_failure(const T& value, detail::encoding_limits limits = {}) {
  detail::encoder out(detail::purpose::value, limits);
  detail::encode(out, value);
  const result<bytes> made = out.outcome();
  EXPECT_FALSE(made.has_value());
  return made ? error(errc::not_found) : made.error();
}

/// `value` encodes to exactly these bytes, they pass the check, and they decode to `value`.
template <class T>
void expect_bytes(const T& value, std::string_view expected) {
  const std::vector<std::byte> made = encoded(value);
  EXPECT_EQ(to_hex(made), to_hex(unhex(expected)));
  const result<> checked = detail::check<T>(made);
  EXPECT_TRUE(checked.has_value()) << (checked ? "" : checked.error().message());
  const result<T> back = detail::decode<T>(made);
  ASSERT_TRUE(back.has_value()) << back.error().message();
  EXPECT_TRUE(*back == value);
}

/// These bytes are no T: check and decode both say so, with this sentence.
template <class T>
void expect_refused(std::string_view input, std::string_view sentence,
                    detail::decoding_rules rules = {}) {
  const std::vector<std::byte> wrong = unhex(input);
  const result<> checked = detail::check<T>(wrong, rules);
  ASSERT_FALSE(checked.has_value());
  EXPECT_EQ(checked.error(), errc::type_mismatch);
  EXPECT_EQ(checked.error().message(), sentence);
  const result<T> made = detail::decode<T>(wrong, rules);
  ASSERT_FALSE(made.has_value());
  EXPECT_EQ(made.error().message(), sentence);
}

}  // namespace shelf::testing

template <>
inline constexpr auto shelf::enum_names<shelf::testing::color> =
    shelf::names<shelf::testing::color>(
        {{shelf::testing::color::red, "red"}, {shelf::testing::color::green, "green"}});
