// TEST  crash
// A power cut, for real: power_cut WRITER DIRECTORY SECONDS. Makes a small ext4 in a file, mounts
// it in a mount namespace of its own, lets the writer write, shuts the file system down so that all
// that is not on its disk is gone, mounts it again and checks. Ends with 0 if all is well, 1 if
// something was lost, 77 if this machine cannot do it.
#include "can_keep.hpp"
#include "crash/campaign.hpp"
#include "crash/storm.hpp"
#include "crash/workloads.hpp"
#include "simulation/crash_space.hpp"

#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <sys/ioctl.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <sys/wait.h>
#include <unistd.h>

#include <chrono>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <thread>
#include <tuple>
#include <utility>
#include <vector>

namespace shelf::crash {
namespace {

constexpr int not_here = 77;
constexpr unsigned loop_major = 7;
constexpr auto shut_down_request = _IOR('X', 125, std::uint32_t);

bool run(const std::vector<std::string>& arguments) {
  const int child = start(arguments);
  int status = 0;
  return child > 0 && ::waitpid(child, &status, 0) == child && WIFEXITED(status) &&
         WEXITSTATUS(status) == 0;
}

/// What was told before the plug was pulled. Kernels let an fdatasync that is under way at that
/// very moment return 0 now and then, with nothing on the disk (a bare write and fdatasync shows
/// it, about once in two hundred cuts): such an answer binds nobody.
class told_before {
 public:
  explicit told_before(const storm_board& board) {
    for (const auto& lane : board.lanes) told_.emplace_back(lane.acknowledged, lane.saved);
  }
  void restore(storm_board& board) const {
    for (std::size_t i = 0; i < told_.size(); ++i) {
      std::tie(board.lanes[i].acknowledged, board.lanes[i].saved) = told_[i];
    }
  }

 private:
  std::vector<std::pair<std::uint64_t, std::uint64_t>> told_;
};

/// A file system in a file, and the plug that can be pulled.
class machine {
 public:
  explicit machine(const std::string& directory)
      : image_(directory + "/disk.img"), mounted_(directory + "/mounted") {}

  bool build() {
    if (::unshare(CLONE_NEWNS) != 0) return false;
    if (::mount("none", "/", nullptr, MS_REC | MS_PRIVATE, nullptr) != 0) return false;
    const int file = ::open(image_.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600);
    if (file < 0) return false;
    const bool sized = ::ftruncate(file, off_t{1} << 30) == 0;
    ::close(file);
    return sized && run({"mkfs.ext4", "-qF", image_}) && ::mkdir(mounted_.c_str(), 0700) == 0 &&
           start_up();
  }
  bool start_up() { return run({"mount", "-o", "loop", image_, mounted_}); }

  /// journal: what the file system's own journal holds reaches the disk first, data does not.
  bool pull_the_plug(bool journal) {
    const int root = ::open(mounted_.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (root < 0) return false;
    struct stat at{};
    std::uint32_t how = journal ? 1 : 2;
    // Never a real disk.
    const bool is_loop = ::fstat(root, &at) == 0 && major(at.st_dev) == loop_major;
    const bool off = is_loop && ::ioctl(root, shut_down_request, &how) == 0;
    ::close(root);
    return off;
  }
  bool take_down() {
    for (int i = 0; i < 100; ++i) {
      if (::umount(mounted_.c_str()) == 0) return true;
      std::this_thread::sleep_for(std::chrono::milliseconds(5));  // sleeps: polls 100 times
    }
    return false;
  }
  [[nodiscard]] std::string path_of(const std::string& name) const { return mounted_ + "/" + name; }

 private:
  std::string image_;
  std::string mounted_;
};

/// One machine, one table a mode, and a writer that is cut off again and again.
class power_cuts {
 public:
  power_cuts(machine& m, std::string writer, const std::string& board_path)
      : machine_(m),
        writer_(std::move(writer)),
        board_path_(board_path),
        board_(*map_board(board_path, true)) {}

  int run(storm_table t, std::chrono::milliseconds time) {
    const auto name = to_string(t.mode) + "_" + test::to_string(t.format);
    t.path = machine_.path_of(name);
    const auto end = std::chrono::steady_clock::now() + time;
    storm_check expect(t);
    int cuts = 0;
    for (; std::chrono::steady_clock::now() < end; ++cuts) {
      expect.prepare(board_);
      t.io = choose_.below(2) == 0 ? file_io::calls : file_io::mapped;
      if (!cut_off(t)) return cuts_ == 0 ? not_here : failed(name, "no power cut");
      ++cuts_;
      if (!machine_.take_down() || !machine_.start_up()) return failed(name, "no new start");
      const auto wrong = expect.check(board_, storm_check::promise::saved);
      if (!wrong.empty()) return failed(name, wrong);
    }
    std::printf("%d power cuts of a real ext4, %s, %llu writes checked\n", cuts, name.c_str(),
                static_cast<unsigned long long>(expect.writes_seen()));
    return 0;
  }

 private:
  bool cut_off(const storm_table& t) {
    const int child = start_writer(writer_, t, board_path_);
    // sleeps: a random time until the power cut
    std::this_thread::sleep_for(std::chrono::milliseconds(10 + choose_.below(50)));
    // The writer meets the dead disk, so what fails from here on is no finding.
    const std::uint32_t failed_before = board_.failed;
    const told_before told(board_);
    const bool off = machine_.pull_the_plug(choose_.below(2) == 0);
    ::kill(child, SIGKILL);
    ::waitpid(child, nullptr, 0);
    board_.failed = failed_before;
    told.restore(board_);
    return off;
  }
  int failed(const std::string& name, const std::string& why) const {
    std::printf("SHELF_TEST_SEED=%llu, %s, power cut %d: %s\n",
                static_cast<unsigned long long>(seed()), name.c_str(), cuts_, why.c_str());
    return 1;
  }

  machine& machine_;
  std::string writer_;
  std::string board_path_;
  storm_board& board_;
  simulation::chooser choose_{seed()};
  int cuts_ = 0;
};

int cut_power_for(const std::string& writer, const std::string& directory,
                  std::chrono::seconds time) {
  machine m(directory);
  if (!m.build()) return not_here;
  power_cuts cuts(m, writer, directory + "/board");
  int result = 0;
  for (const auto mode : {write_mode::durable, write_mode::through, write_mode::back}) {
    if (result == 0) result = cuts.run({.mode = mode}, time / 3);
  }
  // What through mode leaves of a DETS file is no prefix.
  for (const auto mode : {write_mode::durable, write_mode::back}) {
    if (result != 0) break;
    result = cuts.run({.mode = mode, .format = file_format::dets}, time / 6);
  }
  m.take_down();
  return result;
}

}  // namespace
}  // namespace shelf::crash

int main(int count, char** arguments) {
  if (count != 4) return 2;
  return shelf::crash::cut_power_for(arguments[1], arguments[2],
                                     std::chrono::seconds(std::atoi(arguments[3])));
}
