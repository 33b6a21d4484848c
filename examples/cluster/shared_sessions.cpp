// EXAMPLE  sessions shared by web nodes
// Whoever logs in at one node is known at all of them. The answer of a login carries a position;
// the next request, at whatever node, waits until that node shows it. Lookups ask nobody.
#include <shelf/cluster.hpp>

#include <iostream>
#include <string>

struct session {
  std::string user;
  int visits = 0;
};
using sessions_table = shelf::map<std::string, session>;

/// A process, as far as this program goes. Elsewhere each has one, on a machine of its own.
class web_node {
 public:
  web_node(const std::string& connection, const std::string& name)
      : db_(shelf::or_throw(shelf::cluster::open({.connection = connection,
                                                  .schema = "shared_sessions",
                                                  .node = name,
                                                  .promise = shelf::cluster::promise::none},
                                                 shelf::declare<sessions_table>("sessions")))),
        sessions_(shelf::or_throw(db_.table<sessions_table>("sessions"))),
        replica_(shelf::or_throw(shelf::cluster::of(db_))) {}

  /// What a browser keeps in a cookie.
  struct cookie {
    std::string session;
    std::string position;
  };

  cookie log_in(const std::string& id, const std::string& user) {
    shelf::or_throw(sessions_.insert(id, {.user = user}));
    return {.session = id, .position = to_string(replica_.position())};
  }

  std::string visit(const cookie& from) {
    using namespace std::chrono_literals;
    const auto at = shelf::or_throw(shelf::cluster::position_from(from.position));
    shelf::or_throw(replica_.wait_for(at, 5s));
    // Two tabs may be open, at two nodes: the function runs again if the other one was faster.
    auto seen = sessions_.update(from.session, [](session& s) { ++s.visits; });
    if (!seen && seen.error() == shelf::errc::not_found) return "please log in";
    shelf::or_throw(seen);
    const auto now = shelf::or_throw(sessions_.lookup(from.session));
    return "hello " + now.user + ", this is visit " + std::to_string(now.visits);
  }

  void log_out(const cookie& from) { shelf::or_throw(sessions_.erase(from.session)); }
  /// What was acknowledged anywhere before, this node shows from now on.
  void catch_up() { shelf::or_throw(db_.sync()); }

 private:
  shelf::database db_;
  sessions_table sessions_;
  shelf::cluster::replica replica_;
};

int main(int count, char** words) try {
  if (count != 2) throw std::runtime_error("usage: shared_sessions CONNECTION");
  // An administrator does this once.
  shelf::or_throw(
      shelf::cluster::initialize({.connection = words[1], .schema = "shared_sessions"}));
  web_node berlin(words[1], "berlin");
  web_node paris(words[1], "paris");
  const auto cookie = berlin.log_in("s1", "alice");
  std::cout << "paris:  " << paris.visit(cookie) << '\n';
  std::cout << "paris:  " << paris.visit(cookie) << '\n';
  berlin.catch_up();
  std::cout << "berlin: " << berlin.visit(cookie) << '\n';
  paris.log_out(cookie);
  berlin.catch_up();
  std::cout << "berlin: " << berlin.visit(cookie) << '\n';
} catch (const std::exception& e) {
  std::cerr << e.what() << '\n';
  return 1;
}
