// CLI  [cli] -> rows -> upkeep -> engine -> stores -> journal -> file
// A source for each format.
#include "cli/files/open_source.hpp"

#include "cli/files/dets_table.hpp"
#include "cli/files/ets_dump.hpp"
#include "cli/files/native_table.hpp"
#include "cli/files/sqlite_file.hpp"

namespace shelf::cli {
namespace {

template <class T>
[[nodiscard]] result<std::unique_ptr<source>> held(result<T> table) {
  if (!table) return std::unexpected(table.error());
  return std::make_unique<T>(*std::move(table));
}

}  // namespace

stored_format recognise(const std::string& path) {
  const auto dets = dets::is_dets_file(path);
  if (dets || dets.error() == errc::unsupported_version) return stored_format::dets;
  if (is_disk_log(path)) return stored_format::ets_dump;
  return sqlite_file::is_one(path) ? stored_format::sqlite : stored_format::native;
}

result<std::unique_ptr<source>> open_source(const std::string& path, const std::string& table,
                                            const console& out) {
  progress_bar bar("reading " + path, out.errors_are_seen());
  if (!table.empty() && recognise(path) != stored_format::native) {
    return std::unexpected(
        error(errc::invalid_argument, path + ": --table: the file holds one table without a name"));
  }
  switch (recognise(path)) {
    case stored_format::dets:
      return held(dets_table::read(path, std::move(bar), [&out](const std::string& sentence) {
        out.complain(tone::warning, sentence);
      }));
    case stored_format::ets_dump: return held(ets_dump::read(path, std::move(bar)));
    case stored_format::sqlite:
    case stored_format::native: break;
  }
  auto opened = native_table::read(path, table, std::move(bar));
  const bool is_other = !opened && opened.error().message().ends_with("not a shelf table");
  if (!is_other) return held(std::move(opened));
  return std::unexpected(error(
      errc::not_a_table, opened.error().message() + ", nor a DETS file, nor an ets:tab2file dump"));
}

result<std::unique_ptr<source>> open_expired(const std::string& path, const std::string& table,
                                             const console& out) {
  if (recognise(path) != stored_format::native) {
    return std::unexpected(
        error(errc::invalid_argument, path + ": --expired: only shelf tables keep deadlines"));
  }
  return held(native_table::read_expired(path, table,
                                         progress_bar("reading " + path, out.errors_are_seen())));
}

}  // namespace shelf::cli
