// SUITE  every verb over every kind, write mode and store
// What the tests of expiry stand on: a table whose clock stands still until it is told otherwise.
#pragma once

#include "engine/instance.hpp"
#include "suite/ground.hpp"

#include <chrono>

namespace shelf::suite {

using namespace std::chrono_literals;
using std::chrono::milliseconds;

inline constexpr expiry::time year_2026{milliseconds(1'767'225'600'000)};

/// A table in some way of keeping, with a clock of its own.
template <kind Kind>
struct timed_ground : ground<Kind> {
  using table = typename ground<Kind>::table;

  explicit timed_ground(keeping k, expiry::time boot = year_2026) : ground<Kind>(k), time(boot) {}

  [[nodiscard]] table open() { return open(ttl); }
  [[nodiscard]] table open(milliseconds for_all) {
    ttl = for_all;
    if (this->how == keeping::memory) {
      return or_throw(table::in_memory("t", {.ttl = ttl, .clock = &time, .clock_grace = grace}));
    }
    auto c = this->config();
    c.ttl = ttl;
    c.clock = &time;
    c.clock_grace = grace;
    return or_throw(table::open(std::move(c)));
  }
  void reopen(table& t) {
    if (this->how == keeping::memory) return;
    or_throw(t.close());
    t = open();
  }

  manual_clock time;
  milliseconds ttl{0};
  milliseconds grace = 60s;
};

/// What the housekeeper does on a visit.
template <class Table>
void visit(Table& t) {
  (void)static_cast<engine::live_table&>(t.untyped()).database().work();
}
/// Visits until they sweep nothing more.
template <class Table>
void sweep(Table& t) {
  for (std::size_t before = t.size() + 1; t.size() != before;) {
    before = t.size();
    for (int i = 0; i < 3; ++i) visit(t);
  }
}

}  // namespace shelf::suite
