// CLI  [cli] -> api -> table -> journal -> file
// A source for each format; so far there is one.
#include "cli/open_source.hpp"

#include "cli/native_table.hpp"

namespace shelf::cli {

result<std::unique_ptr<source>> open_source(const std::string& path, const console& out) {
  auto table = native_table::read(path, progress_bar("reading " + path, out.errors_are_seen()));
  if (!table) return std::unexpected(table.error());
  return std::make_unique<native_table>(*std::move(table));
}

}  // namespace shelf::cli
