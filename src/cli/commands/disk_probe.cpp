// CLI  [cli] -> rows -> upkeep -> engine -> stores -> journal -> file
// Timed appends; and what the kernel tells of the mount and of the disk below it.
#include "cli/commands/disk_probe.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>
#include <algorithm>
#include <array>
#include <cerrno>
#include <chrono>
#include <cstring>
#include <fstream>
#include <sstream>
#include <vector>

namespace shelf::cli {
namespace {

using clock = std::chrono::steady_clock;
constexpr auto longest_probe = std::chrono::milliseconds(700);
constexpr std::size_t most_times = 2000;

/// An open file, closed in the end.
struct open_file {
  explicit open_file(const std::string& path)
      : number(::open(path.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_APPEND | O_CLOEXEC, 0600)) {}
  open_file(const open_file&) = delete;
  open_file& operator=(const open_file&) = delete;
  ~open_file() {
    if (number >= 0) ::close(number);
  }
  int number;
};

[[nodiscard]] std::unexpected<error> failure(const std::string& path, const char* doing) {
  const int cause = errno;
  const auto code = cause == ENOSPC || cause == EDQUOT ? errc::no_space : errc::file_error;
  return std::unexpected(error(code, path + ": " + doing + ": " + std::strerror(cause), {}, cause));
}

[[nodiscard]] latency spread(std::vector<double> all) {
  std::ranges::sort(all);
  const auto at = [&](std::size_t percent) { return all[(all.size() - 1) * percent / 100]; };
  return {.times = all.size(), .p50_us = at(50), .p99_us = at(99), .max_us = all.back()};
}

/// Appends, each with its sync or without. At least one, so that there is something to tell.
[[nodiscard]] result<latency> timed_appends(const open_file& f, const std::string& path,
                                            bool synced, const interruption& stop,
                                            const progress& tell) {
  const std::array<char, probe_bytes> record{};
  std::vector<double> took;
  const auto begun = clock::now();
  auto now = begun;
  do {
    const auto before = clock::now();
    const auto written = ::write(f.number, record.data(), record.size());
    if (written != static_cast<ssize_t>(record.size())) {
      if (written >= 0) errno = ENOSPC;
      return failure(path, "write");
    }
    if (synced && ::fdatasync(f.number) != 0) return failure(path, "fdatasync");
    now = clock::now();
    took.push_back(std::chrono::duration<double, std::micro>(now - before).count());
    const auto thousandths = static_cast<std::uint64_t>((now - begun) * 1000 / longest_probe);
    if (tell) tell(std::max(thousandths, took.size() * 1000 / most_times), 1000);
  } while (took.size() < most_times && now - begun < longest_probe && !stop.has_come());
  return spread(std::move(took));
}

[[nodiscard]] std::string first_line(const std::string& path) {
  std::ifstream file(path);
  std::string line;
  std::getline(file, line);
  return line;
}

/// The number of the mount that an open file lies on; empty if the kernel does not tell.
[[nodiscard]] std::string mount_of(const open_file& f) {
  std::ifstream info("/proc/self/fdinfo/" + std::to_string(f.number));
  for (std::string name, value; info >> name >> value;) {
    if (name == "mnt_id:") return value;
  }
  return {};
}

/// A line of mountinfo, see proc(5): `36 35 98:0 / /mnt rw,noatime master:1 - ext4 /dev/sda rw`.
void read_mount(const open_file& f, disk_evidence& into, std::string& device) {
  const auto wanted = mount_of(f);
  std::ifstream mounts("/proc/self/mountinfo");
  for (std::string line; !wanted.empty() && std::getline(mounts, line);) {
    std::istringstream words(line);
    std::string number, parent, root, place, options, word, source, more;
    words >> number >> parent >> device >> root >> place >> options;
    if (number != wanted) continue;
    while (words >> word && word != "-") {
    }
    words >> into.file_system >> source >> more;
    into.mount_options = options + "," + more;
    return;
  }
  device.clear();
}

/// What the block layer says; nothing for file systems without a disk of their own.
void read_disk(const std::string& device, disk_evidence& into) {
  if (device.empty() || device.starts_with("0:")) return;
  const auto disk = "/sys/dev/block/" + device;
  // A partition has its queue one folder up.
  for (const auto& queue : {disk + "/queue/", disk + "/../queue/"}) {
    into.write_cache = first_line(queue + "write_cache");
    into.spins = first_line(queue + "rotational") == "1";
    if (!into.write_cache.empty()) return;
  }
}

[[nodiscard]] bool has_option(const std::string& options, std::string_view wanted) {
  return ("," + options + ",").find("," + std::string(wanted) + ",") != std::string::npos;
}

[[nodiscard]] std::string in_time(double us) {
  std::ostringstream text;
  text.precision(2);
  text << std::fixed << (us < 1000 ? us : us / 1000) << (us < 1000 ? " us" : " ms");
  return text.str();
}

/// Why a sync certainly keeps nothing from a power cut; empty if it may.
[[nodiscard]] std::string why_ignored(const disk_evidence& e) {
  if (e.file_system == "tmpfs" || e.file_system == "ramfs") {
    return e.file_system + " keeps its files in memory; a power failure loses them all";
  }
  if (e.sync_is_answered) {
    return "a sync of a file that does not exist succeeds, so something intercepts the kernel's "
           "calls (libeatmydata, a container's filter)";
  }
  for (const char* const option : {"nobarrier", "barrier=0", "volatile"}) {
    if (has_option(e.mount_options, option)) {
      return std::string("the file system is mounted with the option ") + option +
             ", so the disk is never told to flush its cache";
    }
  }
  if (e.sync_us < 5) {
    return "a sync takes " + in_time(e.sync_us) + ", faster than any disk can answer";
  }
  return {};
}

/// Why a sync is less believable than others; empty if it is not.
[[nodiscard]] std::string why_doubtful(const disk_evidence& e) {
  if (e.file_system.starts_with("fuse") || e.file_system == "9p" || e.file_system == "virtiofs") {
    return e.file_system + ": another process is responsible for the disk";
  }
  const auto time = in_time(e.sync_us);
  if (e.sync_us < 100) {
    return "a sync takes " + time +
           ": only a disk whose cache survives a power failure (with a capacitor or a battery) is "
           "that fast, or one that ignores flushes";
  }
  if (e.spins && e.sync_us < 2000) {
    return "the disk reports that it spins, and a sync takes " + time +
           ", less than one rotation: a virtual disk, a cache with a battery, or flushes that are "
           "ignored";
  }
  return {};
}

}  // namespace

std::string_view to_string(flushes f) noexcept {
  switch (f) {
    case flushes::plausible: return "plausible";
    case flushes::doubtful: return "doubtful";
    case flushes::ignored: return "ignored";
  }
  return {};
}

disk_verdict judge(const disk_evidence& e) {
  if (auto why = why_ignored(e); !why.empty()) return {flushes::ignored, std::move(why)};
  std::string rest;
  if (e.write_cache == "write through") {
    rest = "; the disk reports no volatile cache, so the kernel sends it no flushes";
  }
  if (auto why = why_doubtful(e); !why.empty()) return {flushes::doubtful, why + rest};
  return {flushes::plausible, "a sync takes " + in_time(e.sync_us) +
                                  ", as expected of a disk that writes before it answers; only a "
                                  "power failure could prove it" +
                                  rest};
}

result<disk_report> probe_disk(const std::string& path, const interruption& stop,
                               const progress& tell) {
  const open_file f(path);
  if (f.number < 0) return failure(path, "open");
  disk_report report;
  const auto append = timed_appends(f, path, false, stop, detail::step_of(tell, 0, 2));
  if (!append) return std::unexpected(append.error());
  if (::fdatasync(f.number) != 0) return failure(path, "fdatasync");
  const auto sync = timed_appends(f, path, true, stop, detail::step_of(tell, 1, 2));
  if (!sync) return std::unexpected(sync.error());
  report.append = *append;
  report.sync = *sync;

  std::string device;
  read_mount(f, report.evidence, device);
  read_disk(device, report.evidence);
  report.evidence.sync_is_answered = ::fdatasync(-1) == 0;
  report.evidence.sync_us = sync->p50_us;
  report.verdict = judge(report.evidence);
  return report;
}

}  // namespace shelf::cli
