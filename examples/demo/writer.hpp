// DEMO  the child process
// It writes, it acknowledges through a pipe, and it does not know when it will be killed.
#pragma once

#include <cstdint>
#include <filesystem>

namespace demo {

/// What the child tells after each step, once all three tables have returned from it.
struct acknowledgement {
  std::uint32_t records;   // written so far, from the first of the data
  std::uint32_t mistakes;  // lookups beside the writer that were not what had been written: none
  std::uint64_t lookups;   // so far, by all reader threads
};

struct orders {
  std::filesystem::path data;       // UnicodeData.txt
  std::filesystem::path directory;  // of the tables
  std::size_t done = 0;             // records that are there already
  int pipe = -1;                    // where acknowledgements go
};

inline constexpr int reader_threads = 2;

/// Writes the rest of the records, two threads reading beside it all the while. Returns the exit
/// code.
[[nodiscard]] int run_writer(const orders& o);

}  // namespace demo
