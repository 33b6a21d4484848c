// TEST  simulation room
// The simulated disk behaves like the real system: the same random calls give the same answers.
#include "file/scratch.hpp"
#include "simulation/simulated_disk.hpp"

#include <algorithm>
#include <random>
#include <sstream>

namespace shelf::simulation {
namespace {

using file::linux_system;
using file::real_system;
using file::scratch;

/// A system under a log: every answer as text, without what may differ: numbers of descriptors and
/// inodes.
class teller {
 public:
  teller(system& system, descriptor directory) : system_(system), directory_(directory) {}
  ~teller() {
    for (const auto& [slot, file] : open_) static_cast<void>(system_.close(file));
  }

  std::string open(std::size_t slot, const std::string& name, open_flags flags) {
    if (open_.contains(slot)) return "slot taken";
    const auto opened = system_.open_file(directory_, name, flags);
    if (opened) open_.emplace(slot, *opened);
    return told(opened, [](descriptor) { return std::string("opened"); });
  }
  std::string close(std::size_t slot) {
    const auto closed = system_.close(at(slot));
    open_.erase(slot);
    return told(closed);
  }
  std::string read(std::size_t slot, std::uint64_t offset, std::size_t size) {
    std::string into(size, '?');
    const auto got = system_.read(at(slot), offset, std::as_writable_bytes(std::span(into)));
    return told(got, [&](std::size_t n) { return into.substr(0, n); });
  }
  std::string write(std::size_t slot, std::uint64_t offset, const std::string& content) {
    return told(system_.write(at(slot), offset, as_bytes(content)),
                [](std::size_t n) { return std::to_string(n); });
  }
  std::string truncate(std::size_t slot, std::uint64_t size) {
    return told(system_.truncate(at(slot), size));
  }
  std::string sync(std::size_t slot) { return told(system_.sync(at(slot))); }
  std::string sync_data(std::size_t slot) { return told(system_.sync_data(at(slot))); }
  std::string drop_cache(std::size_t slot) { return told(system_.drop_cache(at(slot))); }
  std::string sync_directory() { return told(system_.sync(directory_)); }
  std::string set_mode(std::size_t slot, std::uint32_t mode) {
    return told(system_.set_mode(at(slot), mode));
  }
  std::string status(std::size_t slot) {
    return told(system_.status(at(slot)), [&](const file_status& s) { return shown(s); });
  }
  std::string status_at(const std::string& name) {
    return told(system_.status_at(directory_, name),
                [&](const file_status& s) { return shown(s); });
  }
  std::string rename(const std::string& from, const std::string& to, bool no_replace) {
    return told(system_.rename(directory_, from, to, no_replace));
  }
  std::string unlink(const std::string& name) { return told(system_.unlink(directory_, name)); }
  std::string read_link(const std::string& name) {
    return told(system_.read_link(directory_, name), [](const std::string& s) { return s; });
  }
  std::string list() {
    return told(system_.list(directory_), [](std::vector<std::string> names) {
      std::ranges::sort(names);
      std::string all;
      for (const auto& name : names) all += name + ' ';
      return all;
    });
  }
  std::string lock(std::size_t slot) { return told(system_.lock(at(slot))); }
  std::string holder(std::size_t slot) {
    const auto process = system_.lock_holder(at(slot));
    return process == 0 ? "nobody" : process == system_.process_id() ? "us" : "others";
  }

 private:
  descriptor at(std::size_t slot) const {
    const auto found = open_.find(slot);
    return found == open_.end() ? descriptor{900} : found->second;
  }
  std::string shown(const file_status& s) {
    std::ostringstream out;
    out << static_cast<int>(s.what);
    for (const char* name : {"a", "b", "c"}) {
      const auto named = system_.status_at(directory_, name);
      if (named && named->same_file(s)) out << " is " << name;
    }
    if (s.what == file_status::type::regular) {
      out << ", " << s.size << " bytes, " << s.links << " names, mode " << s.mode;
    }
    return out.str();
  }
  template <class T, class Show>
  static std::string told(const os_result<T>& answer, Show show) {
    return answer ? show(*answer) : "error " + std::to_string(answer.error());
  }
  static std::string told(const os_result<>& answer) {
    return answer ? "ok" : "error " + std::to_string(answer.error());
  }

  system& system_;
  descriptor directory_;
  std::map<std::size_t, descriptor> open_;
};

/// One random call. Both tellers are asked with the same numbers.
template <class Random>
std::string random_call(Random& random, teller& real, teller& simulated) {
  const std::string names[] = {"a",    "b",    "c", "directory",
                               "link", "fifo", "",  std::string(256, 'n')};
  const auto below = [&](std::size_t end) { return static_cast<std::size_t>(random() % end); };
  const std::size_t slot = below(5);
  const std::string name = names[below(10) < 7 ? below(3) : below(8)];
  const std::string other = names[below(10) < 8 ? below(3) : below(8)];
  const std::uint64_t offset = below(50) == 0 ? ~std::uint64_t{0} >> below(2) : below(3'000);
  const std::size_t size = below(2'000);
  const std::string content(size, static_cast<char>('a' + below(26)));
  // Opening a FIFO to write, or reading it, is no call that the room makes.
  const open_flags flags{.write = name != "fifo" && below(3) > 0,
                         .create_new = below(3) == 0,
                         .mode = below(2) == 0 ? 0600U : 0644U};
  const auto both = [&](std::string what, auto call) {
    const std::string expected = call(real);
    const std::string answered = call(simulated);
    EXPECT_EQ(answered, expected) << what;
    return what;
  };
  const std::string at = " of slot " + std::to_string(slot);
  switch (below(19)) {
    case 0:
    case 1:
      if (name == "fifo" && !flags.create_new) return "no fifo";
      return both("open " + name, [&](teller& t) { return t.open(slot, name, flags); });
    case 2: return both("close" + at, [&](teller& t) { return t.close(slot); });
    case 3:
    case 4: return both("read" + at, [&](teller& t) { return t.read(slot, offset, size); });
    case 5:
    case 6:
    case 7: return both("write" + at, [&](teller& t) { return t.write(slot, offset, content); });
    case 8: return both("truncate" + at, [&](teller& t) { return t.truncate(slot, offset); });
    case 9: return both("sync" + at, [&](teller& t) { return t.sync(slot); });
    case 10: return both("sync_data" + at, [&](teller& t) { return t.sync_data(slot); });
    case 11: return both("drop_cache" + at, [&](teller& t) { return t.drop_cache(slot); });
    case 12: return both("set_mode" + at, [&](teller& t) { return t.set_mode(slot, 0640); });
    case 13: return both("status" + at, [&](teller& t) { return t.status(slot); });
    case 14: return both("status_at " + name, [&](teller& t) { return t.status_at(name); });
    case 15: {
      const bool no_replace = below(2) == 0;
      return both("rename " + name + " to " + other,
                  [&](teller& t) { return t.rename(name, other, no_replace); });
    }
    case 16: return both("unlink " + name, [&](teller& t) { return t.unlink(name); });
    case 17:
      return both("list, lock and holder" + at, [&](teller& t) {
        return t.list() + t.lock(slot) + t.holder(slot) + t.sync_directory();
      });
    default: return both("read_link " + name, [&](teller& t) { return t.read_link(name); });
  }
}

TEST(SameSystem, RandomCallsGetTheSameAnswersFromTheRealSystemAndFromTheSimulatedDisk) {
  for (unsigned seed = 0; seed < 20; ++seed) {
    const scratch directory;
    directory.make_directory("directory");
    directory.link("link", "a");
    std::filesystem::permissions(directory.path(), std::filesystem::perms::owner_all);
    simulated_disk disk;
    disk.make_directory("directory");
    disk.make_symlink("link", "a");
    auto& linux = real_system();
    const auto real_root = *linux.open_directory(descriptor::none, directory.path(), false);
    const auto simulated_root = *disk.open_directory(descriptor::none, "/", false);
    {
      teller real(linux, real_root);
      teller simulated(disk, simulated_root);
      std::mt19937 random(seed);
      for (int i = 0; i < 400; ++i) {
        const std::string what = random_call(random, real, simulated);
        ASSERT_FALSE(testing::Test::HasFailure())
            << "seed " << seed << ", call " << i << ": " << what;
      }
    }
    EXPECT_TRUE(linux.close(real_root));
    EXPECT_EQ(disk.open_descriptors(), 1U);
  }
}

TEST(SameSystem, DirectoriesAreFoundAlikeBelowABaseByAllThreeSystems) {
  const scratch directory;
  simulated_disk disk;
  for (const char* name : {"base", "base/a", "base/a/b", "out"}) {
    directory.make_directory(name);
    disk.make_directory(name);
  }
  const std::pair<const char*, const char*> links[] = {
      {"base/up", ".."},         {"base/a/up", ".."},
      {"base/to-b", "a/b"},      {"base/self", "self"},
      {"base/out", "../out"},    {"base/absolute", "/"},
      {"base/dangling", "none"}, {"base/a/b/twice", "../../a/up/to-b"}};
  for (const auto& [name, target] : links) {
    directory.link(name, target);
    disk.make_symlink(name, target);
  }
  directory.write("base/file", "x");
  disk.put("base/file", as_bytes("x"));
  linux_system kernel(linux_system::beneath_by::kernel);
  linux_system hand(linux_system::beneath_by::hand);
  const std::string parts[] = {"..",  ".",        "a",        "b",     "up",   "to-b", "self",
                               "out", "absolute", "dangling", "twice", "file", ""};
  std::mt19937 random(1);
  for (int i = 0; i < 3'000; ++i) {
    std::string path;
    for (auto n = random() % 6 + 1; n > 0; --n) path += parts[random() % std::size(parts)] + '/';
    if (random() % 2 == 0) path.pop_back();
    std::vector<std::string> answers;
    for (system* each : {static_cast<system*>(&kernel), static_cast<system*>(&hand),
                         static_cast<system*>(&disk)}) {
      const bool real = each != &disk;
      const auto base =
          *each->open_directory(descriptor::none, real ? directory.path("base") : "base", false);
      const auto found = each->open_directory(base, path, true);
      if (found) {
        auto names = *each->list(*found);
        std::ranges::sort(names);
        std::string all;
        for (const auto& name : names) all += name + ' ';
        answers.push_back(all);
        EXPECT_TRUE(each->close(*found));
      } else {
        answers.push_back("error " + std::to_string(found.error()));
      }
      EXPECT_TRUE(each->close(base));
    }
    ASSERT_EQ(answers[0], answers[1]) << path;
    ASSERT_EQ(answers[0], answers[2]) << path;
  }
}

}  // namespace
}  // namespace shelf::simulation
