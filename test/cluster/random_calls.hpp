// TEST  cluster
// Random calls that keep the invariant of waves, over one table of each kind.
#pragma once

#include "cluster/server.hpp"
#include "cluster/sort_key.hpp"
#include "shelf/term.hpp"

#include <algorithm>
#include <functional>
#include <random>

namespace shelf::test {

/// The tables of the calls: a set, an ordered set, a bag, a duplicate bag, and a set of counters,
/// with these numbers.
enum random_table : std::int32_t { in_set = 1, in_order, in_bag, in_duplicates, in_counters };

class random_calls {
 public:
  explicit random_calls(std::uint64_t seed) : engine_(seed) {}

  std::size_t below(std::size_t n) { return engine_() % n; }

  /// Waves of units.
  std::vector<std::vector<cluster::unit>> waves() {
    std::vector<std::vector<cluster::unit>> all;
    for (auto units = 1 + below(6); units > 0; --units) {
      auto u = unit();
      const auto fits = [&](const cluster::unit& other) { return are_independent(u, other); };
      if (all.empty() || below(10) == 0 || !std::ranges::all_of(all.back(), fits))
        all.emplace_back();
      all.back().push_back(std::move(u));
    }
    return all;
  }

  /// How many values a key of the model has; for reads of keys.
  std::function<std::size_t(std::int32_t, const cluster::buffer&)> count;

 private:
  using change = cluster::change;
  using code = cluster::change_code;

  static cluster::buffer encoded(const term& t) { return {t.encoded().begin(), t.encoded().end()}; }
  term key() { return term::binary("key" + std::to_string(below(8))); }
  static cluster::buffer sort_key_of(const term& t) {
    return or_throw(cluster::sort_key(t.encoded()));
  }
  cluster::buffer value() { return encoded(term::integer(static_cast<int>(below(4)))); }

  change on(std::int32_t table, code what, const term& key) {
    change c{.code = what, .table = table, .key = encoded(key)};
    if (table == in_order) {
      c.term = c.key;
      c.key = or_throw(cluster::sort_key(key.encoded()));
    }
    return c;
  }
  change with_value(std::int32_t table, code what, const term& key) {
    auto c = on(table, what, key);
    c.content = value();
    return c;
  }
  std::int32_t a_set() { return below(2) == 0 ? in_set : in_order; }
  std::int32_t a_bag() { return below(2) == 0 ? in_bag : in_duplicates; }

  cluster::unit unit() {
    cluster::unit u;
    switch (below(9)) {
      case 0: u.changes = {with_value(a_set(), code::put_new, key())}; break;
      case 1: u.changes = {with_value(a_set(), code::erase_if, key())}; break;
      case 2: u.changes = {on(a_bag(), code::erase, key())}; break;
      case 3:
        u.changes = {{.code = code::clear, .table = 1 + static_cast<std::int32_t>(below(4))}};
        break;
      case 4: u.changes = {added()}; break;
      case 5: u.changes = bag_changes(); break;
      default:
        u.changes = {with_value(a_set(), code::put, key())};
        for (auto reads = below(4); reads > 0; --reads) u.reads.push_back(read());
    }
    return u;
  }
  change added() {
    auto c = on(in_counters, code::add, key());
    constexpr std::int64_t deltas[] = {1, -1, 300, -70000, 1'000'000'000'000, -5'000'000'000};
    cluster::counter_step step{.delta = deltas[below(6)]};
    if (below(3) > 0) step.initial = static_cast<std::int64_t>(below(300));
    if (below(3) == 0) step.highest = 1000;
    c.content = encode(step);
    return c;
  }
  std::vector<change> bag_changes() {
    const auto table = a_bag();
    const auto k = key();
    std::vector<change> all;
    if (below(2) == 0) all.push_back(with_value(table, code::erase_value, k));
    for (auto values = 1 + below(2); values > 0; --values) {
      const auto c = with_value(table, code::append, k);
      if (std::ranges::find(all, c) == all.end() || table == in_duplicates) all.push_back(c);
    }
    return all;
  }
  cluster::read_check read() {
    cluster::read_check r;
    r.table = 1 + static_cast<std::int32_t>(below(5));
    r.what = static_cast<cluster::read_check::scope>(below(3));
    if (r.what == cluster::read_check::scope::range) {
      r.table = in_order;
      auto a = sort_key_of(key());
      auto b = sort_key_of(key());
      r.from = std::min(a, b);
      if (below(4) > 0) r.to = std::max(a, b);
    } else if (r.what == cluster::read_check::scope::key) {
      r.from = *on(r.table, code::erase, key()).key;
      r.count = static_cast<std::int32_t>(count(r.table, *r.from));
    }
    return r;
  }

  /// Whether neither reads or writes what the other writes.
  static bool are_independent(const cluster::unit& a, const cluster::unit& b) {
    const auto is_clear = [](const change& c) { return c.code == code::clear; };
    if (std::ranges::any_of(a.changes, is_clear) || std::ranges::any_of(b.changes, is_clear)) {
      return false;
    }
    const auto meets = [](const cluster::unit& x, const change& c) {
      const auto same = [&](const change& d) { return d.table == c.table && d.key == c.key; };
      const auto sees = [&](const cluster::read_check& r) {
        if (r.table != c.table) return false;
        if (r.what == cluster::read_check::scope::table) return true;
        if (r.what == cluster::read_check::scope::key) return r.from == c.key;
        return *c.key >= *r.from && (!r.to || *c.key < *r.to);
      };
      return std::ranges::any_of(x.changes, same) || std::ranges::any_of(x.reads, sees);
    };
    return std::ranges::none_of(a.changes, [&](const change& c) { return meets(b, c); }) &&
           std::ranges::none_of(b.changes, [&](const change& c) { return meets(a, c); });
  }

  std::mt19937_64 engine_;
};

}  // namespace shelf::test
