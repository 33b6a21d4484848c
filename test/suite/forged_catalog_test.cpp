// SUITE  every verb over every kind, write mode and store
// Databases whose checksums are right and whose catalogs no writer of ours makes: each is refused
// for what it is, untouched, and what salvage makes of it opens.
#include "journal/forged_journal.hpp"
#include "stores/catalogue.hpp"
#include "suite/database_ground.hpp"

#include <limits>
#include <optional>

namespace shelf::suite {
namespace {

using journal::op;
using journal::test::forged_journal;
using stores::table_description;

constexpr auto rescued = "rescued.shelf";
constexpr auto last_id = std::numeric_limits<std::uint32_t>::max();

[[nodiscard]] table_description table_called(std::string name, bool in_memory = false) {
  return {.name = std::move(name),
          .key_schema = "binary",
          .value_schema = "integer",
          .in_memory = in_memory};
}

/// A database's file, record by record; each is a batch of its own.
class forged_database {
 public:
  explicit forged_database(bool several = true) : file_(header(several)) {}

  forged_database& record(const journal::change& c, bool commits = true) {
    std::vector<std::byte> records;
    journal::append_record(records, c);
    file_.frame(records, {.commit = commits, .sequence = sequence_++});
    return *this;
  }
  forged_database& table(std::uint32_t id, const table_description& d) {
    const auto encoded = stores::encode_description(d);
    return record({op::table_created, 0, id, as_bytes(encoded.key), as_bytes(encoded.value)});
  }
  forged_database& changed(std::uint32_t id, const table_description& d) {
    const auto encoded = stores::encode_description(d);
    return record({op::table_changed, 0, id, as_bytes(encoded.key), as_bytes(encoded.value)});
  }
  forged_database& dropped(std::uint32_t id) { return record({op::table_dropped, 0, id, {}, {}}); }
  forged_database& put(std::uint32_t id, const std::string& key, std::int64_t value) {
    const auto k = term::binary(key);
    const auto v = term::integer(value);
    return record({op::put, 0, id, k.encoded(), v.encoded()});
  }
  /// Properties as they are given.
  forged_database& raw(std::uint32_t id, const term& name, std::string_view properties) {
    return record({op::table_created, 0, id, name.encoded(), as_bytes(properties)});
  }
  void on(simulation::simulated_disk& disk) const { disk.put(path, file_.content); }

 private:
  [[nodiscard]] static journal::file_header header(bool several) {
    journal::file_header h;
    h.several_tables = several;
    return h;
  }
  forged_journal file_;
  std::uint64_t sequence_ = 1;
};

/// Every way of reading says so, and leaves it as it is; salvage writes what opens.
void expect_refused(const forged_database& forged, errc code, std::string_view piece) {
  database_ground g;
  forged.on(g.disk);
  expect_untouched(g.disk, [&] {
    const auto refused = [&](const auto& r) { EXPECT_TRUE(refuses(r, code, {path, piece})); };
    refused(database::open(g.config()));
    refused(database::open(g.config(), declare<visits_table>("first")));
    auto c = g.config();
    c.opening = opening::read_only;
    refused(database::open(c));
    auto lone = g.lone<visits_table>();
    lone.table = "first";
    refused(visits_table::open(lone));
    refused(check(path, {.system = &g.disk}));
  });
  salvage_options o;
  o.where.system = &g.disk;
  o.what = kind::set;
  o.key_schema = "binary";
  o.value_schema = "integer";
  const auto saved = salvage(path, rescued, o);
  ASSERT_TRUE(ok(saved));
  EXPECT_GE(saved->bad_records, 1u);
  auto c = g.config();
  c.path = rescued;
  for (int i = 0; i < 2; ++i) {
    auto db = or_throw(database::open(c));
    auto first = or_throw(db.table<visits_table>("first"));
    EXPECT_EQ(first.lookup("a"), 1);
    EXPECT_TRUE(ok(first.insert("b", i)));
    EXPECT_TRUE(ok(db.compact()));
    EXPECT_TRUE(ok(db.close()));
  }
}

[[nodiscard]] forged_database with_first() {
  forged_database d;
  d.table(1, table_called("first")).put(1, "a", 1);
  return d;
}

TEST(ForgedCatalog, TwoTablesOfOneNameOrIdAreRefused) {
  expect_refused(with_first().table(2, table_called("first")), errc::corrupt, "table 2 twice");
  expect_refused(with_first().table(1, table_called("second")), errc::corrupt, "table 1 twice");
  expect_refused(with_first().table(1, table_called("first")), errc::corrupt, "table 1 twice");
}

TEST(ForgedCatalog, AnIdThatWasUsedOrIsNoneIsRefused) {
  expect_refused(with_first().table(2, table_called("x")).dropped(2).table(2, table_called("y")),
                 errc::corrupt, "id 2, which another one had");
  expect_refused(with_first().dropped(7).table(7, table_called("y")), errc::corrupt,
                 "id 7, which another one had");
  expect_refused(with_first().table(0, table_called("y")), errc::corrupt, "id 0");
}

TEST(ForgedCatalog, ChangesOfTablesThatAreNotThereAreRefused) {
  expect_refused(with_first().put(2, "a", 2), errc::corrupt, "table 2");
  expect_refused(with_first().table(2, table_called("x")).dropped(2).put(2, "a", 2), errc::corrupt,
                 "table 2");
  expect_refused(with_first().table(2, table_called("x", true)).put(2, "a", 2), errc::corrupt,
                 "not kept on disk");
}

TEST(ForgedCatalog, DescriptionsThatAreNoneAreRefused) {
  const auto name = term::binary("second");
  const auto properties = stores::encode_description(table_called("second")).value;
  constexpr auto why = "does not describe a table";
  // Without an end; with something behind it; of another shape; of an unknown kind.
  for (const auto size :
       {std::size_t{0}, std::size_t{1}, properties.size() / 2, properties.size() - 1}) {
    expect_refused(with_first().raw(2, name, std::string_view(properties).substr(0, size)),
                   errc::corrupt, why);
  }
  expect_refused(with_first().raw(2, name, properties + "more"), errc::corrupt, why);
  expect_refused(with_first().raw(2, term::integer(2), properties), errc::corrupt, why);
  const auto no_map = term::integer(2);
  expect_refused(with_first().raw(2, name, as_text(no_map.encoded())), errc::corrupt, why);
  auto unknown = properties;
  const auto at = unknown.find("set");
  ASSERT_NE(at, std::string::npos);
  unknown.replace(at, 3, "sea");
  expect_refused(with_first().raw(2, name, unknown), errc::corrupt, why);
}

/// `indexes` as they are given, in front of the other properties.
[[nodiscard]] std::string with_indexes(const term& indexes) {
  const auto others =
      *or_throw(term::from_encoded(as_bytes(stores::encode_description(table_called("x")).value)))
           .pairs();
  std::vector<term::pair> all{{*term::atom("indexes"), indexes}};
  all.insert(all.end(), others.begin(), others.end());
  const auto made = or_throw(term::map(all));
  return std::string(as_text(made.encoded()));
}

TEST(ForgedCatalog, IndexesThatAreNoneAreRefused) {
  const auto atom = [](const char* name) { return *term::atom(name); };
  const auto index = [&](std::initializer_list<term::pair> properties) {
    return term::list({or_throw(term::map(properties))});
  };
  const auto what = atom("what");
  const auto members = atom("members");
  const auto email = term::list({term::binary("email")});
  std::vector<term> many;
  for (int i = 0; i < 5000; ++i) many.push_back(term::binary(std::to_string(i)));
  const std::vector<term> bad{
      term::integer(1),
      term::nil(),
      term::list({term::integer(1)}),
      term::list(many),
      index({}),
      index({{members, email}}),
      index({{what, term::integer(1)}, {members, email}}),
      term::binary("unique"),
      index({{what, atom("unique")}}),
      index({{what, atom("unique")}, {members, term::nil()}}),
      index({{what, atom("unique")}, {members, term::integer(1)}}),
      index({{what, atom("unique")}, {members, term::list({term::integer(300)})}}),
      index({{what, atom("unique")}, {members, term::list({term::binary("")})}}),
      index({{what, atom("unique")}, {members, term::list({term::binary("\xff")})}}),
      index({{what, atom("index_each")},
             {members, term::list({term::binary("a"), term::binary("b")})}}),
      index({{what, atom("index_by")}, {members, email}}),
      index({{what, atom("index_by")}, {atom("name"), term::integer(1)}}),
  };
  const auto name = term::binary("second");
  for (const auto& indexes : bad) {
    SCOPED_TRACE(indexes.to_string(64));
    expect_refused(with_first().raw(2, name, with_indexes(indexes)), errc::corrupt, "index");
  }
}

/// And what they do not say of an index that they know.
TEST(ForgedCatalog, IndexesOfFormsThatOnlyNewerVersionsKnowAreSkipped) {
  const auto atom = [](const char* text) { return *term::atom(text); };
  const auto unknown = or_throw(term::map({{atom("what"), atom("index_near")}}));
  const auto known = or_throw(
      term::map({{atom("what"), atom("index")},
                 {atom("members"), term::list({term::binary("city"), term::binary("age")})},
                 {atom("order"), atom("backwards")}}));
  database_ground g;
  with_first()
      .raw(2, term::binary("second"), with_indexes(term::list({unknown, known, known})))
      .on(g.disk);
  const auto second = or_throw(describe(path, {.system = &g.disk, .table = "second"}));
  ASSERT_EQ(second.indexes.size(), 1u);
  EXPECT_EQ(to_string(second.indexes.front()), "index<city, age>");
  EXPECT_TRUE(ok(database::open(g.config())));
}

TEST(ForgedCatalog, SeveralTablesWithoutTheBitThatSaysSoAreRefused) {
  forged_database d(false);
  d.table(1, table_called("first")).put(1, "a", 1).table(2, table_called("second"));
  expect_refused(d, errc::corrupt, "the header allows for one");
}

TEST(ForgedCatalog, ATableThatIsRenamedToWhatIsTakenOrIsNotThereIsRefused) {
  const auto second = with_first().table(2, table_called("second"));
  expect_refused(forged_database(second).changed(2, table_called("first")), errc::corrupt,
                 "renames table 2 to the name of another one");
  expect_refused(forged_database(second).changed(3, table_called("third")), errc::corrupt,
                 "renames table 3, which it does not have");
  expect_refused(forged_database(second).changed(2, table_called(std::string(300, 'n'))),
                 errc::corrupt, "renames table 2 to a name that is not valid");
  forged_database lone(false);
  lone.table(1, table_called("first")).put(1, "a", 1).changed(1, table_called("other"));
  expect_refused(lone, errc::corrupt, "the header allows for one");
}

TEST(ForgedCatalog, TypesThatChangedAreOfANewerVersion) {
  auto other = table_called("second");
  other.value_schema = "binary";
  database_ground g;
  with_first().table(2, table_called("second")).changed(2, other).on(g.disk);
  expect_untouched(g.disk, [&] {
    EXPECT_TRUE(refuses(database::open(g.config()), errc::unsupported_version, {path, "newer"}));
  });
}

TEST(ForgedCatalog, ATableThatATornBatchWasToMakeIsNotThere) {
  database_ground g;
  const auto encoded = stores::encode_description(table_called("second"));
  forged_database d = with_first();
  d.record({op::table_created, 0, 2, as_bytes(encoded.key), as_bytes(encoded.value)}, false);
  d.on(g.disk);
  auto db = g.open();
  EXPECT_EQ(db.tables().size(), 1u);
  EXPECT_GT(or_throw(db.stats()).all.recovery_cut_bytes, 0u);
  EXPECT_TRUE(ok(db.table<tags_table>("second")));
  ASSERT_TRUE(ok(db.close()));
  EXPECT_EQ(g.open().tables().size(), 2u);
}

/// Fixed: after the last id came 0, and then those of other tables.
TEST(ForgedCatalog, AfterTheLastIdNoTableIsMade) {
  database_ground g;
  forged_database d = with_first();
  d.dropped(last_id).on(g.disk);
  auto db = g.open();
  for (int i = 0; i < 2; ++i) {
    EXPECT_TRUE(refuses(db.table<tags_table>("another"), errc::size_limit_exceeded, {path, "id"}));
    EXPECT_EQ(or_throw(db.table<visits_table>("first")).lookup("a"), 1);
    ASSERT_TRUE(ok(db.compact()));
    ASSERT_TRUE(ok(db.close()));
    db = g.open();
  }
  EXPECT_TRUE(
      refuses(database::open(g.config(), declare<tags_table>("another")), errc::already_open));
  ASSERT_TRUE(ok(db.close()));
  expect_untouched(g.disk, [&] {
    EXPECT_TRUE(refuses(database::open(g.config(), declare<tags_table>("another")),
                        errc::size_limit_exceeded, {path}));
  });
}

TEST(ForgedCatalog, NamesThatNoProgramCanGiveAreRefused) {
  for (const auto& name :
       {std::string(), std::string(300, 'n'), std::string("\xff\xfe", 2), std::string("a\0b", 3)}) {
    expect_refused(with_first().table(2, table_called(name)), errc::corrupt,
                   "no valid name for table 2");
  }
}

}  // namespace
}  // namespace shelf::suite
