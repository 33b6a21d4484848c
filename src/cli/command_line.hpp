// CLI  [cli] -> rows -> upkeep -> engine -> stores -> journal -> file
// The command line as a request; and what it consists of, for completion and the man page.
#pragma once

#include "cli/request.hpp"

#include <string>
#include <string_view>
#include <variant>
#include <vector>

namespace shelf::cli {

/// What was asked for, or, if that was help or makes no sense, how the process ends: the text has
/// been written.
[[nodiscard]] std::variant<request, exit_status> parse_command_line(int count,
                                                                    const char* const* words);

/// A sentence on a word that is no command, with the one that was probably meant.
[[nodiscard]] std::string no_such_command(const std::string& word);

/// An option or argument of a command.
struct option_outline {
  std::string names;  ///< "-k,--kind", or "FILE" for an argument
  std::string value;  ///< what it takes, such as KIND; empty if nothing
  std::string text;
  bool is_argument = false;
  std::vector<std::string> choices;
};

/// A command; the first one of all is shelf itself.
struct command_outline {
  std::string name;
  std::string text;
  std::string examples;
  std::vector<option_outline> options;
};
[[nodiscard]] std::vector<command_outline> outline();

/// Shell code that completes commands, options and files. `shell` is bash or zsh.
[[nodiscard]] std::string completion_for(std::string_view shell,
                                         const std::vector<command_outline>& commands);
/// The man page, as groff -man reads it.
[[nodiscard]] std::string man_page(const std::vector<command_outline>& commands);

}  // namespace shelf::cli
