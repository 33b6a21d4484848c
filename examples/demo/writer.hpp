// DEMO  the child process
// Writes and acknowledges through a pipe until it is killed.
#pragma once

#include <cstddef>
#include <filesystem>

namespace demo {

struct orders {
  std::filesystem::path data;       // UnicodeData.txt
  std::filesystem::path directory;  // of the tables
  std::size_t done = 0;             // records that were written before
  int pipe = -1;                    // where acknowledgements go
};

inline constexpr int reader_threads = 2;

/// Writes the remaining records while two threads read. Returns the exit code.
[[nodiscard]] int run_writer(const orders& o);

}  // namespace demo
