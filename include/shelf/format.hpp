// API  [api] -> engine -> stores -> journal -> file
// Errors, codes and kinds in format strings, of {fmt} and of std::format where these exist. Not
// part of shelf.hpp: include it where you format.
#pragma once

#include "shelf/error.hpp"
#include "shelf/kind.hpp"

#include <string>
#include <string_view>

#if __has_include(<fmt/core.h>)
#include <fmt/core.h>
#define SHELF_HAS_FMT 1
#else
#define SHELF_HAS_FMT 0
#endif
#if __has_include(<format>)
#include <format>
#endif
#if defined(__cpp_lib_format)
#define SHELF_HAS_STD_FORMAT 1
#else
#define SHELF_HAS_STD_FORMAT 0
#endif

namespace shelf::detail {

[[nodiscard]] inline std::string text_of(const error& e) { return e.message(); }
[[nodiscard]] inline std::string_view text_of(errc code) noexcept { return to_string(code); }
[[nodiscard]] inline std::string_view text_of(kind k) noexcept { return to_string(k); }

/// A formatter of T: the text's, so that width, fill and alignment work.
template <class T, class Formatter>
struct text_formatter : Formatter {
  template <class Context>
  auto format(const T& value, Context& context) const {
    return Formatter::format(std::string_view(text_of(value)), context);
  }
};

}  // namespace shelf::detail

#if SHELF_HAS_FMT
/// error: its message(), which holds nothing of keys and values.
template <>
struct fmt::formatter<shelf::error>
    : shelf::detail::text_formatter<shelf::error, fmt::formatter<std::string_view>> {};
/// errc: its name.
template <>
struct fmt::formatter<shelf::errc>
    : shelf::detail::text_formatter<shelf::errc, fmt::formatter<std::string_view>> {};
/// kind: its name.
template <>
struct fmt::formatter<shelf::kind>
    : shelf::detail::text_formatter<shelf::kind, fmt::formatter<std::string_view>> {};
#endif

#if SHELF_HAS_STD_FORMAT
/// error: its message(), which holds nothing of keys and values.
template <>
struct std::formatter<shelf::error>
    : shelf::detail::text_formatter<shelf::error, std::formatter<std::string_view>> {};
/// errc: its name.
template <>
struct std::formatter<shelf::errc>
    : shelf::detail::text_formatter<shelf::errc, std::formatter<std::string_view>> {};
/// kind: its name.
template <>
struct std::formatter<shelf::kind>
    : shelf::detail::text_formatter<shelf::kind, std::formatter<std::string_view>> {};
#endif
