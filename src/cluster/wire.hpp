// CLUSTER  [cluster] -> api -> engine -> stores -> journal -> file
// Values in PostgreSQL's binary format: what is sent as parameters, and what a server answers.
#pragma once

#include "cluster/uuid.hpp"
#include "shelf/detail/bytes.hpp"
#include "shelf/error.hpp"

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

/// Format:
///   int2, int4, int8 := big-endian        bool := 00 | 01        uuid := u8[16]
///   array   := 1:i32 has_nulls:i32 type:u32 count:i32 1:i32 element{count}   | 0:i32 0:i32
///   type:u32 element := size:i32 u8[size]  | -1:i32                  (a null)
/// What comes from a server is checked in every field and against the bytes that are there, so a
/// count or a size cannot make us allocate more than was received.
namespace shelf::cluster::wire {

/// PostgreSQL's numbers of the types that are spoken.
enum class type : std::uint32_t {
  boolean = 16,
  bytea = 17,
  int8 = 20,
  int2 = 21,
  int4 = 23,
  text = 25,
  bytea_array = 1001,
  int2_array = 1005,
  int4_array = 1007,
  text_array = 1009,
  int8_array = 1016,
  uuid = 2950,
};

/// A null in an array of byte strings is an absent one.
using optional_bytes = std::optional<bytes>;

/// One parameter of a statement, encoded.
struct parameter {
  type what;
  std::optional<std::vector<std::byte>> content = {};  ///< absent: null
};

[[nodiscard]] parameter encode(std::int32_t value);
[[nodiscard]] parameter encode(std::int64_t value);
[[nodiscard]] parameter encode(const uuid& value);
[[nodiscard]] parameter encode(std::string_view text);
[[nodiscard]] parameter encode(bytes content);
[[nodiscard]] parameter encode(std::span<const std::int16_t> all);
[[nodiscard]] parameter encode(std::span<const std::int32_t> all);
[[nodiscard]] parameter encode(std::span<const optional_bytes> all);
[[nodiscard]] inline parameter null(type what) { return {.what = what}; }

/// The value in a field that is not null, which the server says is of this type.
/// T: bool, std::int16_t, std::int32_t, std::int64_t, uuid, std::string, bytes, and vectors of
/// std::int16_t, std::int32_t and optional_bytes. What is made of bytes is a view of the field.
/// Errors: server_error, which says what is wrong with the field.
template <class T>
[[nodiscard]] result<T> decode(type what, bytes field);

}  // namespace shelf::cluster::wire
