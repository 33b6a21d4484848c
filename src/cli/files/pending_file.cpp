// CLI  [cli] -> rows -> upkeep -> engine -> stores -> journal -> file
// A link fails if the name is taken; a rename replaces.
#include "cli/files/pending_file.hpp"

#include <fcntl.h>
#include <unistd.h>
#include <cerrno>
#include <chrono>
#include <cstring>
#include <filesystem>
#include <utility>

namespace shelf::cli {
namespace {

[[nodiscard]] std::unexpected<error> failure(const std::string& path, int cause) {
  return std::unexpected(error(errc::file_error, path + ": " + std::strerror(cause), {}, cause));
}

[[nodiscard]] std::unexpected<error> is_there(const std::string& path) {
  return std::unexpected(
      error(errc::file_error, path + ": already exists; --force replaces it", {}, EEXIST));
}

/// Of a file, or of a directory, which makes new names in it last.
[[nodiscard]] result<> sync_what_is_at(const std::string& path) {
  const int opened = open(path.c_str(), O_RDONLY | O_CLOEXEC);
  if (opened < 0) return failure(path, errno);
  const int cause = fsync(opened) == 0 ? 0 : errno;
  close(opened);
  return cause == 0 ? result<>() : failure(path, cause);
}

}  // namespace

result<pending_file> pending_file::beside(const std::string& target, bool replace) {
  std::error_code failed;
  const auto status = std::filesystem::symlink_status(target, failed);
  const bool there = std::filesystem::exists(status);
  if (there && !replace) return is_there(target);
  if (there && !std::filesystem::is_regular_file(status)) {
    return std::unexpected(
        error(errc::file_error, target + ": not a regular file, so it is not replaced"));
  }
  auto permit = replacement_permit::ask(target, {}, replace);
  if (!permit) return std::unexpected(permit.error());
  return pending_file(target, target + ".new-" + std::to_string(getpid()), replace,
                      *std::move(permit));
}

pending_file::pending_file(pending_file&& other) noexcept
    : target_(std::move(other.target_)),
      beside_(std::exchange(other.beside_, {})),
      replace_(other.replace_),
      permit_(std::move(other.permit_)) {}

pending_file::~pending_file() {
  if (!beside_.empty()) unlink(beside_.c_str());
}

result<> pending_file::sync() const { return sync_what_is_at(beside_); }

result<> pending_file::publish() {
  if (replace_) {
    if (rename(beside_.c_str(), target_.c_str()) != 0) return failure(target_, errno);
    beside_.clear();
  } else if (link(beside_.c_str(), target_.c_str()) != 0) {
    return errno == EEXIST ? is_there(target_) : failure(target_, errno);
  }
  const auto parent = std::filesystem::path(target_).parent_path();
  return sync_what_is_at(parent.empty() ? std::string(".") : parent.string());
}

}  // namespace shelf::cli
