// CLUSTER  [cluster] -> api -> engine -> stores -> journal -> file
// A union of writes by the keys that they touch, and what is left of each key.
#include "cluster/call.hpp"

#include "cluster/seeded_bug.hpp"
#include "cluster/sort_key.hpp"

#include <algorithm>
#include <cassert>
#include <utility>

namespace shelf::cluster {
namespace {

using planned_verb = detail::replica_change::verb;

constexpr std::size_t most_changes = std::size_t{1} << 16;
constexpr std::size_t most_bytes = std::size_t{16} << 20;

[[nodiscard]] change_code code_of(planned_verb v) noexcept {
  switch (v) {
    case planned_verb::put: return change_code::put;
    case planned_verb::append: return change_code::append;
    case planned_verb::erase: return change_code::erase;
    case planned_verb::erase_value: return change_code::erase_value;
    case planned_verb::clear: return change_code::clear;
  }
  std::unreachable();
}

[[nodiscard]] bool is_of_table(const read_check& r) noexcept {
  return r.what != read_check::scope::key;
}

/// What comes behind a key and before all that are greater.
[[nodiscard]] buffer behind(buffer key) {
  key.push_back(std::byte{0});
  return key;
}

}  // namespace

bool call::is_refused(const member& m, const std::vector<refused_unit>& all) const {
  if (has_bug(seeded_bug::refused_taken_for_done)) return false;
  return std::ranges::find(all, m.unit, &refused_unit::unit) != all.end();
}

logged_commit call::commit_of(const commit_answer& answer) const {
  logged_commit made{.at = {answer.seq, answer.nonce},
                     .call = sent.nonce,
                     .changes = {},
                     .refused = answer.refused};
  std::int32_t number = 0;
  for (const auto& wave : sent.waves) {
    for (const auto& u : wave) {
      ++number;
      if (std::ranges::find(answer.refused, number, &refused_unit::unit) != answer.refused.end()) {
        continue;
      }
      made.changes.insert(made.changes.end(), u.changes.begin(), u.changes.end());
    }
  }
  return made;
}

bool call_builder::is_ordered(std::uint32_t table) const {
  const auto found = tables_.find(static_cast<std::int32_t>(table));
  return found != tables_.end() && found->second == kind::ordered_set;
}

result<change> call_builder::encode(const detail::planned_change& c) const {
  change made{.code = code_of(c.what), .table = static_cast<std::int32_t>(c.table)};
  if (c.what == planned_verb::clear) return made;
  if (is_ordered(c.table)) {
    auto sorted = sort_key(c.key);
    if (!sorted) return std::unexpected(sorted.error());
    made.key = *std::move(sorted);
    made.term = c.key;
  } else {
    made.key = c.key;
  }
  if (c.what != planned_verb::erase) made.content = c.value;
  return made;
}

result<read_check> call_builder::encode(const detail::planned_read& r) const {
  read_check made{.table = static_cast<std::int32_t>(r.table)};
  auto id = r.key;
  if (is_ordered(r.table) && !r.key.empty()) {
    auto sorted = sort_key(r.key);
    if (!sorted) return std::unexpected(sorted.error());
    id = *std::move(sorted);
  }
  using scope = detail::planned_read::scope;
  switch (r.what) {
    case scope::key:
      made.from = std::move(id);
      made.count = static_cast<std::int32_t>(r.count);
      break;
    case scope::up_to:
      made.what = read_check::scope::range;
      made.from = buffer();
      made.to = behind(std::move(id));
      break;
    case scope::from:
      made.what = read_check::scope::range;
      made.from = std::move(id);
      break;
    case scope::table: made.what = read_check::scope::table; break;
  }
  return made;
}

result<> call_builder::add(write_queue::item of, const detail::planned_write& planned) {
  write w{.of = std::move(of), .changes = {}, .reads = {}, .group = writes_.size()};
  for (const auto& c : planned.changes) {
    auto made = encode(c);
    if (!made) return std::unexpected(made.error());
    w.changes.push_back(*std::move(made));
  }
  for (const auto& r : planned.reads) {
    auto made = encode(r);
    if (!made) return std::unexpected(made.error());
    w.reads.push_back(*std::move(made));
  }
  changes_ += w.changes.size();
  bytes_ += w.of->size;
  writes_.push_back(std::move(w));
  return {};
}

bool call_builder::is_full() const noexcept {
  return changes_ >= most_changes || bytes_ >= most_bytes;
}

std::size_t call_builder::root(std::size_t i) const {
  while (writes_[i].group != i) i = writes_[i].group;
  return i;
}

/// Brings writes together that touch a key that one of them changes, or a table in which one of
/// them has looked at a range. An earlier one is the root.
void call_builder::join() {
  std::map<std::int32_t, bool> by_table;
  for (const auto& w : writes_) {
    for (const auto& r : w.reads) by_table[r.table] |= is_of_table(r);
  }
  std::map<key, std::size_t> first;
  const auto meet = [&](std::size_t i, std::int32_t table, const std::optional<buffer>& id) {
    const bool is_whole = by_table[table];
    const auto [there, is_new] = first.try_emplace({table, is_whole ? buffer() : *id}, i);
    if (is_new) return;
    const auto a = root(there->second);
    const auto b = root(i);
    writes_[std::max(a, b)].group = std::min(a, b);
  };
  for (std::size_t i = 0; i < writes_.size(); ++i) {
    for (const auto& c : writes_[i].changes) {
      if (c.key) meet(i, c.table, c.key);
    }
    for (const auto& r : writes_[i].reads) meet(i, r.table, r.from);
  }
}

/// What is left of a key, after changes in their order.
struct call_builder::key_changes {
  bool is_erased = false;  ///< what was there is gone
  std::vector<const change*> erased_values;
  std::vector<const change*> put;  ///< one at most in sets
  const change* erase = nullptr;

  void add(const change& c, bool is_distinct) {
    const auto is_same = [&](const change* other) { return other->content == c.content; };
    switch (c.code) {
      case change_code::erase:
        is_erased = true;
        erase = &c;
        erased_values.clear();
        put.clear();
        break;
      case change_code::erase_value:
        std::erase_if(put, is_same);
        if (!is_erased && std::ranges::none_of(erased_values, is_same)) erased_values.push_back(&c);
        break;
      case change_code::append:
        if (!is_distinct || std::ranges::none_of(put, is_same)) put.push_back(&c);
        break;
      default:
        if (has_bug(seeded_bug::first_write_kept_in_merge) && !put.empty()) break;
        is_erased = false;
        put = {&c};
        break;
    }
  }
  void append_to(std::vector<change>& all) const {
    if (is_erased) all.push_back(*erase);
    for (const auto* c : erased_values) all.push_back(*c);
    for (const auto* c : put) all.push_back(*c);
  }
};

unit call_builder::unit_of(const std::vector<const write*>& all) const {
  unit made;
  std::map<key, key_changes> by_key;
  std::vector<key> order;
  for (const auto* w : all) {
    for (const auto& c : w->changes) {
      if (!c.key) {
        made.changes.push_back(c);  // a clear, which is alone
        continue;
      }
      key k{c.table, *c.key};
      const auto what = tables_.find(c.table);
      const bool is_distinct = what != tables_.end() && what->second == kind::bag;
      const auto [there, is_new] = by_key.try_emplace(k);
      if (is_new) order.push_back(std::move(k));
      there->second.add(c, is_distinct);
    }
  }
  for (const auto& k : order) by_key.at(k).append_to(made.changes);
  for (const auto* w : all) {
    for (const auto& r : w->reads) {
      if (has_bug(seeded_bug::key_reads_not_sent)) break;
      const auto is_same = [&](const read_check& other) {
        return other.what == r.what && other.table == r.table && other.from == r.from &&
               other.to == r.to;
      };
      if (std::ranges::none_of(made.reads, is_same)) made.reads.push_back(r);
    }
  }
  return made;
}

call call_builder::build(const log_position& base) {
  join();
  call made{.sent = {.base = base, .nonce = random_uuid(), .waves = {}}, .members = {}};
  std::map<std::size_t, std::vector<const write*>> groups;
  for (std::size_t i = 0; i < writes_.size(); ++i) groups[root(i)].push_back(&writes_[i]);
  std::map<std::size_t, std::int32_t> numbers;
  std::vector<unit> units;
  for (const auto& [first, all] : groups) {
    auto u = unit_of(all);
    if (u.changes.empty()) continue;
    units.push_back(std::move(u));
    numbers[first] = static_cast<std::int32_t>(units.size());
  }
  for (std::size_t i = 0; i < writes_.size(); ++i) {
    const auto number = numbers.find(root(i));
    made.members.push_back({writes_[i].of, number == numbers.end() ? 0 : number->second});
  }
  if (!units.empty()) made.sent.waves.push_back(std::move(units));
  return made;
}

}  // namespace shelf::cluster
