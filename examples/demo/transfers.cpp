// DEMO  chapter four: transactions
// Children that make transfers are killed at random moments. Then the power fails after every call
// of a shorter series of transfers to the simulated disk.
#include "transfers.hpp"

#include "bank.hpp"
#include "child.hpp"
#include "crash_table.hpp"
#include "page.hpp"
#include "tellers.hpp"
#include "verdict.hpp"

#include <chrono>
#include <random>
#include <thread>

namespace demo {
namespace {

using shelf::simulation::simulated_disk;
using std::chrono::milliseconds;

constexpr std::uint64_t wanted_kills = 6;
constexpr std::size_t writes = 100;
constexpr std::size_t writes_between_syncs = 20;
constexpr std::size_t states_each_crash = 32;

/// Kills one child after the other; each continues with the accounts that the one before left.
class teller_kills {
 public:
  explicit teller_kills(const std::filesystem::path& directory) : directory_(directory) {}

  void kill_one() {
    child c({"--tellers", directory_.string()});
    // sleeps: polls until the child has begun, then kills it at a random moment
    while (!c.has_begun()) std::this_thread::sleep_for(std::chrono::microseconds(50));
    const milliseconds pause(std::uniform_int_distribution(20, 120)(random_));
    std::this_thread::sleep_for(pause);
    if (!c.kill()) throw std::runtime_error("the tellers ended by themselves");
    prove(c.heard(), fmt::format("after {} ms", pause.count()));
  }
  [[nodiscard]] const transfer_totals& totals() const { return totals_; }
  /// How often the children added up all accounts.
  [[nodiscard]] std::uint64_t sums() const { return sums_; }

 private:
  void prove(const acknowledgement& heard, std::string_view moment) {
    if (heard.mistakes != 0) {
      throw broken_promise(fmt::format("{} totals of the accounts were wrong", heard.mistakes));
    }
    const stopwatch watch;
    bank b({.path = bank_file(directory_).string()});
    const auto reopened = watch.elapsed();
    const auto found = b.prove(before_ + heard.written) - before_;
    const auto cut = b.cut_bytes();
    row("{:4}   {:14}{:>13}{:>10}{:>8}{:>13}{:>13}{:>10}", grouped(++totals_.kills), moment,
        grouped(heard.written), grouped(found), grouped(found - heard.written),
        cut == 0 ? "-" : size(cut), time(reopened), grouped(static_cast<std::uint64_t>(b.total())));
    b.close();
    totals_.acknowledged += heard.written;
    sums_ += heard.reads;
    before_ += found;
  }

  std::filesystem::path directory_;
  std::mt19937 random_{std::random_device{}()};
  transfer_totals totals_;
  std::uint64_t sums_ = 0;
  std::size_t before_ = 0;  // transfers in the ledger when the child began
};

void write_transfers(simulated_disk& disk, shelf::write_mode mode, recorder& r) {
  bank b({.path = "bank.shelf", .mode = mode, .system = &disk});
  r.opened();
  std::minstd_rand random(1);
  for (std::size_t i = 1; i <= writes; ++i) {
    const auto from = static_cast<int>(random() % bank::accounts);
    b.move({.from = from, .to = (from + 1) % bank::accounts, .amount = 1 + static_cast<int>(i)});
    r.acknowledged();
    if (i % writes_between_syncs == 0) {
      b.sync();
      r.synced();
    }
  }
  b.abandon();
}

crash_finding find_transfers(simulated_disk& disk, std::size_t promised) try {
  bank b({.path = "bank.shelf", .opening = shelf::opening::existing, .system = &disk});
  const crash_finding found{.held = b.prove(promised), .torn = b.cut_bytes() != 0};
  b.abandon();
  return found;
} catch (const shelf::exception& e) {
  throw broken_promise(std::string("a crash state is refused: ") + e.what());
}

}  // namespace

transfer_totals show_transfers(const std::filesystem::path& directory) {
  heading("4  Transactions over two tables of one database: transfers between accounts");
  row("A transfer reads and changes two of {} accounts and adds an entry to the ledger. Two "
      "threads",
      bank::accounts);
  row("of a child process make transfers, and a third adds up all accounts, until SIGKILL.");
  fmt::print("\n");
  row("kill   moment         acknowledged     found    more   torn, cut  reopened in     total");
  teller_kills k(directory);
  while (k.totals().kills < wanted_kills) k.kill_one();
  auto totals = k.totals();
  fmt::print("\n");
  row("After every kill the accounts held exactly what the ledger makes of them. The children "
      "added");
  row("up all accounts in {} snapshots, and the total was always the same. The next transfers",
      grouped(k.sums()));
  row("are {} on the simulated disk, with a sync after every {}, and up to {} states per crash:",
      writes, writes_between_syncs, states_each_crash);
  fmt::print("\n");
  totals.states = show_crashes(
      {.write = write_transfers, .prove = find_transfers, .states_each_crash = states_each_crash});
  row("Every state held a prefix of the transfers in both tables, and the total was {}.",
      grouped(static_cast<std::uint64_t>(bank::all_money)));
  return totals;
}

}  // namespace demo
