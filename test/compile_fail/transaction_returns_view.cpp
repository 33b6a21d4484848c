// API  [api] -> engine -> stores -> journal -> file
// Must not compile: a callback in a transaction that returns a view.
// expect: What this callback returns shows memory of the table
#include "shelf/database.hpp"

auto mistake(shelf::transaction& tx, shelf::map<int, std::string>& t) {
  return tx(t).lookup(1, [](std::string_view v) { return v; });
}
