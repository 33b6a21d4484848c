// DEMO  the proof
// Compares each table, entry by entry, with the records that it must hold.
#include "verdict.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <map>

namespace demo {
namespace {

/// Checks that the first `held` records are whole steps and include everything acknowledged.
void check_length(std::string_view table, std::size_t held, std::span<const step> steps,
                  std::size_t acknowledged) {
  if (held < acknowledged) {
    throw broken_promise(fmt::format("{}: {} acknowledged, {} found", table, acknowledged, held));
  }
  const auto end = std::ranges::lower_bound(steps, held, {}, &step::to);
  if (held != 0 && (end == steps.end() || end->to != held)) {
    throw broken_promise(fmt::format("{}: the {} entries end inside a batch", table, held));
  }
}

std::size_t prove_categories(const category_bag& table, std::span<const record> data) {
  const auto held = table.size();
  std::map<std::string, std::vector<char32_t>> wanted;
  for (const auto& [code, c] : data.first(std::min(held, data.size()))) {
    wanted[c.category].push_back(code);
  }
  for (const auto& [category, codes] : wanted) {
    if (table.lookup(category) != codes) {
      throw broken_promise(fmt::format("categories: not the characters that '{}' had", category));
    }
  }
  return held;
}

std::size_t prove_names(const name_index& table, std::span<const record> data) {
  const auto held = table.size();
  std::map<std::string, char32_t> wanted;
  for (const auto& [code, c] : data.first(std::min(held, data.size()))) wanted[c.name] = code;
  if (!std::ranges::equal(table.to_vector(), wanted, [](const auto& a, const auto& b) {
        return a.first == b.first && a.second == b.second;
      })) {
    throw broken_promise(fmt::format("names: not the first {} names in their order", held));
  }
  return held;
}

}  // namespace

std::size_t prove_characters(const character_map& characters, std::span<const record> data,
                             std::span<const step> steps, std::size_t acknowledged) {
  const auto held = characters.size();
  check_length("characters", held, steps, acknowledged);
  for (const auto& [code, c] : data.first(std::min(held, data.size()))) {
    const auto found = characters.lookup(code);
    if (!found || *found != c) {
      throw broken_promise(fmt::format("characters: U+{:04X} {}", static_cast<std::uint32_t>(code),
                                       found ? "is not what was written" : "is missing"));
    }
  }
  return held;
}

proven prove(const database& tables, std::span<const record> data, std::span<const step> steps,
             std::size_t acknowledged) {
  const proven p{.characters = prove_characters(tables.characters, data, steps, acknowledged),
                 .categories = prove_categories(tables.categories, data),
                 .names = prove_names(tables.names, data)};
  check_length("categories", p.categories, steps, acknowledged);
  check_length("names", p.names, steps, acknowledged);
  return p;
}

}  // namespace demo
