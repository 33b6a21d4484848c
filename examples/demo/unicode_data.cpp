// DEMO  Unicode's character database as C++ values
// Reading UnicodeData.txt: 15 fields per line, separated by semicolons; numbers are hexadecimal.
#include "unicode_data.hpp"

#include <fmt/format.h>

#include <array>
#include <charconv>
#include <fstream>
#include <sstream>
#include <stdexcept>
#include <string_view>

namespace demo {
namespace {

using fields = std::array<std::string_view, 15>;

/// Removes the part before `divider` from the front of `text`.
std::string_view take(std::string_view& text, char divider) {
  const auto at = text.find(divider);
  const auto taken = text.substr(0, at);
  text.remove_prefix(at == std::string_view::npos ? text.size() : at + 1);
  return taken;
}

template <class T>
T number(std::string_view text, int base) {
  T value{};
  const auto [end, wrong] = std::from_chars(text.data(), text.data() + text.size(), value, base);
  if (wrong != std::errc() || end != text.data() + text.size()) {
    throw std::runtime_error(fmt::format("'{}' is not a number", text));
  }
  return value;
}

char32_t code_point(std::string_view text) { return number<std::uint32_t>(text, 16); }

std::optional<char32_t> optional_code_point(std::string_view text) {
  if (text.empty()) return std::nullopt;
  return code_point(text);
}

std::optional<std::uint8_t> optional_digit(std::string_view text) {
  if (text.empty()) return std::nullopt;
  return number<std::uint8_t>(text, 10);
}

std::optional<decomposition> optional_decomposition(std::string_view text) {
  if (text.empty()) return std::nullopt;
  decomposition d;
  if (text.starts_with('<')) {
    d.kind = take(text, '>').substr(1);
    if (text.starts_with(' ')) text.remove_prefix(1);
  }
  while (!text.empty()) d.into.push_back(code_point(take(text, ' ')));
  return d;
}

fields split(std::string_view line) {
  fields f;
  for (auto& field : f) field = take(line, ';');
  return f;
}

record parse(const fields& f) {
  return {code_point(f[0]),
          {.name = std::string(f[1]),
           .category = std::string(f[2]),
           .combining_class = number<std::uint8_t>(f[3], 10),
           .direction = std::string(f[4]),
           .decomposed = optional_decomposition(f[5]),
           .decimal = optional_digit(f[6]),
           .digit = optional_digit(f[7]),
           .numeric = std::string(f[8]),
           .mirrored = f[9] == "Y",
           .old_name = std::string(f[10]),
           .comment = std::string(f[11]),
           .upper = optional_code_point(f[12]),
           .lower = optional_code_point(f[13]),
           .title = optional_code_point(f[14]),
           .last = {}}};
}

std::string whole(const std::filesystem::path& file) {
  std::ifstream in(file, std::ios::binary);
  if (!in) {
    throw std::runtime_error(fmt::format(
        "{} cannot be read; `apt-get install unicode-data` installs it", file.string()));
  }
  std::ostringstream text;
  text << in.rdbuf();
  return std::move(text).str();
}

/// The line belongs to the previous record: "<X, Last>" ends the range that "<X, First>" began.
bool ends_range(unicode_data& data, const record& next) {
  constexpr std::string_view first = ", First>";
  constexpr std::string_view last = ", Last>";
  if (!next.second.name.ends_with(last) || data.records.empty()) return false;
  auto& range = data.records.back().second;
  if (!range.name.ends_with(first)) return false;
  range.name.replace(range.name.size() - first.size(), first.size(), ">");
  range.last = next.first;
  ++data.ranges;
  data.code_points += next.first - data.records.back().first;
  return true;
}

}  // namespace

unicode_data read_unicode_data(const std::filesystem::path& file) {
  const auto text = whole(file);
  unicode_data data;
  data.bytes = text.size();
  for (std::string_view rest = text; !rest.empty();) {
    const auto line = take(rest, '\n');
    if (line.empty()) continue;
    ++data.lines;
    try {
      auto r = parse(split(line));
      if (ends_range(data, r)) continue;
      if (r.second.name == "<control>")
        r.second.name = fmt::format("<control-{:04X}>", static_cast<std::uint32_t>(r.first));
      data.records.push_back(std::move(r));
      ++data.code_points;
    } catch (const std::runtime_error& e) {
      throw std::runtime_error(fmt::format("{}: line {}: {}", file.string(), data.lines, e.what()));
    }
  }
  return data;
}

}  // namespace demo
