// EXAMPLE  a shop
// Orders, stock and customers: an order takes from the stock, gets a number and is noted for its
// customer, or nothing of this happens.
#include <shelf/database.hpp>

#include <iostream>
#include <string>

struct order {
  std::string article;
  std::int64_t count = 0;
};
using stock_table = shelf::map<std::string, std::int64_t>;
using orders_table = shelf::ordered_map<std::uint64_t, order>;
using customers_table = shelf::bag<std::string, std::uint64_t>;  // the numbers of their orders

int main(int count, char** words) try {
  auto db = shelf::or_throw(shelf::database::open(
      "shop.shelf", shelf::declare<stock_table>("stock"), shelf::declare<orders_table>("orders"),
      shelf::declare<customers_table>("customers")));
  auto stock = shelf::or_throw(db.table<stock_table>("stock"));
  auto orders = shelf::or_throw(db.table<orders_table>("orders"));
  auto customers = shelf::or_throw(db.table<customers_table>("customers"));
  const std::string verb = count > 2 ? words[1] : "";
  const std::string name = count > 2 ? words[2] : "";

  if (verb == "deliver" && count == 4) {
    const auto now = stock.update_counter(name, std::stoll(words[3]), {.initial = 0});
    std::cout << shelf::or_throw(now) << ' ' << name << " in stock\n";
  } else if (verb == "order" && count == 5) {
    const order wanted{.article = words[3], .count = std::stoll(words[4])};
    const auto number = db.transact([&](shelf::transaction& tx) -> shelf::result<std::uint64_t> {
      const auto left = tx(stock).value_or(wanted.article, 0) - wanted.count;
      if (left < 0) {
        return std::unexpected(shelf::error(shelf::errc::invalid_argument, "not enough in stock"));
      }
      shelf::or_throw(tx(stock).insert(wanted.article, left));
      const auto last = tx(orders).last();
      const auto next = last ? last->first + 1 : 1;
      shelf::or_throw(tx(orders).insert(next, wanted));
      shelf::or_throw(tx(customers).insert(name, next));
      return next;
    });
    if (number)
      std::cout << "order " << *number << '\n';
    else
      std::cout << number.error() << '\n';
  } else if (verb == "show") {
    const auto moment = db.snapshot();  // all tables at one moment
    const auto numbers = moment(customers).lookup(name);
    for (const auto number : numbers.value_or(std::vector<std::uint64_t>{})) {
      const auto o = shelf::or_throw(moment(orders).lookup(number));
      std::cout << number << ": " << o.count << ' ' << o.article << '\n';
    }
  }
} catch (const std::exception& e) {
  std::cerr << e.what() << '\n';
  return 1;
}
