// BENCH  what is measured: the data
// Keys `user:%08d`, values of 100 bytes, in one random order to write and in another to read.
#pragma once

#include <cstddef>
#include <string>
#include <vector>

namespace bench {

struct workload {
  explicit workload(std::size_t entries);
  std::vector<std::string> to_write;  ///< every key once, shuffled
  std::vector<std::string> to_read;   ///< the same, shuffled again
  std::vector<std::string> missing;   ///< keys that are not there
  std::string value;
  std::string other_value;
};

/// What a run needs of the command line.
struct settings {
  std::size_t entries = 1'000'000;
  std::size_t durable = 3'000;  ///< synced inserts a run
  int pairs = 5;                ///< runs of each side, A B A B ...
  std::string directory;        ///< where files go; removed afterwards
  std::string report;           ///< a Markdown file to write; empty: none
  std::string parts;            ///< run these parts, separated by commas; empty: all
  std::string only;             ///< run rows whose name contains this
};

/// An empty directory below settings.directory for one run.
[[nodiscard]] std::string fresh_directory(const settings& s);

/// Anonymous resident memory of this process, bytes.
[[nodiscard]] std::size_t resident_bytes();
/// Bytes of all files in a directory.
[[nodiscard]] std::size_t directory_bytes(const std::string& directory);

}  // namespace bench
