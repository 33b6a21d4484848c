// TEST  kinds
// Staging when memory runs out: what was staged before stays staged, readers see nothing.

// Under AddressSanitizer each block is an allocation of its own, so there every one can fail.
#include "kinds.hpp"

#include <algorithm>
#include <cstdlib>
#include <new>
#include <random>

namespace {
constinit thread_local long allocations_left = -1;  // -1: as many as one likes

void* allocate(std::size_t size, std::size_t alignment) {
  if (allocations_left == 0) throw std::bad_alloc();
  if (allocations_left > 0) --allocations_left;
  const std::size_t rounded = (size + alignment - 1) / alignment * alignment;
  void* const p = std::aligned_alloc(alignment, rounded > 0 ? rounded : alignment);
  if (p == nullptr) throw std::bad_alloc();
  return p;
}
}  // namespace

[[gnu::noinline]] void* operator new(std::size_t size) { return allocate(size, 16); }
[[gnu::noinline]] void* operator new(std::size_t size, std::align_val_t alignment) {
  return allocate(size, static_cast<std::size_t>(alignment));
}
[[gnu::noinline]] void operator delete(void* p) noexcept { std::free(p); }
[[gnu::noinline]] void operator delete(void* p, std::size_t) noexcept { std::free(p); }
[[gnu::noinline]] void operator delete(void* p, std::align_val_t) noexcept { std::free(p); }
[[gnu::noinline]] void operator delete(void* p, std::size_t, std::align_val_t) noexcept {
  std::free(p);
}

namespace shelf::kinds {
namespace {

std::weak_ordering compare_keys(bytes a, bytes b) { return as_text(a) <=> as_text(b); }
std::uint64_t no_prefix(bytes) { return 0; }

using multi = std::map<std::string, std::vector<std::string>>;

struct starved_run {
  starved_run(kind k, unsigned seed)
      : what(k),
        table(contents::make({.what = k,
                              .track_unsaved = true,
                              .hash_seed = seed,
                              .order = {.compare = compare_keys, .prefix = no_prefix}})),
        random(seed) {}

  /// Runs one staging call with little memory. False if it ran out: then nothing has happened.
  bool starved(const auto& call) {
    allocations_left = random() % 2 == 0 ? static_cast<long>(random() % 8) : -1;
    bool done = true;
    try {
      call();
    } catch (const std::bad_alloc&) {
      done = false;
      ++failures;
    }
    allocations_left = -1;
    return done;
  }
  void change() {
    const auto key = "key" + std::to_string(random() % keys);
    const auto value = std::to_string(random() % 90);
    auto& mine = draft[key];
    const auto before = table->staged_count();
    bool done = false;
    if (random() % 3 == 0) {
      done = starved([&] { static_cast<void>(table->stage_erase(as_bytes(key))); });
      if (done) mine.clear();
    } else {
      auto e = entry::make(as_bytes(key), as_bytes(value));
      done = starved([&] { static_cast<void>(table->stage_insert(e)); });
      const bool there = std::find(mine.begin(), mine.end(), value) != mine.end();
      if (done && !is_bag(what)) mine = {value};
      if (done && is_bag(what) && !(what == kind::bag && there)) mine.push_back(value);
      ASSERT_TRUE(done || e != nullptr) << "the entry is gone though nothing was staged";
    }
    ASSERT_TRUE(done || table->staged_count() == before);
    ASSERT_EQ(table->find_staged(as_bytes(key)) != nullptr, !mine.empty());
    if (mine.empty()) draft.erase(key);
  }
  void batch() {
    for (auto n = random() % 40; n > 0; --n) change();
    if (random() % 3 == 0) {
      table->discard();
      draft = model;
    } else {
      publish(*table);
      model = draft;
    }
    multi seen;
    for (const auto& [key, value] : all_of(*table)) seen[key].push_back(value);
    ASSERT_EQ(seen, model);
  }

  kind what;
  std::shared_ptr<contents> table;
  std::mt19937 random;
  std::uint64_t keys = 120;
  int failures = 0;
  multi model, draft;
};

TEST(ShortMemory, AFailedStagingLeavesEverythingAsItWas) {
  for (const auto what : {kind::set, kind::ordered_set, kind::bag, kind::duplicate_bag}) {
    for (unsigned seed = 1; seed <= 4; ++seed) {
      starved_run run(what, seed);
      if (seed % 2 == 0) run.keys = 3;
      for (int i = 0; i < 300; ++i) {
        run.batch();
        if (testing::Test::HasFatalFailure()) FAIL() << to_string(what) << " seed " << seed;
      }
#if SHELF_ADDRESS_SANITIZER
      EXPECT_GT(run.failures, 0) << "no allocation has failed: the test tests nothing";
#endif
    }
  }
}

}  // namespace
}  // namespace shelf::kinds
