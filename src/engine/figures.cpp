// ENGINE  api -> [engine] -> stores -> journal -> file
// Counts and durations, put together for who asks.
#include "engine/figures.hpp"

#include <algorithm>
#include <bit>

namespace shelf::engine {

std::size_t durations::place_of(std::chrono::nanoseconds took) noexcept {
  const auto count = static_cast<std::uint64_t>(std::max<std::int64_t>(took.count(), 0));
  constexpr auto last = std::tuple_size_v<decltype(duration_histogram::counts)> - 1;
  return std::min(static_cast<std::size_t>(std::bit_width(count)), last);
}

write_figures writer_figures::read() const noexcept {
  write_figures all{.operations = operations_.load(std::memory_order_relaxed),
                    .groups = groups_.load(std::memory_order_relaxed)};
  turn.add_to(all.turn);
  append.add_to(all.append);
  sync.add_to(all.sync);
  return all;
}

reader_figures::cell& reader_figures::cell_of_this_thread() noexcept {
  static constinit std::atomic<std::size_t> next{0};
  static thread_local const std::size_t mine = next.fetch_add(1, std::memory_order_relaxed);
  return cells_[mine % cells_.size()];
}

read_figures reader_figures::read() const noexcept {
  read_figures all;
  for (const auto& c : cells_) {
    const auto misses = c.misses.load(std::memory_order_relaxed);
    const auto lookups = c.lookups.load(std::memory_order_relaxed);
    all.misses += misses;
    all.hits += lookups > misses ? lookups - misses : 0;
  }
  lookup.add_to(all.lookup);
  return all;
}

}  // namespace shelf::engine
