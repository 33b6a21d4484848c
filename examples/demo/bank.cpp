// DEMO  the bank
// Its transaction, and the proof that the two tables agree.
#include "bank.hpp"

#include "verdict.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <expected>
#include <numeric>
#include <utility>

namespace demo {

bank::bank(shelf::database_config c)
    : db_(shelf::or_throw(shelf::database::open(std::move(c),
                                                shelf::declare<account_map>("accounts"),
                                                shelf::declare<ledger_map>("ledger")))),
      accounts_(shelf::or_throw(db_.table<account_map>("accounts"))),
      ledger_(shelf::or_throw(db_.table<ledger_map>("ledger"))) {
  if (!accounts_.empty() || !ledger_.empty()) return;
  std::vector<std::pair<int, std::int64_t>> all;
  for (int i = 0; i < accounts; ++i) all.emplace_back(i, opening_balance);
  shelf::or_throw(accounts_.insert_range(all));
  sync();
}

void bank::move(const transfer& wanted) {
  shelf::or_throw(db_.transact([&](shelf::transaction& tx) -> shelf::result<> {
    auto held = tx(accounts_);
    auto ledger = tx(ledger_);
    const auto from = held.lookup(wanted.from);
    if (!from) return std::unexpected(from.error());
    const auto to = held.lookup(wanted.to);
    if (!to) return std::unexpected(to.error());
    auto done = wanted;
    done.amount = std::min(*from, wanted.amount);
    if (auto r = held.insert(done.from, *from - done.amount); !r) return r;
    if (auto r = held.insert(done.to, *to + done.amount); !r) return r;
    const auto last = ledger.last();
    return ledger.insert(last ? last->first + 1 : 1, done);
  }));
}

std::int64_t bank::total() const {
  const auto moment = db_.snapshot();
  std::int64_t sum = 0;
  for (const auto& [account, money] : moment(accounts_)) sum += money;
  return sum;
}

std::size_t bank::prove(std::size_t acknowledged) const {
  const auto moment = db_.snapshot();
  std::array<std::int64_t, accounts> wanted{};
  wanted.fill(opening_balance);
  std::size_t entries = 0;
  for (const auto& [number, t] : moment(ledger_)) {
    if (number != ++entries) {
      throw broken_promise(fmt::format("the ledger lacks transfer {}", entries));
    }
    wanted.at(static_cast<std::size_t>(t.from)) -= t.amount;
    wanted.at(static_cast<std::size_t>(t.to)) += t.amount;
  }
  if (entries < acknowledged) {
    throw broken_promise(
        fmt::format("the ledger: {} transfers acknowledged, {} found", acknowledged, entries));
  }
  const auto held = moment(accounts_);
  for (int i = 0; i < accounts; ++i) {
    const auto money = held.value_or(i, -1);
    if (money != wanted.at(static_cast<std::size_t>(i))) {
      throw broken_promise(fmt::format("account {} holds {}, and {} by the ledger", i, money,
                                       wanted.at(static_cast<std::size_t>(i))));
    }
  }
  if (held.size() != accounts || std::reduce(wanted.begin(), wanted.end()) != all_money) {
    throw broken_promise("the accounts do not hold all the money");
  }
  return entries;
}

std::uint64_t bank::cut_bytes() const {
  return shelf::or_throw(db_.stats()).all.recovery_cut_bytes;
}

}  // namespace demo
