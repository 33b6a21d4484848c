// UPKEEP  cli -> [upkeep] -> engine -> stores -> journal -> file
// A whole file checked: every frame, every entry, against the types the file itself names.
#include "error/sentence.hpp"
#include "shelf/upkeep.hpp"
#include "upkeep/described_types.hpp"

namespace shelf {

result<file_check> check(const std::string& path, const path_options& options,
                         const progress& tell) {
  const auto described = describe(path, options);
  if (!described) return std::unexpected(described.error());
  file_check out{.of = *described};
  std::uint64_t entries = 0;
  std::uint64_t seen = 0;
  // The checksums take a small part of the time that the entries take.
  const auto tell_checked = detail::step_of(tell, 0, 16);
  const auto tell_seen = detail::step_of(tell, 1, 16, 15);
  const auto one_seen = [&](std::uint64_t size) {
    seen += size;
    if (tell && (++entries & 0xFF) == 0) tell_seen(seen, described->file_bytes);
  };
  auto types = detail::described_types(*described, detail::scrutiny::types, one_seen);
  if (!types) {
    const auto& why = types.error();
    return std::unexpected(wrong_in(path, error(why.code(), "byte 8192: " + why.message())));
  }
  detail::core_config config;
  config.path = path;
  config.base_directory = options.base_directory;
  config.opening = opening::read_only;
  config.file_system = file_system::any;
  config.system = options.system;
  config.tell_checked = tell_checked;
  const auto opened = detail::open_core(std::move(config), *std::move(types));
  if (!opened) return std::unexpected(opened.error());
  const auto stats = (*opened)->stats();
  if (!stats) return std::unexpected(stats.error());
  out.entries = stats->entries;
  out.batches = stats->recovered_batches;
  out.torn_bytes = stats->recovery_cut_bytes;
  (*opened)->abandon();
  return out;
}

}  // namespace shelf
