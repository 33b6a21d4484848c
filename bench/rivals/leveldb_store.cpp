// BENCH  rivals
// LevelDB with its defaults.
#include "rivals/leveldb_store.hpp"

#include <leveldb/db.h>
#include <stdexcept>

namespace bench {
namespace {

void must(const leveldb::Status& s) {
  if (!s.ok()) throw std::runtime_error("leveldb: " + s.ToString());
}

[[nodiscard]] leveldb::Slice slice(std::string_view text) { return {text.data(), text.size()}; }

}  // namespace

struct leveldb_store::handles {
  std::unique_ptr<leveldb::DB> db;
  leveldb::WriteOptions write;
};

leveldb_store::leveldb_store(const std::string& directory, sync mode)
    : handles_(std::make_unique<handles>()) {
  leveldb::Options options;
  options.create_if_missing = true;
  leveldb::DB* db = nullptr;
  must(leveldb::DB::Open(options, directory, &db));
  handles_->db.reset(db);
  handles_->write.sync = mode == sync::every_write;
}

leveldb_store::~leveldb_store() = default;

void leveldb_store::put(std::string_view key, std::string_view value) {
  must(handles_->db->Put(handles_->write, slice(key), slice(value)));
}

std::string leveldb_store::get(std::string_view key) {
  std::string found;
  must(handles_->db->Get({}, slice(key), &found));
  return found;
}

}  // namespace bench
