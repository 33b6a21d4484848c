// BENCH  rows: published values
// What does a read of a value cost that everybody reads and hardly anybody replaces?
#include "measure.hpp"
#include "rivals/otp.hpp"
#include "shelf/published.hpp"

#include <algorithm>
#include <atomic>
#include <memory>
#include <string>
#include <utility>

namespace bench {
namespace {

/// What a request looks at before it does anything.
struct limits {
  std::int64_t requests = 100;
  std::string name = "default";
};

}  // namespace

void measure_published(bench_run& b) {
  const auto reads = std::max<std::size_t>(b.options().entries, 1000) * 10;
  const shelf::published<limits> live(limits{});
  std::atomic<const limits*> plain = new limits;
  const std::atomic<std::shared_ptr<const limits>> counted = std::make_shared<const limits>();
  const auto each = [reads](auto f) {
    return timed(reads, [&] {
      for (std::size_t i = 0; i < reads; ++i) keep(f());
    });
  };
  const auto guarded = [&] { return each([&] { return live.read()->requests; }); };
  const auto loaded = [&] {
    return each([&] { return plain.load(std::memory_order_acquire)->requests; });
  };
  const auto shared = [&] { return each([&] { return counted.load()->requests; }); };
  const auto persistent = [&] {
    return otp("persistent_term_get", fresh_directory(b.options()), reads);
  };
  std::vector<rival> rivals{{{"plain load + 1 ns", [&] { return loaded() + 1; }}, 1},
                            {{"std::atomic<std::shared_ptr>", shared}, 0.25}};
  if (has_otp()) rivals.push_back({{"Erlang's persistent_term", persistent}, 0.5});
  b.compare("published value, read", "ns", guarded, std::move(rivals));
  b.compare("published value, read in a scope", "ns",
            [&] {
              const shelf::reader_scope scope;
              return each([&] { return live.read(scope).requests; });
            },
            {{{"plain load", loaded}, 0}});
  delete plain.load();
}

}  // namespace bench
