// ROWS  cli -> [rows] -> upkeep -> engine -> stores -> journal -> file
// A file of rows read line by line, however large it is; or standard input.
#pragma once

#include "shelf/error.hpp"

#include <cstdint>
#include <cstdio>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace shelf::rows {

/// True once reading is to end, because whoever reads was interrupted.
using stop_request = std::function<bool()>;

/// Thread safety: one thread.
class input_file {
 public:
  /// `path` "-" is standard input. Once `stop` is true, the file seems to end. not_found,
  /// file_error.
  [[nodiscard]] static result<input_file> open(const std::string& path, stop_request stop);

  /// The next line without its newline, valid until the next call; nullopt at the end. Errors:
  /// file_error; size_limit_exceeded for a line of more than 256 MiB.
  [[nodiscard]] result<std::optional<std::string_view>> next_line();
  /// The number of the line that next_line() gave last, from 1 on.
  [[nodiscard]] std::uint64_t line() const noexcept { return line_; }
  [[nodiscard]] const std::string& name() const noexcept { return name_; }
  /// How far the reading is, and the size of the file, 0 if nobody knows.
  [[nodiscard]] std::uint64_t done() const noexcept { return done_; }
  [[nodiscard]] std::uint64_t size() const noexcept { return size_; }

 private:
  struct closer {
    void operator()(std::FILE* f) const noexcept {
      if (f != stdin) std::fclose(f);
    }
  };
  input_file(std::FILE* f, std::string name, std::uint64_t size, stop_request stop);
  [[nodiscard]] result<bool> fill();
  [[nodiscard]] result<std::size_t> read(std::span<char> into) const;

  std::unique_ptr<std::FILE, closer> file_;
  std::string name_;
  std::uint64_t size_ = 0;
  std::uint64_t done_ = 0;
  std::uint64_t line_ = 0;
  std::string buffer_;
  std::size_t at_ = 0;        ///< of the buffer: where the next line begins
  std::size_t searched_ = 0;  ///< up to here there is no newline
  bool at_end_ = false;
  stop_request stop_;
};

}  // namespace shelf::rows
