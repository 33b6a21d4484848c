// EXAMPLE  bank transfers that survive kill -9
// A child transfers money between accounts until it is killed, five times over. Each transfer is a
// transaction over two tables, so whenever the child dies, no money is lost and none is made.
#include <shelf/database.hpp>

#include <sys/wait.h>
#include <unistd.h>
#include <csignal>
#include <cstdlib>
#include <iostream>
#include <random>

using accounts_table = shelf::map<int, std::int64_t>;
using book_table = shelf::ordered_map<std::uint64_t, std::int64_t>;  // what was moved

[[noreturn]] void transfer_for_ever(int done) {
  auto db = shelf::or_throw(shelf::database::open("bank.shelf"));
  auto accounts = shelf::or_throw(db.table<accounts_table>("accounts"));
  auto book = shelf::or_throw(db.table<book_table>("book"));
  for (std::mt19937 dice(std::random_device{}());;) {
    const int from = int(dice() % 10), to = int(dice() % 10);
    const auto amount = std::int64_t(dice() % 100);
    (void)db.transact([&](shelf::transaction& tx) -> shelf::result<> {
      const auto left = tx(accounts).value_or(from, 0) - amount;
      if (left < 0) return std::unexpected(shelf::errc::invalid_argument);  // writes nothing
      if (auto r = tx(accounts).insert(from, left); !r) return r;
      if (auto r = tx(accounts).add(to, amount); !r) return r;
      const auto last = tx(book).last();
      return tx(book).insert(last ? last->first + 1 : 1, amount);
    });
    if (write(done, "x", 1) != 1) std::exit(1);
  }
}

/// What all accounts hold; the first call opens them.
std::int64_t total() {
  auto db = shelf::or_throw(shelf::database::open("bank.shelf"));
  auto accounts = shelf::or_throw(db.table<accounts_table>("accounts"));
  for (int i = 0; i < 10; ++i) (void)accounts.insert_new(i, 100);
  return accounts.fold(std::int64_t{0}, [](auto sum, int, auto holds) { return sum + holds; });
}

int main() try {
  (void)total();
  for (int round = 1; round <= 5; ++round) {
    int done[2];
    if (pipe(done) != 0) return 1;
    const pid_t child = fork();
    if (child == 0) transfer_for_ever(done[1]);
    char x = 0;
    for (int left = 1000 * round; left > 0 && read(done[0], &x, 1) == 1;) --left;
    kill(child, SIGKILL);
    waitpid(child, nullptr, 0);
    std::cout << "killed " << round << " times: " << total() << " in 10 accounts\n";
  }
} catch (const std::exception& e) {
  std::cerr << e.what() << '\n';
  return 1;
}
