// BENCH  rivals
// LevelDB behind the few calls the rows need.
#pragma once

#include <memory>
#include <string>
#include <string_view>

namespace bench {

class leveldb_store {
 public:
  enum class sync { none, every_write };
  leveldb_store(const std::string& directory, sync mode);
  ~leveldb_store();
  leveldb_store(const leveldb_store&) = delete;
  leveldb_store& operator=(const leveldb_store&) = delete;

  void put(std::string_view key, std::string_view value);
  [[nodiscard]] std::string get(std::string_view key);

 private:
  struct handles;
  std::unique_ptr<handles> handles_;
};

}  // namespace bench
