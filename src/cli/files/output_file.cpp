// CLI  [cli] -> rows -> upkeep -> engine -> stores -> journal -> file
// Devices and pipes are written as they are; only files are written beside.
#include "cli/files/output_file.hpp"

#include "cli/files/pending_file.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>
#include <cerrno>
#include <cstdlib>
#include <cstring>

namespace shelf::cli {

result<output_file> output_file::create(const std::string& path,
                                        const std::vector<std::string>& inputs, bool force) {
  auto permit = replacement_permit::ask(path, inputs, force);
  if (!permit) return std::unexpected(permit.error());
  struct stat status{};
  const bool there = stat(path.c_str(), &status) == 0;
  if (there && !S_ISREG(status.st_mode)) {
    std::FILE* const f = std::fopen(path.c_str(), "wbe");
    output_file direct(f, path, {}, *std::move(permit));
    if (f == nullptr) return direct.failure();
    return direct;
  }
  // Without a name until it is complete: a process that is killed leaves nothing.
  const auto slash = path.rfind('/');
  const auto directory = slash == std::string::npos ? "." : path.substr(0, slash + 1);
  std::string beside;
  int made = open(directory.c_str(), O_TMPFILE | O_WRONLY | O_CLOEXEC, 0666);
  if (made < 0 && (errno == EOPNOTSUPP || errno == EISDIR)) {
    beside = path + ".XXXXXX";
    made = mkostemp(beside.data(), O_CLOEXEC);
    // As a plain open would make it.
    const auto mask = umask(0);
    umask(mask);
    if (made >= 0) (void)fchmod(made, 0666 & ~mask);
  }
  if (made < 0) return output_file(nullptr, path, {}, *std::move(permit)).failure();
  if (there) (void)fchmod(made, status.st_mode & 07777);
  output_file opened(fdopen(made, "wb"), path, std::move(beside), *std::move(permit));
  opened.force_ = force;
  opened.is_nameless_ = opened.beside_.empty();
  return opened;
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
  unsynced_ += text.size();
  return unsynced_ < most_unsynced || is_direct() ? result<>() : sync();
}

result<> output_file::sync() {
  unsynced_ = 0;
  if (std::fflush(file_.get()) != 0 || fsync(fileno(file_.get())) != 0) return failure();
  return {};
}

result<> output_file::publish() {
  if (is_direct()) return std::fflush(file_.get()) == 0 ? result<>() : failure();
  if (auto synced = sync(); !synced) return synced;
  if (is_nameless_) {
    if (give_name(path_)) return {};
    if (errno != EEXIST) return failure();
  }
  // A table may have come to be there while this was written.
  if (!permit_.holds_table()) {
    if (auto still = replacement_permit::ask(path_, {}, force_); !still) {
      return std::unexpected(still.error());
    }
  }
  if (is_nameless_) {
    const auto name = path_ + "." + std::to_string(getpid());
    if (!give_name(name)) return failure();
    beside_ = name;
  }
  if (std::rename(beside_.c_str(), path_.c_str()) != 0) return failure();
  beside_.clear();
  return {};
}

bool output_file::give_name(const std::string& name) const {
  const auto itself = "/proc/self/fd/" + std::to_string(fileno(file_.get()));
  return linkat(AT_FDCWD, itself.c_str(), AT_FDCWD, name.c_str(), AT_SYMLINK_FOLLOW) == 0;
}

}  // namespace shelf::cli
