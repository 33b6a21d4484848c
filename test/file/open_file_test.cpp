// TEST  file room
// Whole reads and writes over systems that do half of each, and the sentences of what goes wrong.
#include "file/scratch.hpp"
#include "simulation/simulated_disk.hpp"

#include <cerrno>

namespace shelf::file {
namespace {

using simulation::call;
using simulation::simulated_disk;

struct OpenFile : testing::Test {
  simulated_disk disk;

  open_file make_on_disk(std::string_view content = {}) {
    disk.put("ages.shelf", as_bytes(content));
    return sure(sure(location::find(disk, "ages.shelf", {})).open_to_write());
  }
  std::string on_disk() {
    const auto all = *disk.read_all("ages.shelf");
    return std::string(as_text(all));
  }
};

TEST_F(OpenFile, ReadsUpToTheEndOfTheFileAndSaysHowMuchThatWas) {
  const auto file = make_on_disk("hello");
  std::array<std::byte, 16> into{};
  EXPECT_EQ(sure(file.read(1, into)), 4U);
  EXPECT_EQ(as_text(bytes(into).first(4)), "ello");
  EXPECT_EQ(sure(file.read(5, into)), 0U);
  EXPECT_EQ(sure(file.read(500, into)), 0U);
}

TEST_F(OpenFile, GoesOnAfterShortReadsAndShortWrites) {
  const auto file = make_on_disk();
  disk.inject({.kind = call::write, .sticky = true, .at_most = 3});
  sure(file.write(2, as_bytes("abcdefghij")));
  EXPECT_EQ(on_disk(), std::string("\0\0abcdefghij", 12));
  EXPECT_EQ(disk.calls(call::write), 4U);
  disk.inject({.kind = call::read, .sticky = true, .at_most = 5});
  EXPECT_EQ(text_of(file), on_disk());
  EXPECT_EQ(disk.calls(call::read), 3U);
}

TEST_F(OpenFile, GoesOnAfterInterruptions) {
  const auto file = make_on_disk("abc");
  for (const int cause : {EINTR, EAGAIN}) {
    disk.inject({.kind = call::write, .error = cause});
    sure(file.write(3, as_bytes("def")));
    disk.inject({.kind = call::read, .error = cause});
    EXPECT_EQ(text_of(file), "abcdef");
    disk.inject({.kind = call::truncate, .error = cause});
    sure(file.truncate(6));
  }
  EXPECT_EQ(disk.faults_met(), 6U);
}

TEST_F(OpenFile, GivesUpWhenInterruptionsNeverEnd) {
  const auto file = make_on_disk("abc");
  disk.inject({.error = EINTR, .sticky = true});
  std::array<std::byte, 3> into{};
  EXPECT_EQ(file.read(0, into).error(), std::errc::interrupted);
  EXPECT_EQ(file.write(0, as_bytes("x")).error(), std::errc::interrupted);
  EXPECT_EQ(file.truncate(0).error(), std::errc::interrupted);
}

TEST_F(OpenFile, AWriteThatTakesNothingIsAnErrorAndNoEndlessLoop) {
  const auto file = make_on_disk();
  disk.inject({.kind = call::write, .sticky = true, .at_most = 0});
  const auto written = file.write(4096, as_bytes("x"));
  ASSERT_FALSE(written);
  EXPECT_EQ(written.error(), errc::file_error);
  EXPECT_EQ(written.error(), std::errc::io_error);
  EXPECT_EQ(written.error().message(), "ages.shelf: cannot write at byte 4096: Input/output error");
}

TEST_F(OpenFile, AnInterruptedSyncIsAFailedSyncAndIsNotCalledAgain) {
  const auto file = make_on_disk();
  sure(file.write(0, as_bytes("x")));
  disk.inject({.kind = call::sync_data, .error = EINTR});
  EXPECT_EQ(file.sync_data().error(), std::errc::interrupted);
  EXPECT_EQ(disk.calls(call::sync_data), 1U);
}

TEST_F(OpenFile, TheSentenceNamesFilePlaceAndCause) {
  const auto file = make_on_disk("abc");
  disk.inject({.kind = call::read, .error = EIO});
  std::array<std::byte, 3> into{};
  EXPECT_EQ(file.read(1, into).error().message(),
            "ages.shelf: cannot read at byte 1: Input/output error");
  disk.inject({.kind = call::truncate, .error = EACCES});
  EXPECT_EQ(file.truncate(7).error().message(),
            "ages.shelf: cannot set the size to 7 bytes: Permission denied");
  disk.inject({.kind = call::sync, .error = EIO});
  EXPECT_EQ(file.sync().error().message(), "ages.shelf: cannot sync: Input/output error");
}

TEST_F(OpenFile, AFullDiskAQuotaAndASizeLimitAreNoSpace) {
  const auto file = make_on_disk();
  for (const int cause : {ENOSPC, EDQUOT, EFBIG}) {
    disk.inject({.kind = call::write, .error = cause});
    const auto written = file.write(0, as_bytes("x"));
    EXPECT_EQ(written.error(), errc::no_space);
    EXPECT_EQ(written.error().os_error(), cause);
  }
  EXPECT_EQ(os_failure("a", "b", ENOENT), errc::not_found);
  for (const int cause : {EIO, EROFS, ESTALE, EMFILE, ENFILE, ENOMEM, EACCES, ENOSYS}) {
    EXPECT_EQ(os_failure("a", "b", cause), errc::file_error);
    EXPECT_EQ(os_failure("a", "b", cause).os_error(), cause);
  }
}

TEST_F(OpenFile, ADiskThatFillsUpInTheMiddleOfAWriteSaysWhere) {
  const auto file = make_on_disk();
  disk.set_options({.capacity = 10});
  const auto written = file.write(0, as_bytes("0123456789abcdef"));
  EXPECT_EQ(written.error(), errc::no_space);
  EXPECT_EQ(written.error().message(),
            "ages.shelf: cannot write at byte 10: No space left on device");
}

TEST_F(OpenFile, MovesAndClosesOnceOnly) {
  {
    auto file = make_on_disk("abc");
    const auto before = disk.open_descriptors();
    open_file moved(std::move(file));
    EXPECT_FALSE(file.is_open());  // NOLINT: moved-from is closed, that is promised
    EXPECT_EQ(text_of(moved), "abc");
    open_file other;
    other = std::move(moved);
    EXPECT_EQ(text_of(other), "abc");
    EXPECT_EQ(disk.open_descriptors(), before);
    other.close();
    EXPECT_EQ(disk.open_descriptors(), before - 1);
    other.close();
  }
  EXPECT_EQ(disk.open_descriptors(), 0U);
}

TEST_F(OpenFile, MovingOverAnOpenFileClosesIt) {
  disk.put("a", {});
  disk.put("b", {});
  auto a = sure(sure(location::find(disk, "a", {})).open_to_write());
  a = sure(sure(location::find(disk, "b", {})).open_to_write());
  EXPECT_EQ(disk.locks_held(), 1U);
  EXPECT_EQ(a.path(), "b");
}

}  // namespace
}  // namespace shelf::file
