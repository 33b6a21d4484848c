// BENCH  shelf's side
// The three transactions, and the bank they are of.
#include "shelf_bank.hpp"

#include <utility>
#include <vector>

namespace bench {
namespace {

class shelf_teller : public teller {
 public:
  shelf_teller(shelf::database& db, accounts_table& accounts) : db_(db), accounts_(accounts) {}

  std::int64_t balance(std::int64_t account) override {
    return shelf::or_throw(
        db_.transact([&](shelf::transaction& tx) { return tx(accounts_).lookup(account); }));
  }
  void set_balance(std::int64_t account, std::int64_t balance) override {
    shelf::or_throw(db_.transact(
        [&](shelf::transaction& tx) { return tx(accounts_).insert(account, balance); }));
  }
  void transfer(std::int64_t from, std::int64_t to, std::int64_t amount) override {
    shelf::or_throw(db_.transact([&](shelf::transaction& tx) -> shelf::result<> {
      auto accounts = tx(accounts_);
      const auto left = accounts.lookup(from);
      if (!left) return std::unexpected(left.error());
      const auto there = accounts.lookup(to);
      if (!there) return std::unexpected(there.error());
      if (auto r = accounts.insert(from, *left - amount); !r) return r;
      return accounts.insert(to, *there + amount);
    }));
  }

 private:
  shelf::database& db_;
  accounts_table& accounts_;
};

}  // namespace

shelf_bank::shelf_bank(const std::string& directory, std::int64_t accounts, const bank_options& o)
    : shelf_bank(shelf::or_throw(shelf::database::open(
                     {.path = directory + "/bank.shelf", .mode = o.mode, .io = o.io})),
                 accounts, o.storage) {}

shelf_bank::shelf_bank(shelf::database db, std::int64_t accounts, shelf::storage storage)
    : db_(std::move(db)),
      accounts_(shelf::or_throw(db_.table<accounts_table>("accounts", {.storage = storage}))) {
  constexpr std::int64_t together = 10'000;
  std::vector<std::pair<std::int64_t, std::int64_t>> some;
  for (std::int64_t i = 0; i < accounts; ++i) {
    some.emplace_back(i, opening_balance);
    if (i % together != together - 1 && i != accounts - 1) continue;
    shelf::or_throw(accounts_.insert_range(some));
    some.clear();
  }
}

std::unique_ptr<teller> shelf_bank::hire() {
  return std::make_unique<shelf_teller>(db_, accounts_);
}

}  // namespace bench
