// BENCH  rivals
// LMDB with integer keys. Its own lock admits one writer after the other; each reader renews its
// transaction instead of making it anew.
#include "rivals/bank.hpp"

#include <lmdb.h>
#include <cstring>
#include <stdexcept>

namespace bench {
namespace {

void must(int code) {
  if (code != MDB_SUCCESS) throw std::runtime_error(std::string("lmdb: ") + mdb_strerror(code));
}

[[nodiscard]] MDB_val bytes_of(std::int64_t& number) { return {sizeof number, &number}; }

[[nodiscard]] std::int64_t read(MDB_txn* txn, MDB_dbi dbi, std::int64_t account) {
  auto key = bytes_of(account);
  MDB_val found;
  must(mdb_get(txn, dbi, &key, &found));
  std::int64_t balance = 0;
  std::memcpy(&balance, found.mv_data, sizeof balance);
  return balance;
}

void write(MDB_txn* txn, MDB_dbi dbi, std::int64_t account, std::int64_t balance) {
  auto key = bytes_of(account);
  auto value = bytes_of(balance);
  must(mdb_put(txn, dbi, &key, &value, 0));
}

class lmdb_teller : public teller {
 public:
  lmdb_teller(MDB_env* env, MDB_dbi dbi) : env_(env), dbi_(dbi) {}
  ~lmdb_teller() override {
    if (reader_ != nullptr) mdb_txn_abort(reader_);
  }
  std::int64_t balance(std::int64_t account) override {
    if (reader_ == nullptr)
      must(mdb_txn_begin(env_, nullptr, MDB_RDONLY, &reader_));
    else
      must(mdb_txn_renew(reader_));
    const auto found = read(reader_, dbi_, account);
    mdb_txn_reset(reader_);
    return found;
  }
  void set_balance(std::int64_t account, std::int64_t balance) override {
    MDB_txn* const txn = begin();
    write(txn, dbi_, account, balance);
    must(mdb_txn_commit(txn));
  }
  void transfer(std::int64_t from, std::int64_t to, std::int64_t amount) override {
    MDB_txn* const txn = begin();
    const auto left = read(txn, dbi_, from);
    const auto there = read(txn, dbi_, to);
    write(txn, dbi_, from, left - amount);
    write(txn, dbi_, to, there + amount);
    must(mdb_txn_commit(txn));
  }

 private:
  [[nodiscard]] MDB_txn* begin() const {
    MDB_txn* txn = nullptr;
    must(mdb_txn_begin(env_, nullptr, 0, &txn));
    return txn;
  }

  MDB_env* env_;
  MDB_dbi dbi_;
  MDB_txn* reader_ = nullptr;
};

class lmdb_bank : public bank {
 public:
  lmdb_bank(const std::string& directory, std::int64_t accounts, sync mode) {
    must(mdb_env_create(&env_));
    must(mdb_env_set_mapsize(env_, std::size_t{1} << 30));
    // A teller's transaction belongs to the teller, not to the thread that happens to use it.
    const unsigned flags = MDB_NOTLS | (mode == sync::none ? MDB_NOSYNC : 0u);
    must(mdb_env_open(env_, directory.c_str(), flags, 0600));
    MDB_txn* txn = nullptr;
    must(mdb_txn_begin(env_, nullptr, 0, &txn));
    must(mdb_dbi_open(txn, nullptr, MDB_CREATE | MDB_INTEGERKEY, &dbi_));
    for (std::int64_t i = 0; i < accounts; ++i) write(txn, dbi_, i, opening_balance);
    must(mdb_txn_commit(txn));
  }
  ~lmdb_bank() override { mdb_env_close(env_); }
  std::unique_ptr<teller> hire() override { return std::make_unique<lmdb_teller>(env_, dbi_); }

 private:
  MDB_env* env_ = nullptr;
  MDB_dbi dbi_ = 0;
};

}  // namespace

std::unique_ptr<bank> open_lmdb_bank(const std::string& directory, std::int64_t accounts,
                                     bank::sync mode) {
  return std::make_unique<lmdb_bank>(directory, accounts, mode);
}

}  // namespace bench
