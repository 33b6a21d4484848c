// BENCH  rivals
// LMDB as its manual recommends for single operations; a read transaction is renewed, not made
// anew.
#include "rivals/disk_store.hpp"

#include <lmdb.h>
#include <stdexcept>

namespace bench {
namespace {

void must(int code) {
  if (code != MDB_SUCCESS) throw std::runtime_error(std::string("lmdb: ") + mdb_strerror(code));
}

[[nodiscard]] MDB_val value_of(std::string_view text) {
  return {text.size(), const_cast<char*>(text.data())};
}

class lmdb_store : public disk_store {
 public:
  lmdb_store(const std::string& directory, sync mode) {
    must(mdb_env_create(&env_));
    must(mdb_env_set_mapsize(env_, std::size_t{4} << 30));
    const unsigned flags = mode == sync::none ? MDB_NOSYNC : 0u;
    must(mdb_env_open(env_, directory.c_str(), flags, 0600));
    MDB_txn* txn = nullptr;
    must(mdb_txn_begin(env_, nullptr, 0, &txn));
    must(mdb_dbi_open(txn, nullptr, MDB_CREATE, &dbi_));
    must(mdb_txn_commit(txn));
  }
  ~lmdb_store() override {
    if (reader_ != nullptr) mdb_txn_abort(reader_);
    mdb_env_close(env_);
  }
  void put(std::string_view key, std::string_view value) override {
    MDB_txn* txn = nullptr;
    must(mdb_txn_begin(env_, nullptr, 0, &txn));
    auto k = value_of(key);
    auto v = value_of(value);
    must(mdb_put(txn, dbi_, &k, &v, 0));
    must(mdb_txn_commit(txn));
  }
  std::string get(std::string_view key) override {
    if (reader_ == nullptr)
      must(mdb_txn_begin(env_, nullptr, MDB_RDONLY, &reader_));
    else
      must(mdb_txn_renew(reader_));
    auto k = value_of(key);
    MDB_val v;
    must(mdb_get(reader_, dbi_, &k, &v));
    std::string found(static_cast<const char*>(v.mv_data), v.mv_size);
    mdb_txn_reset(reader_);
    return found;
  }

 private:
  MDB_env* env_ = nullptr;
  MDB_dbi dbi_ = 0;
  MDB_txn* reader_ = nullptr;
};

}  // namespace

std::unique_ptr<disk_store> open_lmdb(const std::string& directory, disk_store::sync mode) {
  return std::make_unique<lmdb_store>(directory, mode);
}

}  // namespace bench
