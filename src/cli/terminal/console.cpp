// CLI  [cli] -> rows -> upkeep -> engine -> stores -> journal -> file
// The terminal, asked once.
#include "cli/terminal/console.hpp"

#include "cli/terminal/display_text.hpp"

#include <sys/ioctl.h>
#include <sys/stat.h>
#include <unistd.h>
#include <cerrno>
#include <cstdlib>
#include <cstring>

namespace shelf::cli {
namespace {

[[nodiscard]] bool wants_colours(colours wanted, bool is_terminal) {
  if (wanted != colours::where_possible) return wanted == colours::always;
  const char* const refused = std::getenv("NO_COLOR");
  return is_terminal && !is_dumb_terminal() && (refused == nullptr || *refused == '\0');
}

[[nodiscard]] bool is_pipe(int descriptor) {
  struct stat status{};
  return fstat(descriptor, &status) == 0 && (S_ISFIFO(status.st_mode) || S_ISSOCK(status.st_mode));
}

[[nodiscard]] std::string_view code_of(tone t) {
  switch (t) {
    case tone::plain: return "";
    case tone::heading: return "\x1b[1m";
    case tone::faint: return "\x1b[2m";
    case tone::good: return "\x1b[32m";
    case tone::warning: return "\x1b[33m";
    case tone::bad: return "\x1b[31m";
  }
  return "";
}

[[nodiscard]] std::string coloured(tone t, std::string_view text) {
  std::string out(code_of(t));
  out += text;
  out += "\x1b[0m";
  return out;
}

}  // namespace

bool is_dumb_terminal() noexcept {
  const char* const kind = std::getenv("TERM");
  return kind != nullptr && std::strcmp(kind, "dumb") == 0;
}

console::console(colours wanted)
    : is_terminal_(isatty(STDOUT_FILENO) == 1),
      input_is_terminal_(isatty(STDIN_FILENO) == 1),
      is_pipe_(is_pipe(STDOUT_FILENO)),
      errors_are_seen_(isatty(STDERR_FILENO) == 1),
      colours_(wants_colours(wanted, is_terminal_)),
      error_colours_(wants_colours(wanted, errors_are_seen_)) {
  if (!is_terminal_) return;
  winsize size{};
  const bool known = ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) == 0;
  width_ = known && size.ws_col > 0 ? size.ws_col : 80;
  height_ = known && size.ws_row > 0 ? size.ws_row : 24;
}

void console::write(std::string_view text) {
  if (failed_) return;
  if (std::fwrite(text.data(), 1, text.size(), stdout) != text.size()) {
    failed_ = true;
    cause_ = errno;
  }
}

std::string console::in(tone t, std::string_view text) const {
  return colours_ && t != tone::plain ? coloured(t, text) : std::string(text);
}

void console::complain(tone t, std::string_view sentence) const {
  std::string line = error_colours_ ? coloured(t, "shelf:") : "shelf:";
  line += ' ';
  line += printable(sentence);
  line += '\n';
  std::fwrite(line.data(), 1, line.size(), stderr);
}

result<> console::flush() {
  if (!failed_ && std::fflush(stdout) != 0) {
    failed_ = true;
    cause_ = errno;
  }
  if (!failed_) return {};
  const auto code = cause_ == ENOSPC ? errc::no_space : errc::file_error;
  return std::unexpected(
      error(code, std::string("standard output: ") + std::strerror(cause_), {}, cause_));
}

}  // namespace shelf::cli
