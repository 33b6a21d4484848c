// BENCH  rivals
// RocksDB with its defaults, its write-ahead log on.
#include "rivals/disk_store.hpp"

#include <rocksdb/db.h>
#include <stdexcept>

namespace bench {
namespace {

void must(const rocksdb::Status& s) {
  if (!s.ok()) throw std::runtime_error("rocksdb: " + s.ToString());
}

[[nodiscard]] rocksdb::Slice slice(std::string_view text) { return {text.data(), text.size()}; }

class rocksdb_store : public disk_store {
 public:
  rocksdb_store(const std::string& directory, sync mode) {
    rocksdb::Options options;
    options.create_if_missing = true;
    rocksdb::DB* db = nullptr;
    must(rocksdb::DB::Open(options, directory, &db));
    db_.reset(db);
    write_.sync = mode == sync::every_write;
  }
  void put(std::string_view key, std::string_view value) override {
    must(db_->Put(write_, slice(key), slice(value)));
  }
  std::string get(std::string_view key) override {
    std::string found;
    must(db_->Get(rocksdb::ReadOptions(), slice(key), &found));
    return found;
  }

 private:
  std::unique_ptr<rocksdb::DB> db_;
  rocksdb::WriteOptions write_;
};

}  // namespace

std::unique_ptr<disk_store> open_rocksdb(const std::string& directory, disk_store::sync mode) {
  return std::make_unique<rocksdb_store>(directory, mode);
}

}  // namespace bench
