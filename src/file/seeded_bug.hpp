// FILE  api -> engine -> stores -> journal -> [file]
// The test of the tests: protocol mistakes that a build with SHELF_SEEDED_BUGS can switch on, to
// see them caught.
#pragma once

#include <atomic>
#include <cstdint>

namespace shelf::file {

/// Mistakes other stores have made. Each must be caught by the crash tests
/// (test/crash/seeded_bugs_test.cpp).
enum class seeded_bug : std::uint8_t {
  none,
  skip_directory_sync,
  acknowledge_before_sync,
  ignore_checksum,
  retry_sync,
  apply_before_journal,
  stop_at_first_bad_frame,
  no_era,
  unlock_in_child,
  stale_durable_up_to,
  rename_before_sync,
};

#ifdef SHELF_SEEDED_BUGS
inline std::atomic<seeded_bug> active_bug{seeded_bug::none};
[[nodiscard]] inline bool has_bug(seeded_bug b) noexcept { return active_bug.load() == b; }
#else
/// Always false in a real build, so that the compiler drops the branch.
[[nodiscard]] constexpr bool has_bug(seeded_bug) noexcept { return false; }
#endif

}  // namespace shelf::file
