// DETS  api -> engine -> stores -> [dets] -> file
// MD5 of a DETS header and of what ets:tab2file writes. A check against accidents, as OTP uses it;
// nothing here relies on its strength.
#pragma once

#include "shelf/detail/bytes.hpp"

#include <array>
#include <cstddef>
#include <cstdint>

namespace shelf::dets_format {

[[nodiscard]] std::array<std::byte, 16> md5(bytes content);

/// The same of content that comes in pieces.
class md5_sum {
 public:
  static constexpr std::size_t block = 64;
  md5_sum& add(bytes content);
  /// The sum of all that was added. To be called once, last.
  [[nodiscard]] std::array<std::byte, 16> finish();

 private:
  std::array<std::uint32_t, 4> state_{0x67452301, 0xefcdab89, 0x98badcfe, 0x10325476};
  std::array<std::byte, block> rest_{};  ///< what does not fill a block yet
  std::uint64_t length_ = 0;
};

}  // namespace shelf::dets_format
