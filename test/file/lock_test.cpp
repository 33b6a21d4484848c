// TEST  file room
// One writer a file: in this process, under other names, in other processes, over fork and over
// kill.
#include "error/sanitizer.hpp"
#include "file/process.hpp"
#include "file/scratch.hpp"
#include "simulation/simulated_disk.hpp"

#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <sys/file.h>
#include <sys/syscall.h>

#include <atomic>
#include <vector>

namespace shelf::file {
namespace {

using simulation::simulated_disk;

struct Lock : testing::Test {
  scratch directory;
  const std::string path = directory.path("ages.shelf");
  location at = place(path);

  Lock() { directory.write("ages.shelf", "content"); }

  /// True if a raw flock on the file would be granted.
  [[nodiscard]] bool is_free() const {
    const int file = ::open(path.c_str(), O_RDONLY | O_CLOEXEC);
    const bool granted = ::flock(file, LOCK_EX | LOCK_NB) == 0;
    ::close(file);
    return granted;
  }
};

TEST_F(Lock, ASecondOpenInThisProcessIsRefusedAndSaysSo) {
  const auto first = sure(at.open_to_write());
  const auto second = at.open_to_write();
  ASSERT_FALSE(second);
  EXPECT_EQ(second.error(), errc::already_open);
  EXPECT_EQ(second.error().message(), path + ": already open for writing by this process");
}

TEST_F(Lock, ClosingFreesItAndOpeningAndClosingElsewhereDoesNot) {
  auto first = sure(at.open_to_write());
  static_cast<void>(sure(at.open_to_read()));  // POSIX locks would be lost here
  static_cast<void>(at.open_to_write());
  EXPECT_FALSE(is_free());
  first.close();
  EXPECT_TRUE(is_free());
  EXPECT_TRUE(at.open_to_write());
}

TEST_F(Lock, AHardLinkASymlinkAndAnotherPathAreTheSameFile) {
  std::filesystem::create_hard_link(path, directory.path("hard"));
  directory.link("soft", "ages.shelf");
  directory.make_directory("inner");
  const auto first = sure(at.open_to_write());
  for (const char* other : {"hard", "soft", "inner/../ages.shelf", "./ages.shelf"}) {
    const auto second = place(directory.path() + '/' + other).open_to_write();
    ASSERT_FALSE(second) << other;
    EXPECT_EQ(second.error(), errc::already_open) << other;
  }
}

TEST_F(Lock, AnotherProcessIsRefusedAndToldWhoHoldsIt) {
  const auto first = sure(at.open_to_write());
  const std::string expected =
      path + ": already open for writing by process " + std::to_string(::getpid());
  EXPECT_EQ(in_child([&] {
              const auto second = place(path).open_to_write();
              if (second || !(second.error() == errc::already_open)) return 1;
              return second.error().message() == expected ? 0 : 2;
            }),
            0);
}

TEST_F(Lock, KillingTheHolderFreesIt) {
  int ready[2];
  ASSERT_EQ(::pipe(ready), 0);
  const pid_t holder = ::fork();
  if (holder == 0) {
    const auto file = place(path).open_to_write();
    static_cast<void>(!::write(ready[1], file ? "y" : "n", 1));
    while (true) ::pause();
  }
  char answer = 0;
  ASSERT_EQ(::read(ready[0], &answer, 1), 1);
  ASSERT_EQ(answer, 'y');
  const auto refused = at.open_to_write();
  EXPECT_EQ(refused.error(), errc::already_open);
  EXPECT_EQ(refused.error().message(),
            path + ": already open for writing by process " + std::to_string(holder));
  ::kill(holder, SIGKILL);
  ::waitpid(holder, nullptr, 0);
  EXPECT_TRUE(at.open_to_write());
  ::close(ready[0]);
  ::close(ready[1]);
}

TEST_F(Lock, AForkedChildThatClosesEverythingLeavesTheParentsLock) {
  auto file = sure(at.open_to_write());
  EXPECT_EQ(in_child([&] {
              file.close();
              return 0;
            }),
            0);
  EXPECT_FALSE(is_free());
}

TEST_F(Lock, AForkedChildThatLivesOnDoesNotKeepTheLock) {
  auto file = sure(at.open_to_write());
  int stop[2];
  ASSERT_EQ(::pipe(stop), 0);
  const pid_t child = ::fork();
  if (child == 0) {
    ::close(stop[1]);
    char end = 0;
    static_cast<void>(!::read(stop[0], &end, 1));
    ::_exit(0);
  }
  file.close();
  EXPECT_TRUE(comes_true([&] { return is_free(); })) << "as soon as the child has started";
  ::close(stop[0]);
  ::close(stop[1]);
  ::waitpid(child, nullptr, 0);
}

TEST_F(Lock, InAForkedChildTheNumberOfALockedDescriptorIsNotReusedForSomethingElse) {
  auto file = sure(at.open_to_write());
  EXPECT_EQ(in_child([&] {
              const int number = static_cast<int>(file.raw());
              const int fresh = ::open("/dev/null", O_RDONLY);
              if (fresh == number) return 1;
              if (::write(number, "x", 1) >= 0) return 2;  // it no longer reaches the file
              file.close();                                // and closing it closes nothing else
              return ::fcntl(fresh, F_GETFD) >= 0 ? 0 : 3;
            }),
            0);
  EXPECT_EQ(directory.read("ages.shelf"), "content");
}

TEST_F(Lock, AForkedChildOpensAndLocksFilesOfItsOwn) {
  directory.write("other", "x");
  const auto file = sure(at.open_to_write());
  EXPECT_EQ(in_child([&] {
              const auto mine = place(directory.path("other")).open_to_write();
              return mine && !place(directory.path("other")).open_to_write() ? 0 : 1;
            }),
            0);
}

TEST_F(Lock, AForkIsSeenByTheStampHoweverItWasMade) {
  const process_stamp mine;
  EXPECT_FALSE(mine.is_of_parent());
  EXPECT_EQ(in_child([&] {
              if (!mine.is_of_parent()) return 1;
              const process_stamp child;
              if (child.is_of_parent() || !mine.is_of_parent()) return 2;
              return in_child([&] { return child.is_of_parent() && mine.is_of_parent() ? 0 : 1; });
            }),
            0);
  EXPECT_FALSE(mine.is_of_parent());
}

#if !SHELF_THREAD_SANITIZER
TEST_F(Lock, ARawCloneWithoutForkHandlersIsSeenAndLetsGoOfTheLock) {
  auto file = sure(at.open_to_write());
  const process_stamp mine;
  int ready[2];
  int stop[2];
  ASSERT_EQ(::pipe(ready), 0);
  ASSERT_EQ(::pipe(stop), 0);
  const long child = ::syscall(SYS_clone, SIGCHLD, nullptr, nullptr, nullptr, nullptr);
  if (child == 0) {
    const bool seen = mine.is_of_parent();
    settle_in_this_process();
    const process_stamp own;
    const bool changed = mine.is_of_parent() && !own.is_of_parent();
    ::close(stop[1]);
    static_cast<void>(!::write(ready[1], seen && changed ? "y" : "n", 1));
    char end = 0;
    static_cast<void>(!::read(stop[0], &end, 1));
    ::_exit(0);
  }
  char answer = 0;
  ASSERT_EQ(::read(ready[0], &answer, 1), 1);
  EXPECT_EQ(answer, 'y');
  EXPECT_FALSE(is_free());
  file.close();
  EXPECT_TRUE(is_free());
  for (const int end : {ready[0], ready[1], stop[0], stop[1]}) ::close(end);
  ::waitpid(static_cast<pid_t>(child), nullptr, 0);
}
#endif

TEST_F(Lock, TheLockIsOfTheFileThatHasTheNameNotOfOneThatHadIt) {
  const auto first = sure(at.open_to_write());
  const auto rewritten = sure(at.create_temporary());
  sure(at.publish(rewritten, true));
  EXPECT_EQ(at.open_to_write().error(), errc::already_open) << "the new file was locked before";
}

TEST_F(Lock, NeverTwoHoldersWhileTheFileIsRewrittenAllTheTime) {
  std::atomic<int> holders = 0;
  std::atomic<int> opened = 0;
  const auto work = [&] {
    for (int i = 0; i < 300; ++i) {
      const auto mine = place(path);
      auto file = mine.open_to_write();
      if (!file) continue;
      EXPECT_EQ(++holders, 1);
      ++opened;
      auto next = sure(mine.create_temporary());
      sure(mine.publish(next, true));
      EXPECT_EQ(mine.open_to_write().error(), errc::already_open);
      --holders;
    }
  };
  std::thread other(work);
  work();
  other.join();
  EXPECT_GT(opened, 0);
  EXPECT_EQ(directory.entries(), 1U);
}

TEST_F(Lock, EightProcessesNeverHoldItTogether) {
  std::vector<pid_t> children;
  for (int c = 0; c < 8; ++c) {
    const pid_t child = ::fork();
    if (child == 0) {
      int bad = 0;
      for (int i = 0; i < 100; ++i) {
        const auto file = place(path).open_to_write();
        if (!file) continue;
        // The holder's mark: nobody else's may be there.
        const int mark = ::open(directory.path("mark").c_str(), O_CREAT | O_EXCL | O_CLOEXEC, 0600);
        if (mark < 0) ++bad;
        ::close(mark);
        ::unlink(directory.path("mark").c_str());
      }
      ::_exit(bad == 0 ? 0 : 1);
    }
    children.push_back(child);
  }
  for (const pid_t child : children) {
    int status = 0;
    ::waitpid(child, &status, 0);
    EXPECT_EQ(status, 0);
  }
}

/// Between the lock that is refused and the look at who holds it the holder may have let go.
TEST_F(Lock, WhoIsRefusedIsToldWhoHoldsItHoweverOftenItChangesHands) {
  std::vector<pid_t> children;
  for (int c = 0; c < 3; ++c) {
    const pid_t child = ::fork();
    if (child == 0) {
      for (;;) static_cast<void>(place(path).open_to_write());
    }
    children.push_back(child);
  }
  int refused = 0;
  int untold = 0;
  for (int i = 0; i < 1'000'000 && refused < 300; ++i) {
    const auto file = at.open_to_write();
    if (file) continue;
    ++refused;
    untold += file.error().message().find(" by process ") == std::string::npos ? 1 : 0;
  }
  for (const pid_t child : children) {
    ::kill(child, SIGKILL);
    ::waitpid(child, nullptr, 0);
  }
  EXPECT_GT(refused, 0);
  EXPECT_EQ(untold, 0) << "of " << refused;
}

TEST_F(Lock, OnTheSimulatedDiskTheSameRulesHold) {
  simulated_disk disk;
  disk.put("ages", as_bytes("x"));
  const auto here = sure(location::find(disk, "ages", {}));
  auto first = sure(here.open_to_write());
  EXPECT_EQ(disk.locks_held(), 1U);
  EXPECT_EQ(here.open_to_write().error().message(),
            "ages: already open for writing by this process");
  first.close();
  EXPECT_EQ(disk.locks_held(), 0U);
  disk.lock_elsewhere("ages", 1234);
  EXPECT_EQ(here.open_to_write().error().message(),
            "ages: already open for writing by process 1234");
  disk.unlock_elsewhere("ages");
  EXPECT_TRUE(here.open_to_write());
}

}  // namespace
}  // namespace shelf::file
