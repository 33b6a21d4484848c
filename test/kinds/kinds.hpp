// TEST  kinds
// What the tests of the in-memory kinds share: short spellings, and walks into std containers.
#pragma once

#include "error/sanitizer.hpp"
#include "kinds/contents.hpp"
#include "memory/epoch.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <atomic>
#include <map>
#include <string>
#include <thread>
#include <utility>
#include <vector>

namespace shelf::kinds {

inline constexpr bool watched = SHELF_THREAD_SANITIZER || SHELF_ADDRESS_SANITIZER;
/// Sizes of the long tests, a tenth under a sanitizer.
constexpr std::uint64_t scaled(std::uint64_t count) { return watched ? count / 10 : count; }

inline std::string key_text(const entry* e) { return std::string(as_text(e->key())); }
inline std::string value_text(const entry* e) { return std::string(as_text(e->value())); }

inline staging insert(contents& t, std::string_view key, std::string_view value) {
  auto e = entry::make(as_bytes(key), as_bytes(value));
  const auto came_to = t.stage_insert(e);
  EXPECT_EQ(e == nullptr, came_to.what == staged::added || came_to.what == staged::replaced);
  return came_to;
}
inline staging erase(contents& t, std::string_view key) { return t.stage_erase(as_bytes(key)); }
inline void publish(contents& t) { t.publish(t.published() + 1); }

/// The value of a key as text, or "absent".
inline std::string value_of(const contents& t, std::string_view key, sequence at = latest) {
  const memory::epoch_guard guard;
  const entry* const e = t.find(as_bytes(key), at);
  return e != nullptr ? value_text(e) : "absent";
}
inline std::vector<std::string> values_of(const contents& t, std::string_view key,
                                          sequence at = latest) {
  const memory::epoch_guard guard;
  std::vector<const entry*> found;
  t.find_all(as_bytes(key), at, found);
  std::vector<std::string> values;
  for (const auto* e : found) values.push_back(value_text(e));
  return values;
}

using pairs = std::vector<std::pair<std::string, std::string>>;

inline pairs all_of(walker& w) {
  pairs all;
  for (auto some = w.next(); !some.empty(); some = w.next()) {
    for (const auto* e : some) all.emplace_back(key_text(e), value_text(e));
  }
  return all;
}
inline pairs all_of(const contents& t, const contents::pinned& p) { return all_of(*t.walk(p.at)); }
inline pairs all_of(contents& t) {
  const auto p = t.pin();
  auto all = all_of(t, p);
  t.unpin(p);
  return all;
}

using text_map = std::map<std::string, std::string>;
/// A walk as a map; a key met twice fails.
inline text_map as_map(const pairs& all) {
  text_map m;
  for (const auto& [key, value] : all) EXPECT_TRUE(m.emplace(key, value).second) << key << " twice";
  return m;
}

/// One key is replaced again and again while a pin shows its first value. There are more readers
/// than processors, so that some are interrupted between their looks at what was replaced, from
/// which the writer meanwhile takes all that no pin shows.
inline void expect_no_way_back(contents& t) {
  insert(t, "key", "0");
  publish(t);
  const auto p = t.pin();
  std::atomic<bool> stop{false};
  std::vector<std::jthread> readers;
  for (int r = 0; r < 8; ++r) {
    readers.emplace_back([&] {
      std::uint64_t last = 0;
      while (!stop) {
        const auto number = std::stoull(value_of(t, "key"));
        EXPECT_GE(number, last);
        last = std::max<std::uint64_t>(last, number);
      }
    });
  }
  for (std::uint64_t batch = 1; batch < scaled(200'000); ++batch) {
    insert(t, "key", std::to_string(batch));
    publish(t);
  }
  stop = true;
  readers.clear();
  EXPECT_EQ(value_of(t, "key", p.at), "0");
  t.unpin(p);
}

}  // namespace shelf::kinds
