// CLUSTER  [cluster] -> api -> engine -> stores -> journal -> file
// Opened by what the file says of its tables.
#include "cluster/tool/local_tables.hpp"

#include "shelf/upkeep.hpp"
#include "upkeep/described_types.hpp"

#include <utility>

namespace shelf::cluster {
namespace {

[[nodiscard]] result<detail::wanted_table> wanted(const file_description& d) {
  auto types = detail::described_types(d, detail::scrutiny::types);
  if (!types) return std::unexpected(types.error());
  return detail::wanted_table{.name = d.name,
                              .types = *std::move(types),
                              .storage = d.in_memory ? storage::memory : storage::disk};
}

[[nodiscard]] buffer bytes_of(const std::string& text) {
  const auto all = as_bytes(text);
  return {all.begin(), all.end()};
}

}  // namespace

result<local_tables> local_tables::open(const std::string& path) {
  const auto all = describe_all(path);
  if (!all) return std::unexpected(all.error());
  local_tables made;
  std::vector<detail::wanted_table> declared;
  for (const auto& d : *all) {
    made.tables.push_back({.name = d.name,
                           .what = d.what,
                           .key_schema = bytes_of(d.key_schema),
                           .value_schema = bytes_of(d.value_schema)});
    auto w = wanted(d);
    if (!w) return std::unexpected(w.error());
    declared.push_back(*std::move(w));
  }
  detail::core_config config;
  config.path = path;
  config.opening = opening::read_only;
  config.file_system = file_system::any;
  auto db = detail::open_database(std::move(config), std::move(declared));
  if (!db) return std::unexpected(db.error());
  made.database = *std::move(db);
  for (const auto& d : *all) {
    auto w = wanted(d);
    if (!w) return std::unexpected(w.error());
    auto core = made.database->table(*std::move(w));
    if (!core) return std::unexpected(core.error());
    made.cores.push_back(*std::move(core));
  }
  made.moment = made.database->snapshot();
  return made;
}

std::uint64_t local_tables::entries() const {
  std::uint64_t count = 0;
  for (const auto& c : cores) count += moment->of(*c)->size();
  return count;
}

}  // namespace shelf::cluster
