// TEST  kinds
// The hashed kind against std::map: versions, batches, pins, walks, the list of unsaved changes.
#include "kinds.hpp"

#include <atomic>
#include <random>
#include <thread>

namespace shelf::kinds {
namespace {

std::shared_ptr<contents> make_set(bool track = false, sequence first = 0) {
  return contents::make(
      {.what = kind::set, .track_unsaved = track, .hash_seed = 12345, .first = first});
}
std::string numbered(std::uint64_t i) { return "key" + std::to_string(i); }

TEST(Set, AStagedEntryIsSeenOnlyAfterItsPublishing) {
  auto t = make_set();
  EXPECT_EQ(insert(*t, "a", "1").what, staged::added);
  EXPECT_EQ(value_of(*t, "a"), "absent");
  EXPECT_EQ(as_text(t->find_staged(as_bytes("a"))->value()), "1");
  EXPECT_EQ(t->size(), 0u);
  t->publish(7);
  EXPECT_EQ(value_of(*t, "a"), "1");
  EXPECT_EQ(t->size(), 1u);
  EXPECT_EQ(t->published(), 7u);
  EXPECT_EQ(t->payload_bytes(), 2u);
}

TEST(Set, TheSameEntryAgainChangesNothing) {
  auto t = make_set();
  insert(*t, "a", "1");
  publish(*t);
  EXPECT_EQ(insert(*t, "a", "1").what, staged::unchanged);
  EXPECT_EQ(t->staged_count(), 0u);
  EXPECT_EQ(insert(*t, "a", "2").what, staged::replaced);
  EXPECT_EQ(insert(*t, "a", "2").what, staged::unchanged);
  publish(*t);
  EXPECT_EQ(value_of(*t, "a"), "2");
}

TEST(Set, LaterChangesOfABatchSeeEarlierOnesAndWin) {
  auto t = make_set();
  EXPECT_EQ(insert(*t, "a", "1").what, staged::added);
  EXPECT_EQ(insert(*t, "a", "2").what, staged::replaced);
  EXPECT_EQ(erase(*t, "a").what, staged::erased);
  EXPECT_EQ(erase(*t, "a").what, staged::unchanged);
  EXPECT_EQ(t->find_staged(as_bytes("a")), nullptr);
  EXPECT_EQ(insert(*t, "a", "3").what, staged::added);
  EXPECT_EQ(t->stage_erase_value(as_bytes("a"), as_bytes("2")).what, staged::unchanged);
  EXPECT_EQ(t->staged_count(), 1u);
  publish(*t);
  EXPECT_EQ(value_of(*t, "a"), "3");
  EXPECT_EQ(t->size(), 1u);
  EXPECT_EQ(t->stage_erase_value(as_bytes("a"), as_bytes("3")).what, staged::erased);
  publish(*t);
  EXPECT_EQ(t->size(), 0u);
  EXPECT_EQ(t->payload_bytes(), 0u);
}

TEST(Set, AKeyLookedForBeforeIsFoundWhereItIsWhateverHappenedSince) {
  auto t = make_set();
  text_map model;
  std::mt19937 random(7);
  const std::uint64_t keys = scaled(4000);
  for (std::uint64_t step = 0; step < 40 * keys; ++step) {
    // Grows, then shrinks: segments are rebuilt between the look and the change.
    const bool grows = step % (4 * keys) < 2 * keys;
    const auto looked_for = numbered(random() % keys);
    const auto* const there = t->find_staged(as_bytes(looked_for));
    ASSERT_EQ(there != nullptr, model.contains(looked_for));
    for (auto others = random() % 4; others != 0; --others) {
      const auto other = numbered(random() % keys);
      if (grows) {
        insert(*t, other, "other");
        model[other] = "other";
      } else {
        ASSERT_EQ(erase(*t, other).what == staged::erased, model.erase(other) == 1);
      }
      if (random() % 2 == 0) publish(*t);
    }
    const auto value = std::to_string(step);
    const auto what = insert(*t, looked_for, value).what;
    ASSERT_EQ(what == staged::added, !model.contains(looked_for)) << step;
    model[looked_for] = value;
    if (!grows) {
      ASSERT_EQ(erase(*t, looked_for).what, staged::erased);
      model.erase(looked_for);
    }
    if (random() % 2 == 0) publish(*t);
  }
  publish(*t);
  EXPECT_EQ(as_map(all_of(*t)), model);
}

TEST(Set, ADiscardedBatchLeavesEverythingAsItWas) {
  auto t = make_set();
  insert(*t, "a", "1");
  insert(*t, "b", "1");
  publish(*t);
  insert(*t, "a", "2");
  erase(*t, "b");
  insert(*t, "c", "2");
  erase(*t, "c");
  insert(*t, "d", "2");
  t->discard();
  EXPECT_EQ(as_map(all_of(*t)), (text_map{{"a", "1"}, {"b", "1"}}));
  publish(*t);
  EXPECT_EQ(as_map(all_of(*t)), (text_map{{"a", "1"}, {"b", "1"}}));
  EXPECT_EQ(t->size(), 2u);
}

TEST(Set, APinnedVersionKeepsWhatItShowsWhateverIsWritten) {
  auto t = make_set();
  insert(*t, "a", "1");
  insert(*t, "b", "1");
  publish(*t);
  const auto p = t->pin();
  insert(*t, "a", "2");
  erase(*t, "b");
  insert(*t, "c", "2");
  publish(*t);
  for (int i = 3; i < 200; ++i) {
    insert(*t, "a", std::to_string(i));
    publish(*t);
  }
  const auto late = t->pin();
  insert(*t, "b", "again");
  publish(*t);
  EXPECT_EQ(p.size, 2u);
  EXPECT_EQ(late.size, 2u);
  EXPECT_EQ(as_map(all_of(*t, p)), (text_map{{"a", "1"}, {"b", "1"}}));
  EXPECT_EQ(as_map(all_of(*t, late)), (text_map{{"a", "199"}, {"c", "2"}}));
  EXPECT_EQ(value_of(*t, "b", p.at), "1");
  EXPECT_EQ(value_of(*t, "b", late.at), "absent");
  EXPECT_EQ(value_of(*t, "b"), "again");
  t->unpin(p);
  EXPECT_EQ(as_map(all_of(*t, late)), (text_map{{"a", "199"}, {"c", "2"}}));
  t->unpin(late);
  t->collect_garbage();
  EXPECT_EQ(as_map(all_of(*t)), (text_map{{"a", "199"}, {"b", "again"}, {"c", "2"}}));
}

TEST(Set, VersionsNoPinShowsAreFreedWhileAnOlderPinStays) {
  auto t = make_set();
  insert(*t, "a", "0");
  publish(*t);
  const auto p = t->pin();
  const auto before = t->memory_bytes();
  for (int i = 1; i < 10'000; ++i) {
    insert(*t, "a", std::to_string(i));
    publish(*t);
  }
  t->collect_garbage();
  EXPECT_LT(t->memory_bytes(), before + 5000) << "more than a chunk of the queue of garbage";
  EXPECT_EQ(value_of(*t, "a", p.at), "0");
  t->unpin(p);
}

TEST(Set, WhatWasErasedGivesItsMemoryBack) {
  auto t = make_set();
  const auto empty = t->memory_bytes();
  for (std::uint64_t i = 0; i < 20'000; ++i) {
    insert(*t, numbered(i), std::string(100, 'v'));
    publish(*t);
  }
  const auto full = t->memory_bytes();
  EXPECT_GT(full, 20'000u * 100);
  for (std::uint64_t i = 0; i < 20'000; ++i) {
    erase(*t, numbered(i));
    publish(*t);
  }
  t->collect_garbage();
  EXPECT_EQ(t->size(), 0u);
  EXPECT_LT(t->memory_bytes(), empty + full / 20);
}

/// The state when the list was last on disk, with the list taken since replayed onto it.
struct saved_state {
  text_map on_disk;
  void save(contents& t, const text_map& now, bool fails, const auto& meanwhile) {
    const auto changes = t.take_unsaved();
    auto replayed = on_disk;
    for (const auto& c : changes) {
      if (c.what == journal::op::put) {
        replayed[key_text(c.which)] = value_text(c.which);
      } else {
        ASSERT_EQ(c.what, journal::op::erase);
        replayed.erase(key_text(c.which));
      }
    }
    ASSERT_EQ(replayed, now);
    meanwhile();
    for (const auto& c : changes) ASSERT_FALSE(key_text(c.which).empty());
    if (fails) return t.return_unsaved();
    t.settle_unsaved();
    on_disk = replayed;
  }
};

struct random_run {
  explicit random_run(unsigned seed, bool track) : table(make_set(track)), random(seed) {}

  void change() {
    const std::string key = numbered(random() % keys);
    switch (random() % 6) {
      case 0:
      case 1:
      case 2: {
        const std::string value = std::to_string(random() % 50);
        const auto old = draft.find(key);
        const auto expected = old == draft.end()     ? staged::added
                              : old->second == value ? staged::unchanged
                                                     : staged::replaced;
        ASSERT_EQ(insert(*table, key, value).what, expected);
        draft[key] = value;
        break;
      }
      case 3:
      case 4: {
        const bool there = draft.erase(key) != 0;
        ASSERT_EQ(erase(*table, key).what, there ? staged::erased : staged::unchanged);
        break;
      }
      default: {
        const std::string value = std::to_string(random() % 50);
        const auto old = draft.find(key);
        const bool there = old != draft.end() && old->second == value;
        ASSERT_EQ(table->stage_erase_value(as_bytes(key), as_bytes(value)).what,
                  there ? staged::erased : staged::unchanged);
        if (there) draft.erase(old);
      }
    }
    const auto* found = table->find_staged(as_bytes(key));
    ASSERT_EQ(found != nullptr ? value_text(found) : "absent",
              draft.contains(key) ? draft[key] : "absent");
  }
  void batch() {
    for (auto n = random() % 4 == 0 ? random() % 40 : 1; n > 0; --n) change();
    if (random() % 5 == 0) {
      table->discard();
      draft = model;
    } else {
      publish(*table);
      model = draft;
    }
    ASSERT_EQ(table->size(), model.size());
  }
  void pins() {
    if (random() % 3 == 0 && held.size() < 5) held.emplace_back(table->pin(), model);
    if (held.empty() || random() % 3 != 0) return;
    const auto which = held.begin() + static_cast<std::ptrdiff_t>(random() % held.size());
    ASSERT_EQ(which->first.size, which->second.size());
    ASSERT_EQ(as_map(all_of(*table, which->first)), which->second);
    const auto key = numbered(random() % keys);
    const auto there = which->second.find(key);
    ASSERT_EQ(value_of(*table, key, which->first.at),
              there != which->second.end() ? there->second : "absent");
    table->unpin(which->first);
    held.erase(which);
  }
  ~random_run() {
    for (const auto& [p, m] : held) table->unpin(p);
  }

  std::shared_ptr<contents> table;
  std::mt19937 random;
  std::uint64_t keys = 300;
  text_map model;
  text_map draft;
  std::vector<std::pair<contents::pinned, text_map>> held;
};

TEST(Set, RandomCallsGiveWhatAMapGives) {
  for (unsigned seed = 1; seed <= 6; ++seed) {
    random_run run(seed, seed % 2 == 0);
    saved_state saved;
    for (int i = 0; i < 1500; ++i) {
      run.batch();
      run.pins();
      if (seed % 2 == 0 && run.random() % 20 == 0) {
        const auto now = run.model;
        const auto p = run.table->pin();
        saved.save(*run.table, now, run.random() % 3 == 0, [&] {
          for (auto n = run.random() % 30; n > 0; --n) run.batch();
        });
        run.table->unpin(p);
      }
      if (run.random() % 50 == 0) run.table->collect_garbage();
      if (testing::Test::HasFatalFailure()) return;
    }
    ASSERT_EQ(as_map(all_of(*run.table)), run.model) << "seed " << seed;
  }
}

TEST(Set, TheListOfUnsavedChangesHasOnePlaceAKeyWhateverTheWrites) {
  auto t = make_set(true);
  for (int i = 0; i < 1000; ++i) {
    insert(*t, "a", std::to_string(i));
    publish(*t);
    if (i % 3 == 0) {
      erase(*t, "a");
      publish(*t);
    }
  }
  EXPECT_EQ(t->unsaved_count(), 1u);
  erase(*t, "a");
  publish(*t);
  auto changes = t->take_unsaved();
  ASSERT_EQ(changes.size(), 1u);
  EXPECT_EQ(changes[0].what, journal::op::erase);
  insert(*t, "a", "new");
  publish(*t);
  t->return_unsaved();
  changes = t->take_unsaved();
  ASSERT_EQ(changes.size(), 1u);
  EXPECT_EQ(changes[0].what, journal::op::put);
  t->settle_unsaved();
  EXPECT_EQ(t->unsaved_count(), 0u);
}

TEST(Set, FindManyFindsWhatFindFinds) {
  auto t = make_set();
  std::vector<std::string> names;
  for (std::uint64_t i = 0; i < 5000; ++i) {
    names.push_back(numbered(i));
    if (i % 3 == 0) continue;
    insert(*t, names.back(), std::to_string(i));
  }
  publish(*t);
  std::vector<sought_key> keys;
  for (const auto& name : names) keys.push_back(as_bytes(name));
  std::vector<const entry*> found(keys.size());
  const memory::epoch_guard guard;
  t->find_many(keys, found, latest);
  for (std::size_t i = 0; i < keys.size(); ++i) ASSERT_EQ(found[i], t->find(keys[i], latest));
}

TEST(Set, AMillionEntriesGrowInStepsAndTakeLittleMemory) {
  auto t = make_set();
  // Never scaled: an entry's share of the index goes up and down with each doubling.
  constexpr std::uint64_t count = 1'000'000;
  const std::string value(105, 'v');
  char key[32];
  for (std::uint64_t i = 0; i < count; ++i) {
    std::snprintf(key, sizeof key, "mmmmmuser:%08u", static_cast<unsigned>(i * 7919 % count));
    insert(*t, key, value);
    publish(*t);
  }
  ASSERT_EQ(t->size(), count);
  t->collect_garbage();
  const auto each = static_cast<double>(t->memory_bytes()) / static_cast<double>(count);
  std::printf("memory an entry: %.1f bytes\n", each);
  RecordProperty("memory_an_entry", std::to_string(each));
  EXPECT_LT(each, 160);
  for (unsigned i = 0; i < count; i += 997) {
    std::snprintf(key, sizeof key, "mmmmmuser:%08u", i);
    ASSERT_EQ(value_of(*t, key), value);
  }
  EXPECT_EQ(all_of(*t).size(), count);
}

TEST(Set, AReservedIndexHoldsWhatItWasMadeFor) {
  for (std::uint64_t count : {1u, 151u, 1000u, 50'000u}) {
    auto t = make_set();
    t->reserve(count);
    for (std::uint64_t i = 0; i < count; ++i) insert(*t, numbered(i), "v");
    publish(*t);
    EXPECT_EQ(as_map(all_of(*t)).size(), count);
  }
}

TEST(Set, AWalkAtAPinMeetsEachEntryOnceWhileTheIndexSplits) {
  auto t = make_set();
  text_map expected;
  for (std::uint64_t i = 0; i < 2000; ++i) {
    insert(*t, numbered(i), "old");
    expected[numbered(i)] = "old";
  }
  publish(*t);
  const auto p = t->pin();
  const auto w = t->walk(p.at);
  pairs met;
  std::uint64_t next = 2000;
  for (auto some = w->next(); !some.empty(); some = w->next()) {
    for (const auto* e : some) met.emplace_back(key_text(e), value_text(e));
    for (int i = 0; i < 100; ++i, ++next) {
      insert(*t, numbered(next), "new");
      insert(*t, numbered(next % 2000), "changed" + std::to_string(next));
      erase(*t, numbered((next + 1000) % 2000));
      publish(*t);
    }
  }
  EXPECT_EQ(as_map(met), expected);
  t->unpin(p);
}

TEST(Set, ALookupNeverGoesBackToWhatAPinShows) { expect_no_way_back(*make_set()); }

/// A value says which batch wrote it; all keys of a batch have the same value.
TEST(Set, ReadersBesideAWriterSeeOnlyWholeBatchesAtAPin) {
  auto t = make_set();
  constexpr std::uint64_t keys = 64;
  for (std::uint64_t i = 0; i < keys; ++i) insert(*t, numbered(i), "0");
  publish(*t);
  std::atomic<bool> stop{false};
  std::vector<std::jthread> readers;
  for (int r = 0; r < 2; ++r) {
    readers.emplace_back([&] {
      std::uint64_t last = 0;
      while (!stop) {
        const auto p = t->pin();
        const auto all = all_of(*t, p);
        ASSERT_EQ(all.size(), p.size);
        for (const auto& [key, value] : all) ASSERT_EQ(value, all.front().second);
        {
          const memory::epoch_guard guard;
          const auto* const e = t->find(as_bytes(numbered(3)), p.at);
          ASSERT_EQ(e != nullptr ? value_text(e) : "", all.empty() ? "" : all.front().second);
        }
        t->unpin(p);
        const auto now = value_of(*t, numbered(1));
        if (now == "absent") continue;
        const auto number = std::stoull(now);
        ASSERT_GE(number, last);
        last = number;
      }
    });
  }
  for (int batch = 1; batch < 1500; ++batch) {
    if (batch % 10 == 0) {
      for (std::uint64_t i = 0; i < keys; ++i) erase(*t, numbered(i));
    } else {
      for (std::uint64_t i = 0; i < keys; ++i) insert(*t, numbered(i), std::to_string(batch));
    }
    if (batch % 7 == 0) {
      t->discard();
    } else {
      publish(*t);
    }
  }
  stop = true;
}

TEST(Set, ReadersFindWhatWasThereBeforeWhileTheIndexGrows) {
  auto t = make_set();
  constexpr std::uint64_t count = scaled(60'000);
  std::atomic<std::uint64_t> done{0};
  std::vector<std::jthread> readers;
  for (unsigned r = 0; r < 2; ++r) {
    readers.emplace_back([&, r] {
      std::mt19937_64 random(r);
      for (auto n = done.load(); n < count; n = done.load()) {
        if (n == 0) continue;
        const auto i = random() % n;
        ASSERT_EQ(value_of(*t, numbered(i)), std::to_string(i));
      }
    });
  }
  for (std::uint64_t i = 0; i < count; ++i) {
    insert(*t, numbered(i), std::to_string(i));
    publish(*t);
    done = i + 1;
  }
}

}  // namespace
}  // namespace shelf::kinds
