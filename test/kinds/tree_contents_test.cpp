// TEST  kinds
// The ordered kind against std::map: order, ranks, versions, batches, pins, walks, unsaved changes.
#include "kinds.hpp"

#include <algorithm>
#include <atomic>
#include <random>
#include <thread>

namespace shelf::kinds {
namespace {

char lower(std::byte b) { return static_cast<char>(std::tolower(static_cast<int>(b))); }

/// Letters compare without their case: so two keys can be equal and yet differ, as 1 and 1.0 do.
std::weak_ordering compare_keys(bytes a, bytes b) {
  for (std::size_t i = 0; i < std::min(a.size(), b.size()); ++i) {
    if (lower(a[i]) != lower(b[i])) return lower(a[i]) <=> lower(b[i]);
  }
  return a.size() <=> b.size();
}
/// Four bytes only, so that many prefixes are equal.
std::uint64_t prefix_of(bytes key) {
  std::uint64_t prefix = 0;
  for (std::size_t i = 0; i < 4; ++i) {
    prefix = prefix << 8 | (i < key.size() ? static_cast<std::uint64_t>(lower(key[i])) : 0);
  }
  return prefix;
}
struct less_keys {
  bool operator()(const std::string& a, const std::string& b) const {
    return compare_keys(as_bytes(a), as_bytes(b)) < 0;
  }
};
using ordered_model = std::map<std::string, std::string, less_keys>;

std::shared_ptr<ordered_contents> make_tree(bool track = false) {
  return std::static_pointer_cast<ordered_contents>(
      contents::make({.what = kind::ordered_set,
                      .track_unsaved = track,
                      .order = {.compare = compare_keys, .prefix = prefix_of}}));
}
std::string numbered(std::uint64_t i) {
  char text[32];
  std::snprintf(text, sizeof text, "key%08u", static_cast<unsigned>(i));
  return text;
}
pairs in_order(const ordered_model& m) { return {m.begin(), m.end()}; }

TEST(Tree, EntriesStandInKeyOrderWhateverTheOrderOfInserting) {
  auto t = make_tree();
  ordered_model expected;
  std::mt19937 random(1);
  for (int i = 0; i < 5000; ++i) {
    const auto key = numbered(random() % 100'000);
    insert(*t, key, std::to_string(i));
    expected[key] = std::to_string(i);
    publish(*t);
  }
  EXPECT_EQ(all_of(*t), in_order(expected));
  EXPECT_EQ(t->size(), expected.size());
}

TEST(Tree, AnEqualKeyReplacesEntryAndKeyBytes) {
  auto t = make_tree();
  EXPECT_EQ(insert(*t, "one", "1").what, staged::added);
  publish(*t);
  EXPECT_EQ(insert(*t, "one", "1").what, staged::unchanged);
  EXPECT_EQ(insert(*t, "ONE", "1").what, staged::replaced);
  publish(*t);
  EXPECT_EQ(all_of(*t), (pairs{{"ONE", "1"}}));
  EXPECT_EQ(value_of(*t, "one"), "1");
  EXPECT_EQ(t->stage_erase(as_bytes("One")).what, staged::erased);
  publish(*t);
  EXPECT_EQ(t->size(), 0u);
  EXPECT_EQ(t->payload_bytes(), 0u);
}

TEST(Tree, SeekRankAndNthAnswerAsAMapDoes) {
  auto t = make_tree();
  std::vector<std::string> keys;
  for (std::uint64_t i = 0; i < 3000; ++i) {
    keys.push_back(numbered(2 * i));
    insert(*t, keys.back(), "v");
  }
  publish(*t);
  const memory::epoch_guard guard;
  using enum ordered_contents::place;
  const auto seek = [&](ordered_contents::place where, std::uint64_t i) {
    const auto* e = t->seek(where, as_bytes(numbered(i)), latest);
    return e != nullptr ? key_text(e) : "none";
  };
  const auto at = [&](std::int64_t i) {
    return i >= 0 && i < 3000 ? keys[static_cast<std::size_t>(i)] : "none";
  };
  for (std::uint64_t i = 0; i <= 6001; i += i % 100 == 7 ? 93u : 1u) {
    const auto half = static_cast<std::int64_t>(i / 2);
    const bool there = i % 2 == 0 && i < 6000;
    const auto up = static_cast<std::int64_t>((i + 1) / 2);
    ASSERT_EQ(t->rank(as_bytes(numbered(i)), latest), std::min<std::size_t>((i + 1) / 2, 3000));
    ASSERT_EQ(seek(at_or_after, i), at(up));
    ASSERT_EQ(seek(after, i), there ? at(half + 1) : at(up));
    ASSERT_EQ(seek(before, i), at(std::min<std::int64_t>(up, 3000) - 1));
    ASSERT_EQ(seek(at_or_before, i), there ? at(half) : at(std::min<std::int64_t>(up, 3000) - 1));
  }
  EXPECT_EQ(key_text(t->seek(first, {}, latest)), keys.front());
  EXPECT_EQ(key_text(t->seek(last, {}, latest)), keys.back());
  for (std::size_t i = 0; i < 3000; i += 17) ASSERT_EQ(key_text(t->nth(i, latest)), keys[i]);
  EXPECT_EQ(t->nth(3000, latest), nullptr);
}

TEST(Tree, AnEmptyTreeHasNothingAnywhere) {
  auto t = make_tree();
  insert(*t, "a", "1");
  publish(*t);
  erase(*t, "a");
  publish(*t);
  const memory::epoch_guard guard;
  EXPECT_EQ(t->seek(ordered_contents::place::first, {}, latest), nullptr);
  EXPECT_EQ(t->seek(ordered_contents::place::last, {}, latest), nullptr);
  EXPECT_EQ(t->seek(ordered_contents::place::after, as_bytes("a"), latest), nullptr);
  EXPECT_EQ(t->rank(as_bytes("a"), latest), 0u);
  EXPECT_EQ(t->nth(0, latest), nullptr);
  EXPECT_TRUE(all_of(*t).empty());
}

TEST(Tree, KeysInOrderFillTheirNodes) {
  auto t = make_tree();
  constexpr std::uint64_t count = 100'000;
  for (std::uint64_t i = 0; i < count; ++i) {
    insert(*t, numbered(i), std::string(100, 'v'));
    publish(*t);
  }
  t->collect_garbage();
  const auto each = static_cast<double>(t->memory_bytes()) / static_cast<double>(count);
  std::printf("memory an entry, keys in order: %.1f bytes\n", each);
  EXPECT_LT(each, 160);
}

TEST(Tree, ManyEntriesTakeLittleMemory) {
  auto t = make_tree();
  constexpr std::uint64_t count = scaled(300'007);
  for (std::uint64_t i = 0; i < count; ++i) {
    insert(*t, "1234567" + numbered(i * 7919 % count), std::string(105, 'v'));
    publish(*t);
  }
  t->collect_garbage();
  const auto each = static_cast<double>(t->memory_bytes()) / static_cast<double>(count);
  std::printf("memory an entry, keys in no order: %.1f bytes\n", each);
  EXPECT_LT(each, 190);
  EXPECT_EQ(t->size(), count);
}

TEST(Tree, APinKeepsItsVersionAndOnlyThat) {
  auto t = make_tree();
  for (std::uint64_t i = 0; i < 1000; ++i) insert(*t, numbered(i), "old");
  publish(*t);
  const auto before = t->memory_bytes();
  const auto p = t->pin();
  for (std::uint64_t i = 0; i < 20'000; ++i) {
    insert(*t, numbered(i % 1000), std::to_string(i));
    publish(*t);
  }
  t->collect_garbage();
  EXPECT_LT(t->memory_bytes(), 3 * before);
  for (const auto& [key, value] : all_of(*t, p)) ASSERT_EQ(value, "old");
  EXPECT_EQ(value_of(*t, numbered(5), p.at), "old");
  t->unpin(p);
  t->collect_garbage();
  EXPECT_LT(t->memory_bytes(), before + before / 2);
}

struct tree_run {
  tree_run(unsigned seed, bool track) : table(make_tree(track)), random(seed) {}
  ~tree_run() {
    for (const auto& [p, m] : held) table->unpin(p);
  }
  std::string some_key() {
    auto key = numbered(random() % keys);
    if (random() % 4 == 0) key[0] = 'K';
    return key;
  }
  void change() {
    const auto key = some_key();
    const auto old = draft.find(key);
    if (random() % 10 < inserts) {
      const auto value = std::to_string(random() % 5);
      const auto expected = old == draft.end()                          ? staged::added
                            : old->first == key && old->second == value ? staged::unchanged
                                                                        : staged::replaced;
      ASSERT_EQ(insert(*table, key, value).what, expected);
      if (old != draft.end()) draft.erase(old);
      draft[key] = value;
    } else {
      ASSERT_EQ(erase(*table, key).what, old != draft.end() ? staged::erased : staged::unchanged);
      if (old != draft.end()) draft.erase(old);
    }
    const auto* const found = table->find_staged(as_bytes(key));
    ASSERT_EQ(found != nullptr, draft.contains(key));
  }
  void batch() {
    for (auto n = random() % 4 == 0 ? random() % 200 : 1; n > 0; --n) change();
    if (random() % 5 == 0) {
      table->discard();
      draft = model;
    } else {
      publish(*table);
      model = draft;
    }
    ASSERT_EQ(table->size(), model.size());
    if (random() % 60 == 0) inserts = 2 + random() % 7;
  }
  void pins() {
    if (random() % 3 == 0 && held.size() < 5) held.emplace_back(table->pin(), model);
    if (held.empty() || random() % 3 != 0) return;
    const auto which = held.begin() + static_cast<std::ptrdiff_t>(random() % held.size());
    const auto& [p, m] = *which;
    ASSERT_EQ(p.size, m.size());
    ASSERT_EQ(all_of(*table, p), in_order(m));
    const std::size_t from = random() % (m.size() + 1), to = from + random() % (m.size() + 1);
    auto some = in_order(m);
    some.resize(std::min(to, some.size()));
    some.erase(some.begin(), some.begin() + static_cast<std::ptrdiff_t>(from));
    ASSERT_EQ(all_of(*table->walk_ranks(p.at, from, to)), some);
    const auto key = some_key();
    const auto there = m.find(key);
    ASSERT_EQ(value_of(*table, key, p.at), there != m.end() ? there->second : "absent");
    table->unpin(p);
    held.erase(which);
  }
  void save() {
    const auto now = model;
    const auto p = table->pin();
    const auto changes = table->take_unsaved();
    auto replayed = on_disk;
    for (const auto& c : changes) {
      replayed.erase(key_text(c.which));
      if (c.what == journal::op::put) replayed[key_text(c.which)] = value_text(c.which);
    }
    ASSERT_EQ(in_order(replayed), in_order(now));
    for (auto n = random() % 30; n > 0; --n) batch();
    table->collect_garbage();
    for (const auto& c : changes) ASSERT_FALSE(key_text(c.which).empty());
    if (random() % 3 == 0) {
      table->return_unsaved();
    } else {
      table->settle_unsaved();
      on_disk = replayed;
    }
    table->unpin(p);
  }

  std::shared_ptr<ordered_contents> table;
  std::mt19937 random;
  std::uint64_t keys = 2000;
  std::uint64_t inserts = 7;
  ordered_model model, draft, on_disk;
  std::vector<std::pair<contents::pinned, ordered_model>> held;
};

TEST(Tree, RandomCallsGiveWhatAMapGives) {
  for (unsigned seed = 1; seed <= 6; ++seed) {
    tree_run run(seed, seed % 2 == 0);
    if (seed > 4) run.keys = 50;
    for (int i = 0; i < (watched ? 200 : 500); ++i) {
      run.batch();
      run.pins();
      if (seed % 2 == 0 && run.random() % 10 == 0) run.save();
      if (run.random() % 50 == 0) run.table->collect_garbage();
      if (testing::Test::HasFatalFailure()) FAIL() << "seed " << seed << " step " << i;
    }
    ASSERT_EQ(all_of(*run.table), in_order(run.model)) << "seed " << seed;
  }
}

TEST(Tree, TheListOfUnsavedChangesHasOnePlaceAKeyWhateverTheWrites) {
  auto t = make_tree(true);
  for (int i = 0; i < 1000; ++i) {
    insert(*t, i % 2 == 0 ? "a" : "A", std::to_string(i));
    publish(*t);
    if (i % 3 == 0) {
      erase(*t, "a");
      publish(*t);
    }
  }
  EXPECT_EQ(t->unsaved_count(), 1u);
}

TEST(Tree, ALookupNeverGoesBackToWhatAPinShows) { expect_no_way_back(*make_tree()); }

TEST(Tree, ReadersBesideAWriterSeeOnlyWholeBatches) {
  auto t = make_tree();
  static constexpr std::uint64_t keys = 200;
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
        ASSERT_EQ(value_of(*t, numbered(keys / 2), p.at),
                  all.empty() ? "absent" : all.front().second);
        t->unpin(p);
        const auto now = value_of(*t, numbered(1));
        if (now == "absent") continue;
        ASSERT_GE(std::stoull(now), last);
        last = std::stoull(now);
      }
    });
  }
  for (int batch = 1; batch < 600; ++batch) {
    for (std::uint64_t i = 0; i < keys; ++i) {
      if (batch % 10 == 0) {
        erase(*t, numbered(i));
      } else {
        insert(*t, numbered(i), std::to_string(batch));
      }
    }
    if (batch % 7 == 0) {
      t->discard();
    } else {
      publish(*t);
    }
  }
  stop = true;
}

}  // namespace
}  // namespace shelf::kinds
