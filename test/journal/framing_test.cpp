// JOURNAL  api -> table -> [journal] -> file
// Large values written from where they are.
#include "small_journal.hpp"

#include <cerrno>

namespace shelf::journal {
namespace {

using simulation::call;
using simulation::simulated_disk;
using test::as_change;
using test::kept_change;
using test::recover_and_read;
using test::small_journal;

constexpr std::size_t mebibyte = std::size_t{1} << 20;

TEST(Framing, ALargeValueWrittenFromItsPlaceMakesTheSameFile) {
  const std::string large(2 * mebibyte + 5, 'v');
  const std::vector<kept_change> changes{{op::put, "a", "1"},
                                         {op::put, "large", large},
                                         {op::put, "larger", large + "x"},
                                         {op::put, "b", "2"},
                                         {op::put, "last", large + "yz"}};
  const auto written = [&](auto add) {
    simulated_disk disk({.seed = 5});
    small_journal j(disk);
    j.create();
    j.file().begin(j.file().last_sequence() + 1);
    for (const auto& c : changes) EXPECT_TRUE((j.file().*add)(as_change(c)).has_value());
    EXPECT_TRUE(j.file().commit().has_value());
    j.leave();
    EXPECT_EQ(recover_and_read(disk).batches.back().changes, changes);
    return test::image_of(disk);
  };
  EXPECT_TRUE(written(&journal_file::add) == written(&journal_file::add_in_place));
}

TEST(Framing, ALargeValueThatDoesNotFitOnTheDiskIsRolledBack) {
  const std::string large(2 * mebibyte, 'v');
  for (const std::uint64_t nth : {1U, 2U}) {
    simulated_disk disk;
    small_journal j(disk);
    j.create().put("a", 10);
    disk.inject({.kind = call::write, .nth = nth, .error = ENOSPC});
    j.file().begin(j.file().last_sequence() + 1);
    EXPECT_TRUE(j.file().add_in_place({.key = as_bytes("large"), .value = as_bytes(large)}));
    const auto done = j.file().commit();
    ASSERT_FALSE(done.has_value());
    EXPECT_EQ(j.file().roll_back(done.error()), errc::no_space);
    EXPECT_FALSE(j.file().is_fenced());
    j.put("b", 10).leave();
    EXPECT_EQ(recover_and_read(disk).batches, j.given);
  }
}

}  // namespace
}  // namespace shelf::journal
