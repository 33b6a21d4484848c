// SUITE  every verb over every kind, write mode and store
// Files whose checksums are right and whose content no writer of ours makes: each is refused for
// what it is, in time, and what salvage makes of it opens.
#include "codec/schema_tree.hpp"
#include "cpu_time.hpp"
#include "journal/forged_journal.hpp"
#include "journal/journal_file.hpp"
#include "stores/catalogue.hpp"
#include "suite/ground.hpp"

#include <chrono>

namespace shelf::suite {
namespace {

using journal::op;
using journal::test::forged_journal;
using any_map = map<term, term>;
using ages_map = map<std::string, std::int64_t>;

constexpr auto rescued = "rescued.shelf";

/// A table's file, record by record; each is a batch of its own.
class forged_table {
 public:
  explicit forged_table(const stores::table_description& d = {.key_schema = "binary",
                                                              .value_schema = "integer"},
                        const journal::file_header& h = {})
      : file_(h) {
    const auto encoded = stores::encode_description(d);
    record({op::table_created, 0, 1, as_bytes(encoded.key), as_bytes(encoded.value)});
  }
  forged_table& record(const journal::change& c) {
    std::vector<std::byte> records;
    journal::append_record(records, c);
    file_.frame(records, {.sequence = sequence_++});
    return *this;
  }
  forged_table& put(std::string_view key, std::string_view value) {
    return record({op::put, 0, 1, as_bytes(key), as_bytes(value)});
  }
  forged_table& put(const std::string& key, std::int64_t value) {
    const auto k = term::binary(key);
    const auto v = term::integer(value);
    return record({op::put, 0, 1, k.encoded(), v.encoded()});
  }
  forged_table& from_sequence(std::uint64_t next) {
    sequence_ = next;
    return *this;
  }
  void on(simulation::simulated_disk& disk) const { disk.put(path, file_.content); }

 private:
  forged_journal file_;
  std::uint64_t sequence_ = 1;
};

[[nodiscard]] result<salvage_report> salvage_of(simulation::simulated_disk& disk,
                                                std::optional<kind> what = {}) {
  salvage_options o;
  o.where.system = &disk;
  o.what = what;
  return shelf::salvage(path, rescued, o);
}

/// Every way of reading refuses it with this code, naming the file once, and leaves it as it is.
void expect_refused_everywhere(simulation::simulated_disk& disk, errc code,
                               std::string_view piece) {
  const auto before = *disk.read_all(path);
  const auto expect = [&](const auto& r) {
    ASSERT_TRUE(refuses(r, code, {path, piece}));
    EXPECT_EQ(r.error().message().find(path), r.error().message().rfind(path)) << r.error();
  };
  expect(ages_map::open({.path = path, .system = &disk}));
  expect(any_map::open({.path = path, .system = &disk}));
  expect(any_map::open({.path = path, .opening = opening::read_only, .system = &disk}));
  expect(check(path, {.system = &disk}));
  EXPECT_EQ(*disk.read_all(path), before);
  EXPECT_EQ(disk.locks_held(), 0u);
}

/// What salvage wrote is sound: checked, opened with any types, written to and opened again.
void expect_rescued(simulation::simulated_disk& disk, std::size_t entries) {
  const auto checked = check(rescued, {.system = &disk});
  ASSERT_TRUE(ok(checked));
  EXPECT_EQ(checked->entries, entries);
  for (int i = 0; i < 3; ++i) {
    auto t = or_throw(any_map::open({.path = rescued, .system = &disk}));
    EXPECT_EQ(t.size(), entries);
    ASSERT_TRUE(ok(t.insert(term::binary("new"), term::integer(i))));
    ASSERT_TRUE(ok(t.erase(term::binary("new"))));
    ASSERT_TRUE(ok(t.close()));
  }
}

// --- flags and tables ----------------------------------------------------------------------------

TEST(UnsoundFile, ADeadlineThatTheHeaderDoesNotAnnounceIsCorrupt) {
  simulation::simulated_disk disk;
  const auto key = term::binary("bob");
  const auto value = term::integer(40);
  forged_table().record({op::put, 1, 1, key.encoded(), value.encoded()}).on(disk);
  expect_refused_everywhere(disk, errc::corrupt, "deadline");
}

TEST(UnsoundFile, HistoryThatTheHeaderDoesNotAnnounceIsCorrupt) {
  simulation::simulated_disk disk;
  const auto key = term::binary("bob");
  const auto value = term::integer(40);
  forged_table().record({op::put, 2, 1, key.encoded(), value.encoded()}).on(disk);
  expect_refused_everywhere(disk, errc::corrupt, "history");
}

TEST(UnsoundFile, RecordsWithFlagsOfANewerShelfAreRefusedByAllWhoRead) {
  for (const int flag : {4, 8, 64, 128}) {
    simulation::simulated_disk disk;
    const auto key = term::binary("bob");
    const auto value = term::integer(40);
    forged_table()
        .put("alice", 30)
        .record({op::put, static_cast<std::uint8_t>(flag), 1, key.encoded(), value.encoded()})
        .on(disk);
    expect_refused_everywhere(disk, errc::unsupported_version, "flags " + std::to_string(flag));
    EXPECT_TRUE(refuses(salvage_of(disk), errc::unsupported_version, {path, "flags"}));
    EXPECT_TRUE(refuses(copy(path, rescued, {.system = &disk}), errc::unsupported_version, {path}));
    EXPECT_EQ(disk.files().size(), 1u);
  }
}

TEST(UnsoundFile, ACatalogueWithFlagsIsRefusedByDescribe) {
  const auto encoded =
      stores::encode_description({.key_schema = "binary", .value_schema = "integer"});
  std::vector<std::byte> records;
  journal::append_record(records,
                         {op::table_created, 1, 1, as_bytes(encoded.key), as_bytes(encoded.value)});
  simulation::simulated_disk disk;
  disk.put(path, forged_journal().frame(records, {}).content);
  EXPECT_TRUE(refuses(describe(path, {.system = &disk}), errc::unsupported_version,
                      {path, "byte 8192", "flags 1"}));
  expect_refused_everywhere(disk, errc::unsupported_version, "flags 1");
}

TEST(UnsoundFile, EntriesOfAnotherTableAreNotTakenForThisOnes) {
  simulation::simulated_disk disk;
  const auto key = term::binary("bob");
  const auto value = term::integer(40);
  forged_table().put("alice", 30).record({op::put, 0, 2, key.encoded(), value.encoded()}).on(disk);
  expect_refused_everywhere(disk, errc::corrupt, "table 2, which the catalog does not have");
  const auto report = or_throw(salvage_of(disk));
  EXPECT_EQ(report.bad_records, 1u);
  EXPECT_EQ(report.left_out.at(0).sequence, 3u);
  expect_rescued(disk, 1);
}

// --- salvage writes what open reads --------------------------------------------------------------

/// Encodings that no table keeps: a pid, a reference and a fun; a small integer written long; a
/// list of bytes that is no STRING; nothing at all.
const std::string pid("\x58w\1n\0\0\0\1\0\0\0\0\0\0\0\0", 16);
const std::string unsound_keys[] = {
    pid,
    std::string("\x5a\0\1w\1n\0\0\0\0\0\0\0\1", 14),
    std::string("qw\1mw\1fa\1", 9),
    std::string("b\0\0\0\1", 5),
    std::string("l\0\0\0\1a\1j", 8),
    std::string("h\1", 2) + pid,
    std::string(),
};

TEST(UnsoundFile, SalvageLeavesOutWhatEveryOpenRefusesAndListsIt) {
  const std::string key("m\0\0\0\1b", 6);
  const std::string value("a\1", 2);
  for (const auto& unsound : unsound_keys) {
    for (const bool as_key : {true, false}) {
      SCOPED_TRACE(testing::PrintToString(unsound) + (as_key ? " as key" : " as value"));
      simulation::simulated_disk disk;
      forged_table({.key_schema = "any", .value_schema = "any"})
          .put("alice", 30)
          .put(as_key ? unsound : key, as_key ? value : unsound)
          .put("carol", 50)
          .on(disk);
      EXPECT_FALSE(any_map::open({.path = path, .system = &disk}));
      const auto report = or_throw(salvage_of(disk));
      EXPECT_EQ(report.changes, 2u);
      EXPECT_EQ(report.bad_records, 1u);
      ASSERT_EQ(report.left_out.size(), 1u);
      EXPECT_EQ(report.left_out[0].sequence, 3u);
      EXPECT_FALSE(report.left_out[0].why.empty());
      expect_rescued(disk, 2);
    }
  }
}

TEST(UnsoundFile, SalvageReplacesASchemaThatNoOpenReadsAndListsThat) {
  const std::string malformed[] = {"",    "integer(",          "list(integer",        "a{x: }",
                                   "a b", "{integer,integer}", std::string("a\0b", 3)};
  for (const auto& schema : malformed) {
    for (const bool of_key : {true, false}) {
      SCOPED_TRACE(schema);
      simulation::simulated_disk disk;
      forged_table(
          {.key_schema = of_key ? schema : "binary", .value_schema = of_key ? "integer" : schema})
          .put("alice", 30)
          .on(disk);
      expect_refused_everywhere(disk, errc::corrupt, "malformed at byte ");
      const auto report = or_throw(salvage_of(disk));
      EXPECT_EQ(report.changes, 1u);
      EXPECT_EQ(report.bad_records, 1u);
      ASSERT_EQ(report.left_out.size(), 1u);
      EXPECT_NE(report.left_out[0].why.find(of_key ? "keys" : "values"), std::string::npos);
      EXPECT_EQ(of_key ? report.of.key_schema : report.of.value_schema, "any");
      EXPECT_EQ(of_key ? report.of.value_schema : report.of.key_schema,
                of_key ? "integer" : "binary");
      expect_rescued(disk, 1);
    }
  }
}

TEST(UnsoundFile, SalvageTakesTheSchemaItIsToldForOneThatIsMalformed) {
  simulation::simulated_disk disk;
  forged_table({.key_schema = "{{{", .value_schema = "integer"}).put("alice", 30).on(disk);
  salvage_options o;
  o.where.system = &disk;
  o.key_schema = "binary";
  ASSERT_TRUE(ok(shelf::salvage(path, rescued, o)));
  const auto t = or_throw(ages_map::open({.path = rescued, .system = &disk}));
  EXPECT_EQ(*t.lookup("alice"), 30);
  o.key_schema = "{{{";
  EXPECT_TRUE(
      refuses(shelf::salvage(path, "other.shelf", o), errc::invalid_argument, {"malformed"}));
}

TEST(UnsoundFile, SalvageKeepsEntriesAsDeepAsAnyTableMayHaveThem) {
  struct nest {
    std::vector<nest> inside;
  };
  simulation::simulated_disk disk;
  using deep_map = map<int, nest>;
  const deep_map::config c{.path = path, .limits = {.nesting = 1024}, .system = &disk};
  {
    nest n;
    for (int i = 0; i < 400; ++i) {
      nest outer;
      outer.inside.push_back(std::move(n));
      n = std::move(outer);
    }
    auto t = or_throw(deep_map::open(c));
    ASSERT_TRUE(ok(t.insert(1, n)));
    ASSERT_TRUE(ok(t.close()));
  }
  const auto report = or_throw(salvage_of(disk));
  EXPECT_EQ(report.changes, 1u);
  EXPECT_EQ(report.bad_records, 0u);
  auto again = c;
  again.path = rescued;
  EXPECT_EQ(or_throw(deep_map::open(again)).size(), 1u);
}

// --- counters ------------------------------------------------------------------------------------

TEST(UnsoundFile, ACounterBeyondItsLimitIsRefusedForWritingReadAndSalvaged) {
  for (const auto sequence : {journal::most_sequence + 1, (std::uint64_t{1} << 62) - 2,
                              std::uint64_t{1} << 62, ~std::uint64_t{0} - 1}) {
    SCOPED_TRACE(sequence);
    simulation::simulated_disk disk;
    forged_table()
        .put("alice", 30)
        .from_sequence(sequence)
        .put("bob", 40)
        .put("carol", 50)
        .on(disk);
    const auto before = *disk.read_all(path);
    EXPECT_TRUE(refuses(ages_map::open({.path = path, .system = &disk}), errc::corrupt,
                        {path, "cannot be written", "the limit is", "read_only"}));
    EXPECT_EQ(*disk.read_all(path), before);
    const auto reader =
        or_throw(ages_map::open({.path = path, .opening = opening::read_only, .system = &disk}));
    EXPECT_EQ(reader.size(), 3u);
    EXPECT_EQ(or_throw(check(path, {.system = &disk})).entries, 3u);
    EXPECT_EQ(or_throw(salvage_of(disk)).changes, 3u);
    expect_rescued(disk, 3);
  }
}

TEST(UnsoundFile, ACounterAtItsLimitIsWrittenOnWithoutHarm) {
  simulation::simulated_disk disk;
  forged_table().from_sequence(journal::most_sequence).put("alice", 30).on(disk);
  auto t = or_throw(ages_map::open({.path = path, .system = &disk}));
  for (int i = 0; i < 100; ++i) ASSERT_TRUE(ok(t.insert(std::to_string(i), i)));
  ASSERT_TRUE(ok(t.compact()));
  ASSERT_TRUE(ok(t.reload()));
  EXPECT_EQ(t.size(), 101u);
  ASSERT_TRUE(ok(t.close()));
  const auto reader =
      or_throw(ages_map::open({.path = path, .opening = opening::read_only, .system = &disk}));
  EXPECT_EQ(reader.size(), 101u);
}

// --- schemas -------------------------------------------------------------------------------------

[[nodiscard]] std::string tuple_of(std::size_t members) {
  std::string s = "{any";
  for (std::size_t i = 1; i < members; ++i) s += ", any";
  return s + "}";
}

TEST(UnsoundFile, ASchemaBeyondALimitIsRefusedWithTheLimitAtOnceAndSalvaged) {
  const std::pair<std::string, std::string> large[] = {
      {tuple_of(300'000), std::to_string(detail::most_schema_bytes)},
      {tuple_of(detail::most_schema_members), std::to_string(detail::most_schema_members)},
      {std::string(300, '{') + std::string(300, '}'), std::to_string(detail::most_schema_depth)},
  };
  for (const auto& [schema, limit] : large) {
    const auto start = shelf::test::cpu_time();
    simulation::simulated_disk disk;
    forged_table({.key_schema = "binary", .value_schema = schema}).put("alice", 30).on(disk);
    expect_refused_everywhere(disk, errc::size_limit_exceeded, limit);
    EXPECT_EQ(or_throw(salvage_of(disk)).bad_records, 1u);
    expect_rescued(disk, 1);
    EXPECT_LT(shelf::test::cpu_time() - start, std::chrono::seconds(5));
  }
}

TEST(UnsoundFile, ASchemaWithinTheLimitsIsReadInTime) {
  std::string names = "atom(a0";
  for (std::size_t i = 1; i < 16'000; ++i) names += ", a" + std::to_string(i);
  names += ")";
  for (const auto& schema : {tuple_of(16'000), names}) {
    const auto start = shelf::test::cpu_time();
    simulation::simulated_disk disk;
    forged_table({.key_schema = "binary", .value_schema = schema}).put("alice", 30).on(disk);
    EXPECT_EQ(or_throw(any_map::open({.path = path, .system = &disk})).size(), 1u);
    EXPECT_TRUE(refuses(check(path, {.system = &disk}), errc::type_mismatch, {path}));
    EXPECT_LT(shelf::test::cpu_time() - start, std::chrono::seconds(5));
  }
}

/// A record in which each field may be the record again: every level doubles what there is to try.
TEST(UnsoundFile, AlternativesWithinEachOtherAreTriedInTime) {
  auto value = term::binary("no such record");
  for (int i = 0; i < 200; ++i) value = term::tuple({or_throw(term::atom("r")), value});
  simulation::simulated_disk disk;
  const auto key = term::binary("alice");
  forged_table({.key_schema = "binary", .value_schema = "r{x: one_of(r{...}, r{...})}"})
      .record({op::put, 0, 1, key.encoded(), value.encoded()})
      .on(disk);
  const auto start = shelf::test::cpu_time();
  EXPECT_TRUE(refuses(check(path, {.system = &disk}), errc::type_mismatch, {path}));
  EXPECT_LT(shelf::test::cpu_time() - start, std::chrono::seconds(5));
}

}  // namespace
}  // namespace shelf::suite
