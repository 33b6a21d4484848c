// CLUSTER  [cluster] -> api -> engine -> stores -> journal -> file
// The tables that a program declares, and those that a space has.
#pragma once

#include "cluster/server.hpp"
#include "shelf/detail/replica.hpp"

#include <span>
#include <string>
#include <vector>

namespace shelf::cluster {

/// A table that a program has declared, as far as a server is concerned.
struct declared_types {
  detail::replica_table as;
  result<> (*compare)(const std::string& stored, const std::string& wanted,
                      missing_fields policy) = nullptr;
};
[[nodiscard]] std::vector<declared_types> types_of(std::span<const detail::wanted_table> declared);

/// The table of that name; created if there is none. Errors: those of server::declare.
[[nodiscard]] result<catalog_table> declare_at(server& at, const detail::replica_table& wanted,
                                               deadline until);
/// Creates those that the space lacks, and compares the others. Errors: wrong_kind, type_mismatch:
/// another process has declared them otherwise; those of server::declare.
[[nodiscard]] result<> declare_at(server& at, std::span<const declared_types> wanted,
                                  deadline until);

}  // namespace shelf::cluster
