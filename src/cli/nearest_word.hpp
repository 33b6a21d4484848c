// CLI  [cli] -> rows -> upkeep -> engine -> stores -> journal -> file
// What somebody meant who mistyped a word.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace shelf::cli {

/// The known word that differs least, by at most two letters; empty if none does.
[[nodiscard]] std::string nearest_word(std::string_view word,
                                       const std::vector<std::string>& known);

}  // namespace shelf::cli
