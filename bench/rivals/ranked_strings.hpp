// BENCH  rivals
// Boost.MultiIndex with a ranked index: an ordered container in memory that knows the rank of a
// key.
#pragma once

#include <cstddef>
#include <memory>
#include <string>

namespace bench {

class ranked_strings {
 public:
  ranked_strings();
  ~ranked_strings();
  ranked_strings(const ranked_strings&) = delete;
  ranked_strings& operator=(const ranked_strings&) = delete;

  void put(const std::string& key, const std::string& value);
  /// How many keys are before this one.
  [[nodiscard]] std::size_t rank(const std::string& key) const;
  /// A copy of the entry with that many before it: the length of its key and value.
  [[nodiscard]] std::size_t nth(std::size_t index) const;

 private:
  struct rows;
  std::unique_ptr<rows> rows_;
};

}  // namespace bench
