// FILE  api -> engine -> stores -> journal -> [file]
// How temporary files are called, so that they can be made, recognised and swept.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace shelf::file {

/// `.NAME.shelf-XXXXXXXX.tmp`, X eight hexadecimal digits of `random`; NAME is cut so that the
/// whole has at most 255 bytes.
[[nodiscard]] std::string temporary_name(std::string_view name, std::uint64_t random);

/// True if `candidate` is what temporary_name() could have made for `name`.
[[nodiscard]] bool is_temporary_of(std::string_view candidate, std::string_view name) noexcept;

/// True if `candidate` is what temporary_name() could have made for any name.
[[nodiscard]] bool is_temporary(std::string_view candidate) noexcept;

}  // namespace shelf::file
