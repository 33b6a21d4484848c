// TEST  dets
// Kills at every operation and at every page of a write, and power cuts of a durable file: what was
// acknowledged is there.
#include "corpus.hpp"

#include "budget.hpp"
#include "shelf/term.hpp"
#include "simulation/crash_states.hpp"

#include <algorithm>
#include <set>

namespace shelf {
namespace {

using test::list_by_key;
using test::listing;
using test::object_store;
using test::on;
using test::settings;

term object(std::int64_t key, std::size_t size, char fill) {
  return term::tuple({term::integer(key), term::binary(std::string(size, fill))});
}

result<written> put(object_store& s, const term& o) { return s.insert(o.encoded()); }

/// Runs calls on a disk, and remembers after each what the file has to hold.
class workload {
 public:
  workload(kind type, bool durable) {
    how_ = {.type = type};
    how_.durable = durable;
    s_ = *object_store::open(on(disk, how_));
    std::vector<term> first;
    // As many keys as slots: the next ones make the table grow.
    for (int i = 0; i < 256; ++i) first.push_back(object(i, 20, 'a'));
    std::vector<bytes> views;
    for (const auto& o : first) views.push_back(o.encoded());
    EXPECT_TRUE(s_->replace_all(views));
    acknowledged();
  }

  void run() {
    for (const auto& [key, size] : {std::pair{3, 20},
                                    {3, 21},
                                    {3, 200},
                                    {4, 5000},
                                    {4, 5001},
                                    {4, 30},
                                    {1000, 20},
                                    {1001, 9000},
                                    {5, 100},
                                    {5, 20}}) {
      insert(object(key, static_cast<std::size_t>(size), 'b'));
    }
    EXPECT_TRUE(s_->save());
    insert(object(6, 30, 'c'));
    insert(object(6, 30, 'd'));
    erase(3);
    erase(4);
    const auto gone = object(6, 30, 'd');
    EXPECT_TRUE(s_->erase_object(gone.encoded()));
    acknowledged();
    EXPECT_TRUE(s_->compact());
    insert(object(7, 4000, 'e'));
    insert(object(7, 4100, 'e'));
    EXPECT_TRUE(s_->close());
  }

  /// The states after so many operations: the acknowledged one, and the one under way.
  [[nodiscard]] std::vector<listing> legal(std::uint64_t operations) const {
    std::vector<listing> states;
    for (std::size_t i = 0; i < states_.size(); ++i) {
      if (i + 1 < states_.size() && states_[i + 1].operations <= operations) continue;
      states.push_back(states_[i].contents);
      if (states.size() == 2) break;
    }
    return states;
  }
  /// From here on the file holds something.
  [[nodiscard]] std::uint64_t start() const { return states_.front().operations; }

  simulation::simulated_disk disk;

 private:
  void insert(const term& o) {
    EXPECT_TRUE(s_->insert(o.encoded()));
    acknowledged();
  }
  void erase(std::int64_t key) {
    const auto k = term::integer(key);
    EXPECT_TRUE(s_->erase(k.encoded()));
    acknowledged();
  }
  void acknowledged() { states_.push_back({disk.operations(), *list_by_key(*s_, "full")}); }

  struct state {
    std::uint64_t operations;
    listing contents;
  };
  settings how_;
  std::unique_ptr<object_store> s_;
  std::vector<state> states_;
};

void expect_every_state_is_legal(const workload& w, kind type, simulation::crash_options options) {
  const auto past = w.disk.recorded();
  std::size_t wrong = 0;
  const auto points = w.disk.operations() - w.start() + 1;
  const auto step = std::max<std::size_t>(1, points / test::budgeted(points));
  for (auto at = w.start(); at <= w.disk.operations(); at += step) {
    const auto legal = w.legal(at);
    simulation::for_each_crash_state(
        past, at, options,
        [&](simulation::simulated_disk& disk, const simulation::crash_state& state) {
          if (wrong > 3) return;
          const auto s = object_store::open(on(disk, {.type = type}));
          if (!s) {
            ++wrong;
            ADD_FAILURE() << s.error() << " after " << at << ", " << state.describe();
            return;
          }
          const auto contents = list_by_key(**s, "full");
          const bool right = contents && std::ranges::find(legal, *contents) != legal.end();
          if (right) return;
          ++wrong;
          ADD_FAILURE() << "after " << at << ", " << to_string(past.operations[at - 1]) << ", "
                        << state.describe() << ": " << (*s)->size() << " objects";
        });
  }
}

constexpr kind types[] = {kind::set, kind::bag, kind::duplicate_bag};

TEST(DetsCrash, AKillAnywhereTakesNothingBackThatWasAcknowledged) {
  for (const auto type : types) {
    SCOPED_TRACE(to_string(type));
    workload w(type, false);
    w.run();
    expect_every_state_is_legal(
        w, type, {.crash = simulation::crash_options::kind::kill, .budget = test::budgeted(20)});
  }
}

TEST(DetsCrash, APowerCutTakesNothingBackFromADurableFile) {
  for (const auto type : types) {
    SCOPED_TRACE(to_string(type));
    workload w(type, true);
    w.run();
    // The header has one copy, in one sector: what tears a sector leaves a file that OTP refuses.
    expect_every_state_is_legal(w, type,
                                {.crash = simulation::crash_options::kind::power,
                                 .torn_pieces = false,
                                 .budget = test::budgeted(12)});
  }
}

using verb = object_store::one_change::verb;

struct step {
  verb what;
  std::int64_t key;
  char value = 0;
};

/// The values of each key, oldest first.
using values_by_key = std::map<std::int64_t, std::string>;

void make(values_by_key& of, kind type, const step& s) {
  auto& held = of[s.key];
  if (s.what == verb::erase) held.clear();
  if (s.what == verb::erase_object || type == kind::bag) std::erase(held, s.value);
  if (s.what == verb::insert && type == kind::set) held.clear();
  if (s.what == verb::insert) held.push_back(s.value);
}

/// What each key may hold while a batch is written: what it held, and what each step made of it.
std::map<std::int64_t, std::set<std::string>> make_all(values_by_key& of, kind type,
                                                       std::span<const step> batch) {
  std::map<std::int64_t, std::set<std::string>> legal;
  for (const auto& [key, held] : of) legal[key].insert(held);
  for (const auto& s : batch) {
    legal[s.key].insert(of[s.key]);
    make(of, type, s);
    legal[s.key].insert(of[s.key]);
  }
  return legal;
}

result<> write(object_store& s, std::span<const step> batch) {
  std::vector<term> terms;
  for (const auto& [what, key, value] : batch) {
    terms.push_back(what == verb::erase ? term::integer(key) : object(key, 20, value));
  }
  std::vector<object_store::one_change> changes;
  for (std::size_t i = 0; i < batch.size(); ++i) {
    changes.push_back({batch[i].what, terms[i].encoded()});
  }
  return s.change_all(changes);
}

std::string values_of(const object_store& s, std::int64_t key) {
  std::string found;
  const auto k = term::integer(key);
  EXPECT_TRUE(s.lookup(k.encoded(), [&](bytes o) { found += static_cast<char>(o.back()); }));
  return found;
}

const std::vector<std::vector<step>>& batches_on_one_key() {
  constexpr auto in = verb::insert;
  constexpr auto out = verb::erase;
  constexpr auto one_out = verb::erase_object;
  static const std::vector<std::vector<step>> all{
      {{out, 1}, {in, 1, 'b'}},
      {{in, 1, 'c'}, {one_out, 1, 'b'}, {in, 300, 'x'}},
      {{one_out, 1, 'c'}, {in, 1, 'd'}, {in, 1, 'e'}, {one_out, 1, 'd'}, {in, 1, 'c'}},
      {{in, 2, 'f'}, {out, 2}, {in, 2, 'g'}, {in, 2, 'h'}, {one_out, 2, 'g'}, {in, 2, 'i'}},
      {{out, 1}, {in, 1, 'j'}, {out, 1}, {in, 1, 'k'}, {out, 3}, {in, 400, 'y'}},
      {{in, 2, 'h'}, {in, 2, 'l'}, {out, 400}, {in, 3, 'm'}, {out, 3}},
      {{one_out, 2, 'i'}, {in, 2, 'i'}, {in, 2, 'n'}, {out, 1}},
      {{out, 2}, {in, 2, 'o'}, {in, 2, 'p'}, {in, 1, 'q'}, {in, 1, 'r'}},
      {{in, 1, 'q'}, {in, 1, 's'}, {in, 1, 'r'}, {in, 2, 'o'}, {in, 2, 't'}},
      {{in, 2, 'o'}, {in, 2, 'u'}},
      {{in, 2, 't'}, {in, 2, 'v'}},
      {{in, 2, 'u'}, {in, 2, 'w'}},
  };
  return all;
}

/// Fixed: a batch that erased a key of a bag and inserted it again left both buckets until its end,
/// and a repair after a kill kept the values of both.
void expect_no_mixture(kind type, bool durable) {
  SCOPED_TRACE(std::string(to_string(type)) + (durable ? ", durable" : ""));
  simulation::simulated_disk disk;
  settings how{.type = type};
  how.durable = durable;
  const auto s = *object_store::open(on(disk, how));
  values_by_key held;
  std::vector<step> first;
  for (std::int64_t key = 0; key < 300; ++key) first.push_back({verb::insert, key, 'a'});
  ASSERT_TRUE(write(*s, first));
  static_cast<void>(make_all(held, type, first));
  const simulation::crash_options cut{.crash = durable ? simulation::crash_options::kind::power
                                                       : simulation::crash_options::kind::kill,
                                      .torn_pieces = false,
                                      .budget = test::budgeted(12)};
  for (const auto& batch : batches_on_one_key()) {
    const auto from = disk.operations();
    ASSERT_TRUE(write(*s, batch));
    const auto legal = make_all(held, type, batch);
    for (auto at = from; at <= disk.operations(); ++at) {
      simulation::for_each_crash_state(
          disk.recorded(), at, cut,
          [&](simulation::simulated_disk& left, const simulation::crash_state& state) {
            const auto found = object_store::open(on(left, {.type = type}));
            ASSERT_TRUE(found) << found.error() << " after " << at << ", " << state.describe();
            for (const auto& [key, some] : legal) {
              const auto here = values_of(**found, key);
              const bool right =
                  at == disk.operations() ? here == held.at(key) : some.contains(here);
              EXPECT_TRUE(right) << "batch " << &batch - batches_on_one_key().data() << ", key "
                                 << key << ": " << here << " after " << at << ", "
                                 << state.describe();
            }
          });
    }
    for (const auto& [key, values] : held) EXPECT_EQ(values_of(*s, key), values) << key;
  }
}

TEST(DetsCrash, NoKeyHoldsAMixtureOfStatesAfterACrashInsideABatch) {
  for (const auto type : types) {
    expect_no_mixture(type, false);
    expect_no_mixture(type, true);
  }
}

/// All or nothing, also where a key of the batch has a bucket for each of several steps.
TEST(DetsCrash, ABatchOfSeveralStepsThatFailsLeavesTheFileAsItWas) {
  for (const auto type : types) {
    std::uint64_t unfenced = 0;
    for (std::uint64_t nth = 1;; ++nth) {
      simulation::simulated_disk disk;
      const auto s = *object_store::open(on(disk, {.type = type}));
      ASSERT_TRUE(put(*s, object(1, 20, 'a')));
      const std::vector<step> batch{{verb::erase, 1},       {verb::insert, 1, 'b'},
                                    {verb::insert, 1, 'c'}, {verb::erase_object, 1, 'b'},
                                    {verb::insert, 1, 'd'}, {verb::insert, 2, 'e'}};
      disk.inject({.kind = simulation::call::write, .nth = nth, .error = 28});
      const auto written = write(*s, batch);
      const bool met = disk.faults_met() > 0;
      disk.clear_faults();
      if (!met) {
        EXPECT_TRUE(written);
        EXPECT_GT(unfenced, type == kind::set ? 1u : 4u);
        break;
      }
      ASSERT_FALSE(written);
      if (s->is_fenced()) continue;  // the disk refused to overwrite a mark
      ++unfenced;
      EXPECT_EQ(values_of(*s, 1), "a") << nth;
      EXPECT_EQ(values_of(*s, 2), "") << nth;
      EXPECT_EQ(s->size(), 1u);
      ASSERT_TRUE(s->close());
      const auto again = object_store::open(on(disk, {.type = type}));
      ASSERT_TRUE(again) << again.error();
      EXPECT_FALSE((*again)->repaired());
      EXPECT_EQ(values_of(**again, 1), "a") << nth;
    }
  }
}

TEST(DetsCrash, ARepairThatIsCutOffCanBeDoneAgainAndFindsTheSame) {
  simulation::simulated_disk before;
  {
    auto s = *object_store::open(on(before));
    for (int i = 0; i < 40; ++i) {
      const auto o = object(i, static_cast<std::size_t>(i) * 60, 'r');
      ASSERT_TRUE(s->insert(o.encoded()));
    }
    s->abandon();
  }
  simulation::simulated_disk disk;
  disk.put("t.dets", *before.read_all("t.dets"));
  const auto first = disk.operations();
  listing right;
  {
    auto s = *object_store::open(on(disk));
    EXPECT_TRUE(s->repaired());
    right = *list_by_key(*s, "full");
    EXPECT_EQ(right.size(), 40u);
    EXPECT_TRUE(s->close());
  }
  const auto past = disk.recorded();
  using crash = simulation::crash_options::kind;
  for (const auto kind_of_crash : {crash::kill, crash::power}) {
    for (auto at = first; at <= disk.operations(); ++at) {
      simulation::for_each_crash_state(
          past, at, {.crash = kind_of_crash, .budget = test::budgeted(60)},
          [&](simulation::simulated_disk& left, const simulation::crash_state& state) {
            const auto s = object_store::open(on(left));
            ASSERT_TRUE(s) << s.error() << " after " << at << ", " << state.describe();
            EXPECT_EQ(list_by_key(**s, "full"), right) << at << ", " << state.describe();
          });
    }
  }
}

/// Fixed: where a directory keeps its entries in any order, the repaired file could have the name
/// before the copy of the original had its own.
TEST(DetsCrash, TheOriginalIsThereWhereverTheRepairedFileIs) {
  simulation::simulated_disk disk;
  {
    auto s = *object_store::open(on(disk));
    ASSERT_TRUE(put(*s, object(1, 20, 'a')));
    s->abandon();
  }
  const auto first = disk.operations();
  {
    auto s = *object_store::open(on(disk));
    ASSERT_TRUE(s->repaired());
    s->abandon();
  }
  std::size_t new_ones = 0;
  simulation::for_each_crash_state(
      disk.recorded(), {.weak_directories = true, .torn_pieces = false, .budget = 60},
      [&](simulation::simulated_disk& left, const simulation::crash_state& state) {
        const auto s = object_store::open(on(left));
        ASSERT_TRUE(s) << s.error() << state.describe();
        if ((*s)->repaired() || (*s)->size() == 0) return;
        ++new_ones;
        const auto names = left.files();
        EXPECT_TRUE(std::ranges::find(names, "t.dets.unrepaired") != names.end())
            << state.describe();
      },
      first);
  EXPECT_GT(new_ones, 0u);
}

/// Fixed: a repair may turn out not to have been needed, if the mark that the file was not closed
/// was lost after it; what it had begun to keep stayed about for ever.
TEST(DetsCrash, ACleanCloseLeavesNothingOfARepairThatWasCutOff) {
  simulation::simulated_disk disk;
  {
    auto s = *object_store::open(on(disk));
    ASSERT_TRUE(put(*s, object(1, 20, 'a')));
    ASSERT_TRUE(s->close());
  }
  const auto first = disk.operations();
  {
    auto s = *object_store::open(on(disk));
    ASSERT_TRUE(put(*s, object(2, 20, 'b')));
    s->abandon();
  }
  using crash = simulation::crash_options::kind;
  simulation::for_each_crash_state(
      disk.recorded(), {.crash = crash::kill},
      [&](simulation::simulated_disk& killed, const simulation::crash_state&) {
        {
          auto s = object_store::open(on(killed));
          ASSERT_TRUE(s) << s.error();
          (*s)->abandon();
        }
        simulation::for_each_crash_state(
            killed.recorded(), {.torn_pieces = false, .budget = 12},
            [&](simulation::simulated_disk& left, const simulation::crash_state& state) {
              const auto s = object_store::open(on(left));
              ASSERT_TRUE(s) << s.error() << state.describe();
              ASSERT_TRUE((*s)->close());
              EXPECT_EQ(left.files(), std::vector<std::string>{"t.dets"}) << state.describe();
            });
      },
      first);
}

/// Every call of the workload fails once, or from then on: an error is told, what was acknowledged
/// stays, and the next open finds it.
void expect_faults_are_told(int cause, simulation::call kind_of_call, bool sticky) {
  for (std::uint64_t nth = 1;; ++nth) {
    simulation::simulated_disk disk;
    std::vector<std::int64_t> acknowledged;
    {
      auto s = *object_store::open(on(disk));
      std::vector<term> first;
      for (int i = 0; i < 256; ++i) first.push_back(object(i, 20, 'a'));
      std::vector<bytes> views;
      for (const auto& o : first) views.push_back(o.encoded());
      EXPECT_TRUE(s->replace_all(views));
      disk.inject({.kind = kind_of_call, .nth = nth, .error = cause, .sticky = sticky});
      for (int i = 0; i < 256; ++i) acknowledged.push_back(i);
      for (int i = 0; i < 12; ++i) {
        const auto key = i < 6 ? i : 1000 + i;
        const auto o = object(key, static_cast<std::size_t>(i) * 900, 'f');
        if (!s->insert(o.encoded())) break;
        acknowledged.push_back(key);
        if (i == 8 && !s->save()) break;
      }
      static_cast<void>(s->close());
    }
    if (disk.faults_met() == 0) return;
    disk.clear_faults();
    const auto s = object_store::open(on(disk));
    ASSERT_TRUE(s) << s.error() << " nth " << nth;
    std::vector<std::int64_t> lost;
    for (const auto key : acknowledged) {
      const auto k = term::integer(key);
      if ((*s)->lookup(k.encoded(), [](bytes) {}) != 1u) lost.push_back(key);
    }
    EXPECT_EQ(lost, std::vector<std::int64_t>()) << "nth " << nth;
  }
}

TEST(DetsCrash, NoFailingCallLosesWhatWasAcknowledged) {
  expect_faults_are_told(28, simulation::call::changing, false);  // ENOSPC
  expect_faults_are_told(28, simulation::call::write, true);
  expect_faults_are_told(5, simulation::call::changing, true);  // EIO
  expect_faults_are_told(5, simulation::call::any_sync, false);
}

}  // namespace
}  // namespace shelf
