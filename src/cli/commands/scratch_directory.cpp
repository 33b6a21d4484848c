// CLI  [cli] -> rows -> upkeep -> engine -> stores -> journal -> file
// mkdtemp, and everything below it gone in the end.
#include "cli/commands/scratch_directory.hpp"

#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <filesystem>

namespace shelf::cli {

result<scratch_directory> scratch_directory::below(const std::string& parent) {
  std::error_code why;
  const auto what = std::filesystem::status(parent, why);
  if (what.type() == std::filesystem::file_type::not_found) {
    return std::unexpected(error(errc::not_found, parent + ": there is no such directory"));
  }
  if (!why && !std::filesystem::is_directory(what)) {
    return std::unexpected(error(errc::file_error, parent + ": not a directory", {}, ENOTDIR));
  }
  std::string path = parent + "/.shelf-bench-XXXXXX";
  if (::mkdtemp(path.data()) == nullptr) {
    const int cause = errno;
    const auto code = cause == ENOSPC || cause == EDQUOT ? errc::no_space : errc::file_error;
    return std::unexpected(
        error(code, parent + ": not writable: " + std::strerror(cause), {}, cause));
  }
  return scratch_directory(std::move(path));
}

scratch_directory::~scratch_directory() {
  std::error_code ignored;
  if (!path_.empty()) std::filesystem::remove_all(path_, ignored);
}

}  // namespace shelf::cli
