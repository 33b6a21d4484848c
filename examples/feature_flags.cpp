// EXAMPLE  feature flags
// Flags that every request reads for a nanosecond, kept in a table, and followed while they change.
#include <shelf/mirror.hpp>
#include <shelf/shelf.hpp>

#include <chrono>
#include <iostream>
#include <thread>

struct flags {
  bool dark_mode = false;
  int results = 10;
};

shelf::published<flags> live;

/// What a server does for each request, on any thread.
void serve() {
  const auto now = live.read();  // the same flags to the end of the request
  std::cout << (now->dark_mode ? "dark" : "light") << " page, " << now->results << " results\n";
}

int main(int count, char** words) try {
  using flag_table = shelf::map<std::string, flags>;
  auto settings = shelf::or_throw(flag_table::open("flags.shelf"));
  auto mirror = shelf::or_throw(shelf::mirror(live, settings, "search"));
  serve();
  std::thread follower([&] {
    while (mirror.poll(std::chrono::hours(1))) {
    }  // until the table is closed
  });

  // Elsewhere in the program:
  for (int i = 1; i < count; ++i) {
    const std::string word = words[i];
    const auto seen = live.version();
    auto next = settings.value_or("search", flags{});
    if (word == "dark" || word == "light") {
      next.dark_mode = word == "dark";
    } else {
      next.results = std::stoi(word);
    }
    shelf::or_throw(settings.insert("search", next));
    (void)live.wait_for_change(seen, std::chrono::milliseconds(500));
    serve();
  }
  shelf::or_throw(settings.close());
  follower.join();
} catch (const std::exception& e) {
  std::cerr << e.what() << '\n';
  return 1;
}
