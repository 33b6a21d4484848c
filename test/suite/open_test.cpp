// SUITE  every verb over every kind, write mode and store
// Opening: what is found, what must fit, read_only. Structs that changed: fields_test.cpp.
#include "suite/ground.hpp"

#include <chrono>

namespace shelf::suite {
namespace {

template <class Kind>
class Open : public each_kind<Kind> {};
TYPED_TEST_SUITE(Open, all_kinds, kind_names);

// T1, T2
TYPED_TEST(Open, AConfigHasADefaultForEverythingButThePath) {
  simulation::simulated_disk disk;
  disk.make_directory("data");
  auto t = or_throw(table<int, int, TypeParam::value>::open({
      .path = "ages.shelf",
      .base_directory = "/data",
      .name = "ages",
      .mode = write_mode::through,
      .system = &disk,
  }));
  EXPECT_THAT(disk.files(), testing::ElementsAre("data/ages.shelf"));
}

// T17, T123, S27
TYPED_TEST(Open, TwoTablesMayHaveTheSameNameButNotTheSameFile) {
  this->in_every_format(keeping::through, [&](auto& g) {
    auto c = g.config();
    c.name = "ages";
    auto one = or_throw(ground<TypeParam::value>::table::open(c));
    EXPECT_TRUE(refuses(ground<TypeParam::value>::table::open(c), errc::already_open, {path}));
    c.path = "other.shelf";
    auto two = or_throw(ground<TypeParam::value>::table::open(c));
    ASSERT_TRUE(ok(one.insert("a", 1)));
    EXPECT_TRUE(two.empty());
    EXPECT_TRUE(refuses(one.give_away(), errc::invalid_argument, {"ages"}));
  });
}

TYPED_TEST(Open, ExistingAndCreateNewSayWhatTheyMiss) {
  this->in_every_format(keeping::through, [&](auto& g) {
    using table = typename ground<TypeParam::value>::table;
    auto existing = g.config();
    existing.opening = opening::existing;
    EXPECT_TRUE(refuses(table::open(existing), errc::not_found, {path, "No such file"}));
    existing.opening = opening::read_only;
    EXPECT_TRUE(refuses(table::open(existing), errc::not_found, {path}));
    EXPECT_TRUE(g.disk.files().empty());
    auto fresh = g.config();
    fresh.opening = opening::create_new;
    auto t = or_throw(table::open(fresh));
    ASSERT_TRUE(ok(t.insert("a", 1)));
    ASSERT_TRUE(ok(t.close()));
    expect_untouched(g.disk, [&] {
      const auto refused = table::open(fresh);
      EXPECT_TRUE(refuses(refused, errc::file_error, {path, "exists"}));
      EXPECT_EQ(refused.error(), std::errc::file_exists);
    });
    existing.opening = opening::existing;
    EXPECT_EQ(or_throw(table::open(existing)).size(), 1u);
  });
}

TYPED_TEST(Open, AnEmptyPathAndNegativePeriodsAreArgumentErrors) {
  using table = typename ground<TypeParam::value>::table;
  EXPECT_TRUE(refuses(table::open({}), errc::invalid_argument, {"path", "in_memory"}));
  EXPECT_TRUE(refuses(table::open({.path = "x", .save_every = std::chrono::milliseconds(-1)}),
                      errc::invalid_argument, {"x: config", "save_every"}));
  EXPECT_TRUE(refuses(table::open({.path = "x", .sync_every = std::chrono::milliseconds(-1)}),
                      errc::invalid_argument, {"x: config", "sync_every"}));
  EXPECT_TRUE(refuses(table::open({.path = "x", .limits = {.entry_bytes = 0}}),
                      errc::invalid_argument, {"x: config", "entry_bytes"}));
  EXPECT_TRUE(refuses(table::open({.path = "x", .limits = {.nesting = 0}}), errc::invalid_argument,
                      {"x: config", "nesting"}));
}

// T114, T115, T118, T119, T120, T128
TYPED_TEST(Open, AFileOfOtherTypesIsRefusedWithTheDifferenceNamed) {
  constexpr auto what = TypeParam::value;
  this->of_every_format([&](file_format format) {
    simulation::simulated_disk disk;
    write_file<what, std::string, std::string>(disk, {{"a", "x"}}, format);
    const bool by_schema = can_keep(format, capability::schema);
    const auto value = by_schema ? "value" : path, key = by_schema ? "key" : path;
    expect_untouched(disk, [&] {
      EXPECT_TRUE(refuses((open_as<what, std::string, int>(disk, {.format = format})),
                          errc::type_mismatch, {path, value, "binary", "integer"}));
      EXPECT_TRUE(refuses((open_as<what, int, std::string>(disk, {.format = format})),
                          errc::type_mismatch, {path, key, "binary", "integer"}));
      EXPECT_TRUE(
          refuses((open_as<what, std::string, std::vector<std::string>>(disk, {.format = format})),
                  errc::type_mismatch, {path, value}));
    });
    EXPECT_EQ(
        (contents(or_throw(open_as<what, std::string, std::string>(disk, {.format = format})))),
        (std::vector<std::pair<std::string, std::string>>{{"a", "x"}}));
  });
}

// T116, T117
TYPED_TEST(Open, ATableWithoutEntriesStillHasItsTypes) {
  constexpr auto what = TypeParam::value;
  this->of_every_format([&](file_format format) {
    simulation::simulated_disk disk;
    write_file<what, std::string, std::string>(disk, {}, format);
    EXPECT_TRUE(ok(open_as<what, std::string, std::string>(disk, {.format = format})));
    if (!can_keep(format, capability::schema)) return;
    EXPECT_TRUE(refuses((open_as<what, std::string, int>(disk, {.format = format})),
                        errc::type_mismatch, {path}));
  });
}

constexpr std::string_view alias_of(kind what) {
  constexpr std::array names{"a set (shelf::map)", "an ordered_set (shelf::ordered_map)",
                             "a bag (shelf::bag)", "a duplicate_bag (shelf::duplicate_bag)"};
  return names[static_cast<std::size_t>(what) - 1];
}

TYPED_TEST(Open, AnotherKindIsRefusedByTheNamesThatProgramsHaveForThem) {
  this->in_every_format(keeping::through, [&](auto& g) {
    auto t = g.open();
    ASSERT_TRUE(ok(t.insert("a", 1)));
    ASSERT_TRUE(ok(t.close()));
    constexpr auto other = TypeParam::value == kind::set ? kind::bag : kind::set;
    expect_untouched(g.disk, [&] {
      EXPECT_TRUE(refuses((open_as<other, std::string, std::int64_t>(g.disk, {.format = g.format})),
                          errc::wrong_kind,
                          {path, alias_of(TypeParam::value), alias_of(other), "the program"}));
    });
  });
}

TYPED_TEST(Open, AMalformedSchemaIsDamageOfAFileThatIsNamedOnce) {
  constexpr auto what = TypeParam::value;
  simulation::simulated_disk disk;
  detail::core_config c;
  c.path = path;
  c.system = &disk;
  detail::entry_types types;
  types.what = what;
  types.key_schema = "binary";
  types.value_schema = "list(";
  or_throw(or_throw(detail::build_file(c, types))->publish());
  for (const auto opening : {opening::existing, opening::read_only}) {
    EXPECT_TRUE(refuses((open_as<what, std::string, int>(disk, {.opening = opening})),
                        errc::corrupt, {path, "byte 8192", "malformed", "salvage"}));
  }
  EXPECT_TRUE(refuses(check(path, {.system = &disk}), errc::corrupt,
                      {path, "byte 8192", "malformed", "salvage"}));
}

TYPED_TEST(Open, IntegersOfAnyWidthShareAFileAndOneOutOfRangeIsNamed) {
  constexpr auto what = TypeParam::value;
  this->in_every_format(keeping::through, [&](auto& g) {
    auto& disk = g.disk;
    write_file<what, std::string, std::int8_t>(
        disk, {{"a", std::int8_t{1}}, {"b", std::int8_t{-2}}}, g.format);
    {
      auto wide = or_throw(open_as<what, std::string, std::int64_t>(disk, {.format = g.format}));
      EXPECT_EQ(contents(wide), (entries{{"a", 1}, {"b", -2}}));
      ASSERT_TRUE(ok(wide.insert("secret", 1000)));
    }
    expect_untouched(disk, [&] {
      const auto narrow = open_as<what, std::string, std::int8_t>(disk, {.format = g.format});
      EXPECT_TRUE(refuses(narrow, errc::type_mismatch, {path, "1 entry"}));
      EXPECT_THAT(narrow.error().message(), testing::Not(testing::HasSubstr("secret")));
      EXPECT_THAT(narrow.error().message(), testing::Not(testing::HasSubstr("1000")));
      EXPECT_THAT(narrow.error().details(), testing::HasSubstr("secret"));
      const auto natural = open_as<what, std::string, std::uint64_t>(disk, {.format = g.format});
      EXPECT_TRUE(refuses(natural, errc::type_mismatch, {path, "1 entry"}));
      EXPECT_THAT(natural.error().details(), testing::HasSubstr("\"b\""));
    });
    EXPECT_EQ(
        (or_throw(open_as<what, std::string, std::int16_t>(disk, {.format = g.format})).size()),
        3u);
  });
}

TYPED_TEST(Open, OnlyWhatIsStillThereMustFitTheTypes) {
  constexpr auto what = TypeParam::value;
  this->in_every_format(keeping::through, [&](auto& g) {
    auto& disk = g.disk;
    write_file<what, std::string, std::int64_t>(disk, {{"a", 1000}, {"b", 2}}, g.format);
    {
      auto wide = or_throw(open_as<what, std::string, std::int64_t>(disk, {.format = g.format}));
      ASSERT_TRUE(ok(wide.erase("a", 1000)));
      ASSERT_TRUE(ok(wide.insert("a", 3)));
    }
    // 1000 stands in the journal, but nowhere in the table.
    EXPECT_EQ(
        (or_throw(open_as<what, std::string, std::int8_t>(disk, {.format = g.format})).size()), 2u);
  });
}

TYPED_TEST(Open, TheUsersCheckJudgesEveryEntryAndCountsThoseItRefuses) {
  constexpr auto what = TypeParam::value;
  this->in_every_format(keeping::through, [&](auto& g) {
    auto& disk = g.disk;
    std::vector<std::pair<std::string, int>> all;
    for (int i = 0; i < 10; ++i) all.emplace_back("key" + std::to_string(i), i);
    write_file<what>(disk, all, g.format);
    const auto below = [&](int limit) {
      return config<std::string, int>{
          .format = g.format, .check = [limit](const std::string&, int v) { return v < limit; }};
    };
    expect_untouched(disk, [&] {
      const auto refused = open_as<what, std::string, int>(disk, below(4));
      EXPECT_TRUE(refuses(refused, errc::type_mismatch, {path, "6 entries", "check"}));
      EXPECT_THAT(refused.error().details(), testing::HasSubstr("key"));
    });
    EXPECT_EQ((or_throw(open_as<what, std::string, int>(disk, below(10))).size()), 10u);
  });
}

// T98
TYPED_TEST(Open, TheUsersCheckIsRunByReloadToo) {
  this->in_every_format(keeping::through, [&](auto& g) {
    auto c = g.config();
    c.check = [](const std::string&, std::int64_t v) { return v < 10; };
    auto t = or_throw(ground<TypeParam::value>::table::open(c));
    ASSERT_TRUE(ok(t.insert_range({{"a", 1}, {"b", 20}})));
    EXPECT_TRUE(refuses(t.reload(), errc::type_mismatch, {path, "1 entry", "check"}));
    EXPECT_EQ(contents(t), (entries{{"a", 1}, {"b", 20}}));
    EXPECT_TRUE(ok(t.compact()));
    ASSERT_TRUE(ok(t.erase("b")));
    EXPECT_TRUE(ok(t.reload()));
  });
}

TYPED_TEST(Open, ACheckThatThrowsIsPassedThroughAndNothingIsHeld) {
  constexpr auto what = TypeParam::value;
  this->in_every_format(keeping::through, [&](auto& g) {
    auto& disk = g.disk;
    write_file<what, std::string, int>(disk, {{"a", 1}}, g.format);
    expect_untouched(disk, [&] {
      EXPECT_THROW((void)(open_as<what, std::string, int>(
                       disk, {.format = g.format,
                              .check = [](const std::string&, int) -> bool { throw 5; }})),
                   int);
    });
  });
}

TYPED_TEST(Open, ReadOnlyWorksBesideAWriterAndChangesNothing) {
  this->in_every_file([](auto& g) {
    auto t = g.open();
    ASSERT_TRUE(ok(t.insert("a", 1)));
    ASSERT_TRUE(ok(t.save()));
    auto c = g.config();
    c.opening = opening::read_only;
    const auto before = *g.disk.read_all(path);
    auto reader = or_throw(ground<TypeParam::value>::table::open(c));
    EXPECT_EQ(contents(reader), (entries{{"a", 1}}));
    const auto refused = [](const auto& r) {
      return refuses(r, errc::read_only, {path, "read-only"});
    };
    EXPECT_TRUE(refused(reader.insert("b", 2)));
    EXPECT_TRUE(refused(reader.insert_range({{"b", 2}})));
    EXPECT_TRUE(refused(reader.erase("a")));
    EXPECT_TRUE(refused(reader.erase("a", 1)));
    EXPECT_TRUE(refused(reader.clear()));
    EXPECT_TRUE(refused(reader.save()));
    EXPECT_TRUE(refused(reader.sync()));
    EXPECT_TRUE(refused(reader.compact()));
    EXPECT_TRUE(refused(reader.recover()));
    if constexpr (!is_bag(TypeParam::value)) {
      EXPECT_TRUE(refused(reader.update_counter("a")));
      EXPECT_TRUE(refused(reader.insert_new("b", 2)));
      EXPECT_TRUE(refused(reader.update("a", [](std::int64_t v) { return v + 1; })));
    }
    EXPECT_EQ(*g.disk.read_all(path), before);
    // It sees what the writer does when it looks again.
    ASSERT_TRUE(ok(t.insert("b", 2)));
    ASSERT_TRUE(ok(t.save()));
    EXPECT_EQ(reader.size(), 1u);
    ASSERT_TRUE(ok(reader.reload()));
    EXPECT_EQ(contents(reader), contents(t));
    // A compaction takes the file away under it; what it has read stays.
    ASSERT_TRUE(ok(t.compact()));
    EXPECT_EQ(reader.size(), 2u);
    EXPECT_EQ(contents(or_throw(ground<TypeParam::value>::table::open(c))), contents(t));
    ASSERT_TRUE(ok(reader.reload()));
    EXPECT_EQ(contents(reader), contents(t));
    EXPECT_TRUE(ok(reader.close()));
    EXPECT_TRUE(ok(t.insert("c", 3)));
    EXPECT_TRUE(ok(t.close()));
  });
}

TYPED_TEST(Open, ReadOnlyLeavesATornEndAlone) {
  this->in_every_format(keeping::through, [&](auto& g) {
    if (g.lacks(capability::torn_ends)) return;
    auto t = g.open();
    ASSERT_TRUE(ok(t.insert("a", 1)));
    const auto end = t.stats()->file_bytes;
    ASSERT_TRUE(ok(t.insert("b", 2)));
    t.abandon();
    g.disk.resize(path, end + 20);
    auto c = g.config();
    c.opening = opening::read_only;
    expect_untouched(g.disk, [&] {
      auto reader = or_throw(ground<TypeParam::value>::table::open(c));
      EXPECT_EQ(contents(reader), (entries{{"a", 1}}));
      EXPECT_FALSE(reader.stats()->recovered_clean);
    });
    t = g.open();
    EXPECT_EQ(contents(t), (entries{{"a", 1}}));
    EXPECT_EQ(t.stats()->recovery_cut_bytes, 20u);
    EXPECT_FALSE(t.stats()->recovered_clean);
  });
}

TYPED_TEST(Open, TheWriteModeIsTheOpenersChoiceAndNotTheFiles) {  // S24
  this->in_every_format(keeping::back, [](auto& back) {
    entries expected;
    for (const auto mode :
         {write_mode::back, write_mode::through, write_mode::durable, write_mode::back}) {
      auto c = back.config();
      c.mode = mode;
      auto t = or_throw(ground<TypeParam::value>::table::open(c));
      EXPECT_EQ(contents(t), expected);
      const auto key = "k" + std::to_string(expected.size());
      ASSERT_TRUE(ok(t.insert(key, 1)));
      expected.emplace_back(key, 1);
    }
  });
}

TYPED_TEST(Open, RemoveTakesTheFileAwayUnlessItIsOpen) {
  this->in_every_format(keeping::through, [&](auto& g) {
    auto t = g.open();
    EXPECT_TRUE(refuses(remove(path, {.system = &g.disk}), errc::already_open, {path}));
    ASSERT_TRUE(ok(t.insert("a", 1)));
    ASSERT_TRUE(ok(t.close()));
    EXPECT_TRUE(ok(remove(path, {.system = &g.disk})));
    EXPECT_TRUE(g.disk.files().empty());
    EXPECT_TRUE(refuses(remove(path, {.system = &g.disk}), errc::not_found, {path}));
    EXPECT_TRUE(g.open().empty());
  });
}

TYPED_TEST(Open, AFileReplacedOrRemovedUnderATableFencesItAndRecoverIsHonest) {
  this->in_every_file([](auto& g) {
    auto t = g.open();
    ASSERT_TRUE(ok(t.insert("a", 1)));
    ASSERT_TRUE(ok(t.save()));
    g.disk.remove(path);
    EXPECT_TRUE(refuses(t.save(), errc::replaced, {path, "removed"}));
    EXPECT_TRUE(refuses(t.insert("b", 2), errc::fenced, {path, "removed"}));
    EXPECT_EQ(contents(t), (entries{{"a", 1}}));
    const std::array foreign{std::byte{1}};
    g.disk.put(path, foreign);
    EXPECT_TRUE(refuses(t.recover(), errc::replaced, {path}));
    EXPECT_EQ(g.disk.read_all(path)->size(), 1u);
    g.disk.remove(path);
    ASSERT_TRUE(ok(t.recover()));
    EXPECT_TRUE(ok(t.insert("b", 2)));
    g.reopen(t);
    EXPECT_EQ(contents(t), (entries{{"a", 1}, {"b", 2}}));
  });
}

}  // namespace
}  // namespace shelf::suite
