// DEMO  how the page looks
// Headings, aligned rows, and readable numbers, sizes, times and rates.
#pragma once

#include <fmt/format.h>

#include <chrono>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>

namespace demo {

using duration = std::chrono::duration<double>;

/// 18442 is "18,442".
[[nodiscard]] std::string grouped(std::uint64_t n);
/// "212 bytes", "3.4 MB": powers of 1000, as in file listings.
[[nodiscard]] std::string size(std::uint64_t bytes);
/// "780 ns", "12.3 ms", "1.84 s".
[[nodiscard]] std::string time(duration d);
/// "1.24 M/s": `n` per second.
[[nodiscard]] std::string rate(std::uint64_t n, duration d);
/// "1 kill", "2 kills".
[[nodiscard]] std::string counted(std::uint64_t n, std::string_view noun);

/// The first line of a chapter, bold on a terminal.
void heading(std::string_view title);
/// An important line, such as the last one; bold on a terminal.
void strong(std::string_view text);
/// A line, indented.
template <class... A>
void row(fmt::format_string<A...> format, A&&... arguments) {
  fmt::print("   {}\n", fmt::format(format, std::forward<A>(arguments)...));
}

/// Time since its construction.
class stopwatch {
 public:
  [[nodiscard]] duration elapsed() const { return std::chrono::steady_clock::now() - start_; }

 private:
  std::chrono::steady_clock::time_point start_ = std::chrono::steady_clock::now();
};

/// How long a call took.
template <class F>
[[nodiscard]] duration timed(F&& f) {
  const stopwatch watch;
  std::forward<F>(f)();
  return watch.elapsed();
}

}  // namespace demo
