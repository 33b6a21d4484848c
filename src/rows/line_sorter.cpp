// ROWS  cli -> [rows] -> upkeep -> engine -> stores -> journal -> file
// Runs that fit in memory are sorted there; then the runs are merged.
#include "rows/line_sorter.hpp"

#include <algorithm>
#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <queue>

namespace shelf::rows {
namespace {

[[nodiscard]] std::unexpected<error> failure() {
  const int cause = errno;
  const auto code = cause == ENOSPC ? errc::no_space : errc::file_error;
  return std::unexpected(
      error(code, std::string("a temporary file: ") + std::strerror(cause), {}, cause));
}

}  // namespace

/// The first line of a run that was not handed out yet.
struct line_sorter::front {
  std::FILE* from;
  std::string line;

  /// False at the end of the run.
  [[nodiscard]] result<bool> advance() {
    char* raw = nullptr;
    std::size_t room = 0;
    const auto length = getline(&raw, &room, from);
    const std::unique_ptr<char, void (*)(void*)> held(raw, std::free);
    if (length < 0 && std::ferror(from) != 0) return failure();
    if (length < 0) return false;
    line.assign(raw, static_cast<std::size_t>(length) - 1);
    return true;
  }
};

result<> line_sorter::add(std::string_view line) {
  lines_.emplace_back(line);
  used_ += line.size() + sizeof(std::string);
  return used_ < memory_ ? result<>() : spill();
}

result<> line_sorter::spill() {
  std::ranges::sort(lines_);
  run made(std::tmpfile());
  if (!made) return failure();
  for (const auto& line : lines_) {
    if (std::fwrite(line.data(), 1, line.size(), made.get()) != line.size() ||
        std::fputc('\n', made.get()) == EOF) {
      return failure();
    }
  }
  if (std::fflush(made.get()) != 0) return failure();
  std::rewind(made.get());
  runs_.push_back(std::move(made));
  lines_.clear();
  used_ = 0;
  return {};
}

result<> line_sorter::for_each(detail::function_ref<result<>(std::string_view)> f) {
  if (!runs_.empty()) return merge(f);
  std::ranges::sort(lines_);
  for (const auto& line : lines_) {
    if (auto done = f(line); !done) return done;
  }
  return {};
}

result<> line_sorter::merge(detail::function_ref<result<>(std::string_view)> f) {
  if (!lines_.empty()) {
    if (auto done = spill(); !done) return done;
  }
  lines_.shrink_to_fit();
  std::vector<front> fronts;
  for (const auto& r : runs_) fronts.push_back({r.get(), {}});
  const auto later = [&](std::size_t a, std::size_t b) { return fronts[a].line > fronts[b].line; };
  std::priority_queue<std::size_t, std::vector<std::size_t>, decltype(later)> next(later);
  const auto advance = [&](std::size_t i) -> result<> {
    const auto more = fronts[i].advance();
    if (!more) return std::unexpected(more.error());
    if (*more) next.push(i);
    return {};
  };
  for (std::size_t i = 0; i < fronts.size(); ++i) {
    if (auto done = advance(i); !done) return done;
  }
  while (!next.empty()) {
    const auto i = next.top();
    next.pop();
    if (auto done = f(fronts[i].line); !done) return done;
    if (auto done = advance(i); !done) return done;
  }
  return {};
}

}  // namespace shelf::rows
