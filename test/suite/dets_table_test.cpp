// SUITE  every verb over every kind, write mode and store
// A DETS file as a table's file: what other files do not have.
#include "file/scratch.hpp"
#include "simulation/crash_states.hpp"
#include "suite/ground.hpp"

#include "budget.hpp"
#include "engine/instance.hpp"
#include "shelf/dets.hpp"

#include <algorithm>
#include <chrono>
#include <thread>

namespace shelf::suite {
namespace {

using ages = map<std::string, std::int64_t>;
using bag_of_ages = bag<std::string, std::int64_t>;

[[nodiscard]] ages::config config_on(simulation::simulated_disk& disk) {
  return {.path = path, .format = file_format::dets, .system = &disk};
}
[[nodiscard]] result<ages> open_on(simulation::simulated_disk& disk) {
  return ages::open(config_on(disk));
}
[[nodiscard]] dets::file terms_on(simulation::simulated_disk& disk, std::optional<kind> type = {},
                                  std::optional<std::uint32_t> keypos = {}) {
  return or_throw(
      dets::file::open({.path = path, .type = type, .keypos = keypos, .system = &disk}));
}

TEST(DetsTable, AnOrderedMapIsRefusedAndNothingIsMade) {
  simulation::simulated_disk disk;
  using ordered = ordered_map<std::string, std::int64_t>;
  EXPECT_TRUE(refuses(ordered::open(config_on(disk)), errc::wrong_kind,
                      {path, "DETS", "ordered_set", "native"}));
  EXPECT_TRUE(disk.files().empty());
}

TEST(DetsTable, AFileOfTheOtherFormatIsNoTable) {
  for (const auto written : every_format) {
    simulation::simulated_disk disk;
    auto c = config_on(disk);
    c.format = written;
    or_throw(or_throw(ages::open(c)).close());
    const auto before = *disk.read_all(path);
    c.format = written == file_format::dets ? file_format::native : file_format::dets;
    EXPECT_TRUE(refuses(ages::open(c), errc::not_a_table, {path}));
    EXPECT_EQ(*disk.read_all(path), before);
  }
}

TEST(DetsTable, OneWriterAFileBelowItsBaseAndNobodyInAForkedChild) {
  const file::scratch here;
  const auto open_in = [&](const std::string& name) {
    return ages::open({.path = name, .base_directory = here.path(), .format = file_format::dets});
  };
  EXPECT_TRUE(refuses(open_in("../ages.dets"), errc::invalid_path));
  auto t = or_throw(open_in("ages.dets"));
  ASSERT_TRUE(ok(t.insert("a", 1)));
  EXPECT_TRUE(refuses(open_in("ages.dets"), errc::already_open, {"ages.dets", "this process"}));
  EXPECT_TRUE(refuses(dets::file::open({.path = here.path("ages.dets")}), errc::already_open));
  EXPECT_TRUE(refuses(remove(here.path("ages.dets")), errc::already_open));
  ASSERT_TRUE(ok(t.compact()));
  EXPECT_TRUE(refuses(open_in("ages.dets"), errc::already_open));
  EXPECT_EQ(file::in_child([&] {
              const bool told = t.insert("b", 2).error() == errc::forked &&
                                t.save().error() == errc::forked &&
                                t.close().error() == errc::forked && t.size() == 0;
              return told ? 0 : 1;
            }),
            0);
  ASSERT_TRUE(ok(t.insert("b", 2)));
  ASSERT_TRUE(ok(t.close()));
  EXPECT_EQ(or_throw(open_in("ages.dets")).size(), 2u);
  EXPECT_TRUE(ok(remove(here.path("ages.dets"))));
  EXPECT_EQ(here.entries(), 0u);
}

TEST(DetsTable, AnEntryIsTheObjectOfKeyAndValue) {
  simulation::simulated_disk disk;
  {
    auto t = or_throw(open_on(disk));
    ASSERT_TRUE(ok(t.insert("alice", 30)));
  }
  auto f = terms_on(disk);
  const auto found = f.lookup(term::binary("alice"));
  ASSERT_TRUE(ok(found));
  EXPECT_EQ(found->front().to_string(), "{<<\"alice\">>,30}");
}

TEST(DetsTable, AnObjectThatIsNoPairIsNamedAndNothingIsHeld) {
  for (const bool too_long : {false, true}) {
    simulation::simulated_disk disk;
    {
      auto f = terms_on(disk);
      ASSERT_TRUE(ok(f.insert(term::tuple({term::binary("a"), term::integer(1)}))));
      ASSERT_TRUE(ok(f.insert(
          too_long ? term::tuple({term::binary("secret"), term::integer(2), term::integer(3)})
                   : term::tuple({term::binary("secret")}))));
    }
    const auto before = *disk.read_all(path);
    const auto refused = open_on(disk);
    EXPECT_TRUE(refuses(refused, errc::type_mismatch,
                        {path, too_long ? "3 elements" : "1 element", "{Key, Value}"}));
    EXPECT_THAT(refused.error().message(), testing::Not(testing::HasSubstr("secret")));
    EXPECT_THAT(refused.error().details(), testing::HasSubstr("secret"));
    EXPECT_EQ(*disk.read_all(path), before);
    EXPECT_EQ(disk.locks_held(), 0u);
  }
}

TEST(DetsTable, AKeyElsewhereOrAnotherTypeIsRefused) {
  simulation::simulated_disk disk;
  or_throw(terms_on(disk, kind::bag, 2).close());
  EXPECT_TRUE(refuses(open_on(disk), errc::wrong_kind, {path, "bag", "set"}));
  EXPECT_TRUE(
      refuses(bag_of_ages::open({.path = path, .format = file_format::dets, .system = &disk}),
              errc::type_mismatch, {path, "position 2", "position 1"}));
}

TEST(DetsTable, EveryEntryIsCheckedAgainstTheTypes) {
  simulation::simulated_disk disk;
  {
    auto f = terms_on(disk);
    for (int i = 0; i < 5; ++i) {
      const auto value = i % 2 == 0 ? term::integer(i) : term::binary("text");
      ASSERT_TRUE(ok(f.insert(term::tuple({term::binary(std::to_string(i)), value}))));
    }
  }
  EXPECT_TRUE(refuses(open_on(disk), errc::type_mismatch, {path, "2 entries", "integer"}));
}

TEST(DetsTable, AnUnclosedFileIsRepairedUnlessThePolicyRefusesAndStatsTell) {
  simulation::simulated_disk disk;
  {
    auto t = or_throw(open_on(disk));
    ASSERT_TRUE(ok(t.insert_range({{"a", 1}, {"b", 2}})));
    t.abandon();
  }
  const auto unclosed = *disk.read_all(path);
  auto c = config_on(disk);
  c.repair = dets::repair_policy::refuse;
  EXPECT_TRUE(refuses(ages::open(c), errc::corrupt, {path, "repair"}));
  EXPECT_EQ(*disk.read_all(path), unclosed);
  c.repair = dets::repair_policy::automatic;
  c.opening = opening::read_only;
  {
    const auto reader = or_throw(ages::open(c));
    EXPECT_EQ(contents(reader), (entries{{"a", 1}, {"b", 2}}));
    ASSERT_TRUE(reader.stats()->repaired);
    EXPECT_EQ(reader.stats()->repaired->kept_as, "");
    EXPECT_EQ(*disk.read_all(path), unclosed);
  }
  auto t = or_throw(open_on(disk));
  EXPECT_EQ(contents(t), (entries{{"a", 1}, {"b", 2}}));
  const auto s = *t.stats();
  EXPECT_FALSE(s.recovered_clean);
  ASSERT_TRUE(s.repaired);
  EXPECT_EQ(s.repaired->objects, 2u);
  EXPECT_EQ(s.repaired->damaged, 0u);
  EXPECT_EQ(s.repaired->kept_as, std::string(path) + ".unrepaired");
  EXPECT_EQ(*disk.read_all(s.repaired->kept_as), unclosed);
  ASSERT_TRUE(ok(t.close()));
  EXPECT_THAT(disk.files(), testing::ElementsAre(path));
  t = or_throw(open_on(disk));
  EXPECT_FALSE(t.stats()->repaired);
  EXPECT_TRUE(t.stats()->recovered_clean);
}

TEST(DetsTable, AFileNobodyWritesToForThreeMinutesIsClosed) {
  simulation::simulated_disk disk;
  auto c = config_on(disk);
  c.repair = dets::repair_policy::refuse;
  c.opening = opening::read_only;
  auto t = or_throw(open_on(disk));
  const auto visit_after = [&](std::chrono::seconds time) {
    disk.advance(time);
    (void)static_cast<engine::live_table&>(t.untyped()).database().work();
  };
  ASSERT_TRUE(ok(t.insert("a", 1)));
  visit_after(std::chrono::seconds(2));
  visit_after(std::chrono::seconds(170));
  EXPECT_TRUE(refuses(ages::open(c), errc::corrupt));
  ASSERT_TRUE(ok(t.insert("b", 2)));
  visit_after(std::chrono::seconds(20));
  EXPECT_TRUE(refuses(ages::open(c), errc::corrupt));
  visit_after(std::chrono::seconds(181));
  EXPECT_EQ(or_throw(ages::open(c)).size(), 2u);
}

/// The untyped table of a small file.
[[nodiscard]] std::shared_ptr<engine::live_table> full_soon(simulation::simulated_disk& disk,
                                                            kind what) {
  detail::core_config c;
  c.path = path;
  c.format = file_format::dets;
  c.system = &disk;
  c.dets_limit = 24 << 10;
  const detail::decoding_rules rules;
  const auto types = what == kind::set
                         ? detail::types_of<std::string, std::string, kind::set>({}, rules)
                         : detail::types_of<std::string, std::string, kind::bag>({}, rules);
  return or_throw(engine::instance::open_lone(std::move(c), detail::make_entry_types(types)));
}
[[nodiscard]] std::vector<std::byte> encoded(std::string_view text) {
  const auto t = term::binary(text);
  return {t.encoded().begin(), t.encoded().end()};
}
[[nodiscard]] auto key_of(int i) { return encoded("key" + std::to_string(i)); }
[[nodiscard]] auto text_of(std::size_t size) { return encoded(std::string(size, 'x')); }

TEST(DetsTable, TheWriteThatWouldPassTheLimitIsRefusedAndReadingAndErasingGoOn) {
  for (const auto what : {kind::set, kind::bag}) {
    SCOPED_TRACE(to_string(what));
    simulation::simulated_disk disk;
    auto t = full_soon(disk, what);
    int kept = 0;
    for (; kept < 100; ++kept) {
      const auto put = t->insert(key_of(kept), text_of(900));
      if (put) continue;
      EXPECT_TRUE(says(put.error(), errc::size_limit_exceeded, {path, "2 GiB"}));
      break;
    }
    EXPECT_GT(kept, 10);
    EXPECT_LT(kept, 30);
    const auto whole = [&] {
      EXPECT_EQ(t->size(), static_cast<std::size_t>(kept));
      for (int i = 0; i < kept; ++i) EXPECT_TRUE(t->contains(bytes(key_of(i)))) << i;
      EXPECT_FALSE(t->stats()->fenced);
    };
    whole();
    // A batch whose last entry does not fit leaves nothing, of keys that are there neither.
    auto many = or_throw(t->make_batch());
    or_throw(many->add(key_of(0), text_of(3)));
    for (int i = 0; i < 20; ++i) {
      or_throw(many->add(key_of(1000 + i), text_of(900)));
    }
    EXPECT_TRUE(refuses(t->insert_batch(std::move(many), false), errc::size_limit_exceeded));
    whole();
    EXPECT_TRUE(ok(t->reload()));
    whole();
    ASSERT_EQ(t->erase(key_of(0)), 1u);
    EXPECT_EQ(t->insert(key_of(0), text_of(900)), written::added);
    t->abandon();
    t = full_soon(disk, what);
    whole();
    EXPECT_TRUE(ok(t->close()));
  }
}

/// A failing call inside of a batch: the objects before it are taken back, in their order.
template <kind Kind>
void expect_batches_taken_back() {
  using table = shelf::table<std::string, std::int64_t, Kind>;
  for (std::uint64_t nth = 1;; ++nth) {
    SCOPED_TRACE("write " + std::to_string(nth));
    simulation::simulated_disk disk;
    const typename table::config c{.path = path, .format = file_format::dets, .system = &disk};
    auto t = or_throw(table::open(c));
    ASSERT_TRUE(ok(t.insert_range({{"a", 1}, {"a", 2}, {"b", 2}, {"a", 3}})));
    const auto before = contents(t);
    disk.inject({.kind = simulation::call::write, .nth = nth, .error = ENOSPC});
    const auto put = t.insert_range({{"d", 4}, {"a", 5}, {"e", 5}, {"b", 7}, {"b", 8}});
    const bool struck = disk.faults_met() != 0;
    disk.clear_faults();
    if (!struck) return;
    if (!put) {
      EXPECT_EQ(contents(t), before);
      const auto seen = or_throw(table::open([&] {
        auto reader = c;
        reader.opening = opening::read_only;
        return reader;
      }()));
      if (!t.stats()->fenced) {
        EXPECT_EQ(contents(seen), before);
      }
      if (t.stats()->fenced) {
        ASSERT_TRUE(ok(t.recover()));
      }
    }
    const auto now = contents(t);
    ASSERT_TRUE(ok(t.reload()));
    EXPECT_EQ(contents(t), now);
    ASSERT_LT(nth, 100u);
  }
}

TEST(DetsTable, ABatchThatFailsInItsMiddleIsTakenBackOnTheDiskToo) {
  expect_batches_taken_back<kind::set>();
  expect_batches_taken_back<kind::bag>();
  expect_batches_taken_back<kind::duplicate_bag>();
}

/// A workload of single writes in through mode, killed after every operation and at every page.
template <kind Kind>
void expect_every_kill_survived() {
  using table = shelf::table<std::string, std::string, Kind>;
  simulation::simulated_disk disk;
  const typename table::config c{.path = path, .format = file_format::dets, .system = &disk};
  using moment = std::vector<std::pair<std::string, std::string>>;
  std::vector<std::pair<std::uint64_t, moment>> acknowledged;
  {
    auto t = or_throw(table::open(c));
    const auto done = [&] { acknowledged.emplace_back(disk.operations(), contents(t)); };
    done();
    for (const std::size_t size : {5u, 6u, 300u, 5000u, 5001u, 20u, 9000u}) {
      for (const auto* key : {"a", "b"}) {
        ASSERT_TRUE(ok(t.insert(key, std::string(size, *key))));
        done();
      }
    }
    ASSERT_TRUE(ok(t.save()));
    ASSERT_TRUE(ok(t.erase("a", std::string(9000, 'a'))));
    done();
    ASSERT_TRUE(ok(t.compact()));
    ASSERT_TRUE(ok(t.insert("c", "c")));
    done();
    ASSERT_TRUE(ok(t.clear()));
    done();
    ASSERT_TRUE(ok(t.insert("d", "d")));
    done();
    ASSERT_TRUE(ok(t.close()));
  }
  const auto past = disk.recorded();
  std::size_t wrong = 0;
  for (auto at = acknowledged.front().first; at <= disk.operations(); ++at) {
    std::vector<moment> legal;
    for (std::size_t i = 0; i < acknowledged.size(); ++i) {
      if (i + 1 < acknowledged.size() && acknowledged[i + 1].first <= at) continue;
      if (legal.size() < 2) legal.push_back(acknowledged[i].second);
    }
    simulation::for_each_crash_state(
        past, at, {.crash = simulation::crash_options::kind::kill, .budget = test::budgeted(10)},
        [&](simulation::simulated_disk& left, const simulation::crash_state& state) {
          if (wrong > 3) return;
          auto there = c;
          there.system = &left;
          const auto t = table::open(there);
          const bool right = t && std::ranges::find(legal, contents(*t)) != legal.end();
          if (right) return;
          ++wrong;
          ADD_FAILURE() << "after " << at << ", " << state.describe();
        });
  }
}

TEST(DetsTable, AKillAtEveryWriteTakesNothingBackThatWasAcknowledged) {
  expect_every_kill_survived<kind::set>();
  expect_every_kill_survived<kind::bag>();
  expect_every_kill_survived<kind::duplicate_bag>();
}

TEST(DetsTable, BagsKeepTheirOrderThroughRepairsSavesAndCompactions) {
  simulation::simulated_disk disk;
  const bag_of_ages::config c{.path = path, .format = file_format::dets, .system = &disk};
  auto t = or_throw(bag_of_ages::open(c));
  for (const int v : {5, 3, 9, 1, 7}) ASSERT_TRUE(ok(t.insert("k", v)));
  ASSERT_EQ(t.erase("k", 3), 1u);
  ASSERT_TRUE(ok(t.insert("k", 3)));
  ASSERT_EQ(t.insert("k", 9), written::unchanged);
  const std::vector<std::int64_t> expected{5, 9, 1, 7, 3};
  EXPECT_EQ(t.lookup("k"), expected);
  t.abandon();
  t = or_throw(bag_of_ages::open(c));
  EXPECT_EQ(t.lookup("k"), expected);
  ASSERT_TRUE(ok(t.compact()));
  ASSERT_TRUE(ok(t.reload()));
  EXPECT_EQ(t.lookup("k"), expected);
  ASSERT_TRUE(ok(t.close()));
  t = or_throw(bag_of_ages::open(c));
  EXPECT_EQ(t.lookup("k"), expected);
}

TEST(DetsTable, AMigrationRewritesTheObjectsInOneStep) {
  simulation::simulated_disk disk;
  {
    auto t = or_throw(open_on(disk));
    ASSERT_TRUE(ok(t.insert_range({{"a", 1}, {"b", 2}})));
  }
  using named = map<std::string, std::string>;
  const named::config c{.path = path, .format = file_format::dets, .system = &disk};
  const auto to_text = [](const std::string& key, std::int64_t age) {
    return std::pair(key, std::to_string(age));
  };
  const auto done = migrate<ages, named>(c, to_text);
  ASSERT_TRUE(ok(done));
  EXPECT_EQ(done->written, 2u);
  EXPECT_EQ(or_throw(named::open(c)).lookup("b"), "2");
  using ordered = ordered_map<std::string, std::string>;
  const ordered::config o{.path = path, .format = file_format::dets, .system = &disk};
  const auto same = [](const std::string& key, const std::string& value) {
    return std::pair(key, value);
  };
  EXPECT_TRUE(refuses(migrate<named, ordered>(o, same), errc::wrong_kind, {path, "ordered_set"}));
  EXPECT_EQ(or_throw(named::open(c)).size(), 2u);
}

TEST(DetsTable, ACompactionTakesWhatWasWrittenWhileItRan) {
  simulation::simulated_disk disk;
  const bag_of_ages::config c{.path = path, .format = file_format::dets, .system = &disk};
  auto t = or_throw(bag_of_ages::open(c));
  for (int i = 0; i < 300; ++i) ASSERT_TRUE(ok(t.insert("k" + std::to_string(i % 50), i)));
  std::thread writer([&] {
    for (int i = 0; i < 300; ++i) {
      EXPECT_TRUE(ok(t.insert("w" + std::to_string(i % 20), i)));
      if (i % 7 == 0) {
        EXPECT_TRUE(ok(t.erase("k" + std::to_string(i % 50))));
      }
      if (i == 150) {
        EXPECT_TRUE(ok(t.clear()));
      }
    }
  });
  for (int i = 0; i < 10; ++i) EXPECT_TRUE(ok(t.compact()));
  writer.join();
  const auto expected = contents(t);
  ASSERT_TRUE(ok(t.reload()));
  EXPECT_EQ(contents(t), expected);
  ASSERT_TRUE(ok(t.close()));
  EXPECT_EQ(contents(or_throw(bag_of_ages::open(c))), expected);
}

}  // namespace
}  // namespace shelf::suite
