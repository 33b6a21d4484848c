// CLI  [cli] -> rows -> upkeep -> engine -> stores -> journal -> file
// Opened by what the file says of its tables.
#include "cli/files/whole_database.hpp"

#include "cli/terminal/progress_bar.hpp"
#include "shelf/upkeep.hpp"
#include "upkeep/described_types.hpp"

#include <utility>

namespace shelf::cli {
namespace {

[[nodiscard]] result<detail::wanted_table> wanted(const file_description& d) {
  auto as = detail::described_types(d, detail::scrutiny::terms);
  if (!as) return std::unexpected(as.error());
  return detail::wanted_table{.name = d.name,
                              .types = *std::move(as),
                              .storage = d.in_memory ? storage::memory : storage::disk};
}

}  // namespace

result<whole_database> whole_database::open(const std::string& file, const console& out) {
  const auto all = describe_all(file);
  if (!all) return std::unexpected(all.error());
  whole_database made;
  std::vector<detail::wanted_table> declared;
  for (const auto& d : *all) {
    auto t = rows::make_dumped_table(d);
    if (!t) return std::unexpected(t.error());
    made.tables.push_back(*std::move(t));
    auto w = wanted(d);
    if (!w) return std::unexpected(w.error());
    declared.push_back(*std::move(w));
  }
  detail::core_config config;
  config.path = file;
  config.opening = opening::read_only;
  progress_bar bar("reading " + file, out.errors_are_seen());
  config.tell_checked = told_to(bar);
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

std::uint64_t whole_database::expiring() const {
  std::uint64_t count = 0;
  for (const auto& c : cores) count += c->stats().value_or(table_stats{}).expiring;
  return count;
}

}  // namespace shelf::cli
