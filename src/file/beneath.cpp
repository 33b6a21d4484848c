// FILE  api -> engine -> stores -> journal -> [file]
// Opening a directory below a base: with openat2, or by a walk that holds every step of its way.
#include "file/beneath.hpp"

#include <fcntl.h>
#include <linux/openat2.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cerrno>
#include <climits>
#include <string>
#include <utility>
#include <vector>

namespace shelf::file {
namespace {

constexpr int most_links = 40;  // the kernel's own limit
constexpr int most_races = 64;  // openat2 answers EAGAIN when a rename crossed its way

/// A descriptor that closes itself.
class handle {
 public:
  explicit handle(int fd) noexcept : fd_(fd) {}
  handle(handle&& other) noexcept : fd_(std::exchange(other.fd_, -1)) {}
  handle& operator=(handle&& other) noexcept {
    std::swap(fd_, other.fd_);
    return *this;
  }
  ~handle() {
    if (fd_ >= 0) ::close(fd_);
  }
  [[nodiscard]] int get() const noexcept { return fd_; }

 private:
  int fd_;
};

/// The walk's state: the way from the base to here, and the components still to go, the next one
/// last.
class walk {
 public:
  explicit walk(int base) : base_(base) {}

  os_result<> add(std::string_view path) {
    if (path.size() >= PATH_MAX) return std::unexpected(ENAMETOOLONG);
    if (path.starts_with('/')) return std::unexpected(EXDEV);
    while (!path.empty()) {
      const std::size_t cut = path.find_last_of('/');
      const auto last = cut == path.npos ? path : path.substr(cut + 1);
      if (!last.empty() && last != ".") to_go_.emplace_back(last);
      path = cut == path.npos ? std::string_view{} : path.substr(0, cut);
    }
    if (to_go_.size() > PATH_MAX) return std::unexpected(ENAMETOOLONG);
    return {};
  }

  os_result<int> finish() {
    while (!to_go_.empty()) {
      const std::string next = std::move(to_go_.back());
      to_go_.pop_back();
      if (auto stepped = step(next); !stepped) return std::unexpected(stepped.error());
    }
    int opened = ::openat(here(), ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (opened < 0 && errno == EACCES) {
      opened = ::openat(here(), ".", O_PATH | O_DIRECTORY | O_CLOEXEC);
    }
    if (opened < 0) return std::unexpected(errno);
    return opened;
  }

 private:
  [[nodiscard]] int here() const noexcept { return way_.empty() ? base_ : way_.back().get(); }

  os_result<> step(const std::string& name) {
    if (name == "..") {
      if (way_.empty()) return std::unexpected(EXDEV);
      way_.pop_back();
      return {};
    }
    handle next(::openat(here(), name.c_str(), O_PATH | O_NOFOLLOW | O_CLOEXEC));
    if (next.get() < 0) return std::unexpected(errno);
    struct stat what{};
    if (::fstat(next.get(), &what) != 0) return std::unexpected(errno);
    if (S_ISLNK(what.st_mode)) return follow(next);
    if (!S_ISDIR(what.st_mode)) return std::unexpected(ENOTDIR);
    way_.push_back(std::move(next));
    return {};
  }

  os_result<> follow(const handle& link) {
    if (++links_ > most_links) return std::unexpected(ELOOP);
    std::string target(PATH_MAX, '\0');
    const ssize_t length = ::readlinkat(link.get(), "", target.data(), target.size());
    if (length < 0) return std::unexpected(errno);
    target.resize(static_cast<std::size_t>(length));
    if (target.empty()) return std::unexpected(ENOENT);
    return add(target);
  }

  int base_;
  int links_ = 0;
  std::vector<handle> way_;
  std::vector<std::string> to_go_;
};

}  // namespace

os_result<int> open_beneath_by_kernel(int base, std::string_view path) {
  const std::string name(path);
  open_how how{};
  how.flags = O_RDONLY | O_DIRECTORY | O_CLOEXEC;
  how.resolve = RESOLVE_BENEATH | RESOLVE_NO_MAGICLINKS;
  for (int race = 0; race < most_races; ++race) {
    const long opened = ::syscall(SYS_openat2, base, name.c_str(), &how, sizeof how);
    if (opened >= 0) return static_cast<int>(opened);
    if (errno == EACCES && (how.flags & O_PATH) == 0) {
      how.flags = O_PATH | O_DIRECTORY |
                  O_CLOEXEC;  // searchable but not readable: enough to open files in it
    } else if (errno != EAGAIN && errno != EINTR) {
      return std::unexpected(errno);
    }
  }
  return open_beneath_by_hand(base, path);
}

os_result<int> open_beneath_by_hand(int base, std::string_view path) {
  if (path.empty()) return std::unexpected(ENOENT);
  walk way(base);
  if (auto added = way.add(path); !added) return std::unexpected(added.error());
  return way.finish();
}

}  // namespace shelf::file
