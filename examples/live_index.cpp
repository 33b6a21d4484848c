// EXAMPLE  live index
// Orders are written all the time. An index of their customers is added while they are, and the
// writer does not notice.
#include <shelf/database.hpp>
#include <shelf/index.hpp>

#include <array>
#include <atomic>
#include <iostream>
#include <thread>

struct order {
  std::string customer;
  std::int64_t cents = 0;
};
using orders_table = shelf::ordered_map<std::int64_t, order>;
using indexed_orders = shelf::ordered_map<std::int64_t, order, shelf::index<&order::customer>>;

int main() try {
  auto db = shelf::or_throw(
      shelf::database::open("orders.shelf", shelf::declare<orders_table>("orders")));
  auto orders = shelf::or_throw(db.table<orders_table>("orders"));

  std::atomic<std::int64_t> written{0};
  std::jthread writer([&](const std::stop_token& stop) {
    constexpr std::array customers{"ann", "bob", "cid"};
    while (!stop.stop_requested()) {
      const auto n = written.load();
      const auto* const name = customers[static_cast<std::size_t>(n % 3)];
      shelf::or_throw(orders.insert(n, {name, 100 * n}));
      ++written;
      written.notify_all();
    }
  });
  written.wait(0);

  shelf::or_throw(db.alter([](shelf::schema& s) { s.index<indexed_orders>("orders"); }));
  const auto by_customer = shelf::or_throw(db.table<indexed_orders>("orders"));
  for (auto seen = written.load(); written < 1000; seen = written.load()) written.wait(seen);
  writer.request_stop();
  writer.join();

  std::size_t indexed = 0;
  for (const auto* name : {"ann", "bob", "cid"})
    indexed += by_customer.count<&order::customer>(name);
  std::cout << (indexed == orders.size() ? "every" : "not every") << " order is in the index\n";
  const auto moment = by_customer.snapshot();
  const auto bobs = moment.equal<&order::customer>("bob");
  std::cout << "the first order of bob is number " << (*bobs.begin()).first << '\n';
} catch (const shelf::exception& e) {
  std::cerr << e.what() << '\n';
  return 1;
}
