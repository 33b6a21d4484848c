// BENCH  rivals
// LMDB as its manual recommends for single operations; a read transaction is renewed, not made
// anew.
#include "rivals/lmdb_store.hpp"

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

}  // namespace

struct lmdb_store::handles {
  MDB_env* env = nullptr;
  MDB_dbi dbi = 0;
  MDB_txn* reader = nullptr;
};

lmdb_store::lmdb_store(const std::string& directory, sync mode)
    : handles_(std::make_unique<handles>()) {
  auto& h = *handles_;
  must(mdb_env_create(&h.env));
  must(mdb_env_set_mapsize(h.env, std::size_t{4} << 30));
  const unsigned flags = mode == sync::none ? MDB_NOSYNC : 0u;
  must(mdb_env_open(h.env, directory.c_str(), flags, 0600));
  MDB_txn* txn = nullptr;
  must(mdb_txn_begin(h.env, nullptr, 0, &txn));
  must(mdb_dbi_open(txn, nullptr, MDB_CREATE, &h.dbi));
  must(mdb_txn_commit(txn));
}

lmdb_store::~lmdb_store() {
  if (handles_->reader != nullptr) mdb_txn_abort(handles_->reader);
  mdb_env_close(handles_->env);
}

void lmdb_store::put(std::string_view key, std::string_view value) {
  MDB_txn* txn = nullptr;
  must(mdb_txn_begin(handles_->env, nullptr, 0, &txn));
  auto k = value_of(key);
  auto v = value_of(value);
  must(mdb_put(txn, handles_->dbi, &k, &v, 0));
  must(mdb_txn_commit(txn));
}

std::string lmdb_store::get(std::string_view key) {
  auto& h = *handles_;
  if (h.reader == nullptr)
    must(mdb_txn_begin(h.env, nullptr, MDB_RDONLY, &h.reader));
  else
    must(mdb_txn_renew(h.reader));
  auto k = value_of(key);
  MDB_val v;
  must(mdb_get(h.reader, h.dbi, &k, &v));
  std::string found(static_cast<const char*>(v.mv_data), v.mv_size);
  mdb_txn_reset(h.reader);
  return found;
}

}  // namespace bench
