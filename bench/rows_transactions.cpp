// BENCH  rows: transactions
// What does a transaction cost, alone and among others, and what does it cost those next to it?
#include "measure.hpp"
#include "rivals/otp.hpp"
#include "shelf_bank.hpp"
#include "staffed_bank.hpp"
#include "threads.hpp"

#include <fmt/format.h>
#include <algorithm>
#include <functional>
#include <numeric>
#include <utility>

namespace bench {
namespace {

constexpr std::size_t many_threads = 8;

using bank_maker = std::function<std::unique_ptr<bank>()>;

[[nodiscard]] bank_maker shelf_maker(const bench_run& b, bank_options o) {
  return [&b, o] {
    return std::make_unique<shelf_bank>(fresh_directory(b.options()), accounts_of(b), o);
  };
}

[[nodiscard]] bank_maker rival_maker(const bench_run& b, open_bank* open, bank::sync mode) {
  return [&b, open, mode] { return open(fresh_directory(b.options()), accounts_of(b), mode); };
}

/// A staffed bank that opens when it is used first: rows that are not wanted open none.
class late_bank {
 public:
  explicit late_bank(bank_maker open) : open_(std::move(open)) {}
  [[nodiscard]] staffed_bank& operator*() {
    if (!bank_) bank_ = std::make_shared<staffed_bank>(open_(), many_threads);
    return *bank_;
  }

 private:
  bank_maker open_;
  std::shared_ptr<staffed_bank> bank_;
};

/// The sides of a row: one transaction, on random accounts, by so many threads.
class contest {
 public:
  contest(const bench_run& b, verb what, std::size_t threads)
      : b_(b), what_(what), threads_(threads), picks_(pick(accounts_of(b), shelf_count(), false)) {}

  [[nodiscard]] std::string name(const std::string& mode) const {
    return fmt::format("database: {}{}, {} thread{}", name_of(what_), mode, threads_,
                       threads_ == 1 ? "" : "s");
  }
  [[nodiscard]] run shelf(bank_options o) const {
    return side_of(shelf_maker(b_, o), shelf_count(o.mode));
  }
  [[nodiscard]] run rival(open_bank* open, bank::sync mode) const {
    return side_of(rival_maker(b_, open, mode), rival_count(open, mode));
  }
  /// Nothing where there is no Mnesia.
  [[nodiscard]] std::vector<bench::rival> mnesia_in(const std::string& storage,
                                                    double target) const {
    if (!has_mnesia()) return {};
    const mnesia_orders orders{.verb = name_of(what_),
                               .storage = storage,
                               .accounts = accounts_of(b_),
                               .processes = threads_,
                               .operations = b_.options().entries / 50};
    return {{{"Mnesia, " + storage,
              [&b = b_, orders] { return mnesia(orders, fresh_directory(b.options())); }},
             target}};
  }

 private:
  [[nodiscard]] std::size_t shelf_count(shelf::write_mode mode = shelf::write_mode::through) const {
    return mode == shelf::write_mode::durable ? synced_count() : b_.options().entries / 5;
  }
  /// Enough for half a second and more: LMDB and SQLite share no sync.
  [[nodiscard]] std::size_t rival_count(open_bank* open, bank::sync mode) const {
    if (mode == bank::sync::none) return b_.options().entries / 20;
    return open == open_rocksdb_bank ? synced_count() : b_.options().durable / 3;
  }
  [[nodiscard]] std::size_t synced_count() const {
    return b_.options().durable * (threads_ == 1 ? 1 : 2);
  }
  [[nodiscard]] run side_of(bank_maker open, std::size_t transactions) const {
    return [this, bank = late_bank(std::move(open)), transactions]() mutable {
      return (*bank).play(what_, threads_, transactions, picks_);
    };
  }

  const bench_run& b_;
  verb what_;
  std::size_t threads_;
  picked_accounts picks_;
};

using rivals_of_row = std::vector<rival>;

[[nodiscard]] rivals_of_row operator+(rivals_of_row some, rivals_of_row more) {
  std::ranges::move(more, std::back_inserter(some));
  return some;
}

/// Reads are the same in every mode: they see memory only.
void reads(bench_run& b, std::size_t threads) {
  const contest c(b, verb::read, threads);
  b.compare(c.name(""), "ns", c.shelf({.storage = shelf::storage::memory}),
            c.mnesia_in("ram_copies", 1.0 / 20) +
                rivals_of_row{{{"RocksDB", c.rival(open_rocksdb_bank, bank::sync::none)}, 0},
                              {{"LMDB", c.rival(open_lmdb_bank, bank::sync::none)}, 0},
                              {{"SQLite", c.rival(open_sqlite_bank, bank::sync::none)}, 0}});
}

void writes(bench_run& b, verb what, std::size_t threads) {
  const contest c(b, what, threads);
  b.compare(c.name(", in memory"), "ns", c.shelf({.storage = shelf::storage::memory}),
            c.mnesia_in("ram_copies", 1.0 / 20));
  const auto not_synced = [&](open_bank* open) { return c.rival(open, bank::sync::none); };
  b.compare(c.name(", through"), "ns", c.shelf({}),
            {{{"RocksDB, log not synced", not_synced(open_rocksdb_bank)}, 0},
             {{"LMDB, not synced", not_synced(open_lmdb_bank)}, 0},
             {{"SQLite, WAL, not synced", not_synced(open_sqlite_bank)}, 0}});
  b.compare(
      c.name(", through, mapped"), "ns", c.shelf({.io = shelf::file_io::mapped}),
      c.mnesia_in("disc_copies", 1.0 / 10) +
          rivals_of_row{{{"RocksDB, log not synced", not_synced(open_rocksdb_bank)}, 1.0 / 5}});
  const auto synced = [&](open_bank* open) { return c.rival(open, bank::sync::every_commit); };
  // With several threads, at least twice RocksDB's rate.
  b.compare(c.name(", durable"), "ns", c.shelf({.mode = shelf::write_mode::durable}),
            {{{"RocksDB, synced", synced(open_rocksdb_bank)}, threads == 1 ? 0 : 0.5},
             {{"LMDB, synced", synced(open_lmdb_bank)}, 0},
             {{"SQLite, synced", synced(open_sqlite_bank)}, 0}});
}

/// Nine of ten transfers are between the same two accounts: what do all threads reach, compared
/// with random accounts, and what does the slowest one get?
void hot_accounts(bench_run& b, const std::string& name, bank_options o) {
  const auto transactions = b.options().entries / 5;
  const auto hot = pick(accounts_of(b), transactions, true);
  const auto random = pick(accounts_of(b), transactions, false);
  const std::chrono::milliseconds time(std::max<std::size_t>(50, b.options().entries / 1000));
  late_bank bank(shelf_maker(b, o));
  const auto nanoseconds_each = [&](const picked_accounts& picks) {
    const auto committed = (*bank).race(time, picks);
    const auto total = std::reduce(committed.begin(), committed.end());
    return std::chrono::duration<double, std::nano>(time).count() / static_cast<double>(total);
  };
  b.compare(fmt::format("database: transfer, 90 % on two hot keys, {}, 8 threads", name), "ns",
            [&] { return nanoseconds_each(hot); },
            {{{"shelf, random accounts", [&] { return nanoseconds_each(random); }}, 2}});
  b.compare(
      fmt::format("database: hot keys, {}, mean thread / slowest thread", name), "x",
      [&] {
        const auto committed = (*bank).race(time, hot);
        const auto mean =
            static_cast<double>(std::reduce(committed.begin(), committed.end())) / many_threads;
        return mean / static_cast<double>(std::max<std::size_t>(1, std::ranges::min(committed)));
      },
      {{{"target alone", [] { return 1.0; }}, 2}});
}

/// A transaction may cost 100 ns more than the lookup in it.
void read_only(bench_run& b) {
  const std::string name = "database: read-only transaction, 1 thread";
  if (!b.wants(name)) return;
  const auto picks = pick(accounts_of(b), b.options().entries, false);
  shelf_bank bank(fresh_directory(b.options()), accounts_of(b), {});
  const auto teller = bank.hire();
  b.compare(name, "ns",
            [&] {
              return timed(picks.size(), [&] {
                for (const auto& [account, other] : picks) keep(teller->balance(account));
              });
            },
            {{{"shelf, plain lookup + 100 ns",
               [&] {
                 return 100 + timed(picks.size(), [&] {
                          for (const auto& [account, other] : picks) {
                            keep(shelf::or_throw(bank.accounts().lookup(account)));
                          }
                        });
               }},
              1}});
}

/// Two tables of one database share their versions, but a reader of one should not feel that the
/// other is written. What the machine itself takes shows next to a writer of another database.
void readers_next_to_writers(bench_run& b) {
  const std::string name = "database: a reader of a table while another table is written";
  if (!b.wants(name)) return;
  const auto n = b.options().entries;
  const auto picks = pick(accounts_of(b), n, false);
  const bank_options in_memory{.storage = shelf::storage::memory};
  shelf_bank bank(fresh_directory(b.options()), accounts_of(b), in_memory);
  shelf_bank elsewhere(fresh_directory(b.options()), accounts_of(b), in_memory);
  auto other =
      shelf::or_throw(bank.db().table<accounts_table>("other", {.storage = in_memory.storage}));
  for (const auto& [account, balance] : bank.accounts()) {
    shelf::or_throw(other.insert(account, balance));
  }
  const auto reader = [&] {
    return in_threads(1, 3 * n, [&](std::size_t, std::size_t i) {
      keep(*bank.accounts().lookup(picks[i % n].first));
    });
  };
  const auto writer_of = [&](accounts_table& table) {
    return [&](std::size_t i) {
      shelf::or_throw(table.insert(picks[i % n].first, static_cast<std::int64_t>(i)));
    };
  };
  b.compare(name, "ns", [&] { return alongside(reader, writer_of(other)); },
            {{{"shelf, a quiet reader", reader}, 1.05},
             {{"shelf, while another database is written",
               [&] { return alongside(reader, writer_of(elsewhere.accounts())); }},
              0}});
}

}  // namespace

void measure_transactions(bench_run& b) {
  for (const auto threads : {std::size_t{1}, many_threads}) {
    reads(b, threads);
    writes(b, verb::write, threads);
    writes(b, verb::transfer, threads);
  }
  read_only(b);
  hot_accounts(b, "in memory", {.storage = shelf::storage::memory});
  hot_accounts(b, "through", {});
  readers_next_to_writers(b);
}

}  // namespace bench
