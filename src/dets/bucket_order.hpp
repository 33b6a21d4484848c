// DETS  api -> engine -> stores -> [dets] -> file
// The order of keys in a bucket, by which OTP merges updates into it.
#pragma once

#include "shelf/detail/bytes.hpp"

namespace shelf::dets_format {

/// Negative, zero or positive as canonical key `a` stands before, is, or stands behind `b`.
/// Identical terms (=:=) are equal; lists and tuples of one size go element by element; every
/// integer is before every float; all else is in term order, where terms that are neither smaller
/// nor identical are given as a > b both ways, as OTP does. Writers must keep to it, readers must
/// not rely on it: files that OTP repaired or filled in bulk are in plain term order.
[[nodiscard]] int compare_keys(bytes a, bytes b) noexcept;

}  // namespace shelf::dets_format
