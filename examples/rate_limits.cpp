// EXAMPLE  rate limits
// Three requests per user and minute; the counts survive a restart of the server.
#include <shelf/shelf.hpp>

#include <iostream>

// The minute comes first, so expired windows are the first keys of the table.
using window = std::pair<std::int64_t, std::string>;
using limits_table = shelf::ordered_map<window, int>;

constexpr int allowed = 3;

bool may_go(limits_table& requests, std::int64_t minute, const std::string& user) {
  return shelf::or_throw(requests.update_counter(window{minute, user}, 1, {.initial = 0})) <=
         allowed;
}

std::size_t forget_before(limits_table& requests, std::int64_t minute) {
  std::size_t gone = 0;
  for (const auto& [key, count] : requests.range(window{0, ""}, window{minute, ""})) {
    gone += shelf::or_throw(requests.erase(key));
  }
  return gone;
}

int main(int count, char** words) try {
  if (count != 3) {
    std::cout << "usage: rate_limits USER SECOND\n";  // a server would read the clock
    return 2;
  }
  auto requests = shelf::or_throw(limits_table::open({.path = "requests.shelf"}));
  const std::int64_t minute = std::stoll(words[2]) / 60;
  if (const auto gone = forget_before(requests, minute)) {
    std::cout << "windows forgotten: " << gone << '\n';
  }
  std::cout << words[1] << (may_go(requests, minute, words[1]) ? ": go on\n" : ": too many\n");
} catch (const std::exception& e) {
  std::cerr << e.what() << '\n';
  return 1;
}
