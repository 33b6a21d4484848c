// CLI  [cli] -> rows -> upkeep -> engine -> stores -> journal -> file
// By hashes first; only those that are equal need the entries themselves.
#include "cli/files/twin_finder.hpp"

#include <algorithm>
#include <functional>

namespace shelf::cli {
namespace {

/// What makes an entry itself: in a set the key, in a bag the value, too.
[[nodiscard]] std::string identity_of(kind what, bytes key, bytes value) {
  std::string text(as_text(key));
  if (is_bag(what)) text += as_text(value);
  return text;
}

[[nodiscard]] std::size_t hash_of(kind what, bytes key, bytes value) {
  return std::hash<std::string>()(identity_of(what, key, value));
}

}  // namespace

twin_finder::twin_finder(kind what, std::uint64_t expected) : what_(what) {
  constexpr std::uint64_t believed = std::uint64_t{1} << 24;
  if (what != kind::duplicate_bag) hashes_.reserve(std::min(expected, believed));
}

void twin_finder::see(bytes key, bytes value) {
  if (what_ != kind::duplicate_bag) hashes_.push_back(hash_of(what_, key, value));
}

bool twin_finder::suspects() {
  std::ranges::sort(hashes_);
  std::vector<std::size_t> twice;
  for (std::size_t i = 1; i < hashes_.size(); ++i) {
    if (hashes_[i] == hashes_[i - 1] && (twice.empty() || twice.back() != hashes_[i])) {
      twice.push_back(hashes_[i]);
    }
  }
  hashes_ = std::move(twice);
  return !hashes_.empty();
}

bool twin_finder::is_first(bytes key, bytes value) {
  if (!std::ranges::binary_search(hashes_, hash_of(what_, key, value))) return true;
  return seen_.emplace(identity_of(what_, key, value)).second;
}

}  // namespace shelf::cli
