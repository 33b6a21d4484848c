// API  [api] -> table -> journal -> file
// Must not compile: an enumerator that is called as a truth value.
// expect: because two of its alternatives have a term in common
#include "shelf/codec.hpp"

#include <variant>

enum class answer { yes, unknown };
template <>
inline constexpr auto shelf::enum_names<answer> =
    shelf::names<answer>({{answer::yes, "true"}, {answer::unknown, "unknown"}});

using stored = std::variant<bool, answer>;
void store(shelf::detail::encoder& out, const stored& value) { shelf::detail::encode(out, value); }
