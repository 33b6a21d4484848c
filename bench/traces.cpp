// BENCH  what is measured: traces of a cache
// Made from fixed seeds, with no distribution of the standard library: those differ between
// implementations.
#include "traces.hpp"

#include <algorithm>
#include <cmath>
#include <random>

namespace bench {
namespace {

/// Ranks below `ranks`, the smallest the most likely.
class zipf {
 public:
  zipf(std::size_t ranks, double exponent) {
    double sum = 0;
    for (std::size_t i = 1; i <= ranks; ++i) {
      sum += std::pow(static_cast<double>(i), -exponent);
      up_to_.push_back(sum);
    }
  }
  [[nodiscard]] std::size_t operator()(std::mt19937_64& random) const {
    const double one_at_most = static_cast<double>(random() >> 11) * 0x1p-53;
    const auto found = std::ranges::lower_bound(up_to_, one_at_most * up_to_.back());
    return static_cast<std::size_t>(found - up_to_.begin());
  }

 private:
  std::vector<double> up_to_;
};

/// The key of each rank.
[[nodiscard]] trace shuffled_keys(std::size_t keys, std::mt19937_64& random) {
  trace all(keys);
  for (std::size_t i = 0; i < keys; ++i) all[i] = i;
  for (std::size_t i = keys; i > 1; --i) std::swap(all[i - 1], all[random() % i]);
  return all;
}

/// A key for each moment, of ranks drawn by Zipf.
template <class F>
[[nodiscard]] trace drawn(std::size_t keys, double exponent, std::size_t length, F key_of) {
  std::mt19937_64 random(20260103);
  const auto key_of_rank = shuffled_keys(keys, random);
  const zipf draw(keys, exponent);
  trace t;
  t.reserve(length);
  for (std::size_t i = 0; i < length; ++i) t.push_back(key_of(key_of_rank, draw(random), i));
  return t;
}

}  // namespace

trace zipf_trace(std::size_t keys, double exponent, std::size_t length) {
  return drawn(keys, exponent, length,
               [](const trace& key, std::size_t rank, std::size_t) { return key[rank]; });
}

trace drifting_trace(std::size_t keys, double exponent, std::size_t length) {
  constexpr std::size_t requests_per_step = 100;
  return drawn(keys, exponent, length, [](const trace& key, std::size_t rank, std::size_t i) {
    return key[(rank + i / requests_per_step) % key.size()];
  });
}

trace scanning_trace(std::size_t keys, double exponent, std::size_t length) {
  return drawn(keys, exponent, length, [](const trace& key, std::size_t rank, std::size_t i) {
    return i % 2 == 0 ? key[rank] : i / 2 % (key.size() / 5);
  });
}

}  // namespace bench
