// FILE  api -> engine -> stores -> journal -> [file]
// The system over Linux: raw calls, descriptors at 3 and above, no signal that kills.
#include "file/real_system.hpp"

#include "file/beneath.hpp"
#include "file/bus_errors.hpp"
#include "file/lock_holder.hpp"
#include "file/process.hpp"

#include <dirent.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/random.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/statfs.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <chrono>
#include <climits>
#include <ctime>
#include <memory>
#include <random>

#ifndef __linux__
#error "shelf runs on Linux only so far; src/file/system.hpp is the one interface a port implements"
#endif

namespace shelf::file {
namespace {

constexpr int lowest_descriptor = 3;

int raw(descriptor file) noexcept { return static_cast<int>(file); }

os_result<> done(int returned) {
  if (returned != 0) return std::unexpected(errno);
  return {};
}

/// Moves a fresh descriptor out of 0 to 2: there, the next message to stderr would land in the
/// table.
os_result<descriptor> above_standard_streams(int file) {
  if (file >= lowest_descriptor) return descriptor{file};
  const int moved = ::fcntl(file, F_DUPFD_CLOEXEC, lowest_descriptor);
  const int cause = errno;
  ::close(file);
  if (moved < 0) return std::unexpected(cause);
  return descriptor{moved};
}

/// A name with a zero behind it. Asks for no memory: syncs and removals work without any.
class terminated {
 public:
  explicit terminated(std::string_view name) noexcept : is_too_long_(name.size() > NAME_MAX) {
    if (!is_too_long_) name.copy(text_.data(), name.size());
  }
  [[nodiscard]] bool is_too_long() const noexcept { return is_too_long_; }
  [[nodiscard]] const char* c_str() const noexcept { return text_.data(); }

 private:
  std::array<char, NAME_MAX + 1> text_{};
  bool is_too_long_;
};

file_status::type type_of(mode_t mode) noexcept {
  using type = file_status::type;
  if (S_ISREG(mode)) return type::regular;
  if (S_ISDIR(mode)) return type::directory;
  if (S_ISLNK(mode)) return type::symlink;
  if (S_ISFIFO(mode)) return type::fifo;
  if (S_ISSOCK(mode)) return type::socket;
  if (S_ISCHR(mode) || S_ISBLK(mode)) return type::device;
  return type::other;
}

file_status status_from(const struct stat& raw_status) noexcept {
  return {
      .device = raw_status.st_dev,
      .inode = raw_status.st_ino,
      .size = static_cast<std::uint64_t>(raw_status.st_size),
      .links = raw_status.st_nlink,
      .mode = raw_status.st_mode & 07777U,
      .owner = raw_status.st_uid,
      .group = raw_status.st_gid,
      .what = type_of(raw_status.st_mode),
  };
}

bool fits_offset(std::uint64_t offset, std::size_t size) noexcept {
  constexpr auto most = static_cast<std::uint64_t>(LLONG_MAX);
  return offset <= most && size <= most - offset;
}

/// Keeps SIGXFSZ from this thread while it lives, and takes back one that came meanwhile.
class file_size_signal_held_back {
 public:
  file_size_signal_held_back() noexcept {
    ::sigemptyset(&signal_);
    ::sigaddset(&signal_, SIGXFSZ);
    ::pthread_sigmask(SIG_BLOCK, &signal_, &before_);
    sigset_t pending;
    ::sigpending(&pending);
    was_pending_ = ::sigismember(&pending, SIGXFSZ) == 1;
  }
  ~file_size_signal_held_back() {
    const int kept = errno;
    const timespec no_time{};
    if (!was_pending_) {
      while (::sigtimedwait(&signal_, nullptr, &no_time) < 0 && errno == EINTR) {
      }
    }
    ::pthread_sigmask(SIG_SETMASK, &before_, nullptr);
    errno = kept;
  }
  file_size_signal_held_back(const file_size_signal_held_back&) = delete;
  file_size_signal_held_back& operator=(const file_size_signal_held_back&) = delete;

 private:
  sigset_t signal_;
  sigset_t before_;
  bool was_pending_ = false;
};

/// Asked before every growing call, never remembered: the host may lower the limit at any time.
bool file_size_is_limited() noexcept {
  rlimit limit{};
  return ::getrlimit(RLIMIT_FSIZE, &limit) != 0 || limit.rlim_cur != RLIM_INFINITY;
}

template <class Call>
auto without_size_signal(Call call) {
  if (!file_size_is_limited()) return call();
  const file_size_signal_held_back held_back;
  return call();
}

/// For sandboxes that refuse getrandom.
std::uint64_t random_without_the_kernel() {
  std::random_device source;
  return std::uint64_t{source()} << 32 | source();
}

/// For file systems without RENAME_NOREPLACE: a second name, which never replaces, then the first
/// one goes.
int link_then_unlink(int directory, const char* from, const char* to) noexcept {
  if (::linkat(directory, from, directory, to, 0) != 0) return -1;
  return ::unlinkat(directory, from, 0);
}

}  // namespace

os_result<descriptor> linux_system::open_directory(descriptor at, std::string_view path,
                                                   bool beneath) {
  settle_in_this_process();
  const int base = at == descriptor::none ? AT_FDCWD : raw(at);
  if (beneath) {
    os_result<int> opened = std::unexpected(ENOSYS);
    if (beneath_by_ == beneath_by::kernel) opened = open_beneath_by_kernel(base, path);
    // EPERM as well: that is how container sandboxes refuse a call that they do not know.
    if (!opened && (opened.error() == ENOSYS || opened.error() == EPERM)) {
      opened = open_beneath_by_hand(base, path);
    }
    if (!opened) return std::unexpected(opened.error());
    return above_standard_streams(*opened);
  }
  const std::string name(path);
  int opened = ::openat(base, name.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (opened < 0 && errno == EACCES) {
    opened = ::openat(base, name.c_str(), O_PATH | O_DIRECTORY | O_CLOEXEC);
  }
  if (opened < 0) return std::unexpected(errno);
  return above_standard_streams(opened);
}

os_result<descriptor> linux_system::open_file(descriptor directory, std::string_view name,
                                              open_flags flags) {
  settle_in_this_process();
  const std::string text(name);
  int how = O_NOFOLLOW | O_CLOEXEC | O_NONBLOCK | O_NOCTTY | (flags.write ? O_RDWR : O_RDONLY);
  if (flags.create_new) how |= O_CREAT | O_EXCL;
  const int opened = ::openat(raw(directory), text.c_str(), how, flags.mode & 07777U);
  if (opened < 0) return std::unexpected(errno);
  const auto file = above_standard_streams(opened);
  if (!file) return file;
  struct stat what{};
  bool fit = ::fstat(raw(*file), &what) == 0;
  // The umask may have taken bits away. Anything but a regular file keeps O_NONBLOCK, so no read of
  // it hangs.
  if (fit && flags.create_new) fit = ::fchmod(raw(*file), flags.mode & 07777U) == 0;
  if (fit && S_ISREG(what.st_mode)) {
    fit = ::fcntl(raw(*file), F_SETFL, how & (O_RDWR | O_RDONLY)) == 0;
  }
  if (fit) return file;
  const int cause = errno;
  ::close(raw(*file));
  if (flags.create_new) ::unlinkat(raw(directory), text.c_str(), 0);
  return std::unexpected(cause);
}

os_result<std::string> linux_system::read_link(descriptor directory, std::string_view name) {
  std::string target(PATH_MAX, '\0');
  const std::string link(name);
  const ssize_t got = ::readlinkat(raw(directory), link.c_str(), target.data(), target.size());
  if (got < 0) return std::unexpected(errno);
  target.resize(static_cast<std::size_t>(got));
  return target;
}

os_result<> linux_system::close(descriptor file) { return close_and_forget(raw(file)); }

os_result<std::size_t> linux_system::read(descriptor file, std::uint64_t offset,
                                          std::span<std::byte> into) {
  if (!fits_offset(offset, into.size())) return std::unexpected(EINVAL);
  const ssize_t got = ::pread(raw(file), into.data(), into.size(), static_cast<off_t>(offset));
  if (got < 0) return std::unexpected(errno);
  return static_cast<std::size_t>(got);
}

os_result<std::size_t> linux_system::write(descriptor file, std::uint64_t offset,
                                           std::span<const std::byte> from) {
  if (!fits_offset(offset, from.size())) return std::unexpected(EFBIG);
  const ssize_t put = without_size_signal(
      [&] { return ::pwrite(raw(file), from.data(), from.size(), static_cast<off_t>(offset)); });
  if (put < 0) return std::unexpected(errno);
  return static_cast<std::size_t>(put);
}

os_result<> linux_system::truncate(descriptor file, std::uint64_t size) {
  if (!fits_offset(size, 0)) return std::unexpected(EFBIG);
  return done(
      without_size_signal([&] { return ::ftruncate(raw(file), static_cast<off_t>(size)); }));
}

os_result<> linux_system::sync_data(descriptor file) { return done(::fdatasync(raw(file))); }

os_result<> linux_system::sync(descriptor file) { return done(::fsync(raw(file))); }

os_result<> linux_system::drop_cache(descriptor file) {
  const int cause = ::posix_fadvise(raw(file), 0, 0, POSIX_FADV_DONTNEED);
  if (cause != 0) return std::unexpected(cause);
  return {};
}

void linux_system::start_writing(descriptor file, std::uint64_t offset,
                                 std::uint64_t size) noexcept {
  // Without the flags that wait it takes no error away from the fsync that follows.
  (void)::sync_file_range(raw(file), static_cast<off_t>(offset), static_cast<off_t>(size),
                          SYNC_FILE_RANGE_WRITE);
}

os_result<std::byte*> linux_system::map(descriptor file, std::size_t length, bool to_write) {
  if (!catch_bus_errors()) return std::unexpected(ENOTSUP);
  const int may = to_write ? PROT_READ | PROT_WRITE : PROT_READ;
  void* const at = ::mmap(nullptr, length, may, MAP_SHARED, raw(file), 0);
  if (at == MAP_FAILED) return std::unexpected(errno);
  // A child's mapping would keep the open file, and with it the lock, alive.
  if (::madvise(at, length, MADV_DONTFORK) != 0) {
    const int cause = errno;
    static_cast<void>(::munmap(at, length));
    return std::unexpected(cause);
  }
  return static_cast<std::byte*>(at);
}

void linux_system::populate(std::byte* at, std::size_t length) noexcept {
#ifdef MADV_POPULATE_WRITE
  static_cast<void>(::madvise(at, length, MADV_POPULATE_WRITE));
#else
  constexpr int populate_write = 23;  // of Linux 5.14, newer than the C library's headers
  static_cast<void>(::madvise(at, length, populate_write));
#endif
}

void linux_system::unmap(std::byte* at, std::size_t length) noexcept {
  static_cast<void>(::munmap(at, length));
}

os_result<file_status> linux_system::status(descriptor file) {
  struct stat found{};
  if (::fstat(raw(file), &found) != 0) return std::unexpected(errno);
  return status_from(found);
}

os_result<file_status> linux_system::status_at(descriptor directory, std::string_view name) {
  const terminated text(name);
  if (text.is_too_long()) return std::unexpected(ENAMETOOLONG);
  struct stat found{};
  if (::fstatat(raw(directory), text.c_str(), &found, AT_SYMLINK_NOFOLLOW) != 0) {
    return std::unexpected(errno);
  }
  return status_from(found);
}

os_result<> linux_system::set_mode(descriptor file, std::uint32_t mode) {
  return done(::fchmod(raw(file), mode & 07777U));
}

os_result<> linux_system::set_owner(descriptor file, std::uint32_t owner, std::uint32_t group) {
  return done(::fchown(raw(file), owner, group));
}

os_result<> linux_system::rename(descriptor directory, std::string_view from, std::string_view to,
                                 bool no_replace) {
  const std::string old_name(from);
  const std::string new_name(to);
  const int at = raw(directory);
  if (!no_replace) return done(::renameat(at, old_name.c_str(), at, new_name.c_str()));
  int returned = ::renameat2(at, old_name.c_str(), at, new_name.c_str(), RENAME_NOREPLACE);
  if (returned != 0 && (errno == EINVAL || errno == ENOSYS)) {
    returned = link_then_unlink(at, old_name.c_str(), new_name.c_str());
  }
  return done(returned);
}

os_result<> linux_system::unlink(descriptor directory, std::string_view name) {
  const terminated text(name);
  if (text.is_too_long()) return std::unexpected(ENAMETOOLONG);
  return done(::unlinkat(raw(directory), text.c_str(), 0));
}

os_result<std::vector<std::string>> linux_system::list(descriptor directory) {
  // A description of its own, so that walks of several threads do not share a position.
  const int again = ::openat(raw(directory), ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (again < 0) return std::unexpected(errno);
  struct closer {
    void operator()(DIR* d) const noexcept { ::closedir(d); }
  };
  const std::unique_ptr<DIR, closer> open(::fdopendir(again));
  if (open == nullptr) {
    const int cause = errno;
    ::close(again);
    return std::unexpected(cause);
  }
  std::vector<std::string> names;
  errno = 0;
  while (const dirent* entry = ::readdir(open.get())) {
    const std::string_view name(entry->d_name);
    if (name != "." && name != "..") names.emplace_back(name);
    errno = 0;
  }
  if (errno != 0) return std::unexpected(errno);
  return names;
}

os_result<> linux_system::lock(descriptor file) { return lock_and_remember(raw(file)); }

std::int64_t linux_system::lock_holder(descriptor file) { return flock_holder(raw(file)); }

os_result<std::uint64_t> linux_system::file_system_type(descriptor file) {
  struct statfs found{};
  if (::fstatfs(raw(file), &found) != 0) return std::unexpected(errno);
  return static_cast<std::uint32_t>(found.f_type);
}

std::chrono::nanoseconds linux_system::now() {
  return std::chrono::steady_clock::now().time_since_epoch();
}

std::chrono::nanoseconds linux_system::wall_clock() {
  return std::chrono::system_clock::now().time_since_epoch();
}

namespace {

[[nodiscard]] std::chrono::nanoseconds read_clock(clockid_t which) noexcept {
  struct timespec t{};
  ::clock_gettime(which, &t);
  return std::chrono::seconds(t.tv_sec) + std::chrono::nanoseconds(t.tv_nsec);
}

}  // namespace

std::chrono::nanoseconds linux_system::coarse_wall_clock() {
  return read_clock(CLOCK_REALTIME_COARSE);
}

std::chrono::nanoseconds linux_system::boot_clock() { return read_clock(CLOCK_BOOTTIME); }

std::uint64_t linux_system::random() {
  std::uint64_t bits = 0;
  auto* into = reinterpret_cast<char*>(&bits);
  for (std::size_t have = 0; have < sizeof bits;) {
    const ssize_t got = ::getrandom(into + have, sizeof bits - have, 0);
    if (got > 0) have += static_cast<std::size_t>(got);
    if (got < 0 && errno != EINTR) return random_without_the_kernel();
  }
  return bits;
}

std::uint32_t linux_system::user_id() { return ::geteuid(); }

std::int64_t linux_system::process_id() { return ::getpid(); }

namespace {

/// There from the beginning and never destroyed: needs no memory, and no guard that a fork could
/// leave locked.
union only_system {
  constexpr only_system() noexcept : there() {}
  constexpr ~only_system() {}
  linux_system there;
};
constinit only_system only;

}  // namespace

system& real_system() noexcept { return only.there; }

}  // namespace shelf::file
