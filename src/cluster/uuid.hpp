// CLUSTER  [cluster] -> api -> engine -> stores -> journal -> file
// Names that no two calls share, on any machine.
#pragma once

#include <array>
#include <compare>
#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

namespace shelf::cluster {

/// 128 bits, as PostgreSQL's type of the same name.
struct uuid {
  std::array<std::byte, 16> content = {};
  friend bool operator==(const uuid&, const uuid&) = default;
  friend auto operator<=>(const uuid&, const uuid&) = default;
};

/// A new one: random, of version 4.
[[nodiscard]] uuid random_uuid();

/// As PostgreSQL writes it: "6f1c0b5e-...".
[[nodiscard]] std::string to_string(const uuid& name);
/// The one of such a text.
[[nodiscard]] std::optional<uuid> uuid_from(std::string_view text);

}  // namespace shelf::cluster
