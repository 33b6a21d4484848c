// EXAMPLE  a work queue
// Four threads take jobs from one table and put results into another. A job and its result change
// hands in one transaction, so each job is done exactly once, even if the program is killed.
#include <shelf/database.hpp>

#include <atomic>
#include <csignal>
#include <iostream>
#include <string>
#include <thread>
#include <vector>

using jobs_table = shelf::ordered_map<int, int>;
using results_table = shelf::map<int, std::int64_t>;

int main(int count, char** words) try {
  auto db = shelf::or_throw(shelf::database::open("work.shelf"));
  auto waiting = shelf::or_throw(db.table<jobs_table>("waiting"));
  auto done = shelf::or_throw(db.table<results_table>("done"));
  const std::string verb = count > 1 ? words[1] : "";

  if (verb == "add" && count == 3) {
    for (int i = 1; i <= std::stoi(words[2]); ++i) shelf::or_throw(waiting.insert(i, i));
    std::cout << waiting.size() << " jobs wait\n";
  } else if (verb == "work") {
    std::atomic<int> left_to_live = count == 3 ? std::stoi(words[2]) : -1;
    const auto work = [&] {
      const auto one = [&](shelf::transaction& tx) -> shelf::result<> {
        const auto job = tx(waiting).first();
        if (!job) return std::unexpected(job.error());
        if (auto r = tx(waiting).erase(job->first); !r) return r;
        return tx(done).insert_new(job->first, std::int64_t{job->second} * job->second);
      };
      for (;;) {
        const auto worked = db.transact(one);
        if (!worked && worked.error() == shelf::errc::not_found) return;  // no more jobs
        shelf::or_throw(worked);
        if (--left_to_live == 0) std::raise(SIGKILL);
      }
    };
    {
      std::vector<std::jthread> threads;
      for (int i = 0; i < 4; ++i) threads.emplace_back(work);
    }
    const auto sum = done.fold(std::int64_t{0}, [](auto s, int, auto r) { return s + r; });
    std::cout << done.size() << " jobs are done, each once: the sum of their squares is " << sum
              << '\n';
  }
} catch (const std::exception& e) {
  std::cerr << e.what() << '\n';
  return 1;
}
