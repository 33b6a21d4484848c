// EXAMPLE  rate limits
// Three requests per user in any 60 seconds: a sliding window that survives a restart.
#include <shelf/shelf.hpp>

#include <iostream>

using seconds = std::vector<std::int64_t>;  // when the last requests were let through, in order
using limits_table = shelf::map<std::string, seconds>;

constexpr std::int64_t window = 60;
constexpr std::size_t allowed = 3;

// Looks and counts in one atomic step: of two threads, one gets the last place in the window.
bool may_go(limits_table& requests, const std::string& user, std::int64_t now) {
  const auto counted = requests.upsert(user, {now}, [&](seconds last) -> shelf::result<seconds> {
    std::erase_if(last, [&](std::int64_t second) { return second <= now - window; });
    if (last.size() >= allowed) return std::unexpected(shelf::error(shelf::errc::overflow));
    last.push_back(now);
    return last;
  });
  if (!counted && counted.error() != shelf::errc::overflow) shelf::or_throw(counted);
  return counted.has_value();
}

// A server does this every minute. A user who comes back meanwhile is not forgotten.
std::size_t forget_idle(limits_table& requests, std::int64_t now) {
  return shelf::or_throw(requests.erase_if(
      [&](const std::string&, const seconds& last) { return last.back() <= now - window; }));
}

int main(int count, char** words) try {
  if (count != 3) {
    std::cout << "usage: rate_limits USER SECOND\n";  // a server would read the clock
    return 2;
  }
  auto requests = shelf::or_throw(limits_table::open({.path = "requests.shelf"}));
  const std::int64_t now = std::stoll(words[2]);
  if (const auto gone = forget_idle(requests, now))
    std::cout << "users forgotten: " << gone << '\n';
  std::cout << words[1] << (may_go(requests, words[1], now) ? ": go on\n" : ": too many\n");
} catch (const std::exception& e) {
  std::cerr << e.what() << '\n';
  return 1;
}
