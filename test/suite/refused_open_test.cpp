// SUITE  every verb over every kind, write mode and store
// A refused open leaves the file as it was found, torn end and all: kind, types, catalogue and
// entries are looked at before anything is cut.
#include "journal/file_header.hpp"
#include "suite/ground.hpp"

#include <cerrno>

namespace shelf::suite {
namespace {

using ages_map = map<std::string, std::int64_t>;

/// A disk with a table that a killed process left: three entries, the last of them torn.
struct torn_file {
  torn_file() {
    auto t = or_throw(ages_map::open({.path = path, .system = &disk}));
    (void)or_throw(t.insert("alice", 30));
    (void)or_throw(t.insert("bob", 40));
    whole = or_throw(t.stats()).file_bytes;
    (void)or_throw(t.insert("carol", 50));
    t.abandon();
    disk.resize(path, disk.read_all(path)->size() - 8);
  }
  /// Opens as such a table: refused, and neither the file nor the disk was touched.
  template <class Table>
  void expect_refused(typename Table::config c, errc code) {
    const auto before = *disk.read_all(path);
    const auto operations = disk.operations();
    c.path = path;
    c.system = &disk;
    EXPECT_TRUE(refuses(Table::open(c), code, {path}));
    EXPECT_EQ(*disk.read_all(path), before);
    // drop_cache is advice, and changes nothing.
    const auto past = disk.recorded();
    for (auto i = operations; i < past.operations.size(); ++i) {
      EXPECT_EQ(past.operations[i].what, simulation::disk_operation::type::drop_cache) << i;
    }
    EXPECT_EQ(disk.open_descriptors(), 0u);
    EXPECT_EQ(disk.locks_held(), 0u);
  }

  simulation::simulated_disk disk;
  std::uint64_t whole = 0;  ///< where the torn write begins
};

TEST(RefusedOpen, OfATornFileAsAnotherKindOrTypeChangesNothing) {
  torn_file f;
  f.expect_refused<bag<std::string, std::int64_t>>({}, errc::wrong_kind);
  f.expect_refused<ordered_map<std::string, std::int64_t>>({}, errc::wrong_kind);
  f.expect_refused<map<std::string, std::string>>({}, errc::type_mismatch);
  f.expect_refused<map<std::int64_t, std::int64_t>>({}, errc::type_mismatch);
  // Then the one who has the right to it cuts the torn write off.
  const auto t = or_throw(ages_map::open({.path = path, .system = &f.disk}));
  EXPECT_EQ(t.size(), 2u);
  EXPECT_EQ(f.disk.read_all(path)->size(), f.whole);
}

TEST(RefusedOpen, OfATornFileWithAnEntryThatDoesNotFitChangesNothing) {
  torn_file f;
  f.expect_refused<map<std::string, std::uint8_t>>(
      {.check = [](const std::string&, const std::uint8_t& age) { return age < 40; }},
      errc::type_mismatch);
  torn_file g;
  {
    auto t = or_throw(ages_map::open({.path = path, .system = &g.disk}));
    (void)or_throw(t.insert("methuselah", 969));
    (void)or_throw(t.insert("noah", 950));
    t.abandon();
  }
  g.disk.resize(path, g.disk.read_all(path)->size() - 8);
  g.expect_refused<map<std::string, std::uint8_t>>({}, errc::type_mismatch);
}

TEST(RefusedOpen, WithACheckThatThrowsChangesNothing) {
  torn_file f;
  const auto before = *f.disk.read_all(path);
  EXPECT_THROW((void)ages_map::open(
                   {.path = path,
                    .check = [](const std::string&, const std::int64_t&) -> bool { throw 1; },
                    .system = &f.disk}),
               int);
  EXPECT_EQ(*f.disk.read_all(path), before);
}

/// A header that says that all eras are over leaves no frame that counts.
TEST(RefusedOpen, OfAFileWithAForgedHeaderDoesNotCutItToTheHeader) {
  for (const bool torn : {false, true}) {
    torn_file f;
    if (!torn) (void)or_throw(ages_map::open({.path = path, .system = &f.disk})).close();
    auto header = or_throw(journal::decode_header(*f.disk.read_all(path), path));
    header.era = 1'000'000;
    header.durable_up_to = journal::frames_start;
    for (std::size_t slot = 0; slot < 2; ++slot) {
      f.disk.overwrite(path, journal::slot_offsets[slot], journal::encode_slot(header, slot));
    }
    f.expect_refused<ages_map>({}, errc::corrupt);
  }
}

TEST(RefusedOpen, ForAnImportIntoOtherTypesChangesNothing) {
  torn_file f;
  const auto before = *f.disk.read_all(path);
  detail::core_config config;
  config.path = path;
  config.system = &f.disk;
  EXPECT_TRUE(refuses(detail::extend_file(config, {.what = kind::bag,
                                                   .key_schema = "binary",
                                                   .value_schema = "integer",
                                                   .check = {},
                                                   .accept = {},
                                                   .reencode = {}}),
                      errc::type_mismatch));
  EXPECT_EQ(*f.disk.read_all(path), before);
}

namespace first {
struct user {
  std::int64_t age = 0;
};
}  // namespace first
namespace longer {
struct user {
  std::int64_t age = 0;
  std::string name;
};
}  // namespace longer

TEST(RefusedOpen, BecauseTheFileCannotBeBroughtUpToDateChangesNothing) {
  torn_file f;
  f.disk.remove(path);
  {
    auto t = or_throw(map<int, first::user>::open({.path = path, .system = &f.disk}));
    (void)or_throw(t.insert(1, {30}));
    (void)or_throw(t.insert(2, {40}));
    t.abandon();
  }
  f.disk.resize(path, f.disk.read_all(path)->size() - 8);
  using table = map<int, longer::user>;
  f.expect_refused<table>({}, errc::type_mismatch);
  const auto before = *f.disk.read_all(path);
  const table::config with_defaults{
      .path = path, .missing_fields = missing_fields::use_defaults, .system = &f.disk};
  for (const auto kind :
       {simulation::call::create, simulation::call::write, simulation::call::rename}) {
    f.disk.inject({.kind = kind, .error = ENOSPC});
    EXPECT_TRUE(refuses(table::open(with_defaults), errc::no_space, {path}));
    f.disk.clear_faults();
    EXPECT_EQ(*f.disk.read_all(path), before);
  }
  EXPECT_EQ(or_throw(table::open(with_defaults)).size(), 1u);
}

}  // namespace
}  // namespace shelf::suite
