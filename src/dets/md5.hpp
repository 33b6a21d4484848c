// DETS  api -> table -> [dets] -> file
// MD5 of a DETS header. A check against accidents, as OTP uses it; nothing here relies on its
// strength.
#pragma once

#include "shelf/detail/bytes.hpp"

#include <array>
#include <cstddef>

namespace shelf::dets_format {

[[nodiscard]] std::array<std::byte, 16> md5(bytes content);

}  // namespace shelf::dets_format
