// CLI  [cli] -> rows -> upkeep -> engine -> stores -> journal -> file
// shelf on the command line: a request, a command, an exit status.
#include "cli/command_line.hpp"
#include "cli/commands/commands.hpp"
#include "cli/files/open_source.hpp"
#include "cli/files/standing_file.hpp"
#include "cli/terminal/display_text.hpp"
#include "rows/text/json_value.hpp"

#include <array>
#include <cstdlib>
#include <exception>
#include <filesystem>
#include <new>

namespace shelf::cli {
namespace {

using command = outcome (*)(const request&, console&);

/// What runs a command on each format; null where it makes no sense.
struct known_command {
  std::string_view name;
  command on_native = nullptr;
  command on_dets = nullptr;
  command on_dump = nullptr;
};

[[nodiscard]] const known_command& command_called(std::string_view name) {
  static constexpr std::array<known_command, 26> all{{
      {"", show_file, show_file, show_file},
      {"info", info, info, info},
      {"changes", changes},
      {"watch", watch},
      {"get", get, get, get},
      {"count", count, count, count},
      {"list", list, list, list},
      {"diff", diff, diff, diff},
      {"create", create, create, create},  // it refuses whatever is there
      {"put", put, put_object},
      {"delete", erase, erase_object},
      {"take", take, take_object},
      {"touch", touch},
      {"import", import_rows},
      {"export", export_rows, export_rows, export_rows},
      {"dump", dump_database},
      {"load", load_database},
      {"convert", convert, convert, convert},
      {"backup", backup_file},
      {"restore", restore_file},
      {"copy", copy_file},
      {"check", check_file, check_objects, check_objects},
      {"salvage", salvage_file},
      {"compact", compact, compact_objects},
      {"migrate", migrate},
      {"remove", remove_table},
  }};
  for (const auto& c : all) {
    if (c.name == name) return c;
  }
  std::abort();  // CLI11 lets no other name through
}

[[nodiscard]] outcome refuse(const request& r, const char* what) {
  return std::unexpected(error(
      errc::not_a_table, r.file + ": " + what + ", which `shelf " +
                             (r.command.empty() ? "FILE" : r.command) +
                             "` does not support; convert it to a table with `shelf convert`"));
}

/// `shelf lsit`: a word without a dot or a slash, and no file.
[[nodiscard]] bool is_mistyped_command(const std::string& word) {
  std::error_code unknown;
  return word.find_first_of("./") == std::string::npos && !std::filesystem::exists(word, unknown);
}

[[nodiscard]] outcome run_on_file(const request& r, console& out) {
  if (auto elsewhere = refuse_output_into(r.file); !elsewhere) {
    return std::unexpected(elsewhere.error());
  }
  if (r.command.empty() && is_mistyped_command(r.file)) {
    return std::unexpected(
        error(errc::not_found, "no such file '" + r.file + "', and " + no_such_command(r.file)));
  }
  const auto& known = command_called(r.command);
  switch (recognise(r.file)) {
    case stored_format::native: return known.on_native(r, out);
    case stored_format::dets:
      return known.on_dets ? known.on_dets(r, out) : refuse(r, "a DETS file");
    case stored_format::sqlite:
      if (r.command == "convert") return convert(r, out);
      return refuse(r, "a SQLite database");
    case stored_format::ets_dump: break;
  }
  return known.on_dump ? known.on_dump(r, out) : refuse(r, "an ets:tab2file dump");
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
  append_json_string(line, e.details());
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
  return run_on_file(r, out);
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
    std::fputs("shelf: out of memory; the table is unchanged\n", stderr);
  } catch (const std::exception& e) {
    std::fprintf(stderr, "shelf: %s\n", printable(e.what()).c_str());
  }
  return static_cast<int>(exit_status::refused);
}
