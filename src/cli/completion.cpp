// CLI  [cli] -> rows -> upkeep -> engine -> stores -> journal -> file
// Completion for bash and zsh, made of the outline, so that neither forgets an option.
#include "cli/command_line.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace shelf::cli {
namespace {

/// The long and short names of an option, one each.
[[nodiscard]] std::vector<std::string> names_of(const option_outline& o) {
  std::vector<std::string> all;
  for (std::size_t at = 0; at <= o.names.size();) {
    const auto end = std::min(o.names.find(',', at), o.names.size());
    all.push_back(o.names.substr(at, end - at));
    at = end + 1;
  }
  return all;
}

[[nodiscard]] std::string joined(const std::vector<std::string>& words, const char* between) {
  return fmt::format("{}", fmt::join(words, between));
}

[[nodiscard]] std::string options_for(const command_outline& c) {
  std::vector<std::string> words;
  for (const auto& o : c.options) {
    if (o.is_argument) continue;
    for (auto& name : names_of(o)) words.push_back(std::move(name));
  }
  return joined(words, " ");
}

/// What an argument may be, where that is a list of words.
[[nodiscard]] std::string choices_for(const command_outline& c) {
  std::vector<std::string> words;
  for (const auto& o : c.options) {
    if (o.is_argument) words.insert(words.end(), o.choices.begin(), o.choices.end());
  }
  return joined(words, " ");
}

/// Options whose value is one of a few words: what completes them.
[[nodiscard]] std::string bash_values(const std::vector<command_outline>& commands) {
  std::string text;
  std::vector<std::string> seen;
  for (const auto& c : commands) {
    for (const auto& o : c.options) {
      const bool known = std::ranges::find(seen, o.names) != seen.end();
      if (o.is_argument || o.choices.empty() || known) continue;
      seen.push_back(o.names);
      text += fmt::format("    {}) COMPREPLY=($(compgen -W '{}' -- \"$word\")); return ;;\n",
                          joined(names_of(o), "|"), joined(o.choices, " "));
    }
  }
  return text;
}

[[nodiscard]] std::string bash(const std::vector<command_outline>& commands) {
  std::string names;
  for (std::size_t i = 1; i < commands.size(); ++i) names += " " + commands[i].name;
  std::string text =
      "# shelf: completion for bash. Use: source <(shelf completion bash)\n"
      "_shelf() {\n"
      "  local word=${COMP_WORDS[COMP_CWORD]} before=${COMP_WORDS[COMP_CWORD-1]}\n"
      "  local options= words=\n"
      "  COMPREPLY=()\n"
      "  case $before in\n" +
      bash_values(commands) + "  esac\n  if [ \"$COMP_CWORD\" -eq 1 ]; then\n" +
      fmt::format("    options='{}' words='{}'\n", options_for(commands[0]), names.substr(1)) +
      "  else\n    case ${COMP_WORDS[1]} in\n";
  for (std::size_t i = 1; i < commands.size(); ++i) {
    text += fmt::format("      {}) options='{}' words='{}' ;;\n", commands[i].name,
                        options_for(commands[i]), choices_for(commands[i]));
  }
  return text +
         "    esac\n"
         "  fi\n"
         "  if [[ $word == -* ]]; then\n"
         "    COMPREPLY=($(compgen -W \"$options\" -- \"$word\"))\n"
         "  else\n"
         "    COMPREPLY=($(compgen -W \"$words\" -- \"$word\") $(compgen -f -- \"$word\"))\n"
         "  fi\n"
         "}\n"
         "complete -o filenames -F _shelf shelf\n";
}

/// Text inside zsh's brackets and single quotes.
[[nodiscard]] std::string zsh_escaped(std::string_view text) {
  std::string out;
  for (const char c : text) {
    if (c == '\'') {
      out += "'\\''";
      continue;
    }
    if (c == '[' || c == ']' || c == ':' || c == '\\') out += '\\';
    out += c;
  }
  return out;
}

[[nodiscard]] std::string zsh_option(const option_outline& o) {
  const auto action = o.choices.empty() ? std::string(o.value == "FILE" ? "_files" : "")
                                        : "(" + joined(o.choices, " ") + ")";
  std::string lines;
  if (o.is_argument) {
    const bool file = o.choices.empty() && o.names != "KEY" && o.names != "VALUE";
    return fmt::format("        ':{}:{}' \\\n", o.names, file ? "_files" : action);
  }
  for (const auto& name : names_of(o)) {
    lines += fmt::format("        '*{}[{}]", name, zsh_escaped(o.text));
    if (!o.value.empty()) lines += fmt::format(":{}:{}", zsh_escaped(o.value), action);
    lines += "' \\\n";
  }
  return lines;
}

[[nodiscard]] std::string zsh(const std::vector<command_outline>& commands) {
  std::string text =
      "#compdef shelf\n"
      "# shelf: completion for zsh. Use: shelf completion zsh > DIRECTORY_OF_FPATH/_shelf\n"
      "_shelf() {\n"
      "  local -a commands=(\n";
  for (std::size_t i = 1; i < commands.size(); ++i) {
    text += fmt::format("    '{}:{}'\n", commands[i].name, zsh_escaped(commands[i].text));
  }
  text +=
      "  )\n"
      "  if (( CURRENT == 2 )); then\n"
      "    _describe -t commands command commands\n"
      "    _arguments \\\n";
  for (const auto& o : commands[0].options) text += zsh_option(o);
  text +=
      "        && return\n    return\n  fi\n  local command=$words[2]\n  shift words\n"
      "  (( CURRENT-- ))\n  case $command in\n";
  for (std::size_t i = 1; i < commands.size(); ++i) {
    text += fmt::format("    {})\n      _arguments \\\n", commands[i].name);
    for (const auto& o : commands[i].options) text += zsh_option(o);
    text += "        && return ;;\n";
  }
  text +=
      "  esac\n}\nif [ \"$funcstack[1]\" = _shelf ]; then _shelf \"$@\"; else compdef _shelf "
      "shelf; fi\n";
  return text;
}

}  // namespace

std::string completion_for(std::string_view shell, const std::vector<command_outline>& commands) {
  return shell == "zsh" ? zsh(commands) : bash(commands);
}

}  // namespace shelf::cli
