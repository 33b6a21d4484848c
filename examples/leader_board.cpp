// EXAMPLE  leader board
// The best games ever played: an ordered_map finds ranks, numbers and pages.
#include <shelf/shelf.hpp>

#include <iostream>

// Ordered member by member. Points are stored negative, so the best games come first; among equal
// points the game with the lower number does.
struct place {
  std::int64_t minus_points = 0;
  std::uint64_t game = 0;
};
using board_table = shelf::ordered_map<place, std::string>;

constexpr std::size_t page_size = 3;

void play(board_table& board, const std::string& name, std::int64_t points) {
  const place mine{-points, board.size()};
  shelf::or_throw(board.insert_new(mine, name));
  const auto moment = board.snapshot();  // one moment, regardless of games played meanwhile
  const auto rank = moment.rank(mine);
  std::cout << name << " is number " << rank + 1;
  if (rank > 0) std::cout << ", behind " << shelf::or_throw(moment.nth(rank - 1)).second;
  std::cout << '\n';
}

// A page, and the cursor that a web server would put into the link to the next one.
void show(const board_table& board, std::string_view cursor) {
  const auto page = shelf::or_throw(board.page(cursor, page_size));
  for (const auto& [key, name] : page.entries) {
    std::cout << board.rank(key) + 1 << ". " << name << ' ' << -key.minus_points << '\n';
  }
  if (!page.next.empty()) std::cout << "next: " << page.next << '\n';
}

int main(int count, char** words) try {
  const std::vector<std::string> asked(words + 1, words + count);
  auto board = shelf::or_throw(board_table::open({.path = "board.shelf"}));
  if (asked.size() == 2 && asked[0] != "from") play(board, asked[0], std::stoll(asked[1]));
  show(board, asked.size() == 2 && asked[0] == "from" ? asked[1] : "");
} catch (const std::exception& e) {
  std::cerr << e.what() << '\n';
  return 1;
}
