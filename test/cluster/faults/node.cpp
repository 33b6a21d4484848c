// TEST  cluster
// A process of the fault tests: writes, and says line by line what it was told and what it sees.
//
//   node CONNECTION SCHEMA NAME DEADLINE_MS PROMISE THREADS
//
//   try KEY        a transaction is about to append one value to KEY and to count to one more
//   ok KEY         it was acknowledged
//   no KEY CODE    it was refused: certainly not done
//   maybe KEY      its outcome is not known
//   state POSITION HASH   what all tables were at that position
//   event NAME     of the replica
//
// Runs until its standard input ends; then says `state` once more, and `bye`.
#include "shelf/cluster.hpp"

#include <unistd.h>
#include <atomic>
#include <cstdio>
#include <cstdlib>
#include <functional>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

namespace {

using namespace std::chrono_literals;
using journal_table = shelf::duplicate_bag<std::string, int>;
using counter_table = shelf::map<std::string, std::int64_t>;

void say(const std::string& line) {
  static std::mutex mutex;
  const std::scoped_lock lock(mutex);
  std::puts(line.c_str());
  std::fflush(stdout);
}

shelf::cluster::promise promise_of(const std::string& name) {
  using enum shelf::cluster::promise;
  return name == "synchronous" ? synchronous : name == "attested" ? attested : none;
}

/// A node with its tables.
struct node {
  shelf::database db;
  journal_table journal = shelf::or_throw(db.table<journal_table>("journal"));
  counter_table counters = shelf::or_throw(db.table<counter_table>("counters"));
  shelf::cluster::replica replica = shelf::or_throw(shelf::cluster::of(db));

  void write(const std::string& key) {
    say("try " + key);
    const auto done = db.transact([&](shelf::transaction& tx) -> shelf::result<> {
      if (auto added = tx(journal).insert(key, 1); !added) {
        return std::unexpected(added.error());
      }
      const auto count = tx(counters).lookup("all").value_or(0);
      auto counted = tx(counters).insert("all", count + 1);
      if (!counted) return std::unexpected(counted.error());
      return {};
    });
    if (done) return say("ok " + key);
    const auto code = done.error().code();
    if (code == shelf::errc::indeterminate) return say("maybe " + key);
    say("no " + key + " " + std::string(to_string(code)));
    // sleeps: a program would wait, too, before it tries again
    std::this_thread::sleep_for(20ms);
  }

  /// Only where no commit came in between.
  void tell_state() const {
    const auto before = replica.position();
    const auto moment = db.snapshot();
    // sleeps: a commit is shown, and then the position says so
    std::this_thread::sleep_for(5ms);
    const auto after = replica.position();
    if (before != after) return;
    std::uint64_t hash = 0;  // the same in any order of the keys
    for (const auto& [key, value] : moment(journal)) {
      hash += std::hash<std::string>()(key) * 31 + static_cast<std::uint64_t>(value);
    }
    for (const auto& [key, value] : moment(counters)) {
      hash += std::hash<std::string>()(key) * 37 * static_cast<std::uint64_t>(value);
    }
    say("state " + to_string(before) + " " + std::to_string(hash));
  }
};

int run(char** words) {
  const std::string name = words[3];
  shelf::cluster::config how{.connection = words[1],
                             .schema = words[2],
                             .node = name,
                             .promise = promise_of(words[5]),
                             .deadline = std::chrono::milliseconds(std::atoi(words[4]))};
  how.on_error = [](const shelf::error& e) { std::fprintf(stderr, "%s\n", e.message().c_str()); };
  auto opened = shelf::cluster::open(how, shelf::declare<journal_table>("journal"),
                                     shelf::declare<counter_table>("counters"));
  if (!opened) {
    std::fprintf(stderr, "%s: %s\n", name.c_str(), opened.error().message().c_str());
    return 1;
  }
  node n{.db = *std::move(opened)};
  auto events = n.replica.events();
  say("open");
  std::atomic<bool> is_over = false;
  std::vector<std::jthread> threads;
  for (int i = 0; i < std::atoi(words[6]); ++i) {
    threads.emplace_back([&, i] {
      for (int k = 0; !is_over; ++k) {
        n.write(name + "/" + std::to_string(getpid()) + "/" + std::to_string(i) + "/" +
                std::to_string(k));
      }
    });
  }
  threads.emplace_back([&] {
    while (!is_over) {
      if (const auto e = events.next(50ms)) say("event " + std::string(to_string(e->what)));
      n.tell_state();
    }
  });
  char ignored = 0;
  while (read(STDIN_FILENO, &ignored, 1) > 0) {
  }
  is_over = true;
  threads.clear();
  for (int i = 0; i < 100 && !n.db.sync(); ++i) {
    std::this_thread::sleep_for(100ms);  // sleeps: the server comes back
  }
  // Other nodes may still write.
  for (int i = 0; i < 20; ++i) n.tell_state();
  say("bye");
  n.db.abandon();
  return 0;
}

}  // namespace

int main(int count, char** words) {
  if (count == 7) return run(words);
  std::fprintf(stderr, "see the comment in node.cpp\n");
  return 2;
}
