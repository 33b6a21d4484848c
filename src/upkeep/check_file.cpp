// UPKEEP  cli -> rows -> [upkeep] -> engine -> stores -> journal -> file
// A whole file checked: every frame, every entry, against the types the file itself names.
#include "error/sentence.hpp"
#include "shelf/detail/database_core.hpp"
#include "shelf/upkeep.hpp"
#include "upkeep/described_indexes.hpp"
#include "upkeep/described_types.hpp"

#include <utility>

namespace shelf {
namespace {

[[nodiscard]] detail::core_config reading(const std::string& path, const path_options& options,
                                          progress tell_checked) {
  detail::core_config config;
  config.path = path;
  config.base_directory = options.base_directory;
  config.opening = opening::read_only;
  config.file_system = file_system::any;
  config.system = options.system;
  config.tell_checked = std::move(tell_checked);
  return config;
}

[[nodiscard]] file_check found_in(const table_stats& stats, file_check out) {
  out.entries = stats.entries;
  out.batches = stats.recovered_batches;
  out.torn_bytes = stats.recovery_cut_bytes;
  return out;
}

}  // namespace

result<file_check> check(const std::string& path, const path_options& options,
                         const progress& tell) {
  const auto described = describe_all(path, options);
  if (!described) return std::unexpected(described.error());
  file_check out{.of = {}, .tables = described->size()};
  if (!described->empty()) out.of = described->front();
  std::uint64_t entries = 0;
  std::uint64_t seen = 0;
  // The checksums take a small part of the time that the entries take.
  const auto tell_checked = detail::step_of(tell, 0, 16);
  const auto tell_seen = detail::step_of(tell, 1, 16, 15);
  const auto one_seen = [&](std::uint64_t size) {
    seen += size;
    if (tell && (++entries & 0xFF) == 0) tell_seen(seen, out.of.file_bytes);
  };
  std::vector<detail::wanted_table> wanted;
  for (const auto& d : *described) {
    auto types = detail::described_types(d, detail::scrutiny::types, one_seen);
    if (types) {
      auto indexes = detail::unique_indexes(d);
      if (indexes)
        types->indexes = *std::move(indexes);
      else
        types = std::unexpected(indexes.error());
    }
    if (!types) {
      const auto& why = types.error();
      const auto place = described->size() == 1 ? "byte 8192: " : "table " + d.name + ": ";
      return std::unexpected(wrong_in(path, error(why.code(), place + why.message())));
    }
    wanted.push_back({.name = d.name,
                      .types = *std::move(types),
                      .storage = d.in_memory ? storage::memory : storage::disk});
  }
  // The only table of a file, whatever its name is; or all of a database.
  if (wanted.size() == 1) {
    const auto opened =
        detail::open_core(reading(path, options, tell_checked), std::move(wanted.front().types));
    if (!opened) return std::unexpected(opened.error());
    const auto stats = (*opened)->stats();
    if (!stats) return std::unexpected(stats.error());
    (*opened)->abandon();
    return found_in(*stats, std::move(out));
  }
  const auto opened =
      detail::open_database(reading(path, options, tell_checked), std::move(wanted));
  if (!opened) return std::unexpected(opened.error());
  const auto stats = (*opened)->stats();
  if (!stats) return std::unexpected(stats.error());
  (*opened)->abandon();
  return found_in(stats->all, std::move(out));
}

}  // namespace shelf
