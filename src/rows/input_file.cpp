// ROWS  cli -> [rows] -> upkeep -> engine -> stores -> journal -> file
// A window that moves over the file and grows with the longest line only.
#include "rows/input_file.hpp"

#include <poll.h>
#include <sys/stat.h>
#include <unistd.h>
#include <algorithm>
#include <cerrno>
#include <cstring>

namespace shelf::rows {
namespace {

constexpr std::size_t piece = std::size_t{1} << 18;
constexpr std::size_t piece_of_pipe = std::size_t{1} << 16;
constexpr std::size_t longest_line = std::size_t{256} << 20;
constexpr std::string_view byte_order_mark = "\xEF\xBB\xBF";

[[nodiscard]] error failure(const std::string& name, int cause) {
  const auto code = cause == ENOENT ? errc::not_found : errc::file_error;
  return {code, name + ": " + std::strerror(cause), {}, cause};
}

/// How much of an open file is still to be read; 0 if it is no file but a pipe or a terminal.
[[nodiscard]] std::uint64_t left_in(int descriptor) {
  struct stat status{};
  if (fstat(descriptor, &status) != 0 || !S_ISREG(status.st_mode)) return 0;
  const auto at = lseek(descriptor, 0, SEEK_CUR);
  return at >= 0 && at < status.st_size ? static_cast<std::uint64_t>(status.st_size - at) : 0;
}

}  // namespace

input_file::input_file(std::FILE* f, std::string name, std::uint64_t size, stop_request stop)
    : file_(f), name_(std::move(name)), size_(size), stop_(std::move(stop)) {}

result<input_file> input_file::open(const std::string& path, stop_request stop) {
  if (path == "-") {
    return input_file(stdin, "standard input", left_in(STDIN_FILENO), std::move(stop));
  }
  std::FILE* const f = std::fopen(path.c_str(), "rbe");
  if (f == nullptr) return std::unexpected(failure(path, errno));
  input_file opened(f, path, 0, std::move(stop));
  struct stat status{};
  if (fstat(fileno(f), &status) != 0) return std::unexpected(failure(path, errno));
  if (S_ISDIR(status.st_mode)) return std::unexpected(failure(path, EISDIR));
  if (S_ISREG(status.st_mode)) opened.size_ = static_cast<std::uint64_t>(status.st_size);
  return opened;
}

/// Past the buffer of FILE: what a pipe holds is not kept waiting for more. A signal that comes
/// just before the wait does not end it, so no wait is long.
/// What was interrupted seems to end.
result<std::size_t> input_file::read(std::span<char> into) const {
  constexpr int milliseconds = 100;
  const int from = fileno(file_.get());
  for (;;) {
    if (stop_()) return 0;
    pollfd ready{.fd = from, .events = POLLIN, .revents = 0};
    const int waited = size_ == 0 ? ::poll(&ready, 1, milliseconds) : 1;
    if (waited == 0 || (waited < 0 && errno == EINTR)) continue;
    const auto got = ::read(from, into.data(), into.size());
    if (got >= 0) return static_cast<std::size_t>(got);
    if (errno != EINTR && errno != EAGAIN) return std::unexpected(failure(name_, errno));
  }
}

/// More bytes behind those there are; false at the end of the file.
result<bool> input_file::fill() {
  if (at_end_) return false;
  if (at_ > 0) {
    buffer_.erase(0, at_);
    searched_ -= at_;
    at_ = 0;
  }
  const auto had = buffer_.size();
  const bool first = done_ == 0;
  do {
    const auto read_before = buffer_.size();
    buffer_.resize(read_before + (size_ == 0 ? piece_of_pipe : piece));
    const auto got = read(std::span(buffer_).subspan(read_before));
    buffer_.resize(read_before + got.value_or(0));
    if (!got) return std::unexpected(got.error());
    done_ += *got;
    at_end_ = *got == 0;
  } while (!at_end_ && done_ < byte_order_mark.size());
  if (first && buffer_.starts_with(byte_order_mark)) at_ = byte_order_mark.size();
  searched_ = std::max(searched_, at_);
  return buffer_.size() > had;
}

result<std::optional<std::string_view>> input_file::next_line() {
  for (;;) {
    const auto newline = buffer_.find('\n', searched_);
    if (newline != std::string::npos) {
      const std::string_view found(buffer_.data() + at_, newline - at_);
      at_ = searched_ = newline + 1;
      ++line_;
      return found;
    }
    searched_ = buffer_.size();
    if (buffer_.size() - at_ > longest_line) {
      return std::unexpected(
          error(errc::size_limit_exceeded,
                name_ + ": line " + std::to_string(line_ + 1) + " has more than 256 MiB"));
    }
    const auto more = fill();
    if (!more) return std::unexpected(more.error());
    if (*more) continue;
    if (at_ == buffer_.size()) return std::nullopt;
    const std::string_view last(buffer_.data() + at_, buffer_.size() - at_);
    at_ = searched_ = buffer_.size();
    ++line_;
    return last;
  }
}

}  // namespace shelf::rows
