// STORES  api -> engine -> [stores] -> journal -> file
// A backup of a file that this process does not write.
#pragma once

#include "file/location.hpp"
#include "shelf/backup.hpp"

#include <string>

namespace shelf::stores {

/// As shelf::backup.
[[nodiscard]] result<backup_report> back_up_file(const file::location& from,
                                                 const std::string& target,
                                                 const backup_options& options);

}  // namespace shelf::stores
