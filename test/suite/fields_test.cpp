// SUITE  every verb over every kind, write mode and store
// Opening a file whose structs had other fields than those of the program.
#include "suite/ground.hpp"

namespace shelf::suite {
namespace {

template <class Kind>
class Fields : public each_kind<Kind> {};
TYPED_TEST_SUITE(Fields, all_kinds, kind_names);

namespace first {
struct user {
  std::string name;
  int age = 0;
};
}  // namespace first
namespace longer {
struct user {
  std::string name;
  int age = 0;
  std::string mail = "none";
  std::vector<int> marks;
  bool operator==(const user&) const = default;
};
}  // namespace longer
namespace place {
namespace first {
struct key {
  int shelf = 0;
};
}  // namespace first
namespace longer {
struct key {
  int shelf = 0;
  int row = 0;
};
}  // namespace longer
}  // namespace place
namespace renamed {
struct user {
  std::string name;
  int years = 0;
};
}  // namespace renamed
namespace swapped {
struct user {
  int age = 0;
  std::string name;
};
}  // namespace swapped

template <kind Kind>
void write_users(simulation::simulated_disk& disk, file_format format = file_format::native) {
  write_file<Kind, std::string, first::user>(disk, {{"a", {"alice", 30}}, {"b", {"bob", 40}}},
                                             format);
}

TYPED_TEST(Fields, MissingTrailingFieldsTakeTheirDefaultsIfToldSoAndTheFileIsBroughtUpToDate) {
  constexpr auto what = TypeParam::value;
  this->in_every_format(keeping::through, [&](auto& g) {
    auto& disk = g.disk;
    write_users<what>(disk, g.format);
    expect_untouched(disk, [&] {
      EXPECT_TRUE(refuses((open_as<what, std::string, longer::user>(disk, {.format = g.format})),
                          errc::type_mismatch,
                          {path, g.lacks(capability::schema) ? path : "mail",
                           g.lacks(capability::schema) ? path : "missing_fields::use_defaults"}));
    });
    const config<std::string, longer::user> with_defaults{
        .format = g.format, .missing_fields = missing_fields::use_defaults};
    {
      auto t = or_throw(open_as<what, std::string, longer::user>(disk, with_defaults));
      EXPECT_EQ(t.size(), 2u);
      for (const auto& [key, u] : t.snapshot()) {
        EXPECT_EQ(u.mail, "none");
        EXPECT_EQ(u.age, key == "a" ? 30 : 40);
      }
      ASSERT_TRUE(ok(t.insert("c", {"carol", 50, "carol@example.org", {1}})));
      t.abandon();  // as a kill would
    }
    const auto t = or_throw(open_as<what, std::string, longer::user>(disk, {.format = g.format}));
    EXPECT_EQ(t.size(), 3u);
    EXPECT_TRUE(refuses((open_as<what, std::string, first::user>(disk, {.format = g.format})),
                        errc::already_open, {path}));
  });
}

TYPED_TEST(Fields, ABringUpToDateThatFailsLeavesTheOldFile) {
  constexpr auto what = TypeParam::value;
  this->in_every_format(keeping::through, [&](auto& g) {
    auto& disk = g.disk;
    write_users<what>(disk, g.format);
    const config<std::string, longer::user> with_defaults{
        .format = g.format, .missing_fields = missing_fields::use_defaults};
    for (const auto kind :
         {simulation::call::create, simulation::call::write, simulation::call::rename}) {
      expect_untouched(disk, [&] {
        disk.inject({.kind = kind, .error = ENOSPC});
        EXPECT_TRUE(refuses((open_as<what, std::string, longer::user>(disk, with_defaults)),
                            errc::no_space, {path}));
        disk.clear_faults();
      });
    }
    EXPECT_TRUE(ok(open_as<what, std::string, first::user>(disk, {.format = g.format})));
  });
}

/// What a lookup asks for would be another key than the one that lacks fields.
TYPED_TEST(Fields, AKeyThatLacksFieldsIsRefusedEvenWithDefaults) {
  constexpr auto what = TypeParam::value;
  this->of_every_format([&](file_format format) {
    simulation::simulated_disk disk;
    write_file<what, place::first::key, int>(disk, {{{1}, 1}}, format);
    expect_untouched(disk, [&] {
      for (const auto policy : {missing_fields::refuse, missing_fields::use_defaults}) {
        const auto opened = open_as<what, place::longer::key, int>(
            disk, {.format = format, .missing_fields = policy});
        EXPECT_TRUE(refuses(opened, errc::type_mismatch, {path}));
        EXPECT_EQ(opened.error().message().find("use_defaults"), std::string::npos);
      }
    });
  });
}

TYPED_TEST(Fields, RenamedAndReorderedFieldsAreRefusedByName) {
  constexpr auto what = TypeParam::value;
  this->of_every_format([&](file_format format) {
    simulation::simulated_disk disk;
    write_users<what>(disk, format);
    const bool names_fields = can_keep(format, capability::schema);
    expect_untouched(disk, [&] {
      for (const auto policy : {missing_fields::refuse, missing_fields::use_defaults}) {
        if (names_fields) {
          EXPECT_TRUE(
              refuses((open_as<what, std::string, renamed::user>(disk, {.missing_fields = policy})),
                      errc::type_mismatch, {path, "age", "years"}));
        }
        EXPECT_TRUE(refuses((open_as<what, std::string, swapped::user>(
                                disk, {.format = format, .missing_fields = policy})),
                            errc::type_mismatch, {path, "age", names_fields ? "name" : path}));
      }
    });
  });
}

TYPED_TEST(Fields, FewerFieldsThanTheFileHasAreRefusedEvenWithDefaults) {
  constexpr auto what = TypeParam::value;
  this->of_every_format([&](file_format format) {
    simulation::simulated_disk disk;
    write_file<what, std::string, longer::user>(disk, {{"a", {"alice", 30, "m", {}}}}, format);
    const auto named = can_keep(format, capability::schema) ? "mail" : path;
    expect_untouched(disk, [&] {
      EXPECT_TRUE(
          refuses((open_as<what, std::string, first::user>(
                      disk, {.format = format, .missing_fields = missing_fields::use_defaults})),
                  errc::type_mismatch, {path, named}));
    });
  });
}

}  // namespace
}  // namespace shelf::suite
