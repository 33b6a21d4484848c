// TEST  crash
// The oracle of isolation. It knows nothing of versions: only what was read, and in which order the
// library says that it happened.
#include "crash/isolation.hpp"

#include "crash/isolation_model.hpp"
#include "shelf/detail/database_core.hpp"
#include "shelf/shelf.hpp"
#include "simulation/simulated_disk.hpp"

#include <algorithm>
#include <array>
#include <atomic>
#include <chrono>
#include <latch>
#include <map>
#include <memory>
#include <random>
#include <semaphore>
#include <thread>

namespace shelf::crash {
namespace {

struct history {
  std::vector<step> steps;
  std::uint64_t sequence = 0;
  std::uint64_t ordinal = 0;
  bool changed = false;
};

[[nodiscard]] number number_in(bytes b) { return *term::from_canonical(b).as_integer(); }

// --- the library ---------------------------------------------------------------------------------

template <kind Kind>
[[nodiscard]] detail::wanted_table wanted(const char* name) {
  static const detail::decoding_rules rules;
  return {.name = name,
          .types = detail::make_entry_types(detail::types_of<number, number, Kind>({}, rules))};
}

struct world {
  explicit world(bool in_memory, bool durable = false) {
    detail::core_config c;
    if (durable) c.mode = write_mode::durable;
    c.path = "isolated.shelf";
    c.in_memory = in_memory;
    c.system = &disk;
    std::vector<detail::wanted_table> all;
    all.push_back(wanted<kind::set>("set"));
    all.push_back(wanted<kind::ordered_set>("ordered_set"));
    all.push_back(wanted<kind::bag>("bag"));
    all.push_back(wanted<kind::duplicate_bag>("duplicate_bag"));
    db = or_throw(detail::open_database(std::move(c), std::move(all)));
    tables.push_back(or_throw(db->table(wanted<kind::set>("set"))));
    tables.push_back(or_throw(db->table(wanted<kind::ordered_set>("ordered_set"))));
    tables.push_back(or_throw(db->table(wanted<kind::bag>("bag"))));
    tables.push_back(or_throw(db->table(wanted<kind::duplicate_bag>("duplicate_bag"))));
  }
  ~world() {
    tables.clear();
    db->abandon();
  }
  world(const world&) = delete;
  world& operator=(const world&) = delete;

  simulation::simulated_disk disk;
  std::shared_ptr<detail::database_core> db;
  std::vector<std::shared_ptr<detail::core>> tables;
};

[[nodiscard]] answer all_of(std::unique_ptr<detail::snapshot_core::walk> walk, bool in_order,
                            std::size_t most = ~std::size_t{0}) {
  std::vector<std::pair<number, number>> found;
  for (auto some = walk->next(); !some.empty(); some = walk->next()) {
    for (const auto& e : some) {
      if (found.size() < most) found.emplace_back(number_in(e.key), number_in(e.value));
    }
    if (found.size() >= most) break;
  }
  if (!in_order) std::ranges::sort(found);
  answer flat;
  for (const auto& [k, v] : found) {
    flat.push_back(k);
    flat.push_back(v);
  }
  return flat;
}

/// Performs a step and notes what it was told.
[[nodiscard]] result<> perform(detail::transaction_table_core& t, step& s) {
  const auto key = term::integer(s.key);
  const auto value = term::integer(s.value);
  const bool ordered = kinds[s.table] == kind::ordered_set;
  const auto show = [&](bytes k, bytes v) { s.seen = {number_in(k), number_in(v)}; };
  s.seen.clear();
  switch (s.what) {
    case verb::lookup:
      t.lookup(key.encoded(), [&](bytes v) { s.seen.push_back(number_in(v)); });
      return {};
    case verb::size: s.seen.push_back(static_cast<number>(t.size())); return {};
    case verb::walk: s.seen = all_of(t.entries(), ordered); return {};
    case verb::first: t.seek(detail::place::at_or_after, key.encoded(), show); return {};
    case verb::floor: t.seek(detail::place::at_or_before, key.encoded(), show); return {};
    case verb::nth: t.nth(static_cast<std::size_t>(s.key), show); return {};
    case verb::rank: s.seen.push_back(static_cast<number>(t.rank(key.encoded(), false))); return {};
    case verb::slice:
      s.seen =
          all_of(t.slice(static_cast<std::size_t>(s.key), static_cast<std::size_t>(s.value)), true);
      return {};
    case verb::last_of_range: {
      const auto to = term::integer(s.value);
      const detail::range_bounds bounds{
          .from = key.encoded(), .to = to.encoded(), .from_is_behind = true, .to_is_behind = true};
      s.seen = all_of(t.range(bounds, true), true, 1);
      return {};
    }
    case verb::range:
    case verb::part_of_range: {
      const auto to = term::integer(s.value);
      const detail::range_bounds bounds{.from = key.encoded(), .to = to.encoded()};
      const auto most = s.what == verb::range ? ~std::size_t{0} : 1;
      s.seen = all_of(t.range(bounds, false), true, most);
      return {};
    }
    case verb::insert: return t.insert(key.encoded(), value.encoded());
    case verb::insert_new: {
      const auto done = t.insert_new(key.encoded(), value.encoded());
      s.seen.push_back(done ? 1 : 0);
      if (!done && done.error() != errc::key_already_present) return done;
      return {};
    }
    case verb::erase: return t.erase(key.encoded());
    case verb::erase_value: return t.erase_value(key.encoded(), value.encoded());
    case verb::add: return t.add(key.encoded(), {.delta = s.value, .initial = 0});
    case verb::clear: return t.clear();
  }
  std::unreachable();
}

using engine_random = std::mt19937_64;

[[nodiscard]] step drawn(engine_random& random, int keys) {
  step s{};
  s.table = random() % kinds.size();
  const auto what = kinds[s.table];
  s.key = static_cast<number>(random() % static_cast<std::uint64_t>(keys));
  s.value = static_cast<number>(random() % 4);
  const auto choice = random() % 100;
  const bool ordered = what == kind::ordered_set;
  if (choice < 30) {
    s.what = verb::lookup;
  } else if (choice < 34) {
    s.what = verb::size;
  } else if (choice < 37) {
    s.what = verb::walk;
  } else if (choice < 55) {
    s.what = !ordered      ? verb::lookup
             : choice < 39 ? verb::first
             : choice < 41 ? verb::floor
             : choice < 43 ? verb::rank
             : choice < 45 ? verb::nth
             : choice < 47 ? verb::slice
             : choice < 50 ? verb::range
             : choice < 53 ? verb::part_of_range
                           : verb::last_of_range;
    if (s.what != verb::lookup) s.value = s.key + 3;
  } else if (choice < 76) {
    s.what = verb::insert;
  } else if (choice < 82) {
    s.what = is_bag(what) ? verb::insert : verb::insert_new;
  } else if (choice < 90) {
    s.what = verb::erase;
  } else if (choice < 93) {
    s.what = verb::erase_value;
  } else if (choice < 99 || random() % 4 != 0) {
    s.what = is_bag(what) ? verb::erase_value : verb::add;
  } else {
    s.what = verb::clear;
  }
  return s;
}

/// A transaction of a few steps, sometimes with a part that is undone.
void run(world& w, engine_random& random, int keys, std::vector<history>& into,
         std::atomic<std::uint64_t>& conflicts, std::vector<std::string>& failures) {
  std::vector<step> plan(1 + random() % 5);
  for (auto& s : plan) s = drawn(random, keys);
  std::vector<step> undone(random() % 8 == 0 ? 2 : 0);
  for (auto& s : undone) s = drawn(random, keys);
  const bool aborts = random() % 16 == 0;
  const bool yields = random() % 4 == 0;
  history made;
  const auto done = w.db->transact({}, [&](detail::transaction_core& tx) -> result<> {
    made.steps = plan;
    for (std::size_t i = 0; i < plan.size(); ++i) {
      auto& s = made.steps[i];
      if (auto r = perform(tx.of(*w.tables[s.table]), s); !r) return r;
      // So that others come in between, however few processors there are.
      if (yields) std::this_thread::yield();
      if (i != 0 || undone.empty()) continue;
      const auto nested = tx.nest([&]() -> result<> {
        for (auto& u : undone) {
          if (auto r = perform(tx.of(*w.tables[u.table]), u); !r) return r;
        }
        return std::unexpected(error(errc::busy));
      });
      if (nested || nested.error() != errc::busy)
        failures.push_back("a nested part was not undone");
    }
    if (aborts) return std::unexpected(error(errc::cursor_lost));
    return {};
  });
  if (aborts) {
    if (done || done.error() != errc::cursor_lost) failures.push_back("an abort was no abort");
    return;
  }
  if (!done) {
    failures.push_back("a transaction failed: " + done.error().message());
    return;
  }
  conflicts += static_cast<std::uint64_t>(done->attempts - 1);
  made.sequence = done->sequence;
  made.ordinal = done->ordinal;
  made.changed = done->changed;
  into.push_back(std::move(made));
}

// --- the replay ----------------------------------------------------------------------------------

[[nodiscard]] std::string in_words(const step& s, const answer& expected) {
  const auto list = [](const answer& a) {
    std::string text = "[";
    for (const auto n : a) text += std::to_string(n) + " ";
    return text + "]";
  };
  return "verb " + std::to_string(static_cast<int>(s.what)) + " of table " +
         std::to_string(s.table) + " key " + std::to_string(s.key) + ": saw " + list(s.seen) +
         ", in order it is " + list(expected);
}

/// What it wrote comes to nothing, or is undone at the end, if `keeps` is false.
void replay(std::vector<model>& tables, const history& h, std::vector<std::string>& violations) {
  auto own = tables;
  for (const auto& s : h.steps) {
    auto& t = own[s.table];
    if (is_read(s.what)) {
      const auto expected = t.ask(s);
      if (expected != s.seen) {
        violations.push_back("batch " + std::to_string(h.sequence) + ", transaction " +
                             std::to_string(h.ordinal) + ": " + in_words(s, expected));
      }
      continue;
    }
    if (s.what == verb::insert_new && s.seen != answer{t.has(s.key) ? 0 : 1}) {
      violations.push_back("batch " + std::to_string(h.sequence) + ": " + in_words(s, {}));
    }
    t.apply(s);
  }
  if (h.changed) tables = std::move(own);
}

}  // namespace

isolation_report check_isolation(const isolation_plan& plan) {
  world w(plan.in_memory, plan.durable);
  isolation_report report;
  std::vector<std::vector<history>> all(static_cast<std::size_t>(plan.threads));
  std::vector<std::vector<std::string>> failures(all.size());
  std::atomic<std::uint64_t> conflicts{0};
  std::latch all_here(plan.threads);
  {
    std::vector<std::jthread> threads;
    for (std::size_t i = 0; i < all.size(); ++i) {
      threads.emplace_back([&, i] {
        engine_random random(plan.seed * 1000 + i);
        all[i].reserve(plan.transactions);
        all_here.arrive_and_wait();
        for (std::uint64_t n = 0; n < plan.transactions; ++n) {
          run(w, random, plan.keys, all[i], conflicts, failures[i]);
        }
      });
    }
  }
  std::vector<const history*> order;
  for (const auto& one : all) {
    for (const auto& h : one) order.push_back(&h);
  }
  // One that changed nothing saw what the last batch before it left.
  std::ranges::sort(order, [](const history* a, const history* b) {
    return std::tuple(a->sequence, !a->changed, a->ordinal) <
           std::tuple(b->sequence, !b->changed, b->ordinal);
  });
  std::vector<model> tables(kinds.begin(), kinds.end());
  for (const auto* h : order) {
    replay(tables, *h, report.violations);
    if (report.violations.size() > 20) break;
  }
  for (auto& f : failures) {
    report.violations.insert(report.violations.end(), f.begin(), f.end());
  }
  report.committed = order.size();
  report.conflicts = conflicts;
  return report;
}

namespace {

[[nodiscard]] int attempts_in_one_round(int rivals, int transactions) {
  world w(true);
  std::atomic<bool> stop{false};
  std::vector<std::jthread> threads;
  for (int i = 0; i < rivals; ++i) {
    threads.emplace_back([&, i] {
      engine_random random(static_cast<std::uint64_t>(i));
      while (!stop) {
        const auto key = term::integer(static_cast<number>(random() % 8));
        const auto value = term::integer(static_cast<number>(random() % 1000));
        static_cast<void>(w.tables[1]->insert(key.encoded(), value.encoded()));
      }
    });
  }
  int most = 0;
  for (int n = 0; n < transactions; ++n) {
    const auto done = w.db->transact({.attempts = 1000}, [&](detail::transaction_core& tx) {
      auto& t = tx.of(*w.tables[1]);
      // Longer than a short one takes, so that one always comes in between.
      for (int again = 0; again < 20; ++again) static_cast<void>(all_of(t.entries(), true));
      const auto key = term::integer(100);
      return t.add(key.encoded(), {.delta = 1, .initial = 0});
    });
    most = std::max(most, done ? done->attempts : 1000);
  }
  stop = true;
  return most;
}

}  // namespace

/// A lease is a span of time, and a busy machine may keep a thread from its processor for longer:
/// so the best of a few rounds counts.
int attempts_of_a_long_one(int rivals, int transactions) {
  int best = attempts_in_one_round(rivals, transactions);
  for (int round = 1; round < 5 && best > 8; ++round) {
    best = std::min(best, attempts_in_one_round(rivals, transactions));
  }
  return best;
}

interruptions interrupt_a_transaction() {
  using clock = std::chrono::steady_clock;
  constexpr int most = 20;
  constexpr int first_reserved = 4;
  constexpr std::chrono::milliseconds patience{6};
  // A reservation's lease begins after the attempt before it has ended. This is shorter.
  constexpr std::chrono::milliseconds reserved_for{18};
  interruptions seen;
  world w(true);
  std::binary_semaphore wanted{0};
  std::binary_semaphore done{0};
  std::atomic<bool> stop{false};
  std::jthread rival([&] {
    for (number n = 0;; ++n) {
      wanted.acquire();
      if (stop) return;
      const auto key = term::integer(1);
      const auto value = term::integer(n);
      static_cast<void>(w.tables[0]->insert(key.encoded(), value.encoded()));
      done.release();
    }
  });
  bool is_asked = false;
  auto last_ended = clock::now();
  const auto got_through =
      w.db->transact({.attempts = most}, [&](detail::transaction_core& tx) -> result<> {
        auto& t = tx.of(*w.tables[0]);
        const auto key = term::integer(1);
        t.lookup(key.encoded(), [](bytes) {});
        // One asked for in an earlier attempt may have come between two reservations.
        const bool is_new = !std::exchange(is_asked, true);
        if (is_new) wanted.release();
        if (tx.attempt() < first_reserved) {
          done.acquire();
          is_asked = false;
        } else if (done.try_acquire_for(patience)) {
          // Reserved, the other one waits for this transaction: not for ever, and longer than this.
          is_asked = false;
          const bool is_within = clock::now() - last_ended < reserved_for;
          seen.writes_while_reserved += is_new && is_within ? 1 : 0;
        }
        const auto other = term::integer(2);
        last_ended = clock::now();
        return t.add(other.encoded(), {.delta = 1, .initial = 0});
      });
  if (is_asked) done.acquire();
  stop = true;
  wanted.release();
  seen.attempts = got_through ? got_through->attempts : most;
  return seen;
}

}  // namespace shelf::crash
