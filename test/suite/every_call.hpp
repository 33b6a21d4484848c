// SUITE  every verb over every kind, write mode and store
// The N-th call to the system fails, for every N.
#pragma once

#include "suite/ground.hpp"

namespace shelf::suite {

/// Runs `body(ground, fault)` on a new ground like this one with the first, the second, ... call
/// going wrong, until no call meets the fault any more. The body injects it when it is ready.
template <kind Kind, class Body>
void for_every_call(const ground<Kind>& like, simulation::fault bad, Body body) {
  for (bad.nth = 1;; ++bad.nth) {
    SCOPED_TRACE("call " + std::to_string(bad.nth));
    ground<Kind> g(like.how, like.format);
    body(g, bad);
    if (g.disk.faults_met() == 0 || testing::Test::HasFatalFailure()) return;
    ASSERT_LT(bad.nth, 300u);
  }
}

/// A close in which this goes wrong: the table is closed, or open and whole, to be closed again.
template <kind Kind>
void close_despite(ground<Kind>& g, typename ground<Kind>::table& t, const simulation::fault& bad) {
  const auto expected = contents(t);
  const auto descriptors = g.disk.open_descriptors();
  g.disk.inject(bad);
  const auto closed = t.close();
  g.disk.clear_faults();
  EXPECT_EQ(t.is_open(), !closed.has_value());
  if (!closed) {
    EXPECT_THAT(closed.error().message(), testing::HasSubstr(path));
    EXPECT_EQ(contents(t), expected);
    EXPECT_EQ(g.disk.open_descriptors(), descriptors);
    if (t.stats()->fenced) {
      ASSERT_TRUE(ok(t.recover()));
    }
    EXPECT_TRUE(ok(t.close()));
  }
  EXPECT_EQ(g.disk.open_descriptors(), 0u);
  EXPECT_EQ(g.disk.locks_held(), 0u);
  EXPECT_EQ(contents(g.open()), expected);  // sweeps what a dead disk kept from being removed
  EXPECT_THAT(g.disk.files(), testing::ElementsAre(path));
}

}  // namespace shelf::suite
