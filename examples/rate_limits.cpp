// EXAMPLE  rate limits
// Three requests per user in any 60 seconds: a sliding window that survives a restart.
#include <shelf/shelf.hpp>

#include <chrono>
#include <iostream>

// A user has three places. A request takes one for 60 seconds; then its entry expires.
using places = shelf::set<std::pair<std::string, int>>;

constexpr auto window = std::chrono::seconds(60);
constexpr int allowed = 3;

// Each step is atomic: of two threads that want the last place, one gets it. Nothing has to be
// cleaned up: insert_new takes a place whose entry has expired, and a background sweep erases the
// places of users who do not come back.
bool may_go(places& taken, const std::string& user) {
  for (int place = 0; place < allowed; ++place) {
    const auto got = taken.insert_new({user, place}, {}, shelf::expiry::in(window));
    if (got) return true;
    if (got.error() != shelf::errc::key_already_present) shelf::or_throw(got);
  }
  return false;
}

int main(int count, char** words) try {
  if (count != 3) {
    std::cout << "usage: rate_limits USER SECOND\n";
    return 2;
  }
  // A server would leave out the clock: by default it is the system's.
  const shelf::manual_clock clock(shelf::expiry::time(std::chrono::seconds(std::stoll(words[2]))));
  auto taken = shelf::or_throw(places::open({.path = "requests.shelf", .clock = &clock}));
  std::cout << words[1] << (may_go(taken, words[1]) ? ": go on\n" : ": too many\n");

  int busy = 0;
  for (const auto& [user, place] : taken.keys()) busy += user == words[1] ? 1 : 0;
  std::cout << "places taken: " << busy << " of " << allowed << '\n';
} catch (const std::exception& e) {
  std::cerr << e.what() << '\n';
  return 1;
}
