// What is concluded from the evidence about a disk: only what is certain is called ignored.
#include "cli/commands/disk_probe.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace shelf::cli {
namespace {

using testing::HasSubstr;

const disk_evidence ordinary{.file_system = "ext4",
                             .mount_options = "rw,relatime,rw",
                             .write_cache = "write back",
                             .sync_us = 800};

[[nodiscard]] disk_verdict judged(auto change) {
  auto e = ordinary;
  change(e);
  return judge(e);
}

TEST(DiskProbe, AnOrdinaryDiskIsPlausibleAndNothingIsProved) {
  const auto v = judge(ordinary);
  EXPECT_EQ(v.what, flushes::plausible);
  EXPECT_THAT(v.because, HasSubstr("800.00 us"));
  EXPECT_THAT(v.because, HasSubstr("only a power failure could prove"));
}

TEST(DiskProbe, WhatIsKnownNotToReachADiskIsIgnored) {
  const auto ignored = [](auto change, const char* says) {
    const auto v = judged(change);
    EXPECT_EQ(v.what, flushes::ignored) << v.because;
    EXPECT_THAT(v.because, HasSubstr(says));
  };
  ignored([](auto& e) { e.file_system = "tmpfs"; }, "memory");
  ignored([](auto& e) { e.sync_is_answered = true; }, "intercepts the kernel's calls");
  ignored([](auto& e) { e.mount_options = "rw,nobarrier,rw"; }, "nobarrier");
  ignored([](auto& e) { e.mount_options = "rw,rw,barrier=0"; }, "barrier=0");
  ignored([](auto& e) { e.mount_options = "volatile"; }, "volatile");
  ignored([](auto& e) { e.sync_us = 1.5; }, "1.50 us");
}

TEST(DiskProbe, AnOptionIsAWholeWord) {
  EXPECT_EQ(judged([](auto& e) { e.mount_options = "rw,barrier=01,nonvolatile"; }).what,
            flushes::plausible);
}

TEST(DiskProbe, WhatIsFasterThanMostDisksIsDoubtful) {
  EXPECT_EQ(judged([](auto& e) { e.sync_us = 40; }).what, flushes::doubtful);
  EXPECT_EQ(judged([](auto& e) { e.file_system = "fuse.sshfs"; }).what, flushes::doubtful);
  EXPECT_EQ(judged([](auto& e) { e.spins = true; }).what, flushes::doubtful);
  EXPECT_EQ(judged([](auto& e) { e.spins = true, e.sync_us = 9000; }).what, flushes::plausible);
}

TEST(DiskProbe, ADiskWithoutACacheIsSaidToGetNoFlushes) {
  EXPECT_THAT(judged([](auto& e) { e.write_cache = "write through"; }).because,
              HasSubstr("sends it no flushes"));
}

}  // namespace
}  // namespace shelf::cli
