// SUITE  every verb over every kind, write mode and store
// What a table should be, in containers of the standard library.
#pragma once

#include "suite/ground.hpp"

#include <algorithm>
#include <cstdint>
#include <map>
#include <string>
#include <vector>

namespace shelf::suite {

/// What a table should be: the values of each key, and a copy of what was saved last.
template <kind Kind>
class table_model {
 public:
  using values = std::vector<std::int64_t>;

  written insert(const std::string& key, std::int64_t value) {
    auto& of_key = now[key];
    const bool fresh = of_key.empty();
    const bool there = std::ranges::find(of_key, value) != of_key.end();
    if (there && Kind != kind::duplicate_bag) return written::unchanged;
    if (!is_bag(Kind)) of_key.clear();
    of_key.push_back(value);
    return fresh || is_bag(Kind) ? written::added : written::replaced;
  }
  std::size_t erase(const std::string& key) {
    const auto found = now.find(key);
    if (found == now.end()) return 0;
    const auto count = found->second.size();
    now.erase(found);
    return count;
  }
  std::size_t erase(const std::string& key, std::int64_t value) {
    const auto found = now.find(key);
    if (found == now.end()) return 0;
    const auto count = std::erase(found->second, value);
    if (found->second.empty()) now.erase(found);
    return count;
  }
  [[nodiscard]] entries all() const {
    entries everything;
    for (const auto& [key, of_key] : now) {
      for (const auto v : of_key) everything.emplace_back(key, v);
    }
    return everything;
  }

  std::map<std::string, values> now;
  std::map<std::string, values> saved;
};

}  // namespace shelf::suite
