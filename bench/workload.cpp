// BENCH  what is measured: the data
// Made from a fixed seed, so that every run and every rival sees the same.
#include "workload.hpp"

#include <fmt/format.h>
#include <algorithm>
#include <atomic>
#include <filesystem>
#include <fstream>
#include <random>

namespace bench {

workload::workload(std::size_t entries) : value(100, 'x'), other_value(100, 'y') {
  to_write.reserve(entries);
  missing.reserve(entries);
  for (std::size_t i = 0; i < entries; ++i) {
    to_write.push_back(fmt::format("user:{:08d}", i));
    missing.push_back(fmt::format("none:{:08d}", i));
  }
  std::mt19937_64 random(20260101);
  std::ranges::shuffle(to_write, random);
  to_read = to_write;
  std::ranges::shuffle(to_read, random);
  std::ranges::shuffle(missing, random);
}

std::string fresh_directory(const settings& s) {
  static std::atomic<int> number{0};
  const auto path = fmt::format("{}/run{}", s.directory, ++number);
  std::filesystem::remove_all(path);
  std::filesystem::create_directories(path);
  return path;
}

std::size_t resident_bytes() {
  std::ifstream status("/proc/self/status");
  std::string line;
  while (std::getline(status, line)) {
    if (line.starts_with("RssAnon:")) return std::stoull(line.substr(8)) * 1024;
  }
  return 0;
}

std::size_t directory_bytes(const std::string& directory) {
  std::size_t total = 0;
  for (const auto& file : std::filesystem::recursive_directory_iterator(directory)) {
    if (file.is_regular_file()) total += file.file_size();
  }
  return total;
}

}  // namespace bench
