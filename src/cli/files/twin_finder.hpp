// CLI  [cli] -> rows -> upkeep -> engine -> stores -> journal -> file
// Entries that a table would take for the same, found before it does.
#pragma once

#include "shelf/detail/bytes.hpp"
#include "shelf/kind.hpp"

#include <cstddef>
#include <cstdint>
#include <string>
#include <unordered_set>
#include <vector>

namespace shelf::cli {

/// Takes eight bytes per entry: entries are seen once, and, where hashes are equal, all of them a
/// second time. Thread safety: one thread.
class twin_finder {
 public:
  /// `expected`: how many entries there may be, as far as is known.
  twin_finder(kind what, std::uint64_t expected);

  void see(bytes key, bytes value);
  /// Whether there may be twins; then all entries have to be seen again.
  [[nodiscard]] bool suspects();
  /// Of an entry that is seen again: false, if it is the twin of one seen again before.
  [[nodiscard]] bool is_first(bytes key, bytes value);

 private:
  kind what_;
  std::vector<std::size_t> hashes_;
  std::unordered_set<std::string> seen_;
};

}  // namespace shelf::cli
