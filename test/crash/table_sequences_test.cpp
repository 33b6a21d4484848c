// TEST  crash
// All short sequences of verbs, in every mode, from an open and from a closed table, crashed after
// every operation of the disk.
#include "budget.hpp"
#include "can_keep.hpp"
#include "crash/campaign.hpp"
#include "simulation/crash_space.hpp"

#include <gtest/gtest.h>

#include <array>
#include <cstdio>

namespace shelf::crash {
namespace {

enum class step : std::uint8_t {
  open,  ///< of a table that is open: refused, and nothing happens
  insert,
  batch,
  erase,
  save,
  sync,
  reload,
  close,
  reopen,
  compact,
  count_
};
constexpr auto steps = static_cast<std::size_t>(step::count_);
constexpr std::array names{"open", "insert", "batch", "erase",  "save",
                           "sync", "reload", "close", "reopen", "compact"};
static_assert(names.size() == steps);

using sequence = std::vector<step>;

std::string spelled(const sequence& s) {
  std::string text;
  for (const auto what : s) {
    text.append(text.empty() ? "" : "+").append(names[static_cast<std::size_t>(what)]);
  }
  return text;
}

/// One sequence played; values tell which step wrote them.
class short_run {
 public:
  short_run(flavour what, write_mode mode, file_format format, bool starts_open)
      : disk_({.seed = seed()}), player_(disk_, what, mode, on_failure::complain, format) {
    player_.open();
    player_.insert(1, "11");
    player_.insert(2, "12");
    if (!starts_open) player_.close();
    from_ = disk_.operations();
  }

  recording play(const sequence& s) {
    for (std::size_t i = 0; i < s.size(); ++i) play(s[i], std::to_string(20 + i));
    return recording_of(player_, spelled(s));
  }
  [[nodiscard]] std::uint64_t from() const noexcept { return from_; }

 private:
  void play(step what, const std::string& value) {
    switch (what) {
      case step::open: return open_again();
      case step::insert: return player_.insert(1, value);
      case step::batch: return player_.insert_range({{2, value}, {3, value}, {1, value}});
      case step::erase: return player_.erase(2);
      case step::save: return player_.save();
      case step::sync: return player_.sync();
      case step::reload: return player_.reload();
      case step::close: return player_.close();
      case step::reopen: player_.close(); return player_.open();
      case step::compact: return player_.compact();
      case step::count_: break;
    }
  }

  void open_again() {
    if (!player_.is_open()) return player_.open();
    const auto second = make_subject(player_.what());
    const auto opened = second->open(&disk_, {.mode = player_.mode(), .format = player_.format()});
    EXPECT_TRUE(!opened && opened.error() == errc::already_open);
  }

  simulation::simulated_disk disk_;
  player player_;
  std::uint64_t from_ = 0;
};

struct total {
  std::size_t sequences = 0;
  campaign_report report;
};

void play_and_crash(total& sum, flavour what, const sequence& s, std::size_t budget,
                    file_format format = file_format::native) {
  for (const auto mode : {write_mode::through, write_mode::back, write_mode::durable}) {
    for (const bool starts_open : {true, false}) {
      // A closed table takes no other call.
      if (!starts_open && s.front() != step::open && s.front() != step::reopen) continue;
      short_run run(what, mode, format, starts_open);
      const auto played = run.play(s);
      ASSERT_TRUE(played.findings.empty()) << played.name << ": " << to_text(played.findings);
      ++sum.sequences;
      campaign how{.crash = crashes_for(format), .closer_look_every = 60, .from = run.from()};
      how.crash.weak_directories = sum.sequences % 4 == 0;
      how.crash.budget = budget;
      sum.report.add(crash_everywhere(played, how));
      how.crash.crash = simulation::crash_options::kind::kill;
      sum.report.add(crash_everywhere(played, how));
    }
  }
}

void expect_none(const char* what, const total& sum) {
  std::printf("%s: %zu sequences, %llu distinct crash states, %zu violations\n", what,
              sum.sequences, static_cast<unsigned long long>(sum.report.states),
              sum.report.violations.size());
  EXPECT_TRUE(sum.report.violations.empty()) << to_text(sum.report.violations);
}

constexpr std::array kinds{flavour::map, flavour::ordered_map, flavour::bag,
                           flavour::duplicate_bag};

TEST(TableSequences, OfTwoVerbsLeaveAPrefixWhereverTheyAreCutOff) {
  total sum;
  for (const auto what : kinds) {
    for (std::size_t i = 0; i < steps * steps; ++i) {
      play_and_crash(sum, what, {static_cast<step>(i / steps), static_cast<step>(i % steps)},
                     test::budgeted(60));
    }
  }
  expect_none("two verbs", sum);
}

TEST(TableSequences, OfThreeAndFourVerbsDrawnByChanceLeaveAPrefixToo) {
  total sum;
  simulation::chooser choose(seed());
  for (std::size_t n = 0; n < test::budgeted(400); ++n) {
    sequence s(3 + n % 2);
    for (auto& what : s) what = static_cast<step>(choose.below(steps));
    play_and_crash(sum, kinds.at(choose.below(kinds.size())), s, 30);
  }
  expect_none("three and four verbs", sum);
}

TEST(TableSequences, InDetsFilesLeaveWhatWasPromisedToo) {
  total sum;
  simulation::chooser choose(seed());
  for (const auto what : {flavour::map, flavour::bag, flavour::duplicate_bag}) {
    for (std::size_t n = 0; n < test::budgeted(60); ++n) {
      sequence s(2 + n % 3);
      for (auto& verb : s) verb = static_cast<step>(choose.below(steps));
      play_and_crash(sum, what, s, 8, file_format::dets);
    }
  }
  expect_none("verbs on DETS files", sum);
}

}  // namespace
}  // namespace shelf::crash
