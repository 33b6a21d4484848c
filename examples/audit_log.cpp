// EXAMPLE  audit log
// Who had which role, and when it changed: told by the change feed, with what was replaced.
#include <shelf/changes.hpp>
#include <shelf/shelf.hpp>

#include <chrono>
#include <iostream>
#include <optional>
#include <string>

using namespace std::chrono_literals;

/// Where the last run stopped reading; an empty text before the first.
using progress_table = shelf::map<std::string, std::string>;

shelf::change_start start_of(const progress_table& progress) {
  const auto seen = progress.value_or("audit", "");
  if (seen.empty()) return shelf::change_start::oldest;
  return shelf::or_throw(shelf::position::parse(seen));
}

int main(int count, char** words) try {
  auto roles = shelf::or_throw(shelf::map<std::string, std::string>::open({
      .path = "roles.shelf",
      .mode = shelf::write_mode::durable,
      .history = {.bytes = 64 << 20, .before = true},
  }));
  auto progress = shelf::or_throw(progress_table::open("audit.shelf"));
  const std::string verb = count > 1 ? words[1] : "";
  if (verb == "grant") shelf::or_throw(roles.insert(words[2], words[3]));
  if (verb == "revoke") shelf::or_throw(roles.erase(words[2]));
  if (verb == "compact") shelf::or_throw(roles.compact());
  if (verb != "log") return 0;

  auto feed = shelf::or_throw(roles.changes({.from = start_of(progress), .before = true}));
  for (auto b = shelf::or_throw(feed.next()); !b.empty(); b = shelf::or_throw(feed.next())) {
    for (const auto& c : b.changes) {
      std::cout << c.key << ": " << c.before.value_or("nobody") << " -> "
                << c.after.value_or("nobody") << '\n';
    }
    // The position of a batch that was dealt with: nothing is logged twice.
    shelf::or_throw(progress.insert("audit", b.at.to_string()));
  }
} catch (const std::exception& e) {
  std::cerr << e.what() << '\n';
  return 1;
}
