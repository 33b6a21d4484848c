// SUITE  every verb over every kind, write mode and store
// The N-th operator new fails, for every N, in followers, in feeds that read the file, and in
// compactions that keep history: done or not done, and the next attempt succeeds.
#include "file/scratch.hpp"
#include "suite/failing_heap.hpp"
#include "suite/feeds.hpp"
#include "suite/ground.hpp"

#include <chrono>
#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace shelf::suite {
namespace {

using table = shelf::ordered_map<std::string, std::string>;
using model = std::map<std::string, std::string>;

constexpr auto long_path = "a table that is followed by others.shelf";
constexpr std::int64_t most_allocations = 3000;
const std::string long_value(60, 'v');

/// A file that keeps history, with some entries.
struct followed {
  followed() : t(or_throw(table::open(config()))) {
    for (int i = 0; i < 20; ++i) or_throw(t.insert(key(i), long_value));
  }
  [[nodiscard]] table::config config() const {
    table::config c;
    c.path = in.path(long_path);
    c.sync_every = std::chrono::milliseconds(0);
    c.on_error = [](const error&) {};
    c.history = {.bytes = 1 << 20, .before = true};
    return c;
  }
  [[nodiscard]] table follow() const {
    auto c = config();
    c.opening = opening::read_only;
    return or_throw(table::open(std::move(c)));
  }
  void write() {
    shelf::batch<std::string, std::string> b;
    b.insert(key(1), "another value that is a long one: " + long_value);
    b.insert("a new key that is a long one", long_value);
    b.erase(key(2));
    or_throw(t.write(b));
    or_throw(t.insert(key(3), "last"));
  }
  static std::string key(int i) { return "a key that is a long one, number " + std::to_string(i); }

  const file::scratch in;
  table t;
};

/// Runs `once(n)` for every n, until it says that n allocations were enough.
template <class F>
void for_every_allocation(F once) {
  for (std::int64_t n = 0;; ++n) {
    SCOPED_TRACE("allocation " + std::to_string(n));
    ASSERT_LT(n, most_allocations);
    if (!once(n) || testing::Test::HasFailure()) return;
  }
}

TEST(FollowingAllocation, CatchingUpIsDoneOrNotDoneBatchByBatch) {
  for (const bool compacts : {false, true}) {
    SCOPED_TRACE(compacts ? "the file is another one" : "batches behind the last");
    for_every_allocation([&](std::int64_t n) {
      followed f;
      auto r = f.follow();
      auto feed = or_throw(r.changes());
      auto told = model_of(r);
      f.write();
      if (compacts) or_throw(f.t.compact());
      (void)starved(n, false, [&] { (void)r.catch_up(); });
      const bool failed = heap().has_failed;
      EXPECT_TRUE(ok(r.catch_up()));
      EXPECT_EQ(model_of(r), model_of(f.t));
      // Of a ring that found no memory the feed has lost its place, and says so.
      const auto first = feed.next();
      if (!first) {
        EXPECT_EQ(first.error(), errc::cursor_lost);
      } else {
        first->event == table_event::reset ? void(told = model_of(r)) : take_in(*first, told);
        suite::follow(feed, told);
        EXPECT_EQ(told, model_of(r));
      }
      return failed;
    });
  }
}

TEST(FollowingAllocation, AFeedOutOfTheFileTellsABatchOnceItHasTheMemory) {
  for_every_allocation([&](std::int64_t n) {
    followed f;
    f.write();
    or_throw(f.t.close());
    f.t = or_throw(table::open(f.config()));
    model told;
    std::optional<change_feed<std::string, std::string>> feed;
    std::vector<change_batch<std::string, std::string>> batches;
    batches.reserve(3);
    (void)starved(n, false, [&] {
      auto opened = f.t.changes({.from = change_start::oldest, .before = true});
      if (!opened) return;
      feed.emplace(std::move(*opened));
      for (int i = 0; i < 3; ++i) {
        auto b = feed->next();
        if (b) batches.push_back(std::move(*b));
      }
    });
    const bool failed = heap().has_failed;
    if (!feed) {
      feed.emplace(or_throw(f.t.changes({.from = change_start::oldest, .before = true})));
    }
    for (const auto& b : batches) take_in(b, told);
    suite::follow(*feed, told);
    EXPECT_EQ(told, model_of(f.t));
    return failed;
  });
}

TEST(FollowingAllocation, ACompactionWithHistoryIsDoneOrNotDone) {
  for_every_allocation([&](std::int64_t n) {
    followed f;
    const auto from = f.t.snapshot().position();
    auto told = model_of(f.t);
    f.write();
    (void)starved(n, false, [&] { (void)f.t.compact(); });
    const bool failed = heap().has_failed;
    const auto is = model_of(f.t);
    or_throw(f.t.close());
    f.t = or_throw(table::open(f.config()));
    EXPECT_EQ(model_of(f.t), is);
    auto feed = or_throw(f.t.changes({.from = from}));
    suite::follow(feed, told);
    EXPECT_EQ(told, is);
    return failed;
  });
}

}  // namespace
}  // namespace shelf::suite
