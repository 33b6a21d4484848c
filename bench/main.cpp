// BENCH  the program
// Runs the rows of the table in docs/benchmarks.md against rivals in one process.
#include "measure.hpp"

#include <fmt/format.h>
#include <unistd.h>
#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <stdexcept>
#include <string_view>
#include <vector>

namespace {

constexpr std::string_view usage =
    "usage: shelf_bench [--entries N] [--pairs N] [--durable N] [--parts NAME,...] [--only TEXT] "
    "[--directory DIR] [--report FILE]\n";

struct part {
  std::string_view name;
  void (*measure)(bench::bench_run&);
};
constexpr part parts[] = {
    {"memory", bench::measure_memory},
    {"concurrent", bench::measure_concurrent},
    {"disk", bench::measure_disk},
    {"dets", bench::measure_dets},
    {"transactions", bench::measure_transactions},
    {"indexes", bench::measure_indexes},
    {"queries", bench::measure_queries},
    {"caching", bench::measure_caching},
    {"changes", bench::measure_changes},
    {"published", bench::measure_published},
    {"cluster", bench::measure_cluster},
};

/// The parts that a list of their names wants, or all of them if it is empty.
[[nodiscard]] std::vector<part> chosen_parts(std::string_view names) {
  std::vector<part> chosen;
  if (names.empty()) chosen.assign(std::begin(parts), std::end(parts));
  while (!names.empty()) {
    const auto name = names.substr(0, names.find(','));
    const auto found = std::ranges::find(parts, name, &part::name);
    if (found == std::end(parts)) throw std::invalid_argument(fmt::format("no part {}", name));
    chosen.push_back(*found);
    names.remove_prefix(std::min(names.size(), name.size() + 1));
  }
  return chosen;
}

[[nodiscard]] bench::settings parse(int count, char** arguments) {
  bench::settings s;
  for (int i = 1; i < count; i += 2) {
    const std::string_view name = arguments[i];
    if (i + 1 == count) throw std::invalid_argument(fmt::format("{} needs a value", name));
    const std::string value = arguments[i + 1];
    if (name == "--entries")
      s.entries = std::stoull(value);
    else if (name == "--pairs")
      s.pairs = std::stoi(value);
    else if (name == "--durable")
      s.durable = std::stoull(value);
    else if (name == "--parts")
      s.parts = value;
    else if (name == "--only")
      s.only = value;
    else if (name == "--directory")
      s.directory = value;
    else if (name == "--report")
      s.report = value;
    else
      throw std::invalid_argument(fmt::format("unknown option {}", name));
  }
  if (s.entries < 200 || s.pairs < 1) throw std::invalid_argument("too few entries or pairs");
  if (s.directory.empty()) {
    s.directory = fmt::format("{}/shelf_bench_{}", std::filesystem::temp_directory_path().string(),
                              ::getpid());
  }
  return s;
}

}  // namespace

int main(int count, char** arguments) try {
  const auto s = parse(count, arguments);
  const auto chosen = chosen_parts(s.parts);
  std::filesystem::create_directories(s.directory);
  bench::bench_run b(s);
  // The page after each part, so that a run that is broken off is not lost.
  for (const auto& each : chosen) {
    each.measure(b);
    if (!s.report.empty()) std::ofstream(s.report) << bench::report(b);
  }
  std::filesystem::remove_all(s.directory);
  return EXIT_SUCCESS;
} catch (const std::exception& e) {
  fmt::print(stderr, "shelf_bench: {}\n{}", e.what(), usage);
  return EXIT_FAILURE;
}
