// FILE  api -> engine -> stores -> journal -> [file]
// How temporary files are called.
#include "file/temporary_name.hpp"

#include "error/hex.hpp"

#include <algorithm>

namespace shelf::file {
namespace {

constexpr std::string_view middle = ".shelf-";
constexpr std::string_view ending = ".tmp";
constexpr std::size_t random_digits = 8;
constexpr std::size_t longest_name = 255;
constexpr std::size_t tail_size = middle.size() + random_digits + ending.size();
constexpr std::size_t longest_stem = longest_name - 1 - tail_size;

std::string_view stem_of(std::string_view name) noexcept { return name.substr(0, longest_stem); }

}  // namespace

std::string temporary_name(std::string_view name, std::uint64_t random) {
  std::string made = ".";
  made.append(stem_of(name)).append(middle);
  for (std::size_t i = 0; i < random_digits; ++i, random >>= 4) made += hex_digits[random & 15];
  return made.append(ending);
}

bool is_temporary(std::string_view candidate) noexcept {
  if (candidate.size() <= 1 + tail_size || !candidate.starts_with('.')) return false;
  const std::string_view tail = candidate.substr(candidate.size() - tail_size);
  const std::string_view random = tail.substr(middle.size(), random_digits);
  return tail.starts_with(middle) && tail.ends_with(ending) &&
         random.find_first_not_of(hex_digits) == random.npos;
}

bool is_temporary_of(std::string_view candidate, std::string_view name) noexcept {
  return is_temporary(candidate) &&
         candidate.substr(1, candidate.size() - 1 - tail_size) == stem_of(name);
}

}  // namespace shelf::file
