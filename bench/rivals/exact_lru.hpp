// BENCH  rivals
// A cache of exactly so many keys that evicts the one least recently used.
#pragma once

#include <cstddef>
#include <cstdint>
#include <list>
#include <unordered_map>

namespace bench {

class exact_lru {
 public:
  explicit exact_lru(std::size_t capacity) : capacity_(capacity) {}

  /// Whether the key is there. It is from then on.
  [[nodiscard]] bool ask(std::uint64_t key);

 private:
  std::size_t capacity_;
  std::list<std::uint64_t> by_use_;  ///< the most recent one first
  std::unordered_map<std::uint64_t, std::list<std::uint64_t>::iterator> places_;
};

}  // namespace bench
