// SUITE  every verb over every kind, write mode and store
// Feeds and watches alongside writers, transactions and closing.
#include "shelf/changes.hpp"
#include "shelf/database_changes.hpp"
#include "suite/database_ground.hpp"

#include <gtest/gtest.h>
#include <unistd.h>

#include <atomic>
#include <chrono>
#include <filesystem>
#include <map>
#include <string>
#include <thread>
#include <vector>

namespace shelf::suite {
namespace {

using namespace std::chrono_literals;

using numbers = shelf::map<int, int>;

/// Applies what a feed tells to a copy of the table. False once the table is closed.
bool follow(change_feed<int, int>& feed, std::map<int, int>& copy) {
  auto b = feed.next(10s);
  if (!b) {
    EXPECT_EQ(b.error(), errc::table_closed);
    return false;
  }
  if (b->event != table_event::none) copy.clear();
  for (const auto& c : b->changes) {
    const auto there = copy.find(c.key);
    EXPECT_EQ(c.before.has_value(), there != copy.end());
    if (there != copy.end()) {
      EXPECT_EQ(c.before, there->second);
    }
    c.after ? void(copy[c.key] = *c.after) : void(copy.erase(c.key));
  }
  return true;
}

TEST(Following, CopiesMadeOfASnapshotAndItsFeedEqualTheTable) {
  auto t = numbers::in_memory();
  constexpr int writers = 3;
  constexpr int writes = 3000;
  std::atomic<bool> stop{false};
  std::vector<std::thread> threads;
  std::vector<std::map<int, int>> copies(3);
  std::atomic<int> ready{0};
  for (auto& copy : copies) {
    threads.emplace_back([&] {
      while (!stop) {
        copy.clear();
        const auto moment = t.snapshot();
        for (const auto& [key, value] : moment) copy.emplace(key, value);
        auto feed = t.changes({.from = moment.position(), .before = true});
        if (!feed) {
          EXPECT_EQ(feed.error(), errc::cursor_lost);
          continue;
        }
        ++ready;
        while (follow(*feed, copy)) {
        }
        return;
      }
    });
  }
  std::vector<std::thread> writing;
  for (int w = 0; w < writers; ++w) {
    writing.emplace_back([&, w] {
      for (int i = 0; i < writes; ++i) {
        const int key = (i * 7 + w) % 100;
        if (i % 5 == 0) {
          EXPECT_TRUE(t.erase(key));
        } else if (i % 1001 == 0) {
          EXPECT_TRUE(t.clear());
        } else {
          EXPECT_TRUE(t.insert(key, w * writes + i));
        }
      }
    });
  }
  for (auto& w : writing) w.join();
  while (ready < 3) std::this_thread::yield();
  std::map<int, int> all;
  for (const auto& [key, value] : t.snapshot()) all.emplace(key, value);
  ASSERT_TRUE(t.close());
  stop = true;
  for (auto& f : threads) f.join();
  for (const auto& copy : copies) EXPECT_EQ(copy, all);
}

TEST(Following, TransactionsAreNeverTornApart) {
  bank b;
  auto feed = or_throw(b.db.changes());
  std::vector<std::thread> writing;
  for (int w = 0; w < 2; ++w) {
    writing.emplace_back([&, w] {
      for (int i = 0; i < 300; ++i) {
        const auto name = std::to_string(w);
        EXPECT_TRUE(b.db.transact([&](transaction& tx) -> result<> {
          if (auto done = tx(b.accounts).insert(name, i); !done) return done;
          return tx(b.visits).insert(name, -i);
        }));
      }
    });
  }
  std::map<std::string, std::int64_t> accounts;
  std::map<std::string, std::int64_t> visits;
  while (accounts["0"] != 299 || accounts["1"] != 299) {
    const auto batch = or_throw(feed.next(10s));
    ASSERT_FALSE(batch.empty());
    for (const auto& c : batch.of(b.accounts).changes) accounts[c.key] = *c.after;
    for (const auto& c : batch.of(b.visits).changes) visits[c.key] = *c.after;
    for (const auto& [name, n] : accounts) EXPECT_EQ(visits[name], -n);
  }
  for (auto& w : writing) w.join();
}

TEST(Following, AWaitingWatchHearsOfEveryLastValue) {
  auto t = numbers::in_memory();
  auto back = numbers::in_memory();
  std::thread echo([&] {
    auto w = or_throw(t.watch(1));
    for (int last = 0; last < 500;) {
      const auto seen = or_throw(w.wait(10s));
      if (!seen) continue;
      EXPECT_GT(*seen, last);
      last = *seen;
      EXPECT_TRUE(back.insert(1, last));
    }
  });
  auto answer = or_throw(back.watch(1));
  for (int i = 1; i <= 500; ++i) {
    ASSERT_TRUE(t.insert(1, i));
    while (or_throw(answer.wait(10s)) != i) {
    }
  }
  echo.join();
}

TEST(Following, ClosingWakesAllWhoWait) {
  auto t = numbers::in_memory();
  auto feed = or_throw(t.changes());
  auto w = or_throw(t.watch(1));
  ASSERT_TRUE(w.wait(0s));
  std::atomic<int> waiting{0};
  std::thread first([&] {
    ++waiting;
    EXPECT_EQ(feed.next(24h).error(), errc::table_closed);
  });
  std::thread second([&] {
    ++waiting;
    EXPECT_EQ(w.wait(24h).error(), errc::table_closed);
  });
  while (waiting < 2) std::this_thread::yield();
  ASSERT_TRUE(t.close());
  first.join();
  second.join();
}

/// Opens files of the operating system, of which background threads look after.
class scratch_file {
 public:
  scratch_file()
      : path_((std::filesystem::temp_directory_path() /
               ("shelf_following_" + std::to_string(::getpid()) + ".shelf"))
                  .string()) {
    std::filesystem::remove(path_);
  }
  scratch_file(const scratch_file&) = delete;
  scratch_file& operator=(const scratch_file&) = delete;
  ~scratch_file() { std::filesystem::remove(path_); }
  [[nodiscard]] const std::string& path() const noexcept { return path_; }

 private:
  std::string path_;
};

TEST(Following, AFollowerInTheBackgroundTellsAllThatAWriterDoesMeanwhile) {
  const scratch_file file;
  constexpr int writes = 2000;
  auto t = or_throw(numbers::open({.path = file.path(), .history = {.bytes = 1 << 16}}));
  const auto r =
      or_throw(numbers::open({.path = file.path(), .opening = opening::read_only, .follow = 1ms}));
  std::thread writer([&] {
    for (int i = 0; i < writes; ++i) {
      EXPECT_TRUE(t.insert(i, i));
      if (i % 500 == 499) {
        EXPECT_TRUE(t.compact());
      }
    }
  });
  std::thread reader([&] {
    auto last = or_throw(r.watch(writes - 1));
    while (or_throw(last.wait(10s)) != writes - 1) {
    }
    EXPECT_EQ(r.size(), static_cast<std::size_t>(writes));
  });
  std::map<int, int> copy;
  auto feed = or_throw(r.changes({.from = change_start::oldest}));
  while (copy.size() < writes) {
    const auto b = or_throw(feed.next(10s));
    ASSERT_FALSE(b.empty());
    if (b.event == table_event::reset) {
      // A later snapshot is fine: the feed tells again what it has.
      copy.clear();
      for (const auto& [key, value] : r.snapshot()) copy.emplace(key, value);
    }
    for (const auto& c : b.changes) copy[c.key] = *c.after;
  }
  writer.join();
  reader.join();
  EXPECT_EQ(copy.size(), t.size());
}

TEST(Following, AFeedThatReadsTheFileIsNotDisturbedByWritersCompactionAndClosing) {
  const scratch_file file;
  auto t = or_throw(numbers::open({.path = file.path(), .history = {.bytes = 1 << 24}}));
  constexpr int writes = 3000;
  for (int i = 0; i < writes; ++i) ASSERT_TRUE(t.insert(i, i));
  std::atomic<bool> stop{false};
  std::thread writer([&] {
    for (int i = writes; !stop; ++i) {
      EXPECT_TRUE(t.insert(i, i));
      if (i % 300 == 0) {
        EXPECT_TRUE(t.compact());
      }
    }
  });
  std::vector<std::thread> readers;
  for (int n = 0; n < 2; ++n) {
    readers.emplace_back([&] {
      auto feed = or_throw(t.changes({.from = change_start::oldest}));
      int next = 0;
      for (auto b = or_throw(feed.next(1s)); next < writes; b = or_throw(feed.next(1s))) {
        for (const auto& c : b.changes) EXPECT_EQ(c.key, next++);
      }
    });
  }
  for (auto& r : readers) r.join();
  auto feed = or_throw(t.changes({.from = change_start::oldest}));
  ASSERT_FALSE(or_throw(feed.next(1s)).empty());
  stop = true;
  writer.join();
  ASSERT_TRUE(t.close());
  EXPECT_EQ(feed.next(1s).error(), errc::table_closed);
}

}  // namespace
}  // namespace shelf::suite
