// BENCH  rivals
// tkrzw's TinyDBM, a hash table in memory that can be saved, behind the few calls the rows need.
#pragma once

#include <memory>
#include <string>
#include <string_view>

namespace bench {

class tkrzw_store {
 public:
  /// Loads what stands at `path`; empty: in memory alone.
  explicit tkrzw_store(const std::string& path);
  ~tkrzw_store();
  tkrzw_store(const tkrzw_store&) = delete;
  tkrzw_store& operator=(const tkrzw_store&) = delete;

  void put(std::string_view key, std::string_view value);
  [[nodiscard]] std::string get(std::string_view key);
  /// Writes the whole table to its file and syncs it.
  void save();

 private:
  struct handles;
  std::unique_ptr<handles> handles_;
};

}  // namespace bench
