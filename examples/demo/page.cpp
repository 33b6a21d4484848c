// DEMO  how the page looks
// Numbers with separators; bold on a terminal, plain text everywhere else.
#include "page.hpp"

#include <unistd.h>

#include <array>
#include <cstdio>
#include <cstdlib>

namespace demo {
namespace {

bool is_terminal() {
  static const bool yes = ::isatty(STDOUT_FILENO) == 1 && std::getenv("NO_COLOR") == nullptr;
  return yes;
}

std::string three_digits(double value) {
  return fmt::format("{:.{}f}", value, value < 9.995 ? 2 : value < 99.95 ? 1 : 0);
}

struct unit {
  double size;
  std::string_view name;
};

}  // namespace

std::string grouped(std::uint64_t n) {
  auto digits = std::to_string(n);
  for (auto at = digits.size(); at > 3;) digits.insert(at -= 3, 1, ',');
  return digits;
}

std::string size(std::uint64_t bytes) {
  if (bytes < 10'000) return fmt::format("{} bytes", grouped(bytes));
  const auto n = static_cast<double>(bytes);
  if (bytes < 1'000'000) return fmt::format("{} kB", three_digits(n / 1e3));
  return fmt::format("{} MB", three_digits(n / 1e6));
}

std::string time(duration d) {
  constexpr std::array units{unit{1e-9, "ns"}, unit{1e-6, "us"}, unit{1e-3, "ms"}};
  for (const auto& u : units) {
    if (d.count() < 999.5 * u.size)
      return fmt::format("{} {}", three_digits(d.count() / u.size), u.name);
  }
  return fmt::format("{} s", three_digits(d.count()));
}

std::string rate(std::uint64_t n, duration d) {
  const double each_second = static_cast<double>(n) / d.count();
  if (each_second < 1e6) return fmt::format("{} k/s", three_digits(each_second / 1e3));
  return fmt::format("{} M/s", three_digits(each_second / 1e6));
}

std::string counted(std::uint64_t n, std::string_view noun) {
  return fmt::format("{} {}{}", grouped(n), noun, n == 1 ? "" : "s");
}

void heading(std::string_view title) {
  fmt::print("\n");
  strong(title);
  std::fflush(stdout);
}

void strong(std::string_view text) {
  const bool bold = is_terminal();
  fmt::print("{}{}{}\n", bold ? "\033[1m" : "", text, bold ? "\033[0m" : "");
}

}  // namespace demo
