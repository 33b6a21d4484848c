// CLI  [cli] -> api -> table -> journal -> file
// Devices and pipes are written as they are; only files are written beside.
#include "cli/output_file.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>
#include <cerrno>
#include <cstdlib>
#include <cstring>

namespace shelf::cli {

result<output_file> output_file::create(const std::string& path) {
  struct stat status{};
  const bool there = stat(path.c_str(), &status) == 0;
  if (there && !S_ISREG(status.st_mode)) {
    std::FILE* const f = std::fopen(path.c_str(), "wbe");
    output_file direct(f, path, {});
    if (f == nullptr) return direct.failure();
    return direct;
  }
  std::string beside = path + ".XXXXXX";
  const int made = mkostemp(beside.data(), O_CLOEXEC);
  if (made < 0) return output_file(nullptr, path, {}).failure();
  // As a plain open would make it, or as the file was that it replaces.
  const auto mask = umask(0);
  umask(mask);
  (void)fchmod(made, there ? status.st_mode & 07777 : 0666 & ~mask);
  return output_file(fdopen(made, "wb"), path, std::move(beside));
}

output_file::~output_file() {
  if (!file_) return;
  file_.reset();
  if (!beside_.empty()) std::remove(beside_.c_str());
}

std::unexpected<error> output_file::failure() const {
  const int cause = errno;
  const auto code = cause == ENOSPC ? errc::no_space : errc::file_error;
  return std::unexpected(error(code, path_ + ": " + std::strerror(cause), {}, cause));
}

result<> output_file::write(std::string_view text) {
  if (std::fwrite(text.data(), 1, text.size(), file_.get()) != text.size()) return failure();
  return {};
}

result<> output_file::publish() {
  if (std::fflush(file_.get()) != 0) return failure();
  if (!beside_.empty()) {
    if (fsync(fileno(file_.get())) != 0) return failure();
    if (std::rename(beside_.c_str(), path_.c_str()) != 0) return failure();
  }
  beside_.clear();
  return {};
}

}  // namespace shelf::cli
