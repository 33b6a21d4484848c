// CLI  [cli] -> rows -> upkeep -> engine -> stores -> journal -> file
// The command line read, and what the tool says of itself.
#include "cli/command_line.hpp"

#include "cli/grammar.hpp"
#include "cli/nearest_word.hpp"
#include "cli/terminal/display_text.hpp"

#include <algorithm>
#include <cstdio>
#include <filesystem>
#include <sstream>
#include <system_error>

namespace shelf::cli {
namespace {

[[nodiscard]] std::vector<std::string> split(const std::string& words) {
  std::vector<std::string> all;
  if (words.find('|') == std::string::npos) return all;
  for (std::size_t at = 0; at <= words.size();) {
    const auto end = std::min(words.find('|', at), words.size());
    all.push_back(words.substr(at, end - at));
    at = end + 1;
  }
  return all;
}

[[nodiscard]] command_outline outline_of(const CLI::App& app) {
  command_outline c{app.get_name(), app.get_description(), app.get_footer(), {}};
  for (const auto* o : app.get_options()) {
    const bool argument = o->get_positional();
    const bool takes = o->get_expected_max() != 0 && !argument;
    c.options.push_back({.names = argument ? o->get_name(true) : o->get_name(false, true),
                         .value = takes ? o->get_type_name() : std::string(),
                         .text = o->get_description(),
                         .is_argument = argument,
                         .choices = split(o->get_type_name())});
    if (argument && c.options.back().names == "SHELL") c.options.back().choices = {"bash", "zsh"};
  }
  return c;
}

/// A sentence if what was taken for a file, with more words behind it, was meant as a command.
[[nodiscard]] std::string mistyped_command(const CLI::App& app) {
  const auto words = app.get_option("FILE")->results();
  std::error_code unknown;
  const bool is_file = words.empty() || std::filesystem::exists(words[0], unknown);
  return is_file || !app.get_subcommands().empty() ? "" : no_such_command(words[0]);
}

/// The help or the version on standard output, a complaint on standard error: safe to show,
/// whatever was typed.
[[nodiscard]] exit_status tell(const CLI::App& app, const CLI::ParseError& e,
                               const std::string& instead) {
  std::ostringstream out;
  std::ostringstream complaint;
  const int status = app.exit(e, out, complaint);
  std::fputs(out.str().c_str(), stdout);
  const auto text = instead.empty() ? complaint.str() : instead + "\n";
  if (!text.empty()) std::fputs(("shelf: " + printable_lines(text)).c_str(), stderr);
  return status == 0 ? exit_status::ok : exit_status::usage;
}

}  // namespace

std::variant<request, exit_status> parse_command_line(int count, const char* const* words) {
  request r;
  grammar g(r);
  try {
    g.app().parse(count, words);
  } catch (const CLI::ParseError& e) {
    const bool is_extra = e.get_exit_code() == static_cast<int>(CLI::ExitCodes::ExtrasError);
    return tell(g.app(), e, is_extra ? mistyped_command(g.app()) : "");
  }
  if (r.command.empty() && r.file.empty()) {
    std::fputs(g.app().help().c_str(), stderr);
    return exit_status::usage;
  }
  return r;
}

std::string no_such_command(const std::string& word) {
  std::vector<std::string> names;
  for (const auto& c : outline()) names.push_back(c.name);
  names.erase(names.begin());  // shelf itself
  const auto meant = nearest_word(word, names);
  return "there is no command '" + word + "'" +
         (meant.empty() ? "; `shelf --help` shows all" : "; did you mean '" + meant + "'?");
}

std::vector<command_outline> outline() {
  request r;
  grammar g(r);
  std::vector<command_outline> all{outline_of(g.app())};
  all[0].name = "shelf";
  for (const auto* c : g.app().get_subcommands([](const CLI::App*) { return true; })) {
    all.push_back(outline_of(*c));
  }
  return all;
}

}  // namespace shelf::cli
