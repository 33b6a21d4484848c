// BENCH  rivals
// RocksDB with its defaults, its write-ahead log on.
#include "rivals/rocksdb_store.hpp"

#include <rocksdb/db.h>
#include <stdexcept>

namespace bench {
namespace {

void must(const rocksdb::Status& s) {
  if (!s.ok()) throw std::runtime_error("rocksdb: " + s.ToString());
}

[[nodiscard]] rocksdb::Slice slice(std::string_view text) { return {text.data(), text.size()}; }

}  // namespace

struct rocksdb_store::handles {
  std::unique_ptr<rocksdb::DB> db;
  rocksdb::WriteOptions write;
};

rocksdb_store::rocksdb_store(const std::string& directory, sync mode)
    : handles_(std::make_unique<handles>()) {
  rocksdb::Options options;
  options.create_if_missing = true;
  rocksdb::DB* db = nullptr;
  must(rocksdb::DB::Open(options, directory, &db));
  handles_->db.reset(db);
  handles_->write.sync = mode == sync::every_write;
}

rocksdb_store::~rocksdb_store() = default;

void rocksdb_store::put(std::string_view key, std::string_view value) {
  must(handles_->db->Put(handles_->write, slice(key), slice(value)));
}

std::string rocksdb_store::get(std::string_view key) {
  std::string found;
  must(handles_->db->Get(rocksdb::ReadOptions(), slice(key), &found));
  return found;
}

}  // namespace bench
