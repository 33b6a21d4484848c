// A program that keeps how often it ran, linked with the shared library: what a table needs of it
// must be visible there.
#include <shelf/shelf.hpp>
#include <shelf/version.hpp>

#include <iostream>

int main(int count, char** words) try {
  if (count != 2) return 2;
  auto runs = shelf::or_throw(shelf::map<std::string, std::int64_t>::open({.path = words[1]}));
  const auto times = shelf::or_throw(runs.update_counter("runs", 1, {.initial = 0}));
  shelf::or_throw(runs.close());
  std::cout << shelf::version << ' ' << times << '\n';
} catch (const shelf::exception& e) {
  std::cerr << e.what() << '\n';
  return 1;
}
