// TEST  dets
// Several threads on one file: each sees whole objects, and a close ends them all in order.
#include "budget.hpp"
#include "file/scratch.hpp"
#include "shelf/dets.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <thread>

namespace shelf {
namespace {

/// Says its key twice, so that a torn object would show.
term object(std::int64_t key, std::int64_t version) {
  return term::tuple({term::integer(key), term::integer(version),
                      term::binary(std::string(static_cast<std::size_t>(version % 50), 'x')),
                      term::integer(key)});
}

bool is_whole(const term& o) {
  const auto e = *o.elements();
  return e.size() == 4 && e[0] == e[3] &&
         e[2].size() == static_cast<std::size_t>(*e[1].as_integer() % 50);
}

void read_beside_a_writer(file_io io) {
  const file::scratch here;
  auto t = file::sure(dets::file::open({.path = here.path("t.dets"), .io = io}));
  std::atomic<bool> done = false;
  std::atomic<std::size_t> broken = 0;
  std::vector<std::jthread> readers;
  for (int r = 0; r < 2; ++r) {
    readers.emplace_back([&, r] {
      for (std::int64_t key = r; !done; ++key) {
        const auto found = t.lookup(term::integer(key % 600));
        if (!found && found.error() != errc::not_found) ++broken;
        if (found && !std::ranges::all_of(*found, is_whole)) ++broken;
        if (key % 64 != 0) continue;
        const auto walked = t.for_each([&](const term& o) { broken += is_whole(o) ? 0u : 1u; });
        if (!walked) ++broken;
      }
    });
  }
  const auto rounds = static_cast<std::int64_t>(test::budgeted(3000));
  for (std::int64_t i = 0; i < rounds; ++i) {
    EXPECT_TRUE(t.insert(object(i % 700, i)));
    EXPECT_TRUE(i % 5 != 0 || t.erase(term::integer(i % 333)));
    EXPECT_TRUE(i % 500 != 0 || t.sync());
    EXPECT_TRUE(i % 700 != 0 || t.compact());
  }
  done = true;
  readers.clear();
  EXPECT_EQ(broken, 0u);
}

TEST(DetsThreads, ReadersSeeWholeObjectsBesideAWriterWhoGrowsCompactsAndSaves) {
  read_beside_a_writer(file_io::calls);
}
TEST(DetsThreads, ReadersSeeWholeObjectsBesideAWriterOfAMappedFile) {
  read_beside_a_writer(file_io::mapped);
}

TEST(DetsThreads, ACloseEndsCallsInProgressWithTableClosedAndNothingWorse) {
  for (std::size_t round = 0; round < test::budgeted(20); ++round) {
    const file::scratch here;
    auto t = file::sure(dets::file::open({.path = here.path("t.dets")}));
    std::atomic<bool> wrong = false;
    std::array<std::atomic<std::size_t>, 3> calls{};
    std::vector<std::jthread> users;
    for (int u = 0; u < 3; ++u) {
      users.emplace_back([&, u] {
        for (std::int64_t i = 0;; ++i) {
          const auto put = t.insert(object(u * 1000 + i % 100, i));
          const auto read = t.for_each([](const term&) {});
          if (!put || !read) {
            wrong = wrong || (!put && put.error() != errc::table_closed);
            wrong = wrong || (!read && read.error() != errc::table_closed);
            return;
          }
          ++calls[static_cast<std::size_t>(u)];
        }
      });
    }
    const auto is_at_work = [&](const std::atomic<std::size_t>& count) { return count > round; };
    EXPECT_TRUE(file::comes_true([&] { return std::ranges::all_of(calls, is_at_work); }));
    EXPECT_TRUE(t.close());
    users.clear();
    EXPECT_FALSE(wrong);
    EXPECT_FALSE(file::sure(dets::file::open({.path = here.path("t.dets")})).repaired());
  }
}

}  // namespace
}  // namespace shelf
