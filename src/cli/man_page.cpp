// CLI  [cli] -> api -> table -> journal -> file
// shelf(1), made of the same words as --help.
#include "cli/command_line.hpp"
#include "shelf/version.hpp"

#include <fmt/format.h>

namespace shelf::cli {
namespace {

/// Text that groff shows as it is: minus signs, backslashes, dots at the front of lines.
[[nodiscard]] std::string escaped(std::string_view text) {
  std::string out;
  bool at_start = true;
  for (const char c : text) {
    if (at_start && (c == '.' || c == '\'')) out += "\\&";
    if (c == '\\') {
      out += "\\e";
    } else if (c == '-') {
      out += "\\-";
    } else {
      out += c;
    }
    at_start = c == '\n';
  }
  return out;
}

[[nodiscard]] std::string synopsis(const command_outline& c) {
  std::string text = ".B shelf " + c.name + "\n";
  for (const auto& o : c.options) {
    if (o.is_argument) text += ".I " + o.names + "\n";
  }
  return text;
}

[[nodiscard]] std::string options_of(const command_outline& c) {
  std::string text;
  for (const auto& o : c.options) {
    if (o.is_argument) continue;
    auto names = escaped(o.names);
    for (std::size_t at = 0; (at = names.find(',', at)) != std::string::npos; at += 2) {
      names.replace(at, 1, ", ");
    }
    text += fmt::format(".TP\n\\fB{}\\fR", names);
    if (!o.value.empty()) text += fmt::format(" \\fI{}\\fR", escaped(o.value));
    text += "\n" + escaped(o.text) + "\n";
  }
  return text;
}

[[nodiscard]] std::string examples_of(const command_outline& c) {
  constexpr std::string_view heading = "Examples:\n";
  const auto at = c.examples.find(heading);
  if (at == std::string::npos) return {};
  return ".PP\n.nf\n" + escaped(c.examples.substr(at + heading.size())) + "\n.fi\n";
}

}  // namespace

std::string man_page(const std::vector<command_outline>& commands) {
  std::string text = fmt::format(
      ".TH SHELF 1 \"\" \"shelf {}\" \"User Commands\"\n"
      ".SH NAME\nshelf \\- looks into durable in\\-memory tables, and changes them\n"
      ".SH SYNOPSIS\n.B shelf\n.I FILE\n.br\n.B shelf\n.I COMMAND\n[\\fIOPTION\\fR]... "
      "\\fIFILE\\fR [\\fIARGUMENT\\fR]...\n"
      ".SH DESCRIPTION\n"
      "A shelf file holds one table of keys and values and says of what types they are. On a\n"
      "terminal rows are shown as a table, in a pipe as JSON Lines. Keys and values are written\n"
      "as the file's schema says: text as such, numbers, code points as U+1F600, times as\n"
      "2026\\-11\\-20T12:00:00Z, records and lists as JSON; without a schema everything is JSON.\n"
      ".PP\nCommands that only read work beside a process that has the table open. Those that\n"
      "write need it for themselves and say which process holds it.\n",
      version);
  text += ".SH OPTIONS\n" + options_of(commands[0]) + ".SH COMMANDS\n";
  for (std::size_t i = 1; i < commands.size(); ++i) {
    const auto& c = commands[i];
    text += fmt::format(".SS {}\n{}.PP\n{}.\n{}{}", c.name, synopsis(c), escaped(c.text),
                        options_of(c), examples_of(c));
  }
  text +=
      ".SH \"EXIT STATUS\"\n"
      ".TP\n0\nIt was done.\n"
      ".TP\n1\nIt was refused, the file is damaged, or what was compared differs.\n"
      ".TP\n2\nThe command line makes no sense.\n"
      ".TP\n3\nThere is no such key, or no such file.\n"
      ".SH ENVIRONMENT\n.TP\nNO_COLOR\nIf set and not empty, there are no colours.\n"
      ".TP\nSHELF_PROGRESS_AFTER_MS\nAfter so many milliseconds a bar shows how far a command is; "
      "1000 if not set.\n"
      ".SH EXAMPLES\n" +
      examples_of(commands[0]);
  return text;
}

}  // namespace shelf::cli
