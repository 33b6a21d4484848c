// API  [api] -> engine -> stores -> journal -> file
// Codecs of classes of the standard library, which are recognized by what they can do: none of
// their headers is needed here.
#pragma once

#include "shelf/detail/language.hpp"
#include "shelf/detail/type_name.hpp"

#include <cstdint>
#include <string>
#include <string_view>
#include <tuple>
#include <type_traits>
#include <utility>

namespace shelf {

template <class T>
struct codec;

namespace detail {

/// std::chrono::year_month_day, and what has its name and size: a class of another name may hold
/// more than the day.
template <class T>
concept date_like = type_name<T>() == "year_month_day" && requires(const T& d) {
  requires sizeof(T) == 4;
  static_cast<int>(d.year());
  static_cast<unsigned>(d.month());
  static_cast<unsigned>(d.day());
  d.ok();
  T(d.year(), d.month(), d.day());
};

/// std::filesystem::path, where its text is of bytes.
template <class T>
concept path_like = requires(const T& p) {
  requires std::is_same_v<typename T::string_type, std::string>;
  p.native();
  p.lexically_normal();
};

}  // namespace detail

/// A date is {Year, Month, Day}, as Erlang's calendar has it. Any date can be stored, also one for
/// which ok() is false.
template <detail::date_like T>
struct codec<T> {
  using parts = std::tuple<std::int16_t, std::uint8_t, std::uint8_t>;
  static constexpr std::string_view name = "date";
  static constexpr bool orderable = true;
  static parts encode(const T& date) {
    return {static_cast<std::int16_t>(static_cast<int>(date.year())),
            static_cast<std::uint8_t>(static_cast<unsigned>(date.month())),
            static_cast<std::uint8_t>(static_cast<unsigned>(date.day()))};
  }
  static T decode(const parts& stored) {
    const auto [year, month, day] = stored;
    using year_type = std::remove_cvref_t<decltype(std::declval<const T&>().year())>;
    using month_type = std::remove_cvref_t<decltype(std::declval<const T&>().month())>;
    using day_type = std::remove_cvref_t<decltype(std::declval<const T&>().day())>;
    return T(year_type(year), month_type(month), day_type(day));
  }
};

/// A path is its text, as it is written: `a//b` and `a/b` are two values, so that a key that any
/// program put into a file is found under the path that is read from it.
template <detail::path_like T>
struct codec<T> {
  static const std::string& encode(const T& path) { return path.native(); }
  static T decode(std::string text) { return T(std::move(text)); }
  static std::string_view view(std::string_view text) { return text; }
};

}  // namespace shelf
