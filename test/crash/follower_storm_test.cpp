// TEST  crash
// A follower beside a writer that is killed again and again, compacts, and is opened anew: what it
// shows is always a prefix of what was written, and never less than before.
#include "budget.hpp"
#include "crash/campaign.hpp"
#include "shelf/changes.hpp"
#include "shelf/shelf.hpp"
#include "simulation/crash_space.hpp"

#include <gtest/gtest.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <chrono>
#include <cstdlib>
#include <filesystem>
#include <string>

namespace shelf::crash {
namespace {

using namespace std::chrono_literals;

using numbers = shelf::ordered_map<int, int>;

/// In a child: writes 0, 1, 2, ... from where the last writer was killed.
[[noreturn]] void write_until_killed(const std::string& path, file_io io, bool keeps_history) {
  numbers::config c;
  c.path = path;
  c.io = io;
  if (keeps_history) c.history = {.bytes = 20'000};
  auto t = numbers::open(std::move(c));
  if (!t) ::_exit(1);
  const auto last = t->last();
  for (int i = last ? last->first + 1 : 0;; ++i) {
    if (!t->insert(i, i)) ::_exit(2);
    if (i % 700 == 699 && !t->compact()) ::_exit(3);
  }
}

/// How many there are; -1 if they are no prefix.
int prefix_of(const numbers& t) {
  const auto moment = t.snapshot();
  int next = 0;
  for (const auto& [key, value] : moment) {
    if (key != next || value != next) return -1;
    ++next;
  }
  return next;
}

/// A copy that follows by the feed alone, but for what a reset does not list.
void take_in(change_feed<int, int>& feed, const numbers& t, int& copied) {
  for (auto b = or_throw(feed.next()); !b.empty(); b = or_throw(feed.next())) {
    if (b.event == table_event::reset) copied = prefix_of(t);
    for (const auto& c : b.changes) {
      EXPECT_LE(c.key, copied) << "nothing is left out";
      copied = std::max(copied, c.key + 1);
    }
  }
}

TEST(FollowerStorm, WhatItShowsIsAlwaysAPrefixAndNeverLessThanBefore) {
  const auto path = (std::filesystem::temp_directory_path() /
                     ("shelf_follower_storm_" + std::to_string(::getpid()) + ".shelf"))
                        .string();
  std::filesystem::remove(path);
  ASSERT_TRUE(or_throw(numbers::open({.path = path})).close());
  auto t = or_throw(numbers::open({.path = path, .opening = opening::read_only}));
  auto feed = or_throw(t.changes());
  simulation::chooser choose(seed());
  int shown = 0;
  int copied = 0;
  const auto look = [&] {
    const auto came = t.catch_up();
    ASSERT_TRUE(came) << came.error();
    const int now = prefix_of(t);
    ASSERT_GE(now, shown) << "SHELF_TEST_SEED=" << seed();
    shown = now;
    take_in(feed, t, copied);
    ASSERT_EQ(copied, shown);
  };
  const auto kills = static_cast<int>(test::budgeted(60));
  for (int round = 0; round < kills; ++round) {
    const auto io = choose.below(2) == 0 ? file_io::calls : file_io::mapped;
    const pid_t child = ::fork();
    if (child == 0) write_until_killed(path, io, round % 2 == 0);
    const auto end =
        std::chrono::steady_clock::now() + std::chrono::microseconds(choose.below(40'000));
    do {
      look();
      if (HasFatalFailure()) break;
    } while (std::chrono::steady_clock::now() < end);
    ::kill(child, SIGKILL);
    int status = 0;
    ::waitpid(child, &status, 0);
    ASSERT_TRUE(WIFSIGNALED(status)) << "the writer gave up: " << WEXITSTATUS(status);
    look();
    if (HasFatalFailure()) break;
  }
  EXPECT_GT(shown, 0);
  std::filesystem::remove(path);
}

}  // namespace
}  // namespace shelf::crash
