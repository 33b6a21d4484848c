// SUITE  every verb over every kind, write mode and store
// Children of fork, whatever the threads of the parent were doing just then.
#include "error/sanitizer.hpp"
#include "file/scratch.hpp"
#include "shelf/dets.hpp"
#include "shelf/published.hpp"
#include "suite/ground.hpp"

#include "budget.hpp"

#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <atomic>
#include <cstdlib>
#include <latch>
#include <thread>

namespace shelf::suite {
namespace {

using ages = map<std::string, std::int64_t>;

/// Threads that run until this goes.
class company {
 public:
  template <class F>
  void add(F f) {
    threads_.emplace_back([this, f] {
      for (int i = 0; !stop_; ++i) f(i);
    });
  }
  ~company() { stop_ = true; }

 private:
  std::atomic<bool> stop_{false};
  std::vector<std::jthread> threads_;
};

/// Long, because a child that works on a busy machine looks like one that hangs until it is done.
constexpr unsigned patience_s = 120;

/// What a child of fork came to: what f returned, or 1000 + the signal that ended it. A child that
/// hangs is ended by an alarm. It leaves as a program does, by exit().
template <class F>
int outcome_of_child(F f) {
  const pid_t child = ::fork();
  if (child == 0) {
    ::signal(SIGALRM, SIG_DFL);
    ::alarm(patience_s);
    const int outcome = f();
    // What threads of the parent held looks like a leak to who searches their stacks.
    SHELF_ADDRESS_SANITIZER ? ::_exit(outcome) : std::exit(outcome);
  }
  int status = 0;
  ::waitpid(child, &status, 0);
  return WIFEXITED(status) ? WEXITSTATUS(status) : 1000 + WTERMSIG(status);
}

/// Opens, fills and closes tables of its own.
int use_tables(const std::string& file) {
  auto held = ages::in_memory();
  for (int i = 0; i < 400; ++i) {
    if (!held.insert(std::to_string(i), i)) return 1;
  }
  for (int i = 0; i < 400; i += 2) {
    if (!held.erase(std::to_string(i))) return 2;
  }
  if (held.size() != 200 || held.snapshot().size() != 200 || !held.close()) return 3;
  if (file.empty()) return 0;
  auto kept = ages::open({.path = file, .io = file_io::mapped});
  if (!kept || !kept->insert("a", 1) || !kept->close()) return 4;
  return remove(file) ? 0 : 5;
}

TEST(Fork, AChildUsesTablesOfItsOwnWhateverTheThreadsOfItsParentWereDoing) {
  const file::scratch here;
  // A static object, so that exit() in the child destroys a table of the parent.
  static ages shared = ages::in_memory();
  shared = or_throw(ages::open({.path = here.path(path), .mode = write_mode::back}));
  auto threads = std::make_unique<company>();
  for (int t = 0; t < 3; ++t) {
    threads->add([t](int i) {
      const auto key =
          std::to_string(i % 5000) + std::string(static_cast<std::size_t>(i % 97), 'x');
      (void)shared.insert(key, i + t);
      if (i % 3 == 0) (void)shared.erase(key);
      if (i % 50 == 0) (void)shared.snapshot().size();
      if (i % 1000 == 0) (void)ages::in_memory().insert(key, i);
    });
  }
  const auto forks = test::budgeted(1000);
  for (std::size_t i = 0; i < forks; ++i) {
    const bool with_file = i % 20 == 0;
    ASSERT_EQ(outcome_of_child([&] { return use_tables(with_file ? here.path("own") : ""); }), 0)
        << "child " << i;
  }
  threads.reset();
  EXPECT_TRUE(ok(shared.close()));
}

TEST(Fork, AChildMayAskTheTablesOfItsParentWhateverWasHappeningToThem) {
  auto shared = ages::in_memory();
  company threads;
  for (int t = 0; t < 2; ++t) {
    threads.add([&](int i) {
      (void)shared.insert(std::to_string(i % 100), i);
      (void)shared.snapshot().size();
      (void)shared.stats();
    });
  }
  for (std::size_t i = 0; i < test::budgeted(100); ++i) {
    const auto before = shared.snapshot();
    ASSERT_EQ(outcome_of_child([&] {
                if (shared.size() != 0 || shared.snapshot().size() != 0) return 1;
                if (shared.stats().error() != errc::forked) return 2;
                if (shared.insert("a", 1).error() != errc::forked) return 3;
                {
                  const auto gone = std::move(before);
                }
                shared = ages::in_memory();
                return shared.insert("a", 1) && shared.size() == 1 ? 0 : 4;
              }),
              0);
  }
}

TEST(Fork, AChildMayAskTheDetsFilesOfItsParentWhateverWasHappeningToThem) {
  const file::scratch here;
  auto shared = or_throw(dets::file::open({.path = here.path("t.dets")}));
  company threads;
  for (int t = 0; t < 2; ++t) {
    threads.add([&](int i) {
      (void)shared.insert(term::tuple({term::integer(i % 1000), term::integer(i)}));
    });
  }
  for (std::size_t i = 0; i < test::budgeted(100); ++i) {
    ASSERT_EQ(outcome_of_child([&] {
                if (shared.lookup(term::integer(1)).error() != errc::forked) return 1;
                if (shared.close().error() != errc::forked) return 2;
                {
                  const auto gone = std::move(shared);
                }
                return 0;
              }),
              0);
  }
}

/// Its slot among the readers would stay for ever: no thread of the child leaves it.
TEST(Fork, AChildForgetsTheReadersOfItsParent) {
  auto shared = ages::in_memory();
  ASSERT_TRUE(ok(shared.insert("a", 1)));
  std::latch inside(1);
  std::latch leave(1);
  std::jthread reader([&] {
    (void)shared.lookup("a", [&](std::int64_t) {
      inside.count_down();
      leave.wait();
    });
  });
  inside.wait();
  EXPECT_EQ(outcome_of_child([] {
              auto own = ages::in_memory();
              for (int i = 0; i < 2'000'000; ++i) {
                if (!own.insert(std::to_string(i % 100), i)) return 1;
              }
              return own.stats()->memory_bytes < 1'000'000 ? 0 : 2;
            }),
            0);
  leave.count_down();
}

TEST(Fork, AChildForkedInsideACallbackKeepsItsOwnPlaceAmongTheReaders) {
  auto shared = ages::in_memory();
  ASSERT_TRUE(ok(shared.insert("a", 1)));
  int outcome = -1;
  pid_t child = -1;
  ASSERT_TRUE(ok(shared.lookup("a", [&](std::int64_t) { child = ::fork(); })));
  if (child == 0) {
    auto own = ages::in_memory();
    for (int i = 0; i < 100'000; ++i) (void)own.insert("a", i);
    ::_exit(own.stats()->memory_bytes < 1'000'000 ? 0 : 1);
  }
  ::waitpid(child, &outcome, 0);
  EXPECT_EQ(outcome, 0);
}

/// Uses values of the parent and its own; 0 if all is well.
int use_published(published<int>& inherited) {
  auto held = std::make_shared<int>(1);
  const std::weak_ptr<int> alive = held;
  published<std::shared_ptr<int>> own(std::move(held));
  own.publish(nullptr);
  if (!alive.expired()) return 1;  // the parent's readers are not there to leave
  const int before = *inherited.read();
  inherited.update([](int& n) { n += 1; });
  if (*inherited.read() != before + 1) return 2;
  if (published_at<int>("forked").version() != 1) return 3;
  const auto seen = inherited.version();
  std::jthread publisher([&] { inherited.publish(0); });
  return inherited.wait_for_change(seen, std::chrono::seconds(patience_s)) ? 0 : 4;
}

TEST(Fork, AChildReadsAndReplacesPublishedValuesWhateverTheThreadsOfItsParentWereDoing) {
  published<int> live(0);
  company threads;
  threads.add([&](int) {
    const auto held = live.read();
    std::this_thread::yield();
  });
  threads.add([&](int) { live.update([](int& n) { ++n; }); });
  threads.add([&](int) { (void)live.wait_for_change(live.version(), std::chrono::seconds(1)); });
  for (std::size_t i = 0; i < test::budgeted(100); ++i) {
    ASSERT_EQ(outcome_of_child([&] { return use_published(live); }), 0) << "child " << i;
  }
}

}  // namespace
}  // namespace shelf::suite
