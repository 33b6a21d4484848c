// DEMO  the child process
// One thread writes and acknowledges; two others look up what it has acknowledged, concurrently.
#include "writer.hpp"

#include "child.hpp"
#include "database.hpp"

#include <sys/resource.h>

#include <atomic>
#include <chrono>
#include <random>
#include <thread>

namespace demo {
namespace {

struct progress {
  std::atomic<std::size_t> records{0};
  std::atomic<std::uint64_t> lookups{0};
  std::atomic<std::uint32_t> mistakes{0};
};

/// Looks up random characters that were acknowledged: each must be whole and right. Pauses from
/// time to time to leave the writer a processor on small machines.
void read_along(const std::stop_token& stop, const character_map& characters,
                std::span<const record> data, progress& p, unsigned seed) {
  std::minstd_rand random(seed);
  for (std::uint64_t i = 0; !stop.stop_requested(); ++i) {
    if (i % 500 == 0) std::this_thread::sleep_for(std::chrono::microseconds(500));
    const auto there = p.records.load(std::memory_order_acquire);
    if (there == 0) continue;
    const auto& [code, c] = data[random() % there];
    const auto found = characters.lookup(code);
    if (!found || *found != c) p.mistakes.fetch_add(1);
    p.lookups.fetch_add(1, std::memory_order_relaxed);
  }
}

acknowledgement acknowledgement_of(const progress& p) {
  return {.written = static_cast<std::uint32_t>(p.records.load()),
          .mistakes = p.mistakes.load(),
          .reads = p.lookups.load()};
}

}  // namespace

int run_writer(const orders& o) {
  // The parent aims its kill at what it sees of our file, so it must see it even on a busy machine.
  ::setpriority(PRIO_PROCESS, 0, 19);
  const auto data = read_unicode_data(o.data).records;
  auto tables = database::open(o.directory);
  progress p;
  p.records = o.done;
  {
    std::vector<std::jthread> readers;
    for (unsigned i = 0; i < reader_threads; ++i) {
      readers.emplace_back([&, i](const std::stop_token& stop) {
        read_along(stop, tables.characters, data, p, i + 1);
      });
    }
    for (const auto& s : steps_over(data.size())) {
      if (s.from < o.done) continue;
      tables.write(std::span(data).subspan(s.from, s.count()));
      p.records.store(s.to, std::memory_order_release);
      acknowledge(o.pipe, acknowledgement_of(p));
    }
  }
  tables.close();
  return 0;
}

}  // namespace demo
