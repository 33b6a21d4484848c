// BENCH  rivals
// SQLite behind the few calls the rows need.
#pragma once

#include <memory>
#include <string>
#include <string_view>

namespace bench {

class sqlite_store {
 public:
  enum class sync { none, every_write };
  sqlite_store(const std::string& directory, sync mode);
  ~sqlite_store();
  sqlite_store(const sqlite_store&) = delete;
  sqlite_store& operator=(const sqlite_store&) = delete;

  void put(std::string_view key, std::string_view value);
  [[nodiscard]] std::string get(std::string_view key);

 private:
  struct handles;
  std::unique_ptr<handles> handles_;
};

}  // namespace bench
