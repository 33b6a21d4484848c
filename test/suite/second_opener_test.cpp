// SUITE  every verb over every kind, write mode and store
// One writer a file: another thread, process, name or child of fork is told so, and harms nothing.
#include "file/scratch.hpp"
#include "suite/ground.hpp"

#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <thread>

namespace shelf::suite {
namespace {

using ages = map<std::string, std::int64_t>;

class SecondOpener : public each_format {
 protected:
  [[nodiscard]] static result<ages> open_at(const std::string& where,
                                            write_mode mode = write_mode::through) {
    return ages::open({.path = where, .mode = mode, .format = GetParam()});
  }
  [[nodiscard]] static result<ages> read_at(const std::string& where) {
    return ages::open({.path = where, .opening = opening::read_only, .format = GetParam()});
  }
};
class Forked : public SecondOpener {};

/// A pipe to wait at.
class signpost {
 public:
  signpost() {
    if (::pipe(ends_.data()) != 0) std::abort();
  }
  ~signpost() {
    ::close(ends_[0]);
    ::close(ends_[1]);
  }
  signpost(const signpost&) = delete;
  signpost& operator=(const signpost&) = delete;
  void raise() const {
    const char one = 1;
    if (::write(ends_[1], &one, 1) != 1) std::abort();
  }
  void await() const {
    char one = 0;
    if (::read(ends_[0], &one, 1) != 1) std::abort();
  }

 private:
  std::array<int, 2> ends_{};
};

// T52, M1
TEST_P(SecondOpener, InTheSameProcessOnWhateverThreadIsToldWhoHasTheFile) {
  const file::scratch here;
  auto t = or_throw(open_at(here.path(path)));
  ASSERT_TRUE(ok(t.insert("a", 1)));
  const auto descriptors = file::open_descriptors();
  const auto refused = [&] {
    EXPECT_TRUE(refuses(open_at(here.path(path)), errc::already_open, {path, "this process"}));
    EXPECT_TRUE(refuses(remove(here.path(path)), errc::already_open, {path}));
  };
  refused();
  std::thread(refused).join();
  EXPECT_EQ(file::open_descriptors(), descriptors);
  ASSERT_TRUE(ok(t.insert("b", 2)));
  ASSERT_TRUE(ok(t.close()));
  EXPECT_EQ(or_throw(open_at(here.path(path))).size(), 2u);
}

TEST_P(SecondOpener, UnderAnotherNameOfTheFileIsToldSo) {
  const file::scratch here;
  here.make_directory("sub");
  auto t = or_throw(open_at(here.path(path)));
  std::filesystem::create_hard_link(here.path(path), here.path("hard.shelf"));
  here.link("soft.shelf", path);
  for (const auto* name : {"hard.shelf", "soft.shelf", "sub/../ages.shelf", ".//ages.shelf"}) {
    EXPECT_TRUE(refuses(open_at(here.path(name)), errc::already_open, {".shelf"})) << name;
  }
  EXPECT_TRUE(ok(t.insert("a", 1)));
}

// M14
TEST_P(SecondOpener, InAnotherProcessIsToldThePidOfTheHolder) {
  const file::scratch here;
  const signpost opened;
  const signpost looked;
  const pid_t holder = ::fork();
  if (holder == 0) {
    auto t = open_at(here.path(path));
    if (t) (void)t->insert("a", 1);
    opened.raise();
    looked.await();
    ::_exit(t && t->close() ? 0 : 1);
  }
  opened.await();
  EXPECT_TRUE(refuses(open_at(here.path(path)), errc::already_open,
                      {path, "process " + std::to_string(holder)}));
  EXPECT_EQ(or_throw(read_at(here.path(path))).size(), 1u);
  looked.raise();
  int status = 0;
  ::waitpid(holder, &status, 0);
  EXPECT_EQ(status, 0);
  EXPECT_EQ(or_throw(open_at(here.path(path))).size(), 1u);
}

TEST_P(SecondOpener, TheFileIsFreeAgainOnceItsHolderWasKilled) {
  const file::scratch here;
  for (const auto mode : {write_mode::back, write_mode::through, write_mode::durable}) {
    const signpost opened;
    const pid_t holder = ::fork();
    if (holder == 0) {
      auto t = open_at(here.path(path), mode);
      if (t) (void)t->insert(std::to_string(static_cast<int>(mode)), 1);
      opened.raise();
      for (;;) ::pause();
    }
    opened.await();
    EXPECT_TRUE(refuses(open_at(here.path(path)), errc::already_open));
    ::kill(holder, SIGKILL);
    int status = 0;
    ::waitpid(holder, &status, 0);
    auto t = open_at(here.path(path));
    ASSERT_TRUE(ok(t));
    EXPECT_EQ(t->contains(std::to_string(static_cast<int>(mode))), mode != write_mode::back);
  }
}

TEST_P(SecondOpener, ACompactionDoesNotLetAnybodyIn) {
  const file::scratch here;
  auto t = or_throw(open_at(here.path(path)));
  for (int i = 0; i < 20; ++i) {
    ASSERT_TRUE(ok(t.insert("a", i)));
    ASSERT_TRUE(ok(t.compact()));
    EXPECT_TRUE(refuses(open_at(here.path(path)), errc::already_open, {path}));
  }
}

TEST_P(Forked, InTheChildEveryCallSaysSo) {
  const file::scratch here;
  for (const auto mode : {write_mode::back, write_mode::through, write_mode::durable}) {
    auto t = or_throw(open_at(here.path(path), mode));
    ASSERT_TRUE(ok(t.insert("a", 1)));
    EXPECT_EQ(file::in_child([&] {
                const auto forked = [](const auto& r) { return !r && r.error() == errc::forked; };
                int wrong = 0;
                const auto check = [&](const auto& r) { wrong += forked(r) ? 0 : 1; };
                check(t.insert("b", 2));
                check(t.insert_new("b", 2));
                check(t.insert_range({{"b", 2}}));
                check(t.erase("a"));
                check(t.erase("a", 1));
                check(t.clear());
                check(t.update_counter("a"));
                check(t.update("a", [](std::int64_t v) { return v; }));
                check(t.lookup("a"));
                check(t.lookup_many({"a"}));
                check(t.save());
                check(t.sync());
                check(t.reload());
                check(t.compact());
                check(t.recover());
                check(t.stats());
                check(t.close());
                wrong += t.is_open() || t.contains("a") || t.size() != 0 || !t.snapshot().empty();
                return wrong;
              }),
              0);
    EXPECT_TRUE(t.is_open());
    EXPECT_TRUE(ok(t.insert("b", 2)));
    ASSERT_TRUE(ok(t.close()));
    auto again = or_throw(open_at(here.path(path), mode));
    EXPECT_EQ(again.size(), 2u);
    ASSERT_TRUE(ok(again.clear()));
    ASSERT_TRUE(ok(again.close()));
  }
}

TEST_P(Forked, AChildThatEndsTheNormalWayNeitherSavesNorUnlocks) {
  const file::scratch here;
  auto t = std::make_unique<ages>(or_throw(open_at(here.path(path), write_mode::back)));
  ASSERT_TRUE(ok(t->insert("a", 1)));
  const auto before = here.read(path);
  EXPECT_EQ(file::in_child([&] {
              t.reset();  // what a normal exit would do
              return open_at(here.path(path)) ? 1 : 0;
            }),
            0);
  EXPECT_EQ(here.read(path), before);
  EXPECT_EQ(file::in_child([&] { return open_at(here.path(path)) ? 1 : 0; }), 0);
  EXPECT_TRUE(refuses(open_at(here.path(path)), errc::already_open, {path}));
  ASSERT_TRUE(ok(t->close()));
  EXPECT_EQ(or_throw(open_at(here.path(path))).size(), 1u);
}

TEST_P(Forked, AChildThatOutlivesItsParentsTableDoesNotKeepTheFileLocked) {
  const file::scratch here;
  auto t = or_throw(open_at(here.path(path)));
  const signpost runs;
  const signpost go;
  const pid_t child = ::fork();
  if (child == 0) {
    runs.raise();  // its fork handlers have run: they let go of the file
    go.await();
    ::_exit(0);
  }
  runs.await();
  ASSERT_TRUE(ok(t.close()));
  EXPECT_TRUE(ok(open_at(here.path(path))));
  go.raise();
  ::waitpid(child, nullptr, 0);
}

TEST_P(Forked, AChildMayUseTablesOfItsOwn) {
  const file::scratch here;
  auto t = or_throw(open_at(here.path(path)));
  ASSERT_TRUE(ok(t.insert("a", 1)));
  EXPECT_EQ(file::in_child([&] {
              auto own = open_at(here.path("own.shelf"));
              if (!own || !own->insert("b", 2)) return 1;
              auto reader = read_at(here.path(path));
              if (!reader || reader->size() != 1) return 2;
              return own->close() ? 0 : 3;
            }),
            0);
  EXPECT_EQ(or_throw(open_at(here.path("own.shelf"))).size(), 1u);
  EXPECT_TRUE(ok(t.insert("c", 3)));
}

TEST_P(Forked, AForkBesideWritersAndReadersIsSafe) {
  const file::scratch here;
  auto t = or_throw(open_at(here.path(path)));
  std::atomic<bool> stop = false;
  std::thread writer([&] {
    for (int i = 0; !stop; ++i) (void)t.insert(std::to_string(i % 100), i);
  });
  std::thread reader([&] {
    while (!stop) (void)t.fold(0, [](int n, const auto&, auto) { return n + 1; });
  });
  for (int i = 0; i < 20; ++i) {
    EXPECT_EQ(file::in_child([&] {
                return t.insert("child", 1).error() == errc::forked && t.size() == 0 &&
                               t.close().error() == errc::forked
                           ? 0
                           : 1;
              }),
              0);
  }
  stop = true;
  writer.join();
  reader.join();
  EXPECT_FALSE(t.contains("child"));
  EXPECT_TRUE(ok(t.close()));
}

INSTANTIATE_TEST_SUITE_P(Formats, SecondOpener, testing::ValuesIn(every_format), format_names());
INSTANTIATE_TEST_SUITE_P(Formats, Forked, testing::ValuesIn(every_format), format_names());

}  // namespace
}  // namespace shelf::suite
