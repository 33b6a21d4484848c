// TEST  crash
// What transactions of the isolation tests do, and a table as the standard library has it.
#pragma once

#include "shelf/kind.hpp"

#include <algorithm>
#include <array>
#include <cstdint>
#include <iterator>
#include <map>
#include <utility>
#include <vector>

namespace shelf::crash {

using number = std::int64_t;
using answer = std::vector<number>;

enum class verb : std::uint8_t {
  lookup,
  size,
  walk,
  first,
  rank,
  range,
  part_of_range,  ///< the first entry of it, and no more
  last_of_range,  ///< of the keys behind `key` up to `value` with it: the last entry, and no more
  floor,
  nth,
  slice,
  insert,
  insert_new,
  erase,
  erase_value,
  add,
  clear,
};

inline constexpr std::array kinds{kind::set, kind::ordered_set, kind::bag, kind::duplicate_bag};

/// One step of a transaction, and what it was told.
struct step {
  verb what;
  std::size_t table;
  number key;
  number value;
  answer seen;
};

[[nodiscard]] inline bool is_read(verb v) noexcept { return v <= verb::slice; }

/// A table as the standard library has it: the values of each key, in order.
class model {
 public:
  explicit model(kind what) : what_(what) {}

  [[nodiscard]] answer ask(const step& s) const {
    answer seen;
    const auto at_or_after = entries_.lower_bound(s.key);
    switch (s.what) {
      case verb::lookup:
        if (const auto found = entries_.find(s.key); found != entries_.end()) return found->second;
        break;
      case verb::size: {
        number size = 0;
        for (const auto& [k, values] : entries_) size += static_cast<number>(values.size());
        return {size};
      }
      case verb::walk: return flat(entries_.begin(), entries_.end(), ~std::size_t{0});
      case verb::first:
        if (at_or_after != entries_.end()) return {at_or_after->first, at_or_after->second[0]};
        break;
      case verb::rank: return {std::distance(entries_.begin(), at_or_after)};
      case verb::last_of_range:
      case verb::floor: {
        const auto end = entries_.upper_bound(s.what == verb::floor ? s.key : s.value);
        if (end == entries_.begin()) break;
        const auto last = std::prev(end);
        if (s.what == verb::last_of_range && last->first <= s.key) break;
        return {last->first, last->second[0]};
      }
      case verb::nth: return ranks(s.key, s.key + 1);
      case verb::slice: return ranks(s.key, s.value);
      case verb::range:
      case verb::part_of_range:
        return flat(at_or_after, entries_.lower_bound(s.value),
                    s.what == verb::range ? ~std::size_t{0} : 1);
      default: break;
    }
    return seen;
  }

  /// Applies a write; what insert_new was told is checked by the caller.
  void apply(const step& s) {
    auto& values = entries_[s.key];
    switch (s.what) {
      case verb::insert:
        if (!is_bag(what_)) values.clear();
        if (what_ != kind::bag || std::ranges::find(values, s.value) == values.end()) {
          values.push_back(s.value);
        }
        break;
      case verb::insert_new:
        if (values.empty()) values.push_back(s.value);
        break;
      case verb::erase: values.clear(); break;
      case verb::erase_value: std::erase(values, s.value); break;
      case verb::add: values.assign(1, (values.empty() ? 0 : values[0]) + s.value); break;
      case verb::clear: entries_.clear(); return;
      default: break;
    }
    if (values.empty()) entries_.erase(s.key);
  }
  [[nodiscard]] bool has(number key) const { return entries_.contains(key); }

 private:
  using map = std::map<number, std::vector<number>>;
  [[nodiscard]] answer ranks(number from, number to) const {
    const auto at = [&](number rank) {
      return std::next(entries_.begin(), std::min(rank, std::ssize(entries_)));
    };
    return flat(at(from), at(std::max(from, to)), ~std::size_t{0});
  }
  [[nodiscard]] answer flat(map::const_iterator from, map::const_iterator to,
                            std::size_t most) const {
    std::vector<std::pair<number, number>> all;
    for (; from != to && all.size() < most; ++from) {
      for (const auto v : from->second) all.emplace_back(from->first, v);
    }
    if (what_ != kind::ordered_set) std::ranges::sort(all);
    answer seen;
    for (const auto& [k, v] : all) {
      seen.push_back(k);
      seen.push_back(v);
    }
    return seen;
  }

  kind what_;
  map entries_;
};

}  // namespace shelf::crash
