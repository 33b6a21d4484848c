// EXAMPLE  a job queue of several processes
// Three processes take jobs from one table and put results into another. A job and its result
// change hands in one transaction, so each job is done once, whatever process is killed when.
#include <shelf/cluster.hpp>

#include <sys/wait.h>
#include <unistd.h>
#include <iostream>
#include <string>

using jobs_table = shelf::ordered_map<int, int>;
struct finished {
  int worker = 0;
  std::int64_t result = 0;
};
using results_table = shelf::map<int, finished>;

shelf::database open(const std::string& connection, const std::string& name) {
  return shelf::or_throw(shelf::cluster::open({.connection = connection,
                                               .schema = "shared_jobs",
                                               .node = name,
                                               .promise = shelf::cluster::promise::none},
                                              shelf::declare<jobs_table>("waiting"),
                                              shelf::declare<results_table>("done")));
}

void work(const std::string& connection, int worker, int most) {
  auto db = open(connection, "worker " + std::to_string(worker));
  auto waiting = shelf::or_throw(db.table<jobs_table>("waiting"));
  auto done = shelf::or_throw(db.table<results_table>("done"));
  for (int i = 0; i < most; ++i) {
    const auto worked = db.transact(
        [&](shelf::transaction& tx) -> shelf::result<> {
          const auto job = tx(waiting).first();
          if (!job) return std::unexpected(job.error());
          if (auto erased = tx(waiting).erase(job->first); !erased) return erased;
          return tx(done).insert_new(job->first, {worker, std::int64_t{job->second} * job->second});
        },
        {.attempts = 1000});
    if (!worked && worked.error() == shelf::errc::not_found) return;  // no more jobs
    shelf::or_throw(worked);
  }
  _exit(1);  // as if it had been killed, with no word to anyone
}

int main(int count, char** words) try {
  if (count != 2) throw std::runtime_error("usage: shared_jobs CONNECTION");
  const std::string connection = words[1];
  // An administrator does this once.
  shelf::or_throw(shelf::cluster::initialize({.connection = connection, .schema = "shared_jobs"}));
  {
    auto db = open(connection, "producer");
    auto waiting = shelf::or_throw(db.table<jobs_table>("waiting"));
    shelf::or_throw(db.transact([&](shelf::transaction& tx) -> shelf::result<> {
      for (int i = 1; i <= 60; ++i) {
        if (auto added = tx(waiting).insert(i, i); !added) {
          return std::unexpected(added.error());
        }
      }
      return {};
    }));
  }
  // No thread is running here, so the process can be forked.
  for (int worker = 1; worker <= 3; ++worker) {
    if (fork() != 0) continue;
    work(connection, worker, worker == 1 ? 5 : 1000);
    _exit(0);
  }
  int killed = 0;
  for (int status = 0; wait(&status) > 0;) killed += WEXITSTATUS(status) != 0 ? 1 : 0;
  auto db = open(connection, "reader");
  auto done = shelf::or_throw(db.table<results_table>("done"));
  const auto sum =
      done.fold(std::int64_t{0}, [](auto s, int, const finished& f) { return s + f.result; });
  std::cout << killed << " of 3 workers is gone\n"
            << done.size() << " jobs are done, each once: the sum of their squares is " << sum
            << '\n';
} catch (const std::exception& e) {
  std::cerr << e.what() << '\n';
  return 1;
}
