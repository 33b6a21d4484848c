// API  [api] -> table -> journal -> file
// Classes of the standard library that are no containers, and structs whose members are counted for
// shelf.
#include "api/codec_support.hpp"
#include "shelf/shelf.hpp"

#include <chrono>
#include <filesystem>

namespace shelf::testing {

/// No aggregate: it has constructors.
struct point {
  point() = default;
  point(int a, std::string b) : x(a), label(std::move(b)) {}
  int x = 0;
  std::string label = "origin";
  bool operator==(const point&) const = default;
};

/// The only way to a value of one member that cannot be counted.
struct meters {
  meters() = default;
  explicit meters(double v) : value(v) {}
  double value = 0;
  bool operator==(const meters&) const = default;
};

}  // namespace shelf::testing

template <>
inline constexpr std::size_t shelf::member_count<shelf::testing::point> = 2;
template <>
inline constexpr std::size_t shelf::member_count<shelf::testing::meters> = 1;

namespace shelf::testing {
namespace {

using std::chrono::year_month_day;
namespace chrono = std::chrono;
using std::filesystem::path;

[[nodiscard]] year_month_day date(int year, unsigned month, unsigned day) {
  return {chrono::year(year), chrono::month(month), chrono::day(day)};
}

TEST(Dates, AreTuplesOfYearMonthAndDay) {
  expect_bytes(date(2024, 2, 29), "68 03 62 000007e8 61 02 61 1d");
  expect_bytes(date(-44, 3, 15), "68 03 62 ffffffd4 61 03 61 0f");
  expect_bytes(date(2023, 2, 30), "68 03 62 000007e7 61 02 61 1e");  // ok() or not
  expect_bytes(year_month_day(), "68 03 61 00 61 00 61 00");
  expect_bytes(std::pair(date(1, 1, 1), 1), "68 02 68 03 61 01 61 01 61 01 61 01");
  EXPECT_EQ(detail::schema_of<year_month_day>(), "named(date, {integer, integer, integer})");
}

TEST(Dates, OtherTermsAreRefusedWithTheirPlace) {
  expect_refused<year_month_day>("61 01", "expected tuple of 3, found integer");
  expect_refused<year_month_day>("68 02 61 01 61 01", "expected tuple of 3, found tuple of 2");
  const auto month = detail::check<year_month_day>(unhex("68 03 61 01 62 00000100 61 01"));
  ASSERT_FALSE(month);
  EXPECT_EQ(month.error(), errc::type_mismatch);
}

TEST(Dates, AreKeysOfOrderedMapsInTheOrderOfTime) {
  static_assert(orderable_key<year_month_day>);
  EXPECT_LT(encoded(date(5, 1, 1)), encoded(date(5, 1, 2)));
}

TEST(Paths, AreTheirText) {
  expect_bytes(path("/tmp/a b"), "6d 00000008 2f746d702f612062");
  expect_bytes(path(), "6d 00000000");
  expect_bytes(std::vector<path>{"a", "b"}, "6c 00000002 6d00000001 61 6d00000001 62 6a");
  EXPECT_EQ(detail::schema_of<path>(), "binary");
  static_assert(std::is_same_v<view_of<path>, std::string_view>);
}

TEST(Paths, AreKeysAsTheyAreWritten) {
  auto sizes = map<path, int>::in_memory();
  ASSERT_TRUE(sizes.insert("a//b", 1));
  ASSERT_TRUE(sizes.insert(path("a/b"), 2));
  for (const auto& [file, size] : sizes) EXPECT_EQ(sizes.lookup(file), size);
  EXPECT_EQ(sizes.lookup(path("a//b")), 1);
  EXPECT_EQ(sizes.lookup("a//b"), 1);
  EXPECT_EQ(encoded(path("a//b///c/")), encoded(std::string("a//b///c/")));
  static_assert(!orderable_key<path>, "paths compare by their parts, terms by their bytes");
}

TEST(Paths, OtherTermsAreRefused) {
  expect_refused<path>("61 01", "expected binary, found integer");
}

TEST(CountedMembers, AStructWithConstructorsIsARecord) {
  expect_bytes(point(3, "p"), "68 03 77 05 706f696e74 61 03 6d 00000001 70");
  expect_bytes(meters(1), "68 02 77 06 6d6574657273 46 3ff0000000000000");
  expect_bytes(std::vector{point()},
               "6c 00000001 68 03 77 05 706f696e74 61 00 "
               "6d 00000006 6f726967696e 6a");
  EXPECT_EQ(detail::schema_of<point>(), "point{x: integer, label: binary}");
}

TEST(CountedMembers, OtherTermsAreRefusedWithTheMember) {
  expect_refused<point>("68 03 77 05 706f696e74 61 03 61 04",
                        ".label: expected binary, found integer");
}

TEST(CountedMembers, MissingFieldsHaveTheValuesOfANewStruct) {
  const auto made =
      detail::decode<point>(unhex("68 02 77 05 706f696e74 61 03"), {.missing_fields = true});
  ASSERT_TRUE(made);
  EXPECT_EQ(*made, point(3, "origin"));
}

}  // namespace
}  // namespace shelf::testing
