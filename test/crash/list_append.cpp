// TEST  crash
// The checker of list-append histories: the order of each list, the graph, its cycles.
#include "crash/list_append.hpp"

#include <algorithm>
#include <deque>
#include <limits>
#include <map>
#include <optional>
#include <set>
#include <utility>

namespace shelf::crash {
namespace {

using number = std::int64_t;
using node = std::size_t;

constexpr std::size_t most_anomalies = 10;
constexpr node none = std::numeric_limits<node>::max();

enum class relation : std::uint8_t { ww, wr, rw, real_time };

[[nodiscard]] const char* to_string(relation r) {
  switch (r) {
    case relation::ww: return "ww";
    case relation::wr: return "wr";
    case relation::rw: return "rw";
    case relation::real_time: return "real time";
  }
  std::unreachable();
}

[[nodiscard]] std::string to_string(const std::vector<number>& list) {
  std::string text = "[";
  for (const auto v : list) text.append(text.size() > 1 ? " " : "").append(std::to_string(v));
  return text + "]";
}

/// A read without what the transaction itself had appended before it.
struct outer_read {
  node by;
  number list;
  std::vector<number> seen;
};

struct edge {
  node to;
  relation why;
  number list;
};

/// Nodes are the transactions and, behind them, moments: the end of a transaction comes before a
/// moment, and a moment before all later ones and what began after them. So real time costs an edge
/// per transaction, not one per pair.
class judge {
 public:
  explicit judge(const std::vector<list_transaction>& all) : all_(all), edges_(2 * all.size()) {}

  std::vector<std::string> run() {
    note_appends();
    for (node t = 0; t < all_.size(); ++t) note_reads(t);
    order_lists();
    for (const auto& r : reads_) judge_read(r);
    if (found_.empty()) {
      connect_appends();
      connect_times();
      find_cycles();
    }
    return std::move(found_);
  }

 private:
  struct append {
    node by = none;
    bool is_last = false;  ///< of its transaction's in this list
  };

  void complain(std::string what) {
    if (found_.size() < most_anomalies) found_.push_back(std::move(what));
  }

  void note_appends() {
    for (node t = 0; t < all_.size(); ++t) {
      std::map<number, number> last;
      for (const auto& s : all_[t].steps) {
        if (s.is_read) continue;
        if (!appends_.try_emplace({s.list, s.value}, append{.by = t}).second) {
          complain("value " + std::to_string(s.value) + " was appended twice");
        }
        last[s.list] = s.value;
      }
      for (const auto& own : last) appends_[own].is_last = true;
    }
  }

  /// A transaction sees what it has appended itself, at the end.
  void note_reads(node t) {
    std::map<number, std::vector<number>> own;
    for (const auto& s : all_[t].steps) {
      auto& mine = own[s.list];
      if (!s.is_read) {
        mine.push_back(s.value);
        continue;
      }
      const auto outer = s.seen.size() - std::min(s.seen.size(), mine.size());
      const auto rest = s.seen.begin() + static_cast<std::ptrdiff_t>(outer);
      if (!std::equal(rest, s.seen.end(), mine.begin(), mine.end())) {
        complain(name(t) + " read " + to_string(s.seen) + " of list " + std::to_string(s.list) +
                 " after it had appended " + to_string(mine));
      }
      reads_.push_back({t, s.list, {s.seen.begin(), rest}});
    }
  }

  /// The longest read of a list is its order.
  void order_lists() {
    for (const auto& r : reads_) {
      auto& order = orders_[r.list];
      if (r.seen.size() > order.size()) order = r.seen;
    }
    for (auto& [list, order] : orders_) {
      if (std::set(order.begin(), order.end()).size() != order.size()) {
        complain("list " + std::to_string(list) + " has a value twice: " + to_string(order));
      }
    }
    for (const auto& [list, order] : orders_) {
      for (const auto v : order) {
        if (appends_.contains({list, v})) continue;
        complain("list " + std::to_string(list) + " has " + std::to_string(v) +
                 ", which nobody has committed: " + to_string(order));
      }
    }
    for (const auto& [which, a] : appends_) {
      const auto& order = orders_[which.first];
      if (std::ranges::find(order, which.second) != order.end()) continue;
      complain(name(a.by) + " appended " + std::to_string(which.second) + " to list " +
               std::to_string(which.first) + ", which is " + to_string(order));
    }
  }

  void judge_read(const outer_read& r) {
    const auto& order = orders_[r.list];
    const auto saw = [&] {
      return name(r.by) + " read " + to_string(r.seen) + " of list " + std::to_string(r.list);
    };
    if (!std::equal(r.seen.begin(), r.seen.end(), order.begin(),
                    order.begin() + static_cast<std::ptrdiff_t>(r.seen.size()))) {
      return complain(saw() + ", which is no beginning of " + to_string(order));
    }
    if (!found_.empty()) return;  // else every value has its append
    if (!r.seen.empty()) {
      const auto& last = appends_.at({r.list, r.seen.back()});
      if (!last.is_last && last.by != r.by) {
        return complain(saw() + ", which is a part of what " + name(last.by) + " has appended");
      }
      connect(last.by, r.by, relation::wr, r.list);
    }
    if (r.seen.size() == order.size()) return;
    connect(r.by, appends_.at({r.list, order[r.seen.size()]}).by, relation::rw, r.list);
  }

  void connect_appends() {
    for (const auto& [list, order] : orders_) {
      for (std::size_t i = 1; i < order.size(); ++i) {
        connect(appends_.at({list, order[i - 1]}).by, appends_.at({list, order[i]}).by,
                relation::ww, list);
      }
    }
  }

  void connect_times() {
    std::vector<std::pair<std::uint64_t, node>> events;  // an end: the node behind all transactions
    for (node t = 0; t < all_.size(); ++t) {
      events.emplace_back(all_[t].began, t);
      events.emplace_back(all_[t].ended, all_.size() + t);
    }
    std::ranges::sort(events);
    node latest = none;
    for (const auto& [when, which] : events) {
      if (which < all_.size()) {
        if (latest != none) connect(latest, which, relation::real_time, 0);
        continue;
      }
      connect(which - all_.size(), which, relation::real_time, 0);
      if (latest != none) connect(latest, which, relation::real_time, 0);
      latest = which;
    }
  }

  void connect(node from, node to, relation why, number list) {
    if (from != to) edges_[from].push_back({to, why, list});
  }

  /// Tarjan's strongly connected components, without recursion; of each a shortest cycle.
  void find_cycles() {
    struct visit {
      node of;
      std::size_t next = 0;
    };
    std::vector<std::size_t> index(edges_.size(), none);
    std::vector<std::size_t> low(edges_.size(), 0);
    std::vector<char> is_open(edges_.size(), 0);
    std::vector<node> open;
    std::size_t visited = 0;
    for (node start = 0; start < edges_.size(); ++start) {
      if (index[start] != none) continue;
      std::vector<visit> path;
      const auto enter = [&](node n) {
        index[n] = low[n] = visited++;
        is_open[n] = 1;
        open.push_back(n);
        path.push_back({.of = n});
      };
      enter(start);
      while (!path.empty()) {
        auto& [n, next] = path.back();
        if (next < edges_[n].size()) {
          const auto to = edges_[n][next++].to;
          if (index[to] == none) {
            enter(to);
          } else if (is_open[to] != 0) {
            low[n] = std::min(low[n], index[to]);
          }
          continue;
        }
        const auto done = n;
        path.pop_back();
        if (!path.empty()) low[path.back().of] = std::min(low[path.back().of], low[done]);
        if (low[done] != index[done]) continue;
        std::set<node> component;
        for (bool more = true; more; open.pop_back()) {
          is_open[open.back()] = 0;
          component.insert(open.back());
          more = open.back() != done;
        }
        if (component.size() > 1) complain(shortest_cycle(component));
      }
    }
  }

  [[nodiscard]] std::string shortest_cycle(const std::set<node>& within) const {
    std::optional<std::vector<std::pair<node, edge>>> best;
    constexpr std::size_t tries = 50;
    std::size_t tried = 0;
    for (const auto start : within) {
      if (start >= all_.size()) continue;
      if (++tried > tries) break;
      auto cycle = cycle_through(start, within);
      if (!best || cycle.size() < best->size()) best = std::move(cycle);
    }
    std::string text = "a cycle: ";
    for (const auto& [from, e] : *best) {
      if (from < all_.size()) text += name(from) + " -" + to_string(e.why);
      if (from < all_.size() && e.why != relation::real_time) {
        text += " of list " + std::to_string(e.list);
      }
      if (from < all_.size()) text += "-> ";
    }
    text += name(best->front().first);
    for (const auto& [from, e] : *best) {
      if (from < all_.size()) text += "; " + in_full(from);
    }
    return text;
  }

  /// Breadth first. There is one: the component is strongly connected.
  [[nodiscard]] std::vector<std::pair<node, edge>> cycle_through(
      node start, const std::set<node>& within) const {
    std::map<node, std::pair<node, edge>> came_by;
    std::deque<node> next{start};
    while (!next.empty() && !came_by.contains(start)) {
      const auto n = next.front();
      next.pop_front();
      for (const auto& e : edges_[n]) {
        if (!within.contains(e.to) || !came_by.try_emplace(e.to, n, e).second) continue;
        next.push_back(e.to);
      }
    }
    std::vector<std::pair<node, edge>> cycle;
    for (auto n = start; cycle.empty() || n != start;) {
      cycle.push_back(came_by.at(n));
      n = cycle.back().first;
    }
    std::ranges::reverse(cycle);
    return cycle;
  }

  [[nodiscard]] static std::string name(node t) { return "T" + std::to_string(t); }
  [[nodiscard]] std::string in_full(node t) const {
    auto text = name(t) + " from " + std::to_string(all_[t].began) + " to " +
                std::to_string(all_[t].ended) + ":";
    for (const auto& s : all_[t].steps) {
      text += s.is_read ? " read " + to_string(s.seen) + " of "
                        : " append " + std::to_string(s.value) + " to ";
      text += std::to_string(s.list) + ",";
    }
    text.pop_back();
    return text;
  }

  const std::vector<list_transaction>& all_;
  std::map<std::pair<number, number>, append> appends_;  ///< by list and value
  std::vector<outer_read> reads_;
  std::map<number, std::vector<number>> orders_;
  std::vector<std::vector<edge>> edges_;
  std::vector<std::string> found_;
};

}  // namespace

std::vector<std::string> find_anomalies(const std::vector<list_transaction>& all) {
  return judge(all).run();
}

}  // namespace shelf::crash
