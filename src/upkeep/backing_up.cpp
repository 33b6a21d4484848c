// UPKEEP  cli -> rows -> [upkeep] -> engine -> stores -> journal -> file
// A backup of a file that others may be writing.
#include "shelf/backup.hpp"
#include "stores/file_backup.hpp"

namespace shelf {

result<backup_report> backup(const std::string& file, const std::string& target,
                             const backup_options& options, const path_options& from) {
  auto& system = from.system != nullptr ? *from.system : file::real_system();
  const auto where = file::location::find(system, file, from.base_directory);
  if (!where) return std::unexpected(where.error());
  return stores::back_up_file(*where, target, options);
}

}  // namespace shelf
