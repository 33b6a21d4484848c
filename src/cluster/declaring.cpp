// CLUSTER  [cluster] -> api -> engine -> stores -> journal -> file
// The catalog is read first: a role that may only use tables creates none.
#include "cluster/declaring.hpp"

#include "error/printable.hpp"

#include <algorithm>

namespace shelf::cluster {
namespace {

[[nodiscard]] buffer bytes_of(const std::string& text) {
  const auto all = as_bytes(text);
  return {all.begin(), all.end()};
}

[[nodiscard]] result<> compare(const catalog_table& there, const declared_types& wanted) {
  const auto refuse = [&](errc code, const std::string& why) {
    return std::unexpected(error(code, "table '" + detail::printable(there.name) + "': " + why));
  };
  if (there.what != wanted.as.what) {
    return refuse(errc::wrong_kind, "the cluster has it as " + std::string(to_string(there.what)) +
                                        ", the program declares " +
                                        std::string(to_string(wanted.as.what)));
  }
  constexpr auto policy = missing_fields::refuse;
  const auto key = std::string(as_text(there.key_schema));
  if (auto same = wanted.compare(key, wanted.as.key_schema, policy); !same) {
    return refuse(same.error().code(), "the key type differs: " + same.error().message());
  }
  const auto value = std::string(as_text(there.value_schema));
  if (auto same = wanted.compare(value, wanted.as.value_schema, policy); !same) {
    return refuse(same.error().code(), "the value type differs: " + same.error().message());
  }
  return {};
}

}  // namespace

std::vector<declared_types> types_of(std::span<const detail::wanted_table> declared) {
  std::vector<declared_types> all;
  for (const auto& d : declared) {
    all.push_back({.as = {.name = d.name,
                          .what = d.types.what,
                          .key_schema = d.types.key_schema,
                          .value_schema = d.types.value_schema},
                   .compare = d.types.compare_schema});
  }
  return all;
}

result<catalog_table> declare_at(server& at, const detail::replica_table& wanted, deadline until) {
  return at.declare({.name = wanted.name,
                     .what = wanted.what,
                     .key_schema = bytes_of(wanted.key_schema),
                     .value_schema = bytes_of(wanted.value_schema)},
                    until);
}

result<> declare_at(server& at, std::span<const declared_types> wanted, deadline until) {
  const auto known = at.catalog(until);
  if (!known) return std::unexpected(known.error());
  for (const auto& w : wanted) {
    const auto found = std::ranges::find(*known, w.as.name, &catalog_table::name);
    auto there =
        found != known->end() ? result<catalog_table>(*found) : declare_at(at, w.as, until);
    if (!there) return std::unexpected(there.error());
    if (auto same = compare(*there, w); !same) return same;
  }
  return {};
}

}  // namespace shelf::cluster
