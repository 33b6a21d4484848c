// EXAMPLE  hit counter
// Counts the visits of pages. A count that was printed is in the file: kill -9 cannot undo it.
#include <shelf/shelf.hpp>

#include <iostream>

int main(int count, char** words) try {
  using hits_table = shelf::map<std::string, std::int64_t>;
  auto hits = shelf::or_throw(hits_table::open({.path = "hits.shelf"}));

  for (int i = 1; i < count; ++i) {
    const auto visits = shelf::or_throw(hits.update_counter(words[i], 1, {.initial = 0}));
    std::cout << words[i] << " was visited " << visits << (visits == 1 ? " time\n" : " times\n");
  }
} catch (const shelf::exception& e) {
  std::cerr << e.what() << '\n';
  return 1;
}
