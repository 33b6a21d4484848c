// SUITE  every verb over every kind, write mode and store
// Histories of calls on one key, recorded by threads, each judged after Wing and Gong: some order
// of the calls, in which none comes before one that had ended when it began, explains all results.
#include "budget.hpp"
#include "suite/expiry_ground.hpp"

#include <atomic>
#include <barrier>
#include <limits>
#include <random>
#include <set>
#include <thread>

namespace shelf::suite {
namespace {

enum class verb : std::uint8_t { take, erase, exchange, insert_new, count, tick };

constexpr auto never = std::numeric_limits<std::int64_t>::max();

/// The clock and the key's entry in the model.
struct model {
  std::int64_t now = 0;
  std::optional<std::int64_t> value = {};
  std::int64_t until = never;
  auto operator<=>(const model&) const = default;

  /// Without what has expired.
  [[nodiscard]] model settled() const { return until <= now ? model{.now = now} : *this; }
  [[nodiscard]] model with(std::optional<std::int64_t> v, std::int64_t deadline) const {
    return model{.now = now, .value = v, .until = deadline}.settled();
  }
};

struct call {
  verb what = verb::take;
  std::int64_t argument = 0;
  std::int64_t until = never;  ///< insert_new
  std::optional<std::int64_t> expected = {};
  std::optional<std::int64_t> answer = {};
  std::uint64_t begin = 0;
  std::uint64_t end = 0;
};

constexpr std::int64_t ceiling = 3;
constexpr milliseconds tick = 2s;

/// The state after the call, if its answer is right in this one.
[[nodiscard]] std::optional<model> after(const model& before, const call& c) {
  const auto if_so = [](bool is_right, model next) {
    return is_right ? std::optional(next) : std::nullopt;
  };
  switch (c.what) {
    case verb::take: return if_so(c.answer == before.value, before.with({}, never));
    case verb::erase:
      return if_so(c.answer == std::int64_t{before.value.has_value()}, before.with({}, never));
    case verb::exchange:
      if (c.answer == 0) return if_so(before.value != c.expected, before);
      return if_so(before.value == c.expected, before.with(c.argument, before.until));
    case verb::insert_new:
      if (c.answer == 0) return if_so(before.value.has_value(), before);
      return if_so(!before.value, before.with(c.argument, c.until));
    case verb::count: {
      const auto next = before.value.value_or(0) + 1;
      if (!c.answer) return if_so(next > ceiling, before);
      return if_so(next <= ceiling && c.answer == next, before.with(next, before.until));
    }
    case verb::tick: return model{before.now + tick.count(), before.value, before.until}.settled();
  }
  return std::nullopt;
}

/// Depth first, with what was tried remembered: few calls, so that the states are few.
class judge {
 public:
  explicit judge(const std::vector<call>& all) : all_(all) {}
  [[nodiscard]] bool explains(const model& now, unsigned done) {
    if (done == (1U << all_.size()) - 1) return true;
    if (!tried_.emplace(now, done).second) return false;
    for (std::size_t i = 0; i < all_.size(); ++i) {
      if ((done >> i & 1U) != 0 || !may_be_next(i, done)) continue;
      const auto next = after(now, all_[i]);
      if (next && explains(*next, done | 1U << i)) return true;
    }
    return false;
  }

 private:
  [[nodiscard]] bool may_be_next(std::size_t i, unsigned done) const {
    for (std::size_t j = 0; j < all_.size(); ++j) {
      if ((done >> j & 1U) == 0 && all_[j].end < all_[i].begin) return false;
    }
    return true;
  }

  const std::vector<call>& all_;
  std::set<std::pair<model, unsigned>> tried_;
};

using numbers = map<std::int64_t, std::int64_t>;

/// Makes the call and notes what it answered.
void make(numbers& t, manual_clock& time, call& c) {
  switch (c.what) {
    case verb::take:
      if (const auto taken = t.take(1)) c.answer = *taken;
      break;
    case verb::erase: c.answer = static_cast<std::int64_t>(or_throw(t.erase(1))); break;
    case verb::exchange: {
      auto expected = c.expected;
      c.answer = or_throw(t.compare_exchange(1, expected, c.argument)) ? 1 : 0;
      break;
    }
    case verb::insert_new:
      c.answer =
          t.insert_new(1, c.argument, expiry::at(expiry::time(milliseconds(c.until)))) ? 1 : 0;
      break;
    case verb::count:
      if (const auto n = t.update_counter(1, 1, {.initial = 0, .ceiling = ceiling})) c.answer = *n;
      break;
    case verb::tick: time.advance(tick); break;
  }
}

[[nodiscard]] call random_call(std::mt19937& choose) {
  std::uniform_int_distribution<int> verbs(0, 5);
  std::uniform_int_distribution<std::int64_t> values(0, 2);
  call c;
  c.what = static_cast<verb>(verbs(choose));
  c.argument = values(choose);
  if (values(choose) != 0) c.expected = values(choose);
  return c;
}

TEST(Linearizability, CallsOnAKeyThatExpiresAreExplainedBySomeOrder) {
  constexpr std::size_t threads = 3;
  constexpr std::size_t calls = 4;
  const auto rounds = test::budgeted(2000);
  manual_clock time(year_2026);
  auto t = or_throw(numbers::in_memory("t", {.clock = &time}));
  std::vector<std::vector<call>> made(threads, std::vector<call>(calls));
  std::atomic<std::uint64_t> now = 0;
  std::size_t wrong = 0;
  std::int64_t start = time.wall().count();
  const auto judge_round = [&]() noexcept {
    std::vector<call> history;
    for (const auto& one : made) history.insert(history.end(), one.begin(), one.end());
    wrong += judge(history).explains({.now = start}, 0) ? 0U : 1U;
    start = time.wall().count();
    static_cast<void>(t.erase(1));
  };
  std::barrier meet(threads, judge_round);
  std::vector<std::jthread> all;
  for (std::size_t i = 0; i < threads; ++i) {
    all.emplace_back([&, i] {
      std::mt19937 choose(static_cast<unsigned>(i + 1));
      for (std::size_t round = 0; round < rounds; ++round) {
        for (auto& c : made[i]) {
          c = random_call(choose);
          // As expiry::in counts: from the call.
          c.until = (time.wall() + 1s).count();
          c.begin = ++now;
          make(t, time, c);
          c.end = ++now;
        }
        meet.arrive_and_wait();
      }
    });
  }
  all.clear();
  EXPECT_EQ(wrong, 0U);
}

TEST(Linearizability, AHistoryThatNoOrderExplainsIsCaught) {
  const std::vector<call> taken_twice{
      {.what = verb::insert_new, .argument = 2, .answer = 1, .begin = 1, .end = 2},
      {.what = verb::take, .answer = 2, .begin = 3, .end = 6},
      {.what = verb::take, .answer = 2, .begin = 4, .end = 5}};
  EXPECT_FALSE(judge(taken_twice).explains({}, 0));
  const std::vector<call> lost{{.what = verb::count, .answer = 1, .begin = 1, .end = 2},
                               {.what = verb::count, .answer = 1, .begin = 3, .end = 4}};
  EXPECT_FALSE(judge(lost).explains({}, 0));
}

}  // namespace
}  // namespace shelf::suite
