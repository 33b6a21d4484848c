// EXAMPLE  survives kill -9
// A long job that kills itself repeatedly, and each time resumes where it was.
#include <shelf/shelf.hpp>

#include <csignal>
#include <iostream>

int main() try {
  using squares_table = shelf::ordered_map<int, std::int64_t>;
  auto squares = shelf::or_throw(squares_table::open({.path = "squares.shelf"}));

  const auto last = squares.last();
  const int first = last ? last->first + 1 : 1;
  std::cout << "found " << squares.size() << " of 10, going on at " << first << std::endl;

  for (int number = first; number <= 10; ++number) {
    shelf::or_throw(squares.insert(number, std::int64_t{number} * number));
    // No destructor runs, and nothing is closed or flushed: the write is already in the file.
    if (number % 4 == 0) std::raise(SIGKILL);
  }
  const auto sum =
      squares.fold(std::int64_t{0}, [](auto s, int, auto square) { return s + square; });
  std::cout << "sum of squares: " << sum << '\n';
} catch (const shelf::exception& e) {
  std::cerr << e.what() << '\n';
  return 1;
}
