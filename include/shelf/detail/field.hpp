// API  [api] -> engine -> stores -> journal -> file
// One field of an encoded record: where it lies, and another in its place.
#pragma once

#include "shelf/detail/bytes.hpp"

#include <cstddef>
#include <optional>
#include <vector>

namespace shelf::detail {

/// The field at `index` of a record that begins with `head`; nothing if the record begins with
/// anything else or has fewer fields. The fields before it are passed over.
[[nodiscard]] std::optional<bytes> find_field(bytes record, bytes head, std::size_t index) noexcept;

/// `made` becomes the record with `with` in the place of `field`, which lies in it. Throws
/// std::bad_alloc.
void replace_field(bytes record, bytes field, bytes with, std::vector<std::byte>& made);

}  // namespace shelf::detail
