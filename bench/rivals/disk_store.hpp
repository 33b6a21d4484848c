// BENCH  rivals
// Stores on disk behind the few calls the rows need.
#pragma once

#include <memory>
#include <string>
#include <string_view>

namespace bench {

class disk_store {
 public:
  enum class sync { none, every_write };
  disk_store() = default;
  virtual ~disk_store() = default;
  disk_store(const disk_store&) = delete;
  disk_store& operator=(const disk_store&) = delete;

  /// Stores one entry, a transaction of its own.
  virtual void put(std::string_view key, std::string_view value) = 0;
  /// The value of a key that is there.
  [[nodiscard]] virtual std::string get(std::string_view key) = 0;
};

/// Opens a new store in an empty directory.
using open_disk_store = std::unique_ptr<disk_store>(const std::string& directory,
                                                    disk_store::sync mode);
open_disk_store open_leveldb;
open_disk_store open_lmdb;
open_disk_store open_rocksdb;
open_disk_store open_sqlite;

}  // namespace bench
