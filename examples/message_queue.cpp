// EXAMPLE  message queue
// Messages wait in a file while the network is down, and are sent in order once it is up.
#include <shelf/shelf.hpp>

#include <iostream>

struct message {
  std::string to;
  std::string text;
};
using queue_table = shelf::ordered_map<std::uint64_t, message>;

void put(queue_table& queue, const message& m) {
  const auto last = queue.last();
  shelf::or_throw(queue.insert_new(last ? last->first + 1 : 1, m));
  std::cout << queue.size() << " waiting\n";
}

/// Removes a message only after sending it: after a crash in between it is sent twice, never lost.
void deliver(queue_table& queue) {
  while (const auto next = queue.first()) {
    const auto& [number, m] = *next;
    std::cout << "to " << m.to << ": " << m.text << '\n';  // send it over the network here
    shelf::or_throw(queue.erase(number));
  }
}

int main(int count, char** words) try {
  // durable: an accepted message survives a power failure, too.
  auto queue = shelf::or_throw(
      queue_table::open({.path = "outbox.shelf", .mode = shelf::write_mode::durable}));
  const std::string command = count > 1 ? words[1] : "";
  if (command == "put" && count == 4)
    put(queue, {words[2], words[3]});
  else if (command == "deliver")
    deliver(queue);
  else
    std::cout << "usage: message_queue put TO TEXT | deliver\n";
} catch (const shelf::exception& e) {
  std::cerr << e.what() << '\n';
  return 1;
}
