// API  [api] -> engine -> stores -> journal -> file
// Where a page of an ordered table ended, as text that a program may hand out and get back.
#pragma once

#include "shelf/detail/bytes.hpp"
#include "shelf/detail/interval.hpp"
#include "shelf/error.hpp"

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace shelf::detail {

/// base64url of version:u8 direction:u8 checksum:u32le key. The checksum covers all of the content;
/// it tells mistakes, not forgeries.
[[nodiscard]] std::string encode_cursor(bytes last_key, std::uint64_t identity, bool is_backward);
/// The last key. invalid_argument, if the text is no cursor, or one of another table or direction.
[[nodiscard]] result<std::vector<std::byte>> decode_cursor(std::string_view text,
                                                           std::uint64_t identity,
                                                           bool is_backward);

/// Whether these bytes are the canonical term of a K, as a table stores its keys.
template <class K>
[[nodiscard]] bool is_stored_key(bytes term) {
  K key{};
  decoder in(term);
  if (!decode(in, key) || !in.done()) return false;
  encoder again(purpose::key, bound_limits);
  encode_key<K>(again, key);
  return !again.failed() && same_bytes(again.written(), term);
}

/// Makes the part of the key order begin behind the key, or, backwards, end before it, unless it
/// is smaller already.
void continue_after(key_interval& part, std::vector<std::byte> key, bool is_backward);

/// Of a table in its file: what cursors are bound to. The same after a restart, and of a copy.
[[nodiscard]] std::uint64_t table_identity(std::string_view name, std::uint8_t kind,
                                           std::string_view key_schema) noexcept;

}  // namespace shelf::detail
