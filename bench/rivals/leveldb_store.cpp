// BENCH  rivals
// LevelDB with its defaults.
#include "rivals/disk_store.hpp"

#include <leveldb/db.h>
#include <stdexcept>

namespace bench {
namespace {

void must(const leveldb::Status& s) {
  if (!s.ok()) throw std::runtime_error("leveldb: " + s.ToString());
}

[[nodiscard]] leveldb::Slice slice(std::string_view text) { return {text.data(), text.size()}; }

class leveldb_store : public disk_store {
 public:
  leveldb_store(const std::string& directory, sync mode) {
    leveldb::Options options;
    options.create_if_missing = true;
    leveldb::DB* db = nullptr;
    must(leveldb::DB::Open(options, directory, &db));
    db_.reset(db);
    write_.sync = mode == sync::every_write;
  }
  void put(std::string_view key, std::string_view value) override {
    must(db_->Put(write_, slice(key), slice(value)));
  }
  std::string get(std::string_view key) override {
    std::string found;
    must(db_->Get({}, slice(key), &found));
    return found;
  }

 private:
  std::unique_ptr<leveldb::DB> db_;
  leveldb::WriteOptions write_;
};

}  // namespace

std::unique_ptr<disk_store> open_leveldb(const std::string& directory, disk_store::sync mode) {
  return std::make_unique<leveldb_store>(directory, mode);
}

}  // namespace bench
