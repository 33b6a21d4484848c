// CLI  [cli] -> rows -> upkeep -> engine -> stores -> journal -> file
// Files are the same if device and inode are; names say nothing.
#include "cli/files/standing_file.hpp"

#include "cli/files/open_source.hpp"
#include "shelf/dets.hpp"
#include "shelf/upkeep.hpp"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>
#include <cerrno>
#include <optional>

namespace shelf::cli {
namespace {

using file_status = struct stat;

/// Of a regular file, by any name.
[[nodiscard]] std::optional<file_status> status_of(const std::string& path) {
  file_status status{};
  const bool there =
      path == "-" ? fstat(STDIN_FILENO, &status) == 0 : stat(path.c_str(), &status) == 0;
  if (!there || !S_ISREG(status.st_mode)) return std::nullopt;
  return status;
}

[[nodiscard]] bool same_file(const file_status& a, const file_status& b) noexcept {
  return a.st_dev == b.st_dev && a.st_ino == b.st_ino;
}

/// Damaged ones and those of newer versions count: somebody's data is in them.
[[nodiscard]] bool is_table(const std::string& path) {
  if (recognise(path) != stored_format::native) return true;
  const auto described = describe_all(path);
  return described || described.error() == errc::corrupt ||
         described.error() == errc::unsupported_version;
}

/// Names the process that holds the lock, if it is known.
[[nodiscard]] error held_elsewhere(const std::string& path) {
  if (const auto d = describe_all(path); d && !d->empty() && d->front().held_by != 0) {
    return {errc::already_open, path + ": process " + std::to_string(d->front().held_by) +
                                    " has it open for writing; it is not replaced"};
  }
  return {errc::already_open, path + ": it is open for writing elsewhere; it is not replaced"};
}

}  // namespace

result<> refuse_same_file(const std::string& target, const std::string& input) {
  const auto out = status_of(target);
  const auto in = out ? status_of(input) : std::nullopt;
  if (!in || !same_file(*out, *in)) return {};
  const auto named = input == "-" ? std::string("standard input") : input;
  return std::unexpected(error(errc::invalid_argument,
                               target + ": the output would replace the input itself, " + named));
}

result<replacement_permit> replacement_permit::ask(const std::string& target,
                                                   const std::vector<std::string>& inputs,
                                                   bool force) {
  for (const auto& input : inputs) {
    if (auto other = refuse_same_file(target, input); !other) {
      return std::unexpected(other.error());
    }
  }
  if (!status_of(target) || !is_table(target)) return replacement_permit(-1);
  if (!force) {
    return std::unexpected(error(errc::file_error,
                                 target + ": already exists and is a table; --force replaces it",
                                 {}, EEXIST));
  }
  replacement_permit permit(open(target.c_str(), O_RDONLY | O_CLOEXEC));
  const bool is_held =
      permit.locked_ >= 0 && flock(permit.locked_, LOCK_EX | LOCK_NB) != 0 && errno == EWOULDBLOCK;
  if (is_held) return std::unexpected(held_elsewhere(target));
  return permit;
}

replacement_permit::~replacement_permit() {
  if (locked_ >= 0) close(locked_);
}

result<> refuse_output_into(const std::string& file) {
  file_status output{};
  if (fstat(STDOUT_FILENO, &output) != 0 || !S_ISREG(output.st_mode)) return {};
  const auto table = status_of(file);
  if (!table || !same_file(output, *table)) return {};
  return std::unexpected(
      error(errc::invalid_argument, file + ": standard output is redirected to this file"));
}

}  // namespace shelf::cli
