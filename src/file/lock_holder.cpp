// FILE  api -> engine -> stores -> journal -> [file]
// Who holds the flock of a file: /proc/locks, read with the device number that the mount table
// uses.
#include "file/lock_holder.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include <algorithm>
#include <charconv>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace shelf::file {
namespace {

std::string content_of(const std::string& path) {
  std::string content;
  const int file = ::open(path.c_str(), O_RDONLY | O_CLOEXEC);
  if (file < 0) return content;
  char piece[8192];
  for (ssize_t got = 0; (got = ::read(file, piece, sizeof piece)) > 0;) {
    content.append(piece, static_cast<std::size_t>(got));
  }
  ::close(file);
  return content;
}

std::vector<std::string_view> words_of(std::string_view line) {
  std::vector<std::string_view> words;
  while (true) {
    const std::size_t from = line.find_first_not_of(" \t");
    if (from == line.npos) return words;
    const std::size_t to = std::min(line.find_first_of(" \t", from), line.size());
    words.push_back(line.substr(from, to - from));
    line = line.substr(to);
  }
}

template <class F>
void for_each_line(std::string_view text, F f) {
  while (!text.empty()) {
    const std::size_t end = std::min(text.find('\n'), text.size());
    f(text.substr(0, end));
    text.remove_prefix(std::min(end + 1, text.size()));
  }
}

template <class T>
std::optional<T> number(std::string_view text, int base = 10) {
  T value{};
  const auto [end, failed] = std::from_chars(text.data(), text.data() + text.size(), value, base);
  if (failed != std::errc{} || end != text.data() + text.size()) return std::nullopt;
  return value;
}

struct device_number {
  unsigned major = 0;
  unsigned minor = 0;
  friend bool operator==(device_number, device_number) = default;
};

std::optional<device_number> device_from(std::string_view text, int base) {
  const std::size_t colon = text.find(':');
  if (colon == text.npos) return std::nullopt;
  const auto high = number<unsigned>(text.substr(0, colon), base);
  const auto low = number<unsigned>(text.substr(colon + 1), base);
  if (!high || !low) return std::nullopt;
  return device_number{*high, *low};
}

/// The superblock's device, which /proc/locks prints. fstat may tell another one (Btrfs subvolumes,
/// overlayfs).
std::optional<device_number> mounted_device(int fd) {
  std::string_view mount;
  const std::string info = content_of("/proc/self/fdinfo/" + std::to_string(fd));
  for_each_line(info, [&](std::string_view line) {
    const auto words = words_of(line);
    if (words.size() == 2 && words[0] == "mnt_id:") mount = words[1];
  });
  std::optional<device_number> found;
  for_each_line(content_of("/proc/self/mountinfo"), [&](std::string_view line) {
    const auto words = words_of(line);
    if (words.size() > 2 && words[0] == mount) found = device_from(words[2], 10);
  });
  return found;
}

}  // namespace

std::int64_t flock_holder(int fd) {
  struct stat status{};
  if (::fstat(fd, &status) != 0) return 0;
  device_number device{::major(status.st_dev), ::minor(status.st_dev)};
  if (const auto mounted = mounted_device(fd)) device = *mounted;
  std::int64_t holder = 0;
  // 1: FLOCK  ADVISORY  WRITE 5262 fe:00:10952781 0 EOF
  for_each_line(content_of("/proc/locks"), [&](std::string_view line) {
    const auto words = words_of(line);
    if (words.size() < 6 || words[1] != "FLOCK") return;
    const std::size_t colon = words[5].rfind(':');
    if (colon == words[5].npos) return;
    const auto where = device_from(words[5].substr(0, colon), 16);
    const auto inode = number<std::uint64_t>(words[5].substr(colon + 1));
    const auto process = number<std::int64_t>(words[4]);
    if (where == device && inode == status.st_ino && process && *process > 0) holder = *process;
  });
  return holder;
}

}  // namespace shelf::file
