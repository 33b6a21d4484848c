// CLI  [cli] -> rows -> upkeep -> engine -> stores -> journal -> file
// Where output goes: what is a terminal, how wide, whether with colours; and whether it got there.
#pragma once

#include "shelf/error.hpp"

#include <cstdio>
#include <string>
#include <string_view>

namespace shelf::cli {

/// How a piece of text is meant, shown as a colour where there are colours.
enum class tone : std::uint8_t { plain, heading, faint, good, warning, bad };

/// Whether to use colours.
enum class colours : std::uint8_t { where_possible, always, never };

/// True if TERM says that the terminal understands no escape sequences: it gets plain lines.
[[nodiscard]] bool is_dumb_terminal() noexcept;

/// Standard output and standard error. Thread safety: one thread.
class console {
 public:
  explicit console(colours wanted);
  console(const console&) = delete;
  console& operator=(const console&) = delete;

  [[nodiscard]] bool is_terminal() const noexcept { return is_terminal_; }
  [[nodiscard]] bool errors_are_seen() const noexcept { return errors_are_seen_; }
  /// Whether a bar may stand there while output is written. Behind a pipe may be a pager, which has
  /// the same terminal to itself.
  [[nodiscard]] bool errors_are_seen_beside_output() const noexcept {
    return errors_are_seen_ && !is_pipe_;
  }
  /// True if a question can be put and answered: input and output are a terminal.
  [[nodiscard]] bool asks() const noexcept { return is_terminal_ && input_is_terminal_; }
  /// Columns of the terminal; 0 if output is none.
  [[nodiscard]] std::size_t width() const noexcept { return width_; }
  /// Lines of the terminal; 0 if output is none.
  [[nodiscard]] std::size_t height() const noexcept { return height_; }

  void write(std::string_view text);
  /// `text` in the colours of its tone.
  [[nodiscard]] std::string in(tone t, std::string_view text) const;
  /// A sentence on standard error, behind "shelf: ". Control characters in it are escaped: a log
  /// is read on a terminal, too.
  void complain(tone t, std::string_view sentence) const;
  /// True once something could not be written: flush() says why.
  [[nodiscard]] bool has_failed() const noexcept { return failed_; }
  /// Says whether everything written has arrived. file_error, no_space.
  [[nodiscard]] result<> flush();

 private:
  bool is_terminal_;
  bool input_is_terminal_;
  bool is_pipe_;
  bool errors_are_seen_;
  bool colours_;
  bool error_colours_;
  bool failed_ = false;
  int cause_ = 0;
  std::size_t width_ = 0;
  std::size_t height_ = 0;
};

}  // namespace shelf::cli
