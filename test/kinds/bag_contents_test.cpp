// TEST  kinds
// The bags against lists of values in insertion order: batches, pins, walks, unsaved changes.
#include "cpu_time.hpp"
#include "kinds.hpp"

#include <algorithm>
#include <atomic>
#include <chrono>
#include <random>
#include <thread>

namespace shelf::kinds {
namespace {

using texts = std::vector<std::string>;
/// Key -> values in insertion order; keys without values are not there.
using bag_model = std::map<std::string, texts>;

std::shared_ptr<contents> make_bag(kind what = kind::bag, bool track = false) {
  return contents::make({.what = what, .track_unsaved = track, .hash_seed = 7});
}
std::string numbered(std::uint64_t i) { return "v" + std::to_string(i); }
staging erase_value(contents& t, std::string_view key, std::string_view value) {
  return t.stage_erase_value(as_bytes(key), as_bytes(value));
}
std::size_t entries_in(const bag_model& m) {
  std::size_t n = 0;
  for (const auto& [key, values] : m) n += values.size();
  return n;
}
/// A walk as a model; the values of a key must stand together.
bag_model as_model(const pairs& all) {
  bag_model m;
  std::string last;
  for (const auto& [key, value] : all) {
    if (key != last) {
      EXPECT_FALSE(m.contains(key)) << key << " in two places";
    }
    m[key].push_back(value);
    last = key;
  }
  return m;
}

TEST(Bag, ValuesOfAKeyStandInInsertionOrder) {
  auto t = make_bag();
  for (const auto* v : {"c", "a", "b"}) {
    EXPECT_EQ(insert(*t, "k", v).what, staged::added);
    publish(*t);
  }
  EXPECT_EQ(values_of(*t, "k"), (texts{"c", "a", "b"}));
  EXPECT_EQ(t->size(), 3u);
  EXPECT_EQ(erase_value(*t, "k", "c").erased_count, 1u);
  insert(*t, "k", "c");
  publish(*t);
  EXPECT_EQ(values_of(*t, "k"), (texts{"a", "b", "c"}));
}

TEST(Bag, AnExactDuplicateIsRefusedStagedOrPublished) {
  auto t = make_bag();
  insert(*t, "k", "a");
  EXPECT_EQ(insert(*t, "k", "a").what, staged::unchanged);
  publish(*t);
  EXPECT_EQ(insert(*t, "k", "a").what, staged::unchanged);
  EXPECT_EQ(erase_value(*t, "k", "a").what, staged::erased);
  EXPECT_EQ(erase_value(*t, "k", "a").what, staged::unchanged);
  EXPECT_EQ(insert(*t, "k", "a").what, staged::added);
  publish(*t);
  EXPECT_EQ(values_of(*t, "k"), (texts{"a"}));
  EXPECT_EQ(t->size(), 1u);
}

TEST(DuplicateBag, EraseValueTakesEveryCopy) {
  auto t = make_bag(kind::duplicate_bag);
  for (const auto* v : {"a", "b", "a", "a"}) insert(*t, "k", v);
  publish(*t);
  EXPECT_EQ(t->size(), 4u);
  EXPECT_EQ(erase_value(*t, "k", "a").erased_count, 3u);
  publish(*t);
  EXPECT_EQ(values_of(*t, "k"), (texts{"b"}));
  EXPECT_EQ(t->stage_erase(as_bytes("k")).erased_count, 1u);
  EXPECT_EQ(t->find_staged(as_bytes("k")), nullptr);
  publish(*t);
  EXPECT_EQ(t->size(), 0u);
  EXPECT_EQ(t->payload_bytes(), 0u);
}

TEST(Bag, AHundredThousandValuesUnderOneKeyGoInWithoutASlowOne) {
  for (const auto what : {kind::bag, kind::duplicate_bag}) {
    auto t = make_bag(what);
    constexpr std::uint64_t count = scaled(100'000);
    const auto start = shelf::test::cpu_time();
    for (std::uint64_t i = 0; i < count; ++i) {
      insert(*t, "k", numbered(i));
      publish(*t);
    }
    for (std::uint64_t i = 0; i < count && what == kind::bag; ++i) {
      ASSERT_EQ(insert(*t, "k", numbered(i)).what, staged::unchanged);
    }
    const auto all = values_of(*t, "k");
    ASSERT_EQ(all.size(), count);
    for (std::uint64_t i = 0; i < count; ++i) ASSERT_EQ(all[i], numbered(i));
    if (what == kind::bag) {
      for (std::uint64_t i = 0; i < count; i += 2) {
        erase_value(*t, "k", numbered(i));
        publish(*t);
      }
      ASSERT_EQ(values_of(*t, "k").size(), count / 2);
      ASSERT_EQ(insert(*t, "k", numbered(1)).what, staged::unchanged);
      ASSERT_EQ(insert(*t, "k", numbered(2)).what, staged::added);
      t->discard();
    }
    EXPECT_EQ(t->stage_erase(as_bytes("k")).erased_count, t->size());
    publish(*t);
    t->collect_garbage();
    EXPECT_EQ(t->size(), 0u);
    EXPECT_LT(shelf::test::cpu_time() - start, std::chrono::seconds(20));
  }
}

TEST(Bag, ErasedValuesGiveTheirMemoryBack) {
  auto t = make_bag();
  const auto empty = t->memory_bytes();
  for (std::uint64_t i = 0; i < 50'000; ++i) {
    insert(*t, "queue", numbered(i) + std::string(100, 'x'));
    publish(*t);
    if (i >= 50) {
      erase_value(*t, "queue", numbered(i - 50) + std::string(100, 'x'));
      publish(*t);
    }
  }
  EXPECT_EQ(t->size(), 50u);
  t->collect_garbage();
  EXPECT_LT(t->memory_bytes(), empty + 50 * 400 + 10'000);
}

TEST(Bag, CyclesOfInsertAndEraseDoNotGrowTheListOfUnsavedChanges) {
  for (const auto what : {kind::bag, kind::duplicate_bag}) {
    auto t = make_bag(what, true);
    for (std::uint64_t i = 0; i < 5'000; ++i) {
      insert(*t, "queue", numbered(i));
      publish(*t);
      if (i % 2 == 0) {
        erase_value(*t, "queue", numbered(i));
      } else {
        erase(*t, "queue");
      }
      publish(*t);
    }
    EXPECT_LE(t->unsaved_count(), 1u);
  }
}

struct bag_run {
  bag_run(unsigned seed, kind k, bool track) : what(k), table(make_bag(k, track)), random(seed) {}
  ~bag_run() {
    for (const auto& [p, m] : held) table->unpin(p);
  }

  void change() {
    const auto key = "k" + std::to_string(random() % keys);
    const auto value = numbered(random() % values);
    auto& mine = draft[key];
    const bool there = std::find(mine.begin(), mine.end(), value) != mine.end();
    switch (random() % 8) {
      case 0: {
        const auto count = mine.size();
        const auto came_to = erase(*table, key);
        ASSERT_EQ(came_to.what, count > 0 ? staged::erased : staged::unchanged);
        ASSERT_EQ(came_to.erased_count, count);
        mine.clear();
        break;
      }
      case 1:
      case 2:
      case 3: {
        const auto count = std::erase(mine, value);
        ASSERT_EQ(erase_value(*table, key, value).erased_count, count);
        break;
      }
      default: {
        const bool refused = what == kind::bag && there;
        ASSERT_EQ(insert(*table, key, value).what, refused ? staged::unchanged : staged::added);
        if (!refused) mine.push_back(value);
      }
    }
    ASSERT_EQ(table->find_staged(as_bytes(key)) != nullptr, !mine.empty());
    if (mine.empty()) draft.erase(key);
  }
  void batch() {
    for (auto n = random() % 4 == 0 ? random() % 60 : 1; n > 0; --n) change();
    if (random() % 5 == 0) {
      table->discard();
      draft = model;
    } else {
      publish(*table);
      model = draft;
    }
    ASSERT_EQ(table->size(), entries_in(model));
    const auto key = "k" + std::to_string(random() % keys);
    ASSERT_EQ(values_of(*table, key), model.contains(key) ? model[key] : texts{});
  }
  void pins() {
    if (random() % 3 == 0 && held.size() < 4) held.emplace_back(table->pin(), model);
    if (held.empty() || random() % 3 != 0) return;
    const auto which = held.begin() + static_cast<std::ptrdiff_t>(random() % held.size());
    ASSERT_EQ(which->first.size, entries_in(which->second));
    ASSERT_EQ(as_model(all_of(*table, which->first)), which->second);
    table->unpin(which->first);
    held.erase(which);
  }
  void save() {
    const auto now = model;
    const auto p = table->pin();
    const auto changes = table->take_unsaved();
    auto replayed = on_disk;
    for (const auto& c : changes) {
      const auto key = key_text(c.which);
      if (c.what == journal::op::append) replayed[key].push_back(value_text(c.which));
      if (c.what == journal::op::erase) replayed.erase(key);
      if (c.what == journal::op::erase_value) std::erase(replayed[key], value_text(c.which));
    }
    std::erase_if(replayed, [](const auto& one) { return one.second.empty(); });
    ASSERT_EQ(replayed, now);
    const bool unpin_early = random() % 2 == 0;
    if (unpin_early) table->unpin(p);
    for (auto n = random() % 30; n > 0; --n) batch();
    table->collect_garbage();
    for (const auto& c : changes) ASSERT_FALSE(key_text(c.which).empty());
    if (random() % 3 == 0) {
      table->return_unsaved();
    } else {
      table->settle_unsaved();
      on_disk = replayed;
    }
    if (!unpin_early) table->unpin(p);
  }

  kind what;
  std::shared_ptr<contents> table;
  std::mt19937 random;
  std::uint64_t keys = 6;
  std::uint64_t values = 70;
  bag_model model, draft, on_disk;
  std::vector<std::pair<contents::pinned, bag_model>> held;
};

TEST(Bag, RandomCallsGiveWhatListsOfValuesGive) {
  for (unsigned seed = 1; seed <= 8; ++seed) {
    bag_run run(seed, seed % 2 == 0 ? kind::bag : kind::duplicate_bag, seed % 4 < 2);
    if (seed > 4) run.keys = 100;
    for (int i = 0; i < 800; ++i) {
      run.batch();
      run.pins();
      if (seed % 4 < 2 && run.random() % 20 == 0) run.save();
      if (run.random() % 50 == 0) run.table->collect_garbage();
      if (testing::Test::HasFatalFailure()) FAIL() << "seed " << seed;
    }
    ASSERT_EQ(as_model(all_of(*run.table)), run.model) << "seed " << seed;
  }
}

/// Each batch erases the key's values and appends new ones that all bear the batch's number.
TEST(Bag, ReadersBesideAWriterSeeAKeyBeforeOrAfterABatch) {
  auto t = make_bag();
  static constexpr std::size_t values = 40;
  const auto fill = [&](int batch) {
    for (std::size_t i = 0; i < values; ++i) {
      insert(*t, "k", std::to_string(batch) + "/" + std::to_string(i));
    }
  };
  fill(0);
  publish(*t);
  std::atomic<bool> stop{false};
  std::vector<std::jthread> readers;
  for (int r = 0; r < 2; ++r) {
    readers.emplace_back([&] {
      const auto check = [](const texts& seen) {
        ASSERT_EQ(seen.size(), values);
        const auto number = seen.front().substr(0, seen.front().find('/'));
        for (std::size_t i = 0; i < values; ++i) {
          ASSERT_EQ(seen[i], number + "/" + std::to_string(i));
        }
      };
      while (!stop) {
        check(values_of(*t, "k"));
        const auto p = t->pin();
        check(values_of(*t, "k", p.at));
        check(as_model(all_of(*t, p))["k"]);
        t->unpin(p);
      }
    });
  }
  for (int batch = 1; batch < 800; ++batch) {
    if (batch % 2 == 0) {
      erase(*t, "k");
    } else {
      for (std::size_t i = 0; i < values; ++i) {
        erase_value(*t, "k", std::to_string(batch - 1) + "/" + std::to_string(i));
      }
    }
    fill(batch);
    publish(*t);
  }
  stop = true;
}

}  // namespace
}  // namespace shelf::kinds
