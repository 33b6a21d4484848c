// API  [api] -> table -> journal -> file
// Must not compile: one name for two enumerators.
// expect: Each value and each name stands once in enum_names
#include "shelf/codec.hpp"

enum class color { red, green };
template <>
inline constexpr auto shelf::enum_names<color> =
    shelf::names<color>({{color::red, "red"}, {color::green, "red"}});

auto schema() { return shelf::detail::schema_of<color>(); }
