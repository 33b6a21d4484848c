// TEST  file room
// The system over Linux: limits give errors and kill nobody, descriptors stay out of the way.
#include "file/scratch.hpp"

#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <sys/mount.h>
#include <sys/resource.h>
#include <sys/stat.h>

#include <cerrno>
#include <chrono>
#include <utility>

namespace shelf::file {
namespace {

struct RealSystem : testing::Test {
  scratch directory;
  system& files = real_system();
  const std::string path = directory.path("ages.shelf");
};

void limit_file_size(rlim_t size) {
  rlimit limit{};
  ::getrlimit(RLIMIT_FSIZE, &limit);
  limit.rlim_cur = size;
  ::setrlimit(RLIMIT_FSIZE, &limit);
}

TEST_F(RealSystem, AFileSizeLimitIsNoSpaceAndDoesNotKillTheProcess) {
  EXPECT_EQ(in_child([&] {
              const auto file = make(place(path), "abc");
              limit_file_size(4096);
              const std::string big(8192, 'x');
              const auto written = file.write(0, as_bytes(big));
              if (written || !(written.error() == errc::no_space)) return 1;
              if (!(written.error() == std::errc::file_too_large)) return 2;
              if (file.truncate(10'000)) return 3;
              if (!file.write(0, as_bytes("fits"))) return 4;
              sigset_t pending;
              ::sigpending(&pending);
              if (::sigismember(&pending, SIGXFSZ) == 1) return 5;
              sigset_t blocked;
              ::pthread_sigmask(SIG_BLOCK, nullptr, &blocked);
              return ::sigismember(&blocked, SIGXFSZ) == 1 ? 6 : 0;
            }),
            0);
}

TEST_F(RealSystem, ALimitSetBetweenTwoWritesIsNoticedByTheSecond) {
  EXPECT_EQ(in_child([&] {
              const auto file = make(place(path));
              if (!file.write(0, as_bytes("abc"))) return 1;
              limit_file_size(3);
              const auto written = file.write(3, as_bytes("d"));
              return !written && written.error() == errc::no_space ? 0 : 2;
            }),
            0);
}

TEST_F(RealSystem, ASizeSignalThatWasPendingBeforeStaysPending) {
  EXPECT_EQ(in_child([&] {
              const auto file = make(place(path));
              sigset_t signal;
              ::sigemptyset(&signal);
              ::sigaddset(&signal, SIGXFSZ);
              ::pthread_sigmask(SIG_BLOCK, &signal, nullptr);
              ::pthread_kill(::pthread_self(), SIGXFSZ);
              limit_file_size(10);
              if (!file.write(0, as_bytes("abc"))) return 1;
              sigset_t pending;
              ::sigpending(&pending);
              return ::sigismember(&pending, SIGXFSZ) == 1 ? 0 : 2;
            }),
            0);
}

TEST_F(RealSystem, WithoutDescriptorsOpensFailAndWorkAgainAfterwards) {
  EXPECT_EQ(in_child([&] {
              directory.write("ages.shelf", "x");
              const auto in = *files.open_directory(descriptor::none, directory.path(), false);
              rlimit limit{};
              ::getrlimit(RLIMIT_NOFILE, &limit);
              const rlim_t before = std::exchange(limit.rlim_cur, 0);
              ::setrlimit(RLIMIT_NOFILE, &limit);
              const auto file = files.open_file(in, "ages.shelf", {.write = true});
              const auto made = files.open_file(in, "new", {.write = true, .create_new = true});
              const auto base = files.open_directory(descriptor::none, directory.path(), false);
              const auto below = files.open_directory(in, ".", true);
              const auto all = files.list(in);
              limit.rlim_cur = before;
              ::setrlimit(RLIMIT_NOFILE, &limit);
              if (file || file.error() != EMFILE || made || made.error() != EMFILE) return 1;
              if (base || base.error() != EMFILE || below || below.error() != EMFILE) return 2;
              if (all || all.error() != EMFILE || directory.has("new")) return 3;
              return place(path).open_to_write() ? 0 : 4;
            }),
            0);
}

TEST_F(RealSystem, DescriptorsStayAboveTheStandardStreamsAndAreClosedOnExec) {
  EXPECT_EQ(in_child([&] {
              directory.write("ages.shelf", "x");
              for (const int stream : {0, 1, 2}) ::close(stream);
              const auto at = location::find(real_system(), path, directory.path());
              if (!at) return 1;
              const auto file = at->open_to_write();
              const auto made = at->create_temporary();
              if (!file || !made) return 2;
              for (int low = 0; low < 3; ++low) {
                if (::fcntl(low, F_GETFD) >= 0) return 3;
              }
              for (int fd = 3; fd < 64; ++fd) {
                const int flags = ::fcntl(fd, F_GETFD);
                struct stat status{};
                if (flags < 0 || ::fstat(fd, &status) != 0) continue;
                if (S_ISREG(status.st_mode) && (flags & FD_CLOEXEC) == 0 &&
                    status.st_ino == file->status()->inode) {
                  return 4;
                }
              }
              return static_cast<int>(file->raw()) >= 3 ? 0 : 5;
            }),
            0);
}

TEST_F(RealSystem, ARegularFileIsOpenedBlockingAndCloseOnExec) {
  directory.write("ages.shelf", "x");
  const auto file = sure(place(path).open_to_write());
  const int number = static_cast<int>(file.raw());
  EXPECT_EQ(::fcntl(number, F_GETFL) & O_NONBLOCK, 0);
  EXPECT_NE(::fcntl(number, F_GETFD) & FD_CLOEXEC, 0);
}

TEST_F(RealSystem, ThousandsOfOpensLeaveTheNumberOfDescriptorsAsItWas) {
  directory.write("ages.shelf", "x");
  const std::size_t before = open_descriptors();
  for (int i = 0; i < 2'000; ++i) {
    const auto at = place(path, directory.path());
    const auto file = sure(at.open_to_write());
    EXPECT_FALSE(at.open_to_write());
  }
  EXPECT_EQ(open_descriptors(), before);
}

/// Mounts a small tmpfs where only this process sees it, and runs f there.
template <class F>
int on_small_tmpfs(const std::string& at, F f) {
  return in_child([&] {
    if (::geteuid() != 0 && ::unshare(CLONE_NEWUSER) != 0) return 77;
    if (::unshare(CLONE_NEWNS) != 0) return 77;
    if (::mount(nullptr, "/", nullptr, MS_REC | MS_PRIVATE, nullptr) != 0) return 77;
    if (::mount("tmpfs", at.c_str(), "tmpfs", 0, "size=16k,nr_inodes=16") != 0) return 77;
    return f();
  });
}

TEST_F(RealSystem, AFullFileSystemIsNoSpaceAndSaysAtWhichByte) {
  directory.make_directory("small");
  const int outcome = on_small_tmpfs(directory.path("small"), [&] {
    const auto file = make(place(directory.path("small/ages")));
    const std::string part(10'000, 'x');
    if (!file.write(0, as_bytes(part))) return 1;
    const auto written = file.write(part.size(), as_bytes(part));
    if (written || !(written.error() == errc::no_space)) return 2;
    if (written.error().message().find("cannot write at byte 16384: No space left") ==
        std::string::npos) {
      return 3;
    }
    if (!file.truncate(part.size())) return 4;
    return file.write(part.size(), as_bytes("fits again")) ? 0 : 5;
  });
  // Where no mount is allowed the simulated disk alone shows it
  // (ADiskThatFillsUpInTheMiddleOfAWriteSaysWhere).
  EXPECT_TRUE(outcome == 0 || outcome == 77) << outcome;
}

TEST_F(RealSystem, ListingIsCompleteAndLeavesOutTheDots) {
  for (int i = 0; i < 100; ++i) directory.write("file" + std::to_string(i), "x");
  const auto in = *files.open_directory(descriptor::none, directory.path(), false);
  for (int again = 0; again < 2; ++again) EXPECT_EQ(files.list(in)->size(), 100U);
  static_cast<void>(files.close(in));
}

TEST_F(RealSystem, OffsetsThatNoFileCanHaveAreErrors) {
  const auto file = make(place(path), "abc");
  std::array<std::byte, 8> into{};
  EXPECT_EQ(file.read(~std::uint64_t{0}, into).error(), std::errc::invalid_argument);
  EXPECT_EQ(file.write(~std::uint64_t{0}, into).error(), errc::no_space);
  EXPECT_EQ(file.write((std::uint64_t{1} << 63) - 4, into).error(), errc::no_space);
  EXPECT_EQ(file.truncate(std::uint64_t{1} << 63).error(), errc::no_space);
}

TEST_F(RealSystem, RandomNumbersAndClocksMove) {
  EXPECT_NE(files.random(), files.random());
  const auto before = files.now();
  EXPECT_TRUE(comes_true([&] { return files.now() > before; }));
  EXPECT_GT(files.wall_clock(), std::chrono::hours(24 * 365 * 50));
  EXPECT_EQ(files.process_id(), ::getpid());
  EXPECT_TRUE(files.has_background_threads());
}

TEST_F(RealSystem, ADirectoryThatMayBeSearchedButNotReadIsEnoughToOpenFilesIn) {
  directory.make_directory("private/inner");
  directory.write("private/inner/ages", "ages");
  ASSERT_EQ(::chmod(directory.path("private").c_str(), 0711), 0);
  ASSERT_EQ(::chmod(directory.path("private/inner").c_str(), 0711), 0);
  ASSERT_EQ(::chmod(directory.path("private/inner/ages").c_str(), 0644), 0);
  ASSERT_EQ(::chmod(directory.path().c_str(), 0711), 0);
  EXPECT_EQ(
      in_child([&] {
        if (::geteuid() == 0 && ::seteuid(12345) != 0) return 9;
        for (const auto how : {linux_system::beneath_by::kernel, linux_system::beneath_by::hand}) {
          linux_system mine(how);
          const auto at = location::find(mine, "inner/ages", directory.path("private"));
          if (!at) return 1;
          if (!at->open_to_read()) return 2;
        }
        return 0;
      }),
      0);
}

}  // namespace
}  // namespace shelf::file
