// BENCH  rivals
// LMDB behind the few calls the rows need.
#pragma once

#include <memory>
#include <string>
#include <string_view>

namespace bench {

class lmdb_store {
 public:
  enum class sync { none, every_write };
  lmdb_store(const std::string& directory, sync mode);
  ~lmdb_store();
  lmdb_store(const lmdb_store&) = delete;
  lmdb_store& operator=(const lmdb_store&) = delete;

  /// One write transaction a call.
  void put(std::string_view key, std::string_view value);
  [[nodiscard]] std::string get(std::string_view key);

 private:
  struct handles;
  std::unique_ptr<handles> handles_;
};

}  // namespace bench
