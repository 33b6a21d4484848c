// HEADERS  what one table costs the compiler
// The twin of with_shelf.cpp: the same calls on a map that no file keeps.
#include <cstdint>
#include <exception>
#include <iostream>
#include <string>
#include <unordered_map>

struct session {
  std::string user;
  std::int64_t expires_at = 0;
};

int main() try {
  using sessions_table = std::unordered_map<std::string, session>;
  sessions_table sessions;

  auto id = "s" + std::to_string(sessions.size() + 1);
  sessions.insert_or_assign(id, session{"alice", 1893456000});

  if (auto s = sessions.find(id); s != sessions.end())
    std::cout << "hello " << s->second.user << '\n';
  for (const auto& [key, s] : sessions) std::cout << key << ' ' << s.user << '\n';
} catch (const std::exception& e) {
  std::cerr << e.what() << '\n';
  return 1;
}
