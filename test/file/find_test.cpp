// TEST  file room
// Paths: what they name, and that below a base directory none of them leads out, whoever keeps the
// watch.
#include "file/scratch.hpp"
#include "simulation/simulated_disk.hpp"

#include <fcntl.h>
#include <sys/stat.h>

#include <atomic>
#include <cerrno>

namespace shelf::file {
namespace {

using simulation::simulated_disk;

/// Every case runs with openat2 and with the walk by hand.
struct FindBelow : testing::TestWithParam<linux_system::beneath_by> {
  scratch directory;
  linux_system files{GetParam()};
  const std::string base = directory.path("base");

  FindBelow() {
    directory.make_directory("base/inner/deep");
    directory.make_directory("outside");
    directory.write("outside/secret", "secret");
    directory.write("base/ages.shelf", "ages");
    directory.write("base/inner/deep/names.shelf", "names");
  }
  result<location> find(const std::string& path) { return location::find(files, path, base); }
  result<location> find(const std::string& path, const std::string& from) {
    return location::find(files, path, from);
  }
  std::string content(const std::string& path) {
    return text_of(sure(sure(find(path)).open_to_read()));
  }
  /// The path is refused, either at once or when the file is opened.
  void refused(const std::string& path, errc code = errc::invalid_path) {
    const auto found = find(path);
    ASSERT_FALSE(found) << path;
    EXPECT_EQ(found.error(), code) << path << " gave: " << found.error().message();
  }
};

INSTANTIATE_TEST_SUITE_P(Watched, FindBelow,
                         testing::Values(linux_system::beneath_by::kernel,
                                         linux_system::beneath_by::hand),
                         [](const auto& each) {
                           return each.param == linux_system::beneath_by::kernel ? "ByKernel"
                                                                                 : "ByHand";
                         });

TEST_P(FindBelow, PlainPathsNameWhatTheySay) {
  EXPECT_EQ(content("ages.shelf"), "ages");
  EXPECT_EQ(content("./ages.shelf"), "ages");
  EXPECT_EQ(content("inner/deep/names.shelf"), "names");
  EXPECT_EQ(content("inner//deep/./names.shelf"), "names");
  EXPECT_EQ(content("inner/../ages.shelf"), "ages");
  EXPECT_EQ(content("inner/deep/../../ages.shelf"), "ages");
}

TEST_P(FindBelow, AnAbsolutePathInsideTheBaseIsAllowedAndOneBesideItIsNot) {
  EXPECT_EQ(content(base + "/ages.shelf"), "ages");
  EXPECT_EQ(content(base + "//inner/./deep/names.shelf"), "names");
  refused(directory.path("outside/secret"));
  refused("/etc/passwd");
  refused(base + "_sibling/evil.shelf");
  refused(base);
  refused(base + "/../outside/secret");
}

TEST_P(FindBelow, DotsThatLeadOutAreRefused) {
  for (const char* path :
       {"../outside/secret", "inner/../../outside/secret", "inner/deep/../../../outside/secret",
        "../base/ages.shelf", "../../../../../../etc/passwd", "./../outside/secret"}) {
    refused(path);
  }
}

TEST_P(FindBelow, PathsThatNameNoFileAreRefused) {
  for (const char* path : {"", ".", "..", "/", "inner/", "inner/.", "inner/..", "ages.shelf/"}) {
    refused(path);
  }
  refused(std::string("ages.shelf\0.txt", 15));
}

TEST_P(FindBelow, LinksInsideTheBaseAreFollowedAndLinksOutAreRefused) {
  directory.link("base/to-deep", "inner/deep");
  directory.link("base/inner/up", "..");
  directory.link("base/out", "../outside");
  directory.link("base/absolute", directory.path("outside"));
  directory.link("base/absolute-inside", base + "/inner");
  EXPECT_EQ(content("to-deep/names.shelf"), "names");
  EXPECT_EQ(content("to-deep/../../ages.shelf"), "ages");
  EXPECT_EQ(content("inner/up/ages.shelf"), "ages");
  refused("out/secret");
  refused("absolute/secret");
  refused("inner/up/../outside/secret");
  refused("absolute-inside/deep/names.shelf");  // the kernel's rule: no absolute link below a base
}

TEST_P(FindBelow, ALinkAsLastComponentIsFollowedWithinTheBase) {
  directory.link("base/inner/link", "../ages.shelf");
  directory.link("base/inner/deep/link", "../link");
  directory.link("base/secret", "../outside/secret");
  directory.link("base/absolute", directory.path("outside/secret"));
  directory.link("base/dangling", "inner/not-yet");
  directory.link("base/nowhere", "no-directory/file");
  EXPECT_EQ(content("inner/link"), "ages");
  EXPECT_EQ(content("inner/deep/link"), "ages");
  refused("secret");
  refused("absolute");
  EXPECT_EQ(sure(find("dangling")).open_to_read().error(), errc::not_found);
  make(sure(find("dangling")), "made");
  EXPECT_EQ(directory.read("base/inner/not-yet"), "made");
  refused("nowhere", errc::file_error);
}

TEST_P(FindBelow, LoopsOfLinksEnd) {
  directory.link("base/self", "self");
  directory.link("base/a", "b");
  directory.link("base/b", "a");
  directory.link("base/inner/around", "../inner/around/x");
  refused("self");
  refused("a");
  refused("a/file");
  refused("inner/around/file");
}

TEST_P(FindBelow, MagicLinksOfProcAreNoWayOut) {
  const int outside = ::open(directory.path("outside").c_str(), O_RDONLY | O_DIRECTORY);
  const std::string magic = "self/fd/" + std::to_string(outside) + "/secret";
  const auto found = find(magic, "/proc");
  ASSERT_FALSE(found);
  EXPECT_TRUE(found.error() == errc::invalid_path) << found.error();
  const auto current = find("self/cwd/x", "/proc");
  ASSERT_FALSE(current);
  EXPECT_EQ(current.error(), errc::invalid_path);
  ::close(outside);
}

TEST_P(FindBelow, LongNamesAndLongPathsAreRefusedAndTheLongestNamesWork) {
  const std::string longest(255, 'n');
  make(sure(find(longest)), "long");
  EXPECT_EQ(content(longest), "long");
  refused(std::string(256, 'n'));
  std::string path;
  while (path.size() < 5000) path += "inner/../";
  refused(path + "ages.shelf");
}

TEST_P(FindBelow, OddBytesInNamesWorkAndAreShownHarmlessly) {
  for (const std::string name : {"with space", "ünïcödé 中文 🙂", "new\nline", "\x01\x7f",
                                 "\xff\xfe", "-rf", "a'b\"c", "%s%n"}) {
    make(sure(find(name)), name);
    EXPECT_EQ(content(name), name);
  }
  // As every sentence has it, which is how a sentence about a sentence finds the path in it.
  EXPECT_EQ(sure(find("new\nline")).path(), "new\\nline");
  EXPECT_EQ(sure(find("\xff\xfe")).path(), "\\xff\\xfe");
  EXPECT_EQ(sure(find("ünïcödé")).path(), "ünïcödé");
}

TEST_P(FindBelow, NamesOfTemporaryFilesAreKeptForThem) {
  refused(".ages.shelf.shelf-0123abcd.tmp");
  EXPECT_TRUE(find(".ages.shelf.shelf-0123abcX.tmp"));
}

TEST_P(FindBelow, AMissingDirectoryIsNamed) {
  const auto found = find("no/where/ages.shelf");
  ASSERT_FALSE(found);
  EXPECT_EQ(found.error(), errc::file_error);
  EXPECT_EQ(found.error(), std::errc::no_such_file_or_directory);
  EXPECT_EQ(
      found.error().message(),
      "no/where/ages.shelf: cannot open the directory \"no/where\": No such file or directory");
  EXPECT_EQ(find("ages.shelf/x").error(), std::errc::not_a_directory);
}

TEST_P(FindBelow, AMissingOrMalformedBaseIsAnError) {
  EXPECT_EQ(find("x", directory.path("no-base")).error(), std::errc::no_such_file_or_directory);
  EXPECT_EQ(find("x", "").error(), errc::invalid_path);
  EXPECT_EQ(find("x", std::string("a\0b", 3)).error(), errc::invalid_path);
  EXPECT_EQ(find("x", base + "/ages.shelf").error(), std::errc::not_a_directory);
}

TEST_P(FindBelow, RootAndRelativeBasesWork) {
  const std::string whole = base + "/ages.shelf";
  EXPECT_EQ(text_of(sure(sure(find(whole, "/")).open_to_read())), "ages");
  EXPECT_EQ(text_of(sure(sure(find(whole.substr(1), "/")).open_to_read())), "ages");
  const auto before = std::filesystem::current_path();
  std::filesystem::current_path(directory.path());
  EXPECT_EQ(text_of(sure(sure(find("ages.shelf", "base")).open_to_read())), "ages");
  EXPECT_EQ(text_of(sure(sure(find("ages.shelf", "./base/")).open_to_read())), "ages");
  EXPECT_EQ(text_of(sure(sure(find("base/ages.shelf", ".")).open_to_read())), "ages");
  EXPECT_EQ(find("../outside/secret", "base").error(), errc::invalid_path);
  std::filesystem::current_path(before);
}

TEST_P(FindBelow, ABaseThatIsALinkOrIsReplacedLaterStaysTheOneItWas) {
  directory.link("alias", "base");
  const auto found = sure(find("ages.shelf", directory.path("alias")));
  std::filesystem::rename(directory.path("base"), directory.path("moved"));
  directory.make_directory("base");
  directory.write("base/ages.shelf", "another");
  EXPECT_EQ(text_of(sure(found.open_to_read())), "ages");
  EXPECT_EQ(content("ages.shelf"), "another");
}

TEST_P(FindBelow, AFileWithASecondNameIsRefusedBelowABase) {
  std::filesystem::create_hard_link(directory.path("outside/secret"), base + "/hard");
  const auto found = sure(find("hard"));
  EXPECT_EQ(found.open_to_read().error(), errc::invalid_path);
  EXPECT_EQ(found.open_to_write().error(), errc::invalid_path);
  EXPECT_TRUE(place(base + "/hard").open_to_read()) << "without a base it is the caller's business";
}

TEST_P(FindBelow, NoRaceOfLinksAndDirectoriesLeadsOut) {
  directory.make_directory("base/race");
  directory.write("base/race/secret", "inside");
  directory.link("base/bait", "../outside");
  std::atomic<bool> stop = false;
  std::thread swapper([&] {
    const std::string race = base + "/race";
    const std::string bait = base + "/bait";
    while (!stop) ::renameat2(AT_FDCWD, race.c_str(), AT_FDCWD, bait.c_str(), RENAME_EXCHANGE);
  });
  int inside = 0;
  for (int i = 0; i < 20'000; ++i) {
    const auto found = find("race/secret");
    if (!found) {
      EXPECT_EQ(found.error(), errc::invalid_path);
      continue;
    }
    const auto file = found->open_to_read();
    if (!file) continue;
    ASSERT_EQ(text_of(*file), "inside");
    ++inside;
  }
  stop = true;
  swapper.join();
  EXPECT_GT(inside, 0);
}

TEST_P(FindBelow, NoRaceOfADirectoryMovedOutLeadsOutThroughDots) {
  directory.make_directory("base/a/b");
  directory.write("outside/ages.shelf", "outside");
  std::atomic<bool> stop = false;
  std::thread mover([&] {
    const std::string in = base + "/a/b";
    const std::string out = directory.path("outside/b");
    while (!stop) {
      ::rename(in.c_str(), out.c_str());
      ::rename(out.c_str(), in.c_str());
    }
  });
  for (int i = 0; i < 10'000; ++i) {
    const auto found = find("a/b/../../ages.shelf");
    if (!found) continue;
    const auto file = found->open_to_read();
    if (!file) continue;
    ASSERT_EQ(text_of(*file), "ages");
  }
  stop = true;
  mover.join();
}

TEST_P(FindBelow, NoDescriptorIsLeftBehindByAnyOfIt) {
  directory.link("base/out", "../outside");
  directory.link("base/loop", "loop");
  const std::size_t before = open_descriptors();
  for (const char* path : {"ages.shelf", "inner/deep/names.shelf", "../x", "out/secret", "loop",
                           "no/where", "inner/deep/../../ages.shelf", "", "inner/"}) {
    static_cast<void>(find(path));
  }
  EXPECT_EQ(open_descriptors(), before);
}

// --- without a base ---

TEST(Find, WithoutABaseEveryPathAndLinkTheSystemFollowsIsFollowed) {
  const scratch directory;
  directory.make_directory("a/b");
  directory.write("ages", "ages");
  directory.link("a/absolute", directory.path("ages"));
  directory.link("a/relative", "../ages");
  directory.link("a/inner", "..");
  EXPECT_EQ(text_of(sure(place(directory.path("a/../ages")).open_to_read())), "ages");
  EXPECT_EQ(text_of(sure(place(directory.path("a/absolute")).open_to_read())), "ages");
  EXPECT_EQ(text_of(sure(place(directory.path("a/relative")).open_to_read())), "ages");
  EXPECT_EQ(text_of(sure(place(directory.path("a/inner/a/inner/ages")).open_to_read())), "ages");
}

TEST(Find, WithoutABaseMalformedPathsAreRefusedAllTheSame) {
  for (const std::string& path : {std::string(), std::string("a\0b", 3), std::string("/tmp/"),
                                  std::string("."), std::string("/"), std::string("/tmp/..")}) {
    EXPECT_EQ(location::find(real_system(), path, {}).error(), errc::invalid_path);
  }
}

TEST(Find, ALinkThatAnotherUserPlantedInASharedStickyDirectoryIsNotFollowed) {
  simulated_disk disk;
  disk.make_directory("shared", 01777);
  disk.make_directory("plain", 0777);
  disk.put("target", {});
  constexpr std::uint32_t stranger = 12345;
  disk.make_symlink("shared/own", "../target");
  disk.make_symlink("shared/planted", "../target", stranger);
  disk.make_symlink("plain/planted", "../target", stranger);
  EXPECT_TRUE(location::find(disk, "shared/own", {}));
  EXPECT_TRUE(location::find(disk, "plain/planted", {}));
  EXPECT_EQ(location::find(disk, "shared/planted", {}).error(), std::errc::permission_denied);
}

TEST(Find, TheSimulatedDiskKeepsTheSameRules) {
  simulated_disk disk;
  disk.make_directory("base");
  disk.make_directory("base/inner");
  disk.put("base/ages", as_bytes("ages"));
  disk.put("secret", as_bytes("secret"));
  disk.make_symlink("base/inner/link", "../ages");
  disk.make_symlink("base/out", "../secret");
  EXPECT_EQ(text_of(sure(sure(location::find(disk, "inner/link", "base")).open_to_read())), "ages");
  EXPECT_EQ(location::find(disk, "out", "base").error(), errc::invalid_path);
  EXPECT_EQ(location::find(disk, "../secret", "base").error(), errc::invalid_path);
  EXPECT_EQ(disk.open_descriptors(), 0U);
}

}  // namespace
}  // namespace shelf::file
