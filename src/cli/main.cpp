// CLI  [cli] -> api -> table -> journal -> file
// shelf on the command line: a request, a command, an exit status.
#include "cli/command_line.hpp"
#include "cli/commands.hpp"
#include "cli/json_value.hpp"

#include <array>
#include <exception>
#include <new>

namespace shelf::cli {
namespace {

using command = outcome (*)(const request&, console&);

[[nodiscard]] command command_called(std::string_view name) {
  constexpr std::array<std::pair<std::string_view, command>, 18> all{{
      {"", show_file},
      {"info", info},
      {"watch", watch},
      {"get", get},
      {"count", count},
      {"list", list},
      {"diff", diff},
      {"create", create},
      {"put", put},
      {"delete", erase},
      {"import", import_rows},
      {"export", export_rows},
      {"copy", copy_file},
      {"check", check_file},
      {"salvage", salvage_file},
      {"compact", compact},
      {"migrate", migrate},
      {"remove", remove_table},
  }};
  for (const auto& [known, function] : all) {
    if (known == name) return function;
  }
  return nullptr;
}

[[nodiscard]] exit_status status_of(const error& e) {
  switch (e.code()) {
    case errc::not_found: return exit_status::not_found;
    case errc::invalid_argument: return exit_status::usage;
    default: return exit_status::refused;
  }
}

void tell(const request& r, const console& out, const error& e) {
  if (r.how != notation::json) return out.complain(tone::bad, e.details());
  std::string line = "{\"error\":\"" + std::string(to_string(e.code())) + "\",\"message\":";
  const auto sentence = e.details();
  append_json_string(line, is_utf8(sentence) ? sentence : std::string(e.message()));
  line += "}\n";
  std::fwrite(line.data(), 1, line.size(), stderr);
}

[[nodiscard]] outcome run(const request& r, console& out) {
  if (r.command == "completion") {
    out.write(completion_for(r.other, outline()));
    return exit_status::ok;
  }
  if (r.command == "man") {
    out.write(man_page(outline()));
    return exit_status::ok;
  }
  if (r.command == "bench") return bench(r, out);
  return command_called(r.command)(r, out);
}

[[nodiscard]] exit_status perform(const request& r) {
  console out(r.colour);
  auto done = run(r, out);
  const auto arrived = out.flush();
  if (done && arrived) return *done;
  const auto& why = done ? arrived.error() : done.error();
  tell(r, out, why);
  return status_of(why);
}

}  // namespace
}  // namespace shelf::cli

int main(int count, char** words) {
  using namespace shelf::cli;
  try {
    const auto parsed = parse_command_line(count, words);
    if (const auto* const status = std::get_if<exit_status>(&parsed)) {
      return static_cast<int>(*status);
    }
    return static_cast<int>(perform(std::get<request>(parsed)));
  } catch (const std::bad_alloc&) {
    std::fputs("shelf: out of memory; the table has not changed\n", stderr);
  } catch (const std::exception& e) {
    std::fprintf(stderr, "shelf: %s\n", e.what());
  }
  return static_cast<int>(exit_status::refused);
}
