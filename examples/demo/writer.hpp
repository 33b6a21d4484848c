// DEMO  the child process
// Writes and acknowledges through a pipe until it is killed.
#pragma once

#include <cstdint>
#include <filesystem>

namespace demo {

/// What the child reports after each step, once all three inserts have returned.
struct acknowledgement {
  std::uint32_t records;   // written so far, from the first of the data
  std::uint32_t mistakes;  // lookups that did not return what was written; must be 0
  std::uint64_t lookups;   // so far, by all reader threads
};

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
