// ENGINE  api -> [engine] -> stores -> journal -> file
// Jumps of the wall clock seen against the steady one.
#include "engine/expiry_clock.hpp"

#include <algorithm>
#include <cstdlib>

namespace shelf::engine {
namespace {

/// NTP slews, and the coarse clock lags: as far apart two looks may be without a jump in between.
constexpr std::int64_t slack = 1000;

[[nodiscard]] bool is_near(std::int64_t a, std::int64_t b) noexcept {
  return std::abs(a - b) <= slack;
}

[[nodiscard]] std::int64_t in_milliseconds(std::chrono::nanoseconds t) noexcept {
  return std::chrono::floor<std::chrono::milliseconds>(t).count();
}

}  // namespace

std::int64_t expiry_clock::wall() const noexcept {
  return given_ != nullptr ? given_->wall().count() : in_milliseconds(system_.coarse_wall_clock());
}

std::int64_t expiry_clock::steady() const noexcept {
  return given_ != nullptr ? given_->steady().count() : in_milliseconds(system_.boot_clock());
}

deadline expiry_clock::trusted() noexcept {
  const auto at = wall();
  const auto passed = steady();
  const auto offset = at - passed;
  if (offset_ && is_near(offset, *offset_)) {
    offset_ = offset;
    candidate_.reset();
  } else {
    if (!candidate_ || !is_near(offset, *candidate_)) {
      candidate_ = offset;
      since_ = passed;
    }
    if (passed - since_ >= grace_) {
      offset_ = offset;
      candidate_.reset();
    }
  }
  if (!offset_) return 0;
  return static_cast<deadline>(std::max<std::int64_t>(0, std::min(at, passed + *offset_)));
}

}  // namespace shelf::engine
