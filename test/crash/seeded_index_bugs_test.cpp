// TEST  crash
// Mistakes about indexes: each must be caught.
#include "crash/index_crash.hpp"
#include "crash/with_bug.hpp"

#include <gtest/gtest.h>

namespace shelf::crash {
namespace {

using file::seeded_bug;

TEST(SeededIndexBugs, NothingIsFoundInSoundCode) {
  EXPECT_EQ(fail_an_erase(write_mode::through), "");
}

TEST(SeededIndexBugs, AnIndexThatIsNotDiscardedWithItsGroupIsCaught) {
  const with_bug switched(seeded_bug::index_not_discarded);
  EXPECT_NE(fail_an_erase(write_mode::through), "");
}

}  // namespace
}  // namespace shelf::crash
