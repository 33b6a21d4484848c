// API  [api] -> table -> journal -> file
// Names and numbers of fields, names of types, and tags.
#include "api/codec_support.hpp"

#include <array>
#include <memory>

namespace shelf::testing {
namespace {

struct of_many_types {
  std::optional<std::string> maybe;
  std::variant<int, std::string> either;
  std::array<int, 4> four{};
  std::pair<int, std::vector<int>> both;
  std::tuple<> none;
  session inner;
  int last_1 = 0;
};

struct sixty_four {
  // clang-format off
  int a0=0,a1=0,a2=0,a3=0,a4=0,a5=0,a6=0,a7=0,b0=0,b1=0,b2=0,b3=0,b4=0,b5=0,b6=0,b7=0;
  int c0=0,c1=0,c2=0,c3=0,c4=0,c5=0,c6=0,c7=0,d0=0,d1=0,d2=0,d3=0,d4=0,d5=0,d6=0,d7=0;
  int e0=0,e1=0,e2=0,e3=0,e4=0,e5=0,e6=0,e7=0,f0=0,f1=0,f2=0,f3=0,f4=0,f5=0,f6=0,f7=0;
  int g0=0,g1=0,g2=0,g3=0,g4=0,g5=0,g6=0,g7=0,h0=0,h1=0,h2=0,h3=0,h4=0,h5=0,h6=0,h7=0;
  // clang-format on
  bool operator==(const sixty_four&) const = default;
};

TEST(Fields, AreCountedWhateverTheirTypes) {
  static_assert(detail::field_count<session> == 2);
  static_assert(detail::field_count<nothing_in_it> == 0);
  static_assert(detail::field_count<of_many_types> == 7);
  static_assert(detail::field_count<sixty_four> == 64);
}

TEST(Fields, BearTheNamesOfTheirDeclaration) {
  static_assert(detail::field_name<session, 0> == "user");
  static_assert(detail::field_name<session, 1> == "expires_at");
  static_assert(detail::field_name<of_many_types, 1> == "either");
  static_assert(detail::field_name<of_many_types, 6> == "last_1");
  static_assert(detail::field_name<sixty_four, 63> == "h7");
  static_assert(detail::field_index<session>("expires_at") == 1);
  static_assert(detail::field_index<session>("other") == 2);
}

TEST(Fields, SixtyFourOfThemComeBack) {
  sixty_four value;
  value.a0 = 1;
  value.h7 = 300;
  expect_bytes(value, to_hex(encoded(value)));
}

struct HTTPServer {
  int port = 0;
};

TEST(Tag, IsTheNameOfTheTypeAsGleamWritesIt) {
  static_assert(detail::snake_case("UserProfile").view() == "user_profile");
  static_assert(detail::snake_case("HTTPServer").view() == "h_t_t_p_server");
  static_assert(detail::snake_case("user_2").view() == "user_2");
  static_assert(detail::snake_case("User2").view() == "user2");
  static_assert(detail::snake_case("_a__B_").view() == "a_b");
  static_assert(detail::tag_of<HTTPServer>() == "h_t_t_p_server");
}

TEST(TypeName, IsUnqualifiedAndEmptyForTemplates) {
  struct local {};
  static_assert(detail::type_name<session>() == "session");
  static_assert(detail::type_name<HTTPServer>() == "HTTPServer");
  static_assert(detail::type_name<local>() == "local");
  static_assert(detail::type_name<std::vector<int>>().empty());
}

template <class T>
inline constexpr detail::category row = detail::category_for<T>;

TEST(Category, ForeignContainersThatBehaveAlikeStandInTheSameRow) {
  static_assert(row<std::vector<std::unique_ptr<int>>> == detail::category::list);
  static_assert(!storable<std::unique_ptr<int>>);
  static_assert(!storable<std::string_view>);
  static_assert(!storable<const int>);
  static_assert(!storable<char>);
  static_assert(storable<std::string>);
  static_assert(storable<UserProfile>);
}

TEST(Category, OrderAndCountersAreForTheTypesThatTheyMakeSenseFor) {
  static_assert(orderable_key<std::string> && orderable_key<int> && orderable_key<double>);
  static_assert(orderable_key<session> && orderable_key<std::pair<int, std::optional<bool>>>);
  static_assert(orderable_key<level> && !orderable_key<color>);
  static_assert(orderable_key<std::vector<std::byte>> && !orderable_key<std::vector<char>>);
  static_assert(!orderable_key<std::variant<int, std::string>>);
  static_assert(!orderable_key<std::map<int, int>> && !orderable_key<UserProfile>);
  static_assert(counter_value<std::uint8_t> && counter_value<long long>);
  static_assert(!counter_value<bool> && !counter_value<char32_t> && !counter_value<char>);
  static_assert(!counter_value<double> && !counter_value<level>);
}

}  // namespace
}  // namespace shelf::testing
