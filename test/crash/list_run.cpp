// TEST  crash
// Transactions that append to lists and read them: keys of a bag and of a duplicate bag.
#include "crash/list_append.hpp"

#include "shelf/database.hpp"
#include "shelf/shelf.hpp"
#include "simulation/simulated_disk.hpp"

#include <algorithm>
#include <atomic>
#include <chrono>
#include <iterator>
#include <latch>
#include <random>
#include <thread>

namespace shelf::crash {
namespace {

using number = std::int64_t;
using first_table = bag<number, number>;
using second_table = duplicate_bag<number, number>;

/// Appends after which a list is given up: a read of it costs its length.
constexpr number longest_list = 60;

struct world {
  explicit world(const list_plan& plan)
      : db(or_throw(
            database::open({.path = "lists.shelf",
                            .mode = plan.is_durable ? write_mode::durable : write_mode::through,
                            .sync_every = std::chrono::milliseconds(0),
                            .system = &disk}))),
        first(or_throw(db.table<first_table>("first", {.storage = where(plan)}))),
        second(or_throw(db.table<second_table>("second", {.storage = where(plan)}))) {}
  world(const world&) = delete;
  world& operator=(const world&) = delete;
  ~world() { db.abandon(); }

  [[nodiscard]] static storage where(const list_plan& plan) {
    return plan.in_memory ? storage::memory : storage::disk;
  }

  simulation::simulated_disk disk;
  database db;
  first_table first;
  second_table second;
  std::atomic<std::uint64_t> clock{0};
  std::atomic<number> next_value{1};  ///< unique in all lists
};

/// Even lists in one table, odd ones in the other.
[[nodiscard]] result<> perform(transaction& tx, world& w, list_step& s) {
  const auto in = [&](auto table) -> result<> {
    if (!s.is_read) return table.insert(s.list, s.value);
    auto seen = table.lookup(s.list);
    if (!seen && seen.error() != errc::not_found) return std::unexpected(seen.error());
    s.seen = seen ? std::vector<number>(seen->begin(), seen->end()) : std::vector<number>();
    return {};
  };
  return s.list % 2 == 0 ? in(tx(w.first)) : in(tx(w.second));
}

class writer {
 public:
  writer(world& w, const list_plan& plan, std::uint64_t seed)
      : world_(w), plan_(plan), random_(seed) {}

  void run_once() {
    // The lists move on as values are drawn, for all threads alike.
    const auto base = world_.next_value / (longest_list * plan_.lists) * plan_.lists;
    list_transaction made;
    std::vector<list_step> plan(1 + random_() % 4);
    for (auto& s : plan) {
      s.list = base + static_cast<number>(random_() % static_cast<std::uint64_t>(plan_.lists));
      s.is_read = random_() % 2 == 0;
      if (!s.is_read) s.value = world_.next_value++;
    }
    const bool yields = random_() % 4 == 0;
    const bool aborts = random_() % 16 == 0;
    made.began = world_.clock++;
    int attempts = 0;
    const auto done = world_.db.transact([&](transaction& tx) -> result<> {
      made.steps = plan;
      attempts = tx.attempt();
      for (auto& s : made.steps) {
        if (auto r = perform(tx, world_, s); !r) return r;
        if (yields) std::this_thread::yield();
      }
      if (aborts) return std::unexpected(error(errc::cursor_lost));
      return {};
    });
    made.ended = world_.clock++;
    again_ += static_cast<std::uint64_t>(attempts - 1);
    if (done) {
      history_.push_back(std::move(made));
    } else if (!aborts || done.error() != errc::cursor_lost) {
      failures_.push_back("a transaction failed: " + done.error().message());
    }
  }

  [[nodiscard]] std::vector<list_transaction>& history() noexcept { return history_; }
  [[nodiscard]] std::vector<std::string>& failures() noexcept { return failures_; }
  [[nodiscard]] std::uint64_t again() const noexcept { return again_; }

 private:
  world& world_;
  const list_plan& plan_;
  std::mt19937_64 random_;
  std::vector<list_transaction> history_;
  std::vector<std::string> failures_;
  std::uint64_t again_ = 0;
};

/// Reads all lists when everybody is done.
[[nodiscard]] list_transaction last_read(world& w) {
  list_transaction made;
  made.began = w.clock++;
  const auto all = w.db.snapshot();
  const auto read = [&](const auto& of) {
    for (const auto& key : of.keys()) {
      const auto seen = or_throw(of.lookup(key));
      made.steps.push_back({.list = key, .is_read = true, .seen = {seen.begin(), seen.end()}});
    }
  };
  read(all(w.first));
  read(all(w.second));
  made.ended = w.clock++;
  return made;
}

}  // namespace

list_report check_lists(const list_plan& plan) {
  world w(plan);
  std::vector<writer> writers;
  for (int i = 0; i < plan.threads; ++i) {
    writers.emplace_back(w, plan, plan.seed * 1000 + static_cast<std::uint64_t>(i));
  }
  {
    std::latch all_here(plan.threads);
    std::vector<std::jthread> threads;
    for (auto& one : writers) {
      threads.emplace_back([&] {
        all_here.arrive_and_wait();
        for (std::uint64_t n = 0; n < plan.transactions; ++n) one.run_once();
      });
    }
  }
  list_report report;
  std::vector<list_transaction> all;
  for (auto& one : writers) {
    report.again += one.again();
    report.anomalies.insert(report.anomalies.end(), one.failures().begin(), one.failures().end());
    std::ranges::move(one.history(), std::back_inserter(all));
  }
  report.committed = all.size();
  all.push_back(last_read(w));
  const auto found = find_anomalies(all);
  report.anomalies.insert(report.anomalies.end(), found.begin(), found.end());
  return report;
}

}  // namespace shelf::crash
