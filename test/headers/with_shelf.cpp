// HEADERS  what one table costs the compiler
// The README's program: a table of sessions in a file.
#include <iostream>
#include <shelf/shelf.hpp>

struct session {
  std::string user;
  std::int64_t expires_at = 0;
};

int main() try {
  using sessions_table = shelf::map<std::string, session>;
  auto sessions = shelf::or_throw(sessions_table::open({.path = "sessions.shelf"}));

  auto id = "s" + std::to_string(sessions.size() + 1);
  shelf::or_throw(sessions.insert(id, {"alice", 1893456000}));

  if (auto s = sessions.lookup(id)) std::cout << "hello " << s->user << '\n';
  for (const auto& [key, s] : sessions.snapshot()) std::cout << key << ' ' << s.user << '\n';
} catch (const shelf::exception& e) {
  std::cerr << e.what() << '\n';
  return 1;
}
