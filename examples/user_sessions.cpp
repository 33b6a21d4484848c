// EXAMPLE  user sessions
// Who is logged in, and until when; sessions survive a restart of the program.
#include <shelf/shelf.hpp>

#include <chrono>
#include <iostream>

struct session {
  std::string user;
  std::chrono::sys_seconds expires = {};
};
using sessions_table = shelf::map<std::string, session>;

std::chrono::sys_seconds now() {
  return std::chrono::floor<std::chrono::seconds>(std::chrono::system_clock::now());
}

void log_in(sessions_table& sessions, const std::string& user, std::chrono::seconds length) {
  const auto token = user + "-token";  // a real one is random
  shelf::or_throw(sessions.insert(token, {user, now() + length}));
  std::cout << "logged in: " << token << '\n';
}

void who_is(const sessions_table& sessions, std::string_view token) {
  const auto found = sessions.lookup(token);  // from memory, without building a std::string
  if (found && found->expires > now())
    std::cout << "this is " << found->user << '\n';
  else
    std::cout << "nobody\n";
}

void sweep(sessions_table& sessions) {
  std::size_t gone = 0;
  for (const auto& [token, s] : sessions.snapshot()) {
    // Erase only if the value is the same: a session renewed since the snapshot stays.
    if (s.expires <= now()) gone += shelf::or_throw(sessions.erase(token, s));
  }
  std::cout << gone << " expired, " << sessions.size() << " left\n";
}

int main(int count, char** words) try {
  auto sessions = shelf::or_throw(sessions_table::open({.path = "sessions.shelf"}));
  const std::string command = count > 1 ? words[1] : "";
  if (command == "login" && count == 4)
    log_in(sessions, words[2], std::chrono::seconds(std::stoi(words[3])));
  else if (command == "who" && count == 3)
    who_is(sessions, words[2]);
  else if (command == "sweep")
    sweep(sessions);
  else
    std::cout << "usage: user_sessions login USER SECONDS | who TOKEN | sweep\n";
} catch (const std::exception& e) {
  std::cerr << e.what() << '\n';
  return 1;
}
