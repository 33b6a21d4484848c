// EXAMPLE  offline queue
// Messages wait in a table until they are sent. The sender is another process, which keeps a
// durable cursor and need not run while messages are written.
#include <shelf/changes.hpp>
#include <shelf/shelf.hpp>

#include <chrono>
#include <iostream>
#include <string>

using namespace std::chrono_literals;

using outbox_table = shelf::ordered_map<std::uint64_t, std::string>;
using cursor_table = shelf::map<std::string, std::string>;

int write(int count, char** words) {
  auto outbox = shelf::or_throw(outbox_table::open({
      .path = "outbox.shelf",
      .mode = shelf::write_mode::durable,
      .history = {.age = 24h * 30},  // a sender may be away for a month
  }));
  for (int i = 2; i < count; ++i) {
    const auto last = outbox.last();
    shelf::or_throw(outbox.insert(last ? last->first + 1 : 1, words[i]));
  }
  return 0;
}

/// Sends what was written since the last run, and then what comes within `patience`.
int send(std::chrono::milliseconds patience) {
  auto cursors = shelf::or_throw(cursor_table::open({
      .path = "cursors.shelf",
      .mode = shelf::write_mode::durable,
  }));
  const auto outbox = shelf::or_throw(outbox_table::open({
      .path = "outbox.shelf",
      .opening = shelf::opening::read_only,
      .follow = 20ms,
  }));
  const auto continue_behind_cursor = [&] {
    const auto seen = cursors.value_or("sender", "");
    const auto from = seen.empty()
                          ? shelf::change_start::oldest
                          : shelf::change_start(shelf::or_throw(shelf::position::parse(seen)));
    return shelf::or_throw(outbox.changes({.from = from, .level = shelf::change_level::durable}));
  };
  auto feed = continue_behind_cursor();
  for (auto b = shelf::or_throw(feed.next(patience)); !b.empty();
       b = shelf::or_throw(feed.next(patience))) {
    // The file was loaded anew: what was left out is told again, or is lost for good (cursor_lost).
    if (b.event == shelf::table_event::reset) {
      feed = continue_behind_cursor();
      continue;
    }
    for (const auto& c : b.changes) {
      if (c.after) std::cout << "sent " << *c.after << '\n';
    }
    shelf::or_throw(cursors.insert("sender", b.at.to_string()));  // these are never sent again
  }
  return 0;
}

int main(int count, char** words) try {
  const std::string verb = count > 1 ? words[1] : "";
  if (verb == "write") return write(count, words);
  return send(std::chrono::milliseconds(count > 2 ? std::stoi(words[2]) : 0));
} catch (const std::exception& e) {
  std::cerr << e.what() << '\n';
  return 1;
}
