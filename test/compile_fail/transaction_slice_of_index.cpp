// API  [api] -> engine -> stores -> journal -> file
// Must not compile: places of an index in a transaction.
// expect: A transaction does not count the places of an index
#include "shelf/database.hpp"
#include "shelf/index.hpp"

struct player {
  int score = 0;
};

auto mistake(shelf::transaction& tx,
             shelf::map<int, player, shelf::index<&player::score>>& players) {
  return tx(players).nth<&player::score>(0);
}
