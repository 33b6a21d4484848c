// EXAMPLE  leader board
// The best games ever played: an ordered_map finds the rank of a key and its first entries.
#include <shelf/shelf.hpp>

#include <iostream>

// Ordered member by member. Points are stored negative, so the best games come first; among equal
// points the game with the lower number does.
struct place {
  std::int64_t minus_points = 0;
  std::uint64_t game = 0;
};
using board_table = shelf::ordered_map<place, std::string>;

void show(const board_table& board) {
  const auto moment = board.snapshot();  // one moment, regardless of games played meanwhile
  for (const auto& [key, name] : moment.slice(0, 3)) {
    std::cout << moment.rank(key) + 1 << ". " << name << ' ' << -key.minus_points << '\n';
  }
}

int main(int count, char** words) try {
  auto board = shelf::or_throw(board_table::open({.path = "board.shelf"}));
  if (count == 3) {
    const place mine{-std::stoll(words[2]), board.size()};
    shelf::or_throw(board.insert_new(mine, words[1]));
    std::cout << words[1] << " is number " << board.snapshot().rank(mine) + 1 << '\n';
  }
  show(board);
} catch (const std::exception& e) {
  std::cerr << e.what() << '\n';
  return 1;
}
