// TEST  file room
// Files read and written through memory: the same bytes, and errors instead of signals.
#include "file/bus_errors.hpp"
#include "file/open_file.hpp"
#include "file/scratch.hpp"

#include <fcntl.h>
#include <sched.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/resource.h>

#include <csignal>
#include <cstdio>
#include <vector>

namespace shelf::file {
namespace {

constexpr std::uint64_t length = std::uint64_t{1} << 30;

class Mapping : public testing::Test {
 protected:
  [[nodiscard]] open_file open(bool to_write = true) const {
    const auto where = sure(location::find(real_system(), here.path("f"), {}));
    return sure(to_write ? where.open_to_write() : where.open_to_read());
  }
  /// Of this size, all 'a', and mapped.
  [[nodiscard]] open_file mapped(std::size_t size) const {
    here.write("f", std::string(size, 'a'));
    auto f = open();
    f.map(length, true);
    EXPECT_EQ(f.mapped_end(), size);
    return f;
  }
  static std::string text(const open_file& f, std::uint64_t offset, std::size_t size) {
    std::string into(size, '?');
    const auto got = f.read(offset, std::as_writable_bytes(std::span(into)));
    if (!got) return "error: " + got.error().message();
    into.resize(*got);
    return into;
  }

  const scratch here;
};

TEST_F(Mapping, WhatIsWrittenThroughMemoryIsInTheFileAndTheOtherWayRound) {
  const auto f = mapped(10'000);
  ASSERT_TRUE(f.write(4090, as_bytes("across pages")));
  EXPECT_EQ(here.read("f").substr(4088, 16), "aaacross pagesaa");
  const auto other = open(false);
  EXPECT_EQ(text(other, 4090, 12), "across pages");
  std::fstream(here.path("f"), std::ios::in | std::ios::out | std::ios::binary).seekp(7) << "xyz";
  EXPECT_EQ(text(f, 6, 5), "axyza");
}

TEST_F(Mapping, WritesBehindTheEndMakeTheFileLonger) {
  const auto f = mapped(100);
  ASSERT_TRUE(f.write(98, as_bytes("12345")));
  // Ahead of what will follow.
  EXPECT_EQ(here.read("f").size(), f.mapped_end());
  EXPECT_GT(f.mapped_end(), 50'000u);
  EXPECT_EQ(text(f, 100, 6), std::string("345\0\0\0", 6));
  ASSERT_TRUE(f.truncate(103));
  EXPECT_EQ(text(f, 100, 6), "345");
  ASSERT_TRUE(f.write_by_calls(9000, as_bytes("far")));
  EXPECT_EQ(here.read("f").size(), 9003u);
  EXPECT_EQ(f.mapped_end(), 9003u);
  EXPECT_EQ(text(f, 100, 4), std::string("345\0", 4));
  EXPECT_EQ(text(f, 8998, 10), std::string("\0\0far", 5));
  ASSERT_TRUE(f.truncate(99));
  EXPECT_EQ(text(f, 97, 10), "a1");
  ASSERT_TRUE(f.truncate(200));
  EXPECT_EQ(text(f, 98, 3), std::string("1\0\0", 3));
}

TEST_F(Mapping, AFileThatSomebodyCutsGivesShortReadsAndNoSignal) {
  const auto f = mapped(100'000);
  EXPECT_EQ(text(f, 90'000, 2), "aa");
  std::filesystem::resize_file(here.path("f"), 5000);
  EXPECT_EQ(text(f, 90'000, 2), "");
  EXPECT_EQ(text(f, 8190, 100), "");
  EXPECT_EQ(text(f, 4990, 100), "aaaaaaaaaa" + std::string(90, '\0'));  // the page's own rest
  ASSERT_TRUE(f.write(50'000, as_bytes("back")));
  EXPECT_EQ(here.read("f").substr(50'000), "back");
  EXPECT_TRUE(text(f, 49'999, 10).starts_with(std::string("\0back", 5)));
}

TEST_F(Mapping, AFullDiskIsAnErrorAndNoSignal) {
  here.make_directory("small");
  constexpr int not_here = 77;
  const int outcome = in_child([&] {
    if (::unshare(CLONE_NEWNS) != 0) return not_here;
    if (::mount("none", "/", nullptr, MS_REC | MS_PRIVATE, nullptr) != 0) return not_here;
    if (::mount("none", here.path("small").c_str(), "tmpfs", 0, "size=64k") != 0) return not_here;
    here.write("small/f", "");
    auto f = sure(sure(location::find(real_system(), here.path("small/f"), {})).open_to_write());
    f.map(length, true);
    if (!f.truncate(1U << 20)) return 1;  // holes, which cost nothing
    for (std::uint64_t at = 0; at < (1U << 20); at += 4096) {
      const auto written = f.write(at, as_bytes("x"));
      if (!written) return at >= 8192 && written.error() == errc::no_space ? 0 : 2;
    }
    return 3;
  });
  if (outcome == not_here) {
    std::printf("NO SMALL DISK: this needs root; a file that is cut stands in\n");
    const auto f = mapped(100'000);
    std::filesystem::resize_file(here.path("f"), 0);
    EXPECT_EQ(text(f, 50'000, 1), "");
    return;
  }
  EXPECT_EQ(outcome, 0);
}

TEST_F(Mapping, OneThatMayOnlyBeReadIsReadThroughMemory) {
  here.write("f", "some text");
  auto f = open(false);
  f.map(length, false);
  EXPECT_EQ(text(f, 5, 100), "text");
  EXPECT_FALSE(f.write(0, as_bytes("x")));
  EXPECT_EQ(here.read("f"), "some text");
}

TEST_F(Mapping, IsNoNeed) {
  here.write("f", "some text");
  const int outcome = in_child([&] {
    const rlimit little{.rlim_cur = length / 2, .rlim_max = length / 2};
    ::setrlimit(RLIMIT_AS, &little);
    auto f = open();
    f.map(length, true);
    if (f.mapped_end() != 0 || text(f, 5, 100) != "text") return 1;
    return f.write(0, as_bytes("more")).has_value() ? 0 : 2;
  });
  EXPECT_EQ(outcome, 0);
  EXPECT_EQ(here.read("f"), "more text");
}

/// A page of a file that ends before it.
[[nodiscard]] volatile char* beyond(const scratch& here) {
  here.write("short", "");
  const int file = ::open(here.path("short").c_str(), O_RDONLY);
  return static_cast<volatile char*>(::mmap(nullptr, 4096, PROT_READ, MAP_SHARED, file, 0));
}

TEST_F(Mapping, ABusErrorElsewhereEndsTheProcessAsItWould) {
  EXPECT_EQ(in_child([&] {
              ::signal(SIGBUS, SIG_DFL);  // a sanitizer's own would report and end otherwise
              if (!catch_bus_errors()) return 1;
              return int{*beyond(here)};
            }),
            1000 + SIGBUS);
  EXPECT_EQ(in_child([&] {
              ::signal(SIGBUS, SIG_DFL);
              if (!catch_bus_errors()) return 1;
              return ::raise(SIGBUS);
            }),
            1000 + SIGBUS);
}

TEST_F(Mapping, ABusErrorElsewhereReachesTheHandlerThatWasThereBefore) {
  for (const bool with_info : {false, true}) {
    EXPECT_EQ(in_child([&] {
                struct sigaction theirs{};
                if (with_info) {
                  theirs.sa_flags = SA_SIGINFO;
                  theirs.sa_sigaction = [](int, siginfo_t*, void*) { ::_exit(42); };
                } else {
                  theirs.sa_handler = [](int) { ::_exit(42); };
                }
                ::sigaction(SIGBUS, &theirs, nullptr);
                if (!catch_bus_errors()) return 1;
                return int{*beyond(here)};
              }),
              42);
  }
}

/// Set later than ours, blocks all signals while it runs, and passes on what it does not know.
TEST_F(Mapping, AHandlerThatPassesSignalsOnMayBlockAllOfThemMeanwhile) {
  EXPECT_EQ(in_child([&] {
              const auto f = mapped(100'000);
              static struct sigaction ours{};
              struct sigaction theirs{};
              theirs.sa_flags = SA_SIGINFO;
              ::sigfillset(&theirs.sa_mask);
              theirs.sa_sigaction = [](int signal, siginfo_t* told, void* context) {
                ours.sa_sigaction(signal, told, context);
              };
              ::sigaction(SIGBUS, &theirs, &ours);
              std::filesystem::resize_file(here.path("f"), 0);
              for (int i = 0; i < 3; ++i) {
                if (!text(f, 50'000, 2).empty()) return 1;
              }
              sigset_t blocked;
              ::pthread_sigmask(SIG_SETMASK, nullptr, &blocked);
              return ::sigismember(&blocked, SIGTERM) == 0 ? 0 : 2;
            }),
            0);
}

TEST_F(Mapping, AChildThatLivesOnDoesNotKeepTheLock) {
  here.write("f", "text");
  int ends[2];
  ASSERT_EQ(::pipe(ends), 0);
  auto f = open();
  f.map(length, true);
  ASSERT_TRUE(f.write(0, as_bytes("T")));
  const pid_t child = ::fork();
  if (child == 0) {
    char end = 0;
    ::close(ends[1]);
    static_cast<void>(::read(ends[0], &end, 1));
    ::_exit(0);
  }
  ::close(ends[0]);
  f.close();
  const auto where = sure(location::find(real_system(), here.path("f"), {}));
  EXPECT_TRUE(comes_true([&] { return where.open_to_write().has_value(); }));
  ::close(ends[1]);
  ::waitpid(child, nullptr, 0);
}

TEST_F(Mapping, ManyThreadsMayMeetBusErrorsAtOnce) {
  const auto f = mapped(std::size_t{1} << 20);
  std::filesystem::resize_file(here.path("f"), 0);
  std::atomic<int> wrong = 0;
  {
    std::vector<std::jthread> all;
    for (int i = 0; i < 4; ++i) {
      all.emplace_back([&] {
        for (std::uint64_t at = 0; at < (std::uint64_t{1} << 20); at += 4096) {
          if (!text(f, at, 10).empty()) ++wrong;
        }
      });
    }
  }
  EXPECT_EQ(wrong, 0);
}

}  // namespace
}  // namespace shelf::file
