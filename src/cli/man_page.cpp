// CLI  [cli] -> rows -> upkeep -> engine -> stores -> journal -> file
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
      ".SH NAME\nshelf \\- inspects and changes durable in\\-memory tables\n"
      ".SH SYNOPSIS\n.B shelf\n.I FILE\n.br\n.B shelf\n.I COMMAND\n[\\fIOPTION\\fR]... "
      "\\fIFILE\\fR [\\fIARGUMENT\\fR]...\n"
      ".SH DESCRIPTION\n"
      "A shelf file holds one table and names the types of its keys and values. Rows are shown\n"
      "as a table on a terminal and as JSON Lines in a pipe. Keys and values are written as the\n"
      "file's schema says: plain text, numbers, code points as U+1F600, times as\n"
      "2026\\-11\\-20T12:00:00Z, records and lists as JSON. Without a schema everything is JSON.\n"
      ".PP\nCommands that only read work while another process has the table open. Commands that\n"
      "write need the table to themselves, and otherwise name the process that holds it.\n",
      version);
  text += ".SH OPTIONS\n" + options_of(commands[0]) + ".SH COMMANDS\n";
  for (std::size_t i = 1; i < commands.size(); ++i) {
    const auto& c = commands[i];
    text += fmt::format(".SS {}\n{}.PP\n{}.\n{}{}", c.name, synopsis(c), escaped(c.text),
                        options_of(c), examples_of(c));
  }
  text +=
      ".SH \"EXIT STATUS\"\n"
      ".TP\n0\nSuccess.\n"
      ".TP\n1\nRefused, damaged, or (\\fBdiff\\fR) different.\n"
      ".TP\n2\nUsage error.\n"
      ".TP\n3\nNo such key or file.\n"
      ".SH ENVIRONMENT\n.TP\nNO_COLOR\nIf set and not empty, there are no colors.\n"
      ".TP\nTERM\nIf it is dumb, output is plain lines without colors.\n"
      ".TP\nSHELF_PROGRESS_AFTER_MS\nThe milliseconds after which a command shows a progress bar; "
      "1000 by default.\n"
      ".SH EXAMPLES\n" +
      examples_of(commands[0]);
  return text;
}

}  // namespace shelf::cli
