// CLI  [cli] -> rows -> upkeep -> engine -> stores -> journal -> file
// Letters put in, taken out, changed, or swapped with the next (Damerau and Levenshtein).
#include "cli/nearest_word.hpp"

#include <algorithm>
#include <numeric>
#include <utility>

namespace shelf::cli {
namespace {

[[nodiscard]] std::size_t distance(std::string_view a, std::string_view b) {
  std::vector<std::size_t> before_last;
  std::vector<std::size_t> last(b.size() + 1);
  std::iota(last.begin(), last.end(), std::size_t{0});
  for (std::size_t i = 1; i <= a.size(); ++i) {
    std::vector<std::size_t> now(b.size() + 1, i);
    for (std::size_t j = 1; j <= b.size(); ++j) {
      const std::size_t changed = a[i - 1] == b[j - 1] ? 0 : 1;
      now[j] = std::min({last[j] + 1, now[j - 1] + 1, last[j - 1] + changed});
      const bool swapped = i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1];
      if (swapped) now[j] = std::min(now[j], before_last[j - 2] + 1);
    }
    before_last = std::exchange(last, std::move(now));
  }
  return last[b.size()];
}

}  // namespace

std::string nearest_word(std::string_view word, const std::vector<std::string>& known) {
  constexpr std::size_t most = 2;
  constexpr std::size_t longest = 64;  // a path is no mistyped word
  std::string nearest;
  std::size_t least = most + 1;
  for (const auto& k : known) {
    if (word.size() > longest) break;
    const auto letters = distance(word, k);
    // As many changes as a word has letters make any word of it.
    if (letters >= least || letters >= k.size()) continue;
    least = letters;
    nearest = k;
  }
  return nearest;
}

}  // namespace shelf::cli
