// TEST  crash
// Entries that expire, on every disk that a power failure or a kill may leave.
#include "crash/expiry_crash.hpp"

#include "budget.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <chrono>
#include <cstdio>

namespace shelf::crash {
namespace {

TEST(ExpiryCrashes, EveryDiskShowsAStateThatTheTableHadWithItsDeadlines) {
  using kind = simulation::crash_options::kind;
  std::uint64_t states = 0;
  for (const auto mode : {write_mode::through, write_mode::back, write_mode::durable}) {
    for (const auto crash : {kind::power, kind::kill}) {
      const auto wrong = crash_expiring_table(mode, crash, test::budgeted(300), states);
      EXPECT_TRUE(wrong.empty()) << wrong.size() << ": " << wrong.front();
    }
  }
  std::printf("[  states  ] %llu\n", static_cast<unsigned long long>(states));
  EXPECT_GT(states, test::budgeted(1000));
}

/// A file of every record about deadlines, and the states that it had.
struct expiring_file {
  simulation::simulated_disk disk;
  manual_clock clock{expiry_start};
  std::vector<expiring_state> life{{}};

  [[nodiscard]] result<expiring_table> open(opening how) {
    expiring_table::config c;
    c.path = "t.shelf";
    c.opening = how;
    c.system = &disk;
    c.clock = &clock;
    return expiring_table::open(std::move(c));
  }
  expiring_file() {
    using namespace std::chrono_literals;
    auto t = or_throw(open(opening::create_new));
    const auto seen = [&](const auto& done) {
      EXPECT_TRUE(done.has_value());
      life.push_back(state_of(t));
    };
    seen(t.insert("a", 1, expiry::in(1h)));
    seen(t.insert_range({{"b", 2}, {"c", 3}}, expiry::in(10min)));
    seen(t.touch("a", expiry::in(2h)));
    seen(t.persist("b"));
    clock.advance(11min);
    seen(t.purge_expired());
    or_throw(t.close());
  }
};

TEST(ExpiryDamage, NoFlippedBitShowsAStateThatTheTableNeverHad) {
  expiring_file file;
  const auto bits = 8 * file.disk.read_all("t.shelf").value_or(std::vector<std::byte>{}).size();
  const auto step = std::max<std::uint64_t>(1, bits / test::budgeted(20'000));
  std::uint64_t refused = 0;
  for (std::uint64_t bit = 0; bit < bits; bit += step) {
    file.disk.flip_bit("t.shelf", bit);
    const auto t = file.open(opening::read_only);
    if (!t) ++refused;
    if (t && std::ranges::find(file.life, state_of(*t)) == file.life.end()) {
      ADD_FAILURE() << "bit " << bit << ": a state that the table never had";
    }
    file.disk.flip_bit("t.shelf", bit);
  }
  EXPECT_GT(refused, 0U);
  EXPECT_EQ(state_of(or_throw(file.open(opening::read_only))), file.life.back());
}

}  // namespace
}  // namespace shelf::crash
