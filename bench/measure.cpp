// BENCH  how it is measured: interleaved pairs
// The loop that keeps both sides in the same weather.
#include "measure.hpp"

#include <fmt/format.h>
#include <algorithm>
#include <cstdio>

namespace bench {

double median(std::vector<double> values) {
  if (values.empty()) return 0;
  std::ranges::sort(values);
  const auto middle = values.size() / 2;
  return values.size() % 2 == 1 ? values[middle] : (values[middle - 1] + values[middle]) / 2;
}

bool bench_run::wants(const std::string& name) const {
  return settings_.only.empty() || name.find(settings_.only) != std::string::npos;
}

void bench_run::compare(const std::string& name, const std::string& unit, run shelf,
                        std::vector<rival> rivals, int most_pairs) {
  if (!wants(name)) return;
  row r{.name = name, .unit = unit, .values = {}, .against = {}};
  for (const auto& other : rivals) {
    const auto* const missing = other.what.once ? "" : ", not installed";
    r.against.push_back({other.what.name + missing, {}, {}, other.target});
  }
  for (int pair = -1; pair < std::min(settings_.pairs, most_pairs); ++pair) {
    const bool warm_up = pair < 0 && settings_.pairs > 1;
    if (pair < 0 && !warm_up) continue;
    const auto ours = shelf();
    if (!warm_up) r.values.push_back(ours);
    for (std::size_t i = 0; i < rivals.size(); ++i) {
      if (!rivals[i].what.once) continue;
      const auto theirs = rivals[i].what.once();
      if (warm_up) continue;
      r.against[i].rival_values.push_back(theirs);
      r.against[i].ratios.push_back(theirs > 0 ? ours / theirs : 0);
    }
  }
  fmt::print("{:<44} shelf {:>10.1f} {}\n", name, median(r.values), unit);
  for (const auto& c : r.against) {
    fmt::print("{:<44} {:>16} {:>10.1f}   ratio {:.3f}{}\n", "", c.rival, median(c.rival_values),
               median(c.ratios), c.target > 0 ? fmt::format(" (target {:.3f})", c.target) : "");
  }
  std::fflush(stdout);
  rows_.push_back(std::move(r));
}

}  // namespace bench
