// EXAMPLE  cache
// A cache in front of a slow source: each value is fetched once, and again when it has expired. It
// holds so many values and no more, and keeps those that are asked for again.
#include <shelf/shelf.hpp>

#include <atomic>
#include <chrono>
#include <iostream>
#include <thread>

using cache_table = shelf::map<std::string, std::string>;

// Stands for a service that takes long to answer.
struct slow_source {
  std::atomic<int> version = 1;
  std::atomic<int> fetches = 0;

  std::string fetch(const std::string& name) {
    ++fetches;
    std::this_thread::sleep_for(std::chrono::milliseconds(20));
    return name + ", version " + std::to_string(version);
  }
};

// Eight threads ask for the same page at the same time. The first fetches it, the others wait.
void ask(cache_table& cache, slow_source& source) {
  std::vector<std::jthread> threads;
  for (int i = 0; i < 8; ++i) {
    threads.emplace_back([&] {
      const auto page = cache.get_or_compute("page", [&] { return source.fetch("page"); });
      if (!page) std::cerr << page.error() << '\n';
    });
  }
}

void show(const cache_table& cache, const slow_source& source) {
  std::cout << shelf::or_throw(cache.lookup("page")) << ", fetches: " << source.fetches << '\n';
}

// Somebody walks through the whole site: pages that nobody asks for again.
void crawl(cache_table& cache) {
  for (int i = 0; i < 1000; ++i) {
    const auto name = "page " + std::to_string(i);
    shelf::or_throw(cache.get_or_compute(name, [&] { return name + ", version 1"; }));
  }
}

int main() try {
  // At most a hundred pages. One is good for a minute, by a clock that this example advances; the
  // default is the system's. Opened with a file, the cache would survive a restart.
  shelf::manual_clock clock(shelf::expiry::time(std::chrono::years(56)));
  auto cache = shelf::or_throw(cache_table::in_memory(
      "pages", {.ttl = std::chrono::minutes(1), .clock = &clock, .bounds = {.max_entries = 100}}));
  slow_source source;
  ask(cache, source);
  show(cache, source);

  // First the source, then the cache: a page that is being fetched meanwhile will not be kept.
  ++source.version;
  shelf::or_throw(cache.erase("page"));
  ask(cache, source);
  show(cache, source);

  // Nobody tells the cache: it fetches the page again when its time is over.
  ++source.version;
  ask(cache, source);
  show(cache, source);
  clock.advance(std::chrono::minutes(1));
  ask(cache, source);
  show(cache, source);

  crawl(cache);
  ask(cache, source);
  show(cache, source);
  std::cout << cache.size() << " pages, evicted: " << cache.stats()->evicted << '\n';
  return source.fetches == 3 ? 0 : 1;
} catch (const std::exception& e) {
  std::cerr << e.what() << '\n';
  return 1;
}
