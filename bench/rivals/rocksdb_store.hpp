// BENCH  rivals
// RocksDB behind the few calls the rows need.
#pragma once

#include <memory>
#include <string>
#include <string_view>

namespace bench {

class rocksdb_store {
 public:
  enum class sync { none, every_write };
  rocksdb_store(const std::string& directory, sync mode);
  ~rocksdb_store();
  rocksdb_store(const rocksdb_store&) = delete;
  rocksdb_store& operator=(const rocksdb_store&) = delete;

  void put(std::string_view key, std::string_view value);
  [[nodiscard]] std::string get(std::string_view key);

 private:
  struct handles;
  std::unique_ptr<handles> handles_;
};

}  // namespace bench
