// BENCH  rows: queries
// What do ranges, ranks, conditions over all entries and take cost, compared with ETS, std::map and
// a ranked index?
#include "measure.hpp"
#include "rivals/otp.hpp"
#include "rivals/ranked_strings.hpp"
#include "shelf_table.hpp"

#include <fmt/format.h>
#include <algorithm>
#include <map>
#include <string>
#include <utility>
#include <vector>

namespace bench {
namespace {

constexpr std::size_t entries_per_range = 100;

/// Where ranges of a hundred entries begin and end, in random order.
[[nodiscard]] std::vector<std::pair<std::string, std::string>> ranges_of(const workload& w) {
  std::vector<std::pair<std::string, std::string>> all;
  const auto last = w.to_read.size() - entries_per_range;
  for (const auto& key : w.to_read) {
    const auto number = std::stoull(key.substr(5));
    if (number > last || all.size() == w.to_read.size() / entries_per_range) continue;
    all.emplace_back(key, fmt::format("user:{:08d}", number + entries_per_range));
  }
  return all;
}

[[nodiscard]] run ets(const bench_run& b, const std::string& verb, std::size_t entries) {
  return [&b, verb, entries] { return otp(verb, fresh_directory(b.options()), entries); };
}

void ranges(bench_run& b, const text_ordered_map& table) {
  const auto& w = b.data();
  if (!b.wants("queries: range of 100, per entry") &&
      !b.wants("queries: range of 100 by view, per entry"))
    return;
  std::map<std::string, std::string> tree;
  for (const auto& key : w.to_write) tree.emplace(key, w.value);
  const auto all = ranges_of(w);
  const auto entries = all.size() * entries_per_range;
  const auto each_range = [&](auto walk) {
    return [&all, entries, walk] {
      return timed(entries, [&] {
        for (const auto& [from, to] : all) walk(from, to);
      });
    };
  };
  const auto copied = each_range([&](const auto& from, const auto& to) {
    for (const auto& [key, value] : table.range(from, to)) keep(key.size() + value.size());
  });
  const auto viewed = each_range([&](const auto& from, const auto& to) {
    for (const auto& [key, value] : table.range(from, to).rows()) keep(key.size() + value.size());
  });
  const auto map_copied = each_range([&](const auto& from, const auto& to) {
    const auto end = tree.lower_bound(to);
    for (auto at = tree.lower_bound(from); at != end; ++at) {
      const std::pair<std::string, std::string> copy = *at;
      keep(copy.first.size() + copy.second.size());
    }
  });
  const auto map_viewed = each_range([&](const auto& from, const auto& to) {
    const auto end = tree.lower_bound(to);
    for (auto at = tree.lower_bound(from); at != end; ++at) {
      keep(at->first.size() + at->second.size());
    }
  });
  const auto selected = ets(b, "ets_select", w.to_read.size());
  std::vector<rival> by_copy{{{"std::map, copied", map_copied}, 2}};
  std::vector<rival> by_view{{{"std::map, not copied", map_viewed}, 0}};
  if (has_otp()) {
    by_copy.push_back({{"Erlang's ETS, select", selected}, 0.3});
    by_view.push_back({{"Erlang's ETS, select", selected}, 0.3});
  }
  b.compare("queries: range of 100, per entry", "ns", copied, std::move(by_copy));
  b.compare("queries: range of 100 by view, per entry", "ns", viewed, std::move(by_view));
}

void ranks(bench_run& b, const text_ordered_map& table) {
  const auto& w = b.data();
  if (!b.wants("queries: rank of a key") && !b.wants("queries: nth entry")) return;
  ranked_strings ranked;
  for (const auto& key : w.to_write) ranked.put(key, w.value);
  std::vector<std::size_t> places;
  for (const auto& key : w.to_read) places.push_back(std::stoull(key.substr(5)));
  const auto each = [](const auto& all, auto f) {
    return [&all, f] {
      return timed(all.size(), [&] {
        for (const auto& one : all) keep(f(one));
      });
    };
  };
  b.compare("queries: rank of a key", "ns",
            each(w.to_read, [&](const std::string& key) { return table.rank(key); }),
            {{{"Boost.MultiIndex, ranked",
               each(w.to_read, [&](const std::string& key) { return ranked.rank(key); })},
              1.5}});
  b.compare(
      "queries: nth entry, copied", "ns",
      each(places,
           [&](std::size_t at) {
             const auto found = table.nth(at);
             return found->first.size() + found->second.size();
           }),
      {{{"Boost.MultiIndex, ranked", each(places, [&](std::size_t at) { return ranked.nth(at); })},
        1.5}});
}

/// Of one entry in a hundred it is true that its number is less than a hundredth of all.
void conditions(bench_run& b) {
  const auto& w = b.data();
  const auto entries = w.to_write.size();
  const auto hundredth = static_cast<std::int64_t>(entries / 100);
  const auto is_less = [hundredth](std::string_view, std::int64_t n) { return n < hundredth; };
  const auto filled = [&] {
    auto t = shelf::map<std::string, std::int64_t>::in_memory();
    for (const auto& key : w.to_write) {
      shelf::or_throw(t.insert(key, static_cast<std::int64_t>(std::stoull(key.substr(5)))));
    }
    return t;
  };
  if (b.wants("queries: count_if, 1 % match")) {
    const auto table = filled();
    std::vector<rival> rivals;
    if (has_otp())
      rivals.push_back({{"Erlang's ETS, select_count", ets(b, "ets_select_count", entries)}, 0.3});
    b.compare(
        "queries: count_if, 1 % match", "ns",
        [&] { return timed(entries, [&] { keep(table.count_if(is_less)); }); }, std::move(rivals));
  }
  std::vector<rival> rivals;
  if (has_otp())
    rivals.push_back({{"Erlang's ETS, select_delete", ets(b, "ets_select_delete", entries)}, 0.3});
  b.compare(
      "queries: erase_if of 1 %", "ns",
      [&] {
        auto table = filled();
        return timed(entries, [&] { keep(shelf::or_throw(table.erase_if(is_less))); });
      },
      std::move(rivals));
}

void takes(bench_run& b) {
  const auto& w = b.data();
  const auto filled_and = [&w](auto f) {
    return [&w, f] {
      auto t = text_map::in_memory();
      fill(t, w);
      return timed(w.to_read.size(), [&] {
        for (const auto& key : w.to_read) f(t, key);
      });
    };
  };
  std::vector<rival> rivals;
  if (has_otp())
    rivals.push_back({{"Erlang's ETS, take", ets(b, "ets_take", w.to_read.size())}, 0.5});
  rivals.push_back({{"shelf, erase",
                     filled_and([](auto& t, const auto& key) { shelf::or_throw(t.erase(key)); })},
                    1.15});
  b.compare("queries: take", "ns",
            filled_and([](auto& t, const auto& key) { keep(t.take(key)->size()); }),
            std::move(rivals));
}

}  // namespace

void measure_queries(bench_run& b) {
  {
    auto table = text_ordered_map::in_memory();
    fill(table, b.data());
    ranges(b, table);
    ranks(b, table);
  }
  conditions(b);
  takes(b);
}

}  // namespace bench
