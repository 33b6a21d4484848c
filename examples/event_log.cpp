// EXAMPLE  event log
// What happened to each device, in order: a duplicate_bag keeps duplicate values.
#include <shelf/shelf.hpp>

#include <iostream>

enum class level { info, warning };
template <>
inline constexpr auto shelf::enum_names<level> =
    shelf::names<level>({{level::info, "info"}, {level::warning, "warning"}});

struct event {
  level how_bad = level::info;
  std::string text;
};

int main(int count, char** words) try {
  using log_table = shelf::duplicate_bag<std::string, event>;
  auto log = shelf::or_throw(log_table::open({.path = "events.shelf"}));

  if (count == 4) {
    const auto how_bad = words[2] == std::string("warning") ? level::warning : level::info;
    shelf::or_throw(log.insert(words[1], {how_bad, words[3]}));
  } else if (count == 2) {
    const auto events = log.lookup(words[1]);
    if (!events) std::cout << "nothing happened\n";
    if (events) {
      for (const auto& e : *events) {
        std::cout << (e.how_bad == level::warning ? "! " : "  ") << e.text << '\n';
      }
    }
  } else {
    std::cout << "usage: event_log DEVICE [info|warning TEXT]\n";
  }
} catch (const shelf::exception& e) {
  std::cerr << e.what() << '\n';
  return 1;
}
