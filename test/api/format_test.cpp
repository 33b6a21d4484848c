// API  [api] -> table -> journal -> file
// Errors, codes and kinds in format strings.
#if __has_include(<fmt/core.h>)
#define FMT_HEADER_ONLY 1
#endif
#include "shelf/format.hpp"

#include <gtest/gtest.h>

namespace shelf::testing {
namespace {

[[maybe_unused]] const error refused(errc::corrupt, "ages.shelf: byte 4096: damaged", "secret");

#if SHELF_HAS_FMT
TEST(Format, OfFmtShowsErrorsCodesAndKinds) {
  EXPECT_EQ(fmt::format("{}", refused), "ages.shelf: byte 4096: damaged");
  EXPECT_EQ(fmt::format("{}", errc::not_found), "not_found");
  EXPECT_EQ(fmt::format("[{:>5}|{:<5}]", kind::set, kind::bag), "[  set|bag  ]");
}
#endif

#if SHELF_HAS_STD_FORMAT
TEST(Format, OfTheStandardLibraryShowsErrorsCodesAndKinds) {
  EXPECT_EQ(std::format("{}", refused), "ages.shelf: byte 4096: damaged");
  EXPECT_EQ(std::format("{}", errc::not_found), "not_found");
  EXPECT_EQ(std::format("[{:>5}|{:<5}]", kind::set, kind::bag), "[  set|bag  ]");
}
#endif

// packages.txt brings {fmt}, so a build without any of the two tests nothing and says so.
#if !SHELF_HAS_FMT && !SHELF_HAS_STD_FORMAT
#error "the tests of shelf/format.hpp need {fmt} or std::format"
#endif

}  // namespace
}  // namespace shelf::testing
