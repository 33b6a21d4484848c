// BENCH  rivals
// tkrzw's CacheDBM, a cache in memory of so many records that evicts by LRU.
#pragma once

#include <cstddef>
#include <memory>
#include <string>
#include <string_view>

namespace bench {

class tkrzw_cache {
 public:
  explicit tkrzw_cache(std::size_t capacity);
  ~tkrzw_cache();
  tkrzw_cache(const tkrzw_cache&) = delete;
  tkrzw_cache& operator=(const tkrzw_cache&) = delete;

  void put(std::string_view key, std::string_view value);
  /// Whether it is there; then `into` is its value.
  [[nodiscard]] bool get(std::string_view key, std::string& into);

 private:
  struct handle;
  std::unique_ptr<handle> handle_;
};

}  // namespace bench
