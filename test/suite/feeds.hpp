// SUITE  every verb over every kind, write mode and store
// Words for tests that follow a table: a copy that a feed keeps, and positions kept outside.
#pragma once

#include "shelf/changes.hpp"
#include "suite/ground.hpp"

#include <map>
#include <string>

namespace shelf::suite {

template <class K, class V>
void take_in(const change_batch<K, V>& b, std::map<K, V>& to) {
  if (b.event != table_event::none) to.clear();
  for (const auto& c : b.changes) {
    c.after ? void(to.insert_or_assign(c.key, *c.after)) : void(to.erase(c.key));
  }
}

/// Applies all that a feed has to tell; how many batches that were.
template <class K, class V>
int follow(change_feed<K, V>& feed, std::map<K, V>& to) {
  int batches = 0;
  for (auto b = or_throw(feed.next()); !b.empty(); b = or_throw(feed.next())) {
    take_in(b, to);
    ++batches;
  }
  return batches;
}

template <class Table>
[[nodiscard]] auto model_of(const Table& t) {
  std::map<typename Table::key_type, typename Table::mapped_type> all;
  for (const auto& [key, value] : t.snapshot()) all.emplace(key, value);
  return all;
}

/// What a consumer keeps outside of the process.
[[nodiscard]] inline position kept(const position& p) {
  return or_throw(position::parse(p.to_string()));
}

}  // namespace shelf::suite
