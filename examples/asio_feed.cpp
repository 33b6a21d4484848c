// EXAMPLE  asio feed
// An event loop of Boost.Asio that waits for a feed beside its timers and sockets.
#include <shelf/changes.hpp>
#include <shelf/shelf.hpp>

#include <boost/asio/io_context.hpp>
#include <boost/asio/posix/stream_descriptor.hpp>
#include <boost/asio/steady_timer.hpp>

#include <chrono>
#include <iostream>
#include <string>

using namespace std::chrono_literals;
namespace asio = boost::asio;

using prices_table = shelf::map<std::string, int>;

/// Prints what a feed tells, in the loop.
class price_printer {
 public:
  price_printer(asio::io_context& loop, const prices_table& prices)
      : feed_(shelf::or_throw(prices.changes())),
        readable_(loop, shelf::or_throw(feed_.event_fd())) {
    wait();
  }
  ~price_printer() { readable_.release(); }  // the descriptor belongs to the feed

 private:
  void wait() {
    readable_.async_wait(asio::posix::descriptor_base::wait_read, [this](const auto& stopped) {
      if (stopped) return;
      // All there is: then the descriptor is no longer readable.
      for (;;) {
        const auto batch = feed_.next(0ms);
        if (!batch) return;  // the table was closed
        if (batch->empty()) break;
        for (const auto& c : batch->changes) std::cout << c.key << " is " << *c.after << '\n';
      }
      wait();
    });
  }

  shelf::change_feed<std::string, int> feed_;
  asio::posix::stream_descriptor readable_;
};

int main(int count, char** words) try {
  auto prices = prices_table::in_memory();
  asio::io_context loop;
  const price_printer printer(loop, prices);
  int next = 1;
  asio::steady_timer timer(loop);
  // Somebody else's work in the same loop: it writes a price now and then.
  auto write = [&](auto& again) -> void {
    if (next == count) return void(prices.close());
    shelf::or_throw(prices.insert(words[next], 100 * next));
    ++next;
    timer.expires_after(10ms);
    timer.async_wait([&](const auto& stopped) {
      if (!stopped) again(again);
    });
  };
  write(write);
  loop.run();
  std::cout << "closed\n";
} catch (const std::exception& e) {
  std::cerr << e.what() << '\n';
  return 1;
}
