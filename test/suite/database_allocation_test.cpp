// SUITE  every verb over every kind, write mode and store
// The N-th operator new fails, for every N, in databases and transactions: done in all tables or
// not done at all, and the database goes on.
#include "file/scratch.hpp"
#include "suite/database_ground.hpp"
#include "suite/failing_heap.hpp"

#include <cerrno>
#include <chrono>
#include <cstdlib>
#include <functional>
#include <memory>
#include <optional>
#include <utility>

namespace shelf::suite {
namespace {

/// Too long for a string to keep it without an allocation.
constexpr auto long_path = "a shop with all that belongs to it.shelf";
constexpr auto long_name = "a table that is asked for by a long name";
constexpr std::int64_t most_allocations = 4000;

/// What is in the tables of a database: by name, those kept in memory as well.
using everything = std::map<std::string, entries>;

/// Three tables on disk and one in memory, with some entries.
struct shop {
  explicit shop(const file::scratch& in, keeping how) : shop(open(in, how)) {}
  explicit shop(database opened)
      : db(std::move(opened)),
        accounts(or_throw(db.table<accounts_table>("accounts"))),
        visits(or_throw(db.table<visits_table>("visits"))),
        tags(or_throw(db.table<tags_table>("tags"))),
        online(or_throw(db.table<visits_table>("online", {.storage = storage::memory}))) {}

  [[nodiscard]] static database_config config(const file::scratch& in, keeping how) {
    database_config c;
    c.path = in.path(long_path);
    c.mode = mode_of(how);
    c.sync_every = std::chrono::milliseconds(0);
    c.on_error = [](const error&) {};
    c.compaction.close_min_bytes = 1;
    return c;
  }
  [[nodiscard]] static database open(const file::scratch& in, keeping how) {
    return or_throw(database::open(config(in, how), declare<accounts_table>("accounts"),
                                   declare<visits_table>("visits"), declare<tags_table>("tags"),
                                   declare<visits_table>("online", {.storage = storage::memory})));
  }
  void fill() {
    entries some;
    for (int i = 0; i < 20; ++i) some.emplace_back("key" + std::to_string(i), i);
    (void)or_throw(accounts.insert_range(some));
    (void)or_throw(visits.insert_range(some));
    (void)or_throw(tags.insert_range(some));
    (void)or_throw(tags.insert("key1", 100));
    (void)or_throw(online.insert_range(some));
    or_throw(db.save());
  }
  [[nodiscard]] everything all() const {
    const auto moment = db.snapshot();
    return {{"accounts", sorted(moment(accounts))},
            {"visits", sorted(moment(visits))},
            {"tags", sorted(moment(tags))},
            {"online", sorted(moment(online))}};
  }

  database db;
  accounts_table accounts;
  visits_table visits;
  tags_table tags;
  visits_table online;
};

using verb = std::function<void(shop&)>;

/// It works on, in every table and in one step over all of them.
void expect_usable(shop& s) {
  const auto stats = s.db.stats();
  ASSERT_TRUE(ok(stats));
  EXPECT_FALSE(stats->all.fenced);
  EXPECT_EQ(stats->all.snapshots, 0u);
  const auto both = [&](auto write) {
    EXPECT_TRUE(ok(s.db.transact([&](transaction& tx) -> result<> {
      if (auto r = write(tx(s.accounts)); !r) return r;
      return write(tx(s.online));
    })));
  };
  both([](auto t) { return t.insert("another", 1); });
  EXPECT_EQ(s.accounts.lookup("another"), 1);
  both([](auto t) { return t.erase("another"); });
}

/// Once with n allocations. False once that is enough.
bool once(const verb& does, const verb& prepare, keeping how, bool for_good, std::int64_t n,
          const everything& before, const everything& after) {
  const file::scratch here;
  auto s = std::make_unique<shop>(here, how);
  s->fill();
  prepare(*s);
  const auto tables = s->db.tables().size();
  const bool thrown = starved(n, for_good, [&] { does(*s); });
  const bool failed = heap().has_failed;
  auto expected = thrown ? before : after;
  if (s->db.is_open()) {
    EXPECT_EQ(s->all(), expected);
    if (thrown) {
      EXPECT_EQ(s->db.tables().size(), tables);
    }
    expect_usable(*s);
    EXPECT_EQ(s->all(), expected);
    EXPECT_TRUE(ok(s->db.close()));
  }
  EXPECT_EQ(here.entries(), 1u);
  s = std::make_unique<shop>(here, how);
  expected["online"].clear();
  EXPECT_EQ(s->all(), expected);
  return failed;
}

/// What the verb does is seen by running it once with enough memory.
void check(const char* name, const verb& does, const verb& prepare = [](shop&) {}) {
  SCOPED_TRACE(name);
  for (const auto how : in_files) {
    SCOPED_TRACE(to_string(how));
    const file::scratch here;
    shop s(here, how);
    s.fill();
    prepare(s);
    const auto before = s.all();
    does(s);
    const auto after = s.db.is_open() ? s.all() : before;
    for (const bool for_good : {false, true}) {
      for (std::int64_t n = 0;; ++n) {
        SCOPED_TRACE("allocation " + std::to_string(n) + (for_good ? " and all later" : ""));
        if (!once(does, prepare, how, for_good, n, before, after)) break;
        ASSERT_LT(n, most_allocations);
        if (testing::Test::HasFailure()) return;
      }
    }
  }
}

/// Some of every write, with a part that is undone.
[[nodiscard]] result<> write_all(shop& s, transaction& tx) {
  auto accounts = tx(s.accounts);
  auto visits = tx(s.visits);
  auto tags = tx(s.tags);
  const auto from = or_throw(accounts.lookup("key7"));
  result<> done = accounts.insert("key7", from - 5);
  if (done) done = visits.add("key7", 5);
  if (done) done = visits.add("a new one", 5, {.initial = 1});
  if (done) done = accounts.erase("key2");
  if (done) done = accounts.erase("key3", 3);
  if (done) done = tags.insert("key1", 200);
  if (done) done = tags.erase("key1", 1);
  if (done) done = tx(s.online).insert("here", 1);
  const auto part = tx.nested([&]() -> result<> {
    (void)accounts.clear();
    (void)tags.insert("undone", 1);
    return std::unexpected(errc::overflow);
  });
  if (!done || part) return std::unexpected(errc::busy);
  if (accounts.range("key1", "key19").empty() || visits.size() != 21) {
    return std::unexpected(errc::busy);
  }
  return done;
}

TEST(DatabaseAllocation, ATransactionIsDoneInAllTablesOrInNone) {
  check("several tables", [](shop& s) {
    or_throw(s.db.transact([&](transaction& tx) { return write_all(s, tx); }));
  });
}

TEST(DatabaseAllocation, ATransactionThatClearsOrIsLargeIsDoneOrNotDone) {
  check("clear", [](shop& s) {
    or_throw(s.db.transact([&](transaction& tx) -> result<> {
      auto r = tx(s.accounts).clear();
      if (r) r = tx(s.accounts).insert("left", 1);
      return r ? tx(s.tags).clear() : r;
    }));
  });
  check("many", [](shop& s) {
    or_throw(s.db.transact([&](transaction& tx) -> result<> {
      auto accounts = tx(s.accounts);
      auto tags = tx(s.tags);
      result<> r;
      for (int i = 0; r && i < 40; ++i) {
        r = accounts.insert("many" + std::to_string(i), i);
        if (r) r = tags.insert("key1", i);
      }
      return r;
    }));
  });
}

TEST(DatabaseAllocation, ATransactionWithATicketAndOnCommitIsDoneOrNotDone) {
  check("ticket", [](shop& s) {
    int told = 0;
    ticket t;
    bool is_done = false;
    try {
      or_throw(s.db.transact(
          [&](transaction& tx) -> result<> {
            tx.on_commit([&s, &told] { told += s.db.is_open() ? 1 : 0; });
            return tx(s.accounts).insert("key1", 1000);
          },
          {.ticket = &t}));
      is_done = true;
    } catch (...) {
      if (told != 0) std::abort();
      throw;
    }
    if (is_done && told != 1) std::abort();
  });
}

TEST(DatabaseAllocation, ATransactionThatMetOthersIsDoneOrNotDone) {
  check("again", [](shop& s) {
    or_throw(s.db.transact([&](transaction& tx) -> result<> {
      auto accounts = tx(s.accounts);
      const auto had = or_throw(accounts.lookup("key1"));
      const auto none = accounts.contains("nobody");
      if (tx.attempt() < 3) {
        // Another thread has memory, and changes what was read: only to what it is already.
        elsewhere([&] {
          (void)or_throw(s.accounts.erase("key1"));
          (void)or_throw(s.accounts.insert("key1", 1));
        });
      }
      return none ? result<>() : accounts.insert("key1", had + 1);
    }));
  });
}

TEST(DatabaseAllocation, ATableIsMadeOrNotMade) {
  check("table", [](shop& s) { (void)or_throw(s.db.table<log_table>(long_name)); });
  check("memory table", [](shop& s) {
    (void)or_throw(s.db.table<log_table>(long_name, {.storage = storage::memory}));
  });
}

TEST(DatabaseAllocation, AReadGivesItsAnswerOrThrows) {
  check("reads", [](shop& s) {
    const auto moment = s.db.snapshot();
    if (moment(s.accounts).size() != 20 || !moment(s.tags).contains("key1")) std::abort();
    const auto sum = or_throw(s.db.read([&](const auto& at) {
      return *at(s.visits).lookup("key3") + *at(s.accounts).lookup("key4");
    }));
    const auto seen = or_throw(s.db.transact([&](transaction& tx) {
      return std::ssize(tx(s.tags).to_vector()) + std::ssize(tx(s.accounts).to_vector());
    }));
    if (sum != 7 || seen != 41) std::abort();
    (void)or_throw(s.db.stats());
    if (s.db.tables().size() != 4) std::abort();
  });
}

TEST(DatabaseAllocation, SavingReloadingAndCompactingAreDoneOrNotDone) {
  const verb changes = [](shop& s) {
    or_throw(s.db.transact([&](transaction& tx) { return write_all(s, tx); }));
  };
  check("save", [](shop& s) { or_throw(s.db.save()); }, changes);
  check("sync", [](shop& s) { or_throw(s.db.sync()); }, changes);
  check("reload", [](shop& s) { or_throw(s.db.reload()); });
  check("compact", [](shop& s) { or_throw(s.db.compact()); });
  check("close", [](shop& s) { or_throw(s.db.close()); });
}

TEST(DatabaseAllocation, AnOpenIsDoneOrHoldsNothing) {
  for (const auto how : in_files) {
    SCOPED_TRACE(to_string(how));
    const file::scratch here;
    everything expected;
    {
      shop s(here, how);
      s.fill();
      expected = s.all();
      expected["online"].clear();
      ASSERT_TRUE(ok(s.db.close()));
    }
    const auto before = here.read(long_path);
    for (std::int64_t n = 0;; ++n) {
      SCOPED_TRACE("allocation " + std::to_string(n));
      const auto descriptors = file::open_descriptors();
      std::optional<shop> s;
      const bool thrown = starved(n, false, [&] { s.emplace(here, how); });
      EXPECT_EQ(s.has_value(), !thrown);
      const bool failed = heap().has_failed;
      if (thrown) {
        EXPECT_EQ(file::open_descriptors(), descriptors);
      } else {
        EXPECT_EQ(s->all(), expected);
      }
      s.reset();
      EXPECT_EQ(file::open_descriptors(), descriptors);
      EXPECT_EQ(here.read(long_path), before);
      if (!failed) break;
      ASSERT_LT(n, most_allocations);
    }
  }
}

TEST(DatabaseAllocation, DeclaredTablesAreAddedToAFileAllOrNone) {
  for (std::int64_t n = 0;; ++n) {
    SCOPED_TRACE("allocation " + std::to_string(n));
    const file::scratch here;
    const auto c = shop::config(here, keeping::through);
    {
      auto db = or_throw(database::open(c, declare<visits_table>("visits")));
      (void)or_throw(or_throw(db.table<visits_table>("visits")).insert("a", 1));
    }
    std::optional<database> db;
    const bool thrown = starved(n, false, [&] {
      db.emplace(or_throw(
          database::open(c, declare<accounts_table>("accounts"), declare<tags_table>(long_name))));
    });
    const bool failed = heap().has_failed;
    EXPECT_EQ(db.has_value(), !thrown);
    db.reset();
    db.emplace(or_throw(database::open(c)));
    const auto count = db->tables().size();
    EXPECT_EQ(count, thrown ? 1u : 3u);
    EXPECT_EQ(or_throw(db->table<visits_table>("visits")).lookup("a"), 1);
    if (!failed) break;
    ASSERT_LT(n, most_allocations);
  }
}

TEST(DatabaseAllocation, ACreationIsDoneOrLeavesNothing) {
  const file::scratch here;
  for (std::int64_t n = 0;; ++n) {
    SCOPED_TRACE("allocation " + std::to_string(n));
    const auto descriptors = file::open_descriptors();
    std::optional<database> db;
    const bool thrown = starved(n, false, [&] { db.emplace(shop::open(here, keeping::through)); });
    const bool failed = heap().has_failed;
    if (thrown) {
      EXPECT_EQ(here.entries(), 0u);
      EXPECT_EQ(file::open_descriptors(), descriptors);
    } else {
      EXPECT_EQ(db->tables().size(), 4u);
      db.reset();
      EXPECT_TRUE(ok(remove(here.path(long_path))));
    }
    if (!failed) break;
    ASSERT_LT(n, most_allocations);
  }
}

/// A disk that cannot sync the directory of a file that was renamed, at a moment without memory.
class forgetful_disk final : public simulation::simulated_disk {
 public:
  file::os_result<> rename(file::descriptor directory, std::string_view from, std::string_view to,
                           bool no_replace) override {
    auto renamed = simulated_disk::rename(directory, from, to, no_replace);
    is_renamed_ = fails && renamed;
    return renamed;
  }
  file::os_result<> sync(file::descriptor file) override {
    if (!std::exchange(is_renamed_, false)) return simulated_disk::sync(file);
    heap() = {.left = 0};
    return std::unexpected(EIO);
  }
  /// True if f threw bad_alloc.
  template <class F>
  [[nodiscard]] bool starves(F f) {
    fails = true;
    const bool thrown = starved(-1, false, f);
    fails = false;
    return thrown;
  }
  bool fails = false;

 private:
  bool is_renamed_ = false;
};

/// Fixed: writes went on in the old file, which no longer had a name.
TEST(DatabaseAllocation, ARenameThatCannotBeSyncedNorReportedFences) {
  forgetful_disk disk;
  auto t = or_throw(visits_table::open({.path = path, .system = &disk}));
  (void)or_throw(t.insert("a", 1));
  EXPECT_TRUE(disk.starves([&] { (void)t.compact(); }));
  EXPECT_TRUE(or_throw(t.stats()).fenced);
  EXPECT_TRUE(refuses(t.insert("b", 2), errc::fenced));
  EXPECT_TRUE(disk.starves([&] { (void)t.recover(); }));
  EXPECT_TRUE(refuses(t.insert("b", 2), errc::fenced));
  ASSERT_TRUE(ok(t.recover()));
  EXPECT_TRUE(ok(t.insert("b", 2)));
  t.abandon();
  EXPECT_THAT(disk.files(), testing::ElementsAre(path));
  EXPECT_EQ(or_throw(visits_table::open({.path = path, .system = &disk})).size(), 2u);
}

TEST(DatabaseAllocation, ANewFileWhoseNameCannotBeSyncedNorReportedIsGone) {
  forgetful_disk disk;
  EXPECT_TRUE(disk.starves([&] { (void)visits_table::open({.path = path, .system = &disk}); }));
  EXPECT_TRUE(disk.files().empty());
  EXPECT_EQ(disk.open_descriptors(), 0u);
}

}  // namespace
}  // namespace shelf::suite
