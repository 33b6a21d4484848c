// EXAMPLE  feature flags with a bound on staleness
// Every process reads flags from its own memory. One that has lost its server does not act on old
// flags for ever: beyond `max_staleness` reads are refused, and the program takes what is safe.
#include <shelf/changes.hpp>
#include <shelf/cluster.hpp>

#include <chrono>
#include <iostream>
#include <string>

using namespace std::chrono_literals;
using flags_table = shelf::map<std::string, bool>;

shelf::database open(const std::string& connection, const std::string& name,
                     std::chrono::milliseconds bound) {
  return shelf::or_throw(shelf::cluster::open({.connection = connection,
                                               .schema = "shared_flags",
                                               .node = name,
                                               .promise = shelf::cluster::promise::none,
                                               .max_staleness = bound},
                                              shelf::declare<flags_table>("flags")));
}

/// Off, if the flag is not known, or not known well enough.
bool is_on(const flags_table& flags, const std::string& name) {
  const auto found = flags.lookup(name);
  if (found) return *found;
  if (found.error() == shelf::errc::stale) std::cerr << name << ": not known to be on\n";
  return false;
}

int main(int count, char** words) try {
  if (count != 2) throw std::runtime_error("usage: shared_flags CONNECTION");
  // An administrator does this once.
  shelf::or_throw(shelf::cluster::initialize({.connection = words[1], .schema = "shared_flags"}));
  auto operators = open(words[1], "operators", 0ms);
  auto web = open(words[1], "web", 30s);
  auto switches = shelf::or_throw(operators.table<flags_table>("flags"));
  const auto flags = shelf::or_throw(web.table<flags_table>("flags"));
  auto changes = shelf::or_throw(flags.changes());

  std::cout << "new checkout: " << (is_on(flags, "new checkout") ? "on" : "off") << '\n';
  shelf::or_throw(switches.insert("new checkout", true));
  // A program need not ask: the feed tells what others have changed.
  while (!is_on(flags, "new checkout")) (void)changes.next(1s);
  std::cout << "new checkout: on\n";
  shelf::or_throw(switches.insert("new checkout", false));
  while (is_on(flags, "new checkout")) (void)changes.next(1s);
  std::cout << "new checkout: off\n";

  const auto state = shelf::or_throw(shelf::cluster::of(web)).status();
  std::cout << "up to date within the bound: " << (state.age && *state.age < 30s ? "yes" : "no")
            << '\n';
} catch (const std::exception& e) {
  std::cerr << e.what() << '\n';
  return 1;
}
