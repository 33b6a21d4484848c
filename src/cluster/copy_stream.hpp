// CLUSTER  [cluster] -> api -> engine -> stores -> journal -> file
// The rows of a COPY ... TO STDOUT (FORMAT binary), taken out of the stream as it arrives.
#pragma once

#include "cluster/wire.hpp"

#include <span>
#include <vector>

namespace shelf::cluster {

/// Rows of a copy, from pieces of any size. A row is handed out when all of it has arrived.
/// Format:
///   stream := "PGCOPY\n\xFF\r\n\0" flags:u32 extension_size:u32 u8[extension_size] row* FF FF
///   row    := fields:i16 element{fields}              element: as in an array, see wire.hpp
/// Thread safety: one thread.
class copy_stream {
 public:
  /// A row has `fields` fields; an element of more than `largest` bytes is refused.
  copy_stream(std::size_t fields, std::size_t largest) : largest_(largest), row_(fields) {}

  /// What has arrived. Errors: server_error, if bytes follow the end.
  [[nodiscard]] result<> add(bytes piece);
  /// The next whole row, or absent if more has to arrive first. Valid until the next call.
  /// Errors: server_error.
  [[nodiscard]] result<std::optional<std::span<const wire::optional_bytes>>> next();
  /// Whether the stream has come to its end.
  [[nodiscard]] bool is_whole() const noexcept { return is_whole_; }

 private:
  [[nodiscard]] bytes rest() const noexcept { return bytes(received_).subspan(taken_); }
  [[nodiscard]] result<bool> take_header();
  [[nodiscard]] result<bool> take_row();

  const std::size_t largest_;
  std::vector<wire::optional_bytes> row_;
  std::vector<std::byte> received_;
  std::size_t taken_ = 0;  ///< of `received_`
  bool is_begun_ = false;
  bool is_whole_ = false;
};

}  // namespace shelf::cluster
