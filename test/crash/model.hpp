// TEST  crash
// What a table must be: its entries in std containers, and a digest by which states are compared.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <vector>

namespace shelf::crash {

/// Keys with their values; in bags in insertion order, else one a key.
using entries = std::map<std::int64_t, std::vector<std::string>>;

/// A number for a set of entries that does not depend on the order in which they are added.
class digest {
 public:
  /// The digest of "there is no file".
  static constexpr std::uint64_t no_table = 0;

  /// `index` counts the values of a key in their order.
  void add(std::int64_t key, std::size_t index, std::string_view value) noexcept {
    std::uint64_t h = 0xcbf29ce484222325U;
    for (const char c : value) h = (h ^ static_cast<unsigned char>(c)) * 0x100000001b3U;
    h = mixed(h ^ mixed(static_cast<std::uint64_t>(key) * 31 + index + 1));
    sum_ += h;
    ++count_;
  }
  [[nodiscard]] std::uint64_t value() const noexcept { return mixed(sum_ + count_) | 1; }

 private:
  static constexpr std::uint64_t mixed(std::uint64_t x) noexcept {
    x = (x ^ (x >> 30)) * 0xbf58476d1ce4e5b9U;
    x = (x ^ (x >> 27)) * 0x94d049bb133111ebU;
    return x ^ (x >> 31);
  }
  std::uint64_t sum_ = 0;
  std::uint64_t count_ = 0;
};

[[nodiscard]] inline std::uint64_t digest_of(const entries& all) {
  digest d;
  for (const auto& [key, values] : all) {
    for (std::size_t i = 0; i < values.size(); ++i) d.add(key, i, values[i]);
  }
  return d.value();
}

/// "{1: a (12 bytes), 2: b c}", cut, for messages.
[[nodiscard]] std::string to_text(const entries& all);

}  // namespace shelf::crash
