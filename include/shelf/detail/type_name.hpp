// API  [api] -> engine -> stores -> journal -> file
// What the compiler calls a type or a field, cut out of the name of a function made for it.
#pragma once

#include "shelf/detail/language.hpp"

#include <cstddef>
#include <string_view>

namespace shelf::detail {

[[nodiscard]] constexpr bool is_identifier_character(char c) noexcept {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' ||
         static_cast<unsigned char>(c) >= 0x80;
}

/// The identifier at the very end of `text`; empty if it ends in anything else.
[[nodiscard]] constexpr std::string_view last_identifier(std::string_view text) noexcept {
  std::size_t from = text.size();
  while (from > 0 && is_identifier_character(text[from - 1])) --from;
  return text.substr(from);
}

// GCC says   "... type_text() [with T = app::session]" and
//            "... value_text() [with auto P = pointed<...>{(& specimen<...>. ... ::user)}]",
// Clang says "... [T = app::session]" and "... [P = pointed<...>{&specimen.value.user}]".
template <class T>
[[nodiscard]] constexpr const char* type_text() noexcept {
  return __PRETTY_FUNCTION__;
}
template <auto P>
[[nodiscard]] constexpr const char* value_text() noexcept {
  return __PRETTY_FUNCTION__;
}

/// The unqualified name of T; empty if it has none that says all (templates, unnamed types).
template <class T>
[[nodiscard]] consteval std::string_view type_name() noexcept {
  std::string_view text = type_text<T>();
  text.remove_suffix(1);
  return last_identifier(text);
}

/// The name of the field that the constant P points at or into.
template <auto P>
[[nodiscard]] consteval std::string_view pointed_name() noexcept {
  std::string_view text = value_text<P>();
  while (!text.empty() && !is_identifier_character(text.back())) text.remove_suffix(1);
  return last_identifier(text);
}

/// Text whose length is known when the program is compiled.
struct fixed_text {
  char data[256]{};
  std::size_t size = 0;

  constexpr void push(char c) noexcept {
    if (size < sizeof(data)) data[size] = c;
    ++size;
  }
  [[nodiscard]] constexpr bool fits() const noexcept { return size < sizeof(data); }
  [[nodiscard]] constexpr std::string_view view() const noexcept { return {data, size}; }
};

/// As Gleam names the tag of a constructor: every capital letter starts a word, words are joined
/// by one underscore, letters become small.
[[nodiscard]] constexpr fixed_text snake_case(std::string_view name) noexcept {
  fixed_text made;
  bool word_starts = false;
  for (const char c : name) {
    const bool capital = c >= 'A' && c <= 'Z';
    if (c == '_') {
      word_starts = true;
      continue;
    }
    if ((word_starts || capital) && made.size > 0) made.push('_');
    word_starts = false;
    made.push(capital ? static_cast<char>(c - 'A' + 'a') : c);
  }
  return made;
}

}  // namespace shelf::detail
