// SUITE  every verb over every kind, write mode and store
// Paths: what a base directory keeps in, and names of all sorts.
#include "file/scratch.hpp"
#include "suite/ground.hpp"

#include <sys/stat.h>
#include <filesystem>

namespace shelf::suite {
namespace {

using ages = map<std::string, std::int64_t>;

class Paths : public each_format {
 protected:
  [[nodiscard]] static result<ages> open(ages::config c) {
    c.format = GetParam();
    return ages::open(std::move(c));
  }
  [[nodiscard]] static result<ages> open_below(const std::string& base, const std::string& name) {
    return open({.path = name, .base_directory = base});
  }
};
/// Opens, writes, closes.
[[nodiscard]] result<> use(result<ages> t) {
  if (!t) return std::unexpected(t.error());
  if (auto kept = t->insert("a", 1); !kept) return std::unexpected(kept.error());
  return t->close();
}

// T108, T109, T112
TEST_P(Paths, NamesInsideTheBaseAreFine) {
  const file::scratch here;
  here.make_directory("sub/dir");
  EXPECT_TRUE(ok(use(open_below(here.path(), "x.shelf"))));
  EXPECT_TRUE(ok(use(open_below(here.path(), here.path("y.shelf")))));
  EXPECT_TRUE(ok(use(open_below(here.path(), "sub/dir/x.shelf"))));
  EXPECT_TRUE(ok(use(open_below(here.path(), "./sub//dir/../dir/y.shelf"))));
  EXPECT_TRUE(ok(use(open_below(here.path() + "/", "z.shelf"))));
  EXPECT_TRUE(here.has("sub/dir/y.shelf"));
}

// T110, T111, T113
TEST_P(Paths, NothingLeadsOutOfTheBase) {
  const file::scratch here;
  here.make_directory("base/sub");
  here.make_directory("base_sibling");
  here.make_directory("outside");
  here.link("base/link_to_directory", "../outside");
  here.link("base/absolute_link", here.path("outside"));
  here.link("base/link_to_file", "../outside/x.shelf");
  here.link("base/dangling", "../outside/new.shelf");
  here.link("base/self", "self");
  const auto base = here.path("base");
  for (const std::string& name :
       {std::string("../etc/passwd"), std::string("sub/../../outside/x.shelf"),
        std::string("../base/x.shelf"), std::string("/etc/passwd"),
        here.path("base_sibling/x.shelf"), here.path("outside/x.shelf"),
        std::string("link_to_directory/x.shelf"), std::string("absolute_link/x.shelf"),
        std::string("link_to_file"), std::string("dangling"), std::string("self"),
        std::string("/proc/self/cwd/x.shelf"), std::string("a\0b.shelf", 9), std::string("sub/"),
        std::string("."), std::string(".."), std::string("sub/.."), std::string("/")}) {
    for (const auto opening : {opening::create_if_missing, opening::existing, opening::read_only}) {
      const auto t = open({.path = name, .base_directory = base, .opening = opening});
      EXPECT_TRUE(refuses(t, errc::invalid_path)) << name;
      if (!t && name.find('\0') == std::string::npos) {
        EXPECT_THAT(t.error().message(), testing::HasSubstr(name));
      }
    }
    EXPECT_TRUE(refuses(remove(name, {.base_directory = base}), errc::invalid_path)) << name;
  }
  EXPECT_FALSE(here.has("outside/x.shelf"));
  EXPECT_FALSE(here.has("outside/new.shelf"));
  EXPECT_FALSE(here.has("base_sibling/x.shelf"));
}

TEST_P(Paths, LinksInsideTheBaseThatStayInsideAreFollowed) {
  const file::scratch here;
  here.make_directory("base/sub");
  here.link("base/link", "sub");
  here.link("base/file.shelf", "sub/real.shelf");
  EXPECT_TRUE(ok(use(open_below(here.path("base"), "link/x.shelf"))));
  EXPECT_TRUE(ok(use(open_below(here.path("base"), "file.shelf"))));
  EXPECT_TRUE(here.has("base/sub/x.shelf"));
  EXPECT_TRUE(here.has("base/sub/real.shelf"));
}

TEST_P(Paths, AHardLinkMayLeadOutOfABaseAndIsRefusedThere) {
  const file::scratch here;
  here.make_directory("base");
  ASSERT_TRUE(ok(use(open({.path = here.path("outside.shelf")}))));
  std::filesystem::create_hard_link(here.path("outside.shelf"), here.path("base/x.shelf"));
  EXPECT_TRUE(refuses(open_below(here.path("base"), "x.shelf"), errc::invalid_path,
                      {"x.shelf", "hard link"}));
  auto t = or_throw(open({.path = here.path("base/x.shelf")}));
  EXPECT_TRUE(ok(t.insert("b", 2)));
  EXPECT_TRUE(refuses(t.compact(), errc::invalid_path, {"x.shelf", "hard link"}));
  EXPECT_TRUE(ok(t.close()));
  EXPECT_EQ(or_throw(open({.path = here.path("outside.shelf")})).size(), 2u);
}

// M12
TEST_P(Paths, TheBaseMayBeTheRootOrRelativeOrALinkAndMustBeThere) {
  const file::scratch here;
  here.make_directory("base");
  here.link("link_to_base", "base");
  EXPECT_TRUE(ok(use(open_below("/", here.path("base/root.shelf")))));
  EXPECT_TRUE(ok(use(open_below("/", here.path("base/root2.shelf").substr(1)))));
  EXPECT_TRUE(ok(use(open_below(here.path("link_to_base"), "linked.shelf"))));
  EXPECT_TRUE(here.has("base/root2.shelf"));
  EXPECT_TRUE(here.has("base/linked.shelf"));
  EXPECT_EQ(file::in_child([&] {
              if (::chdir(here.path().c_str()) != 0) return 1;
              if (!use(open_below("base", "x.shelf"))) return 2;
              if (!use(open_below(".", "base/y.shelf"))) return 3;
              if (!use(open_below("./base/..", "z.shelf"))) return 4;
              if (!use(open({.path = "plain.shelf"}))) return 5;
              return 0;
            }),
            0);
  EXPECT_TRUE(here.has("base/x.shelf"));
  EXPECT_TRUE(here.has("base/y.shelf"));
  EXPECT_TRUE(here.has("z.shelf"));
  EXPECT_TRUE(here.has("plain.shelf"));
  EXPECT_FALSE(open_below("", "x.shelf"));
  EXPECT_FALSE(open_below(here.path("missing"), "x.shelf"));
  EXPECT_FALSE(open_below(here.path("base/x.shelf"), "x.shelf"));
}

// M13
TEST_P(Paths, NamesMayHoldAnyCharacters) {
  const file::scratch here;
  for (const std::string name :
       {"é.shelf", "with space.shelf", "日本.shelf", "new\nline.shelf", "-.shelf", "\xff\xfe.shelf",
        "no suffix", ".hidden", "a'\"\\$`.shelf"}) {
    EXPECT_TRUE(ok(use(open({.path = here.path(name)})))) << name;
    EXPECT_TRUE(here.has(name)) << name;
    EXPECT_TRUE(ok(use(open_below(here.path(), name)))) << name;
  }
  const std::string longest(255, 'n');
  EXPECT_FALSE(open({.path = here.path(longest + "n")}));
  const auto many = std::string(5000, '/') + "x";
  EXPECT_FALSE(open_below(here.path(), many));
}

TEST_P(Paths, ANameOfTheLongestLengthOrOneThatIsToldWhyNot) {
  const file::scratch here;
  for (const std::size_t length : {200u, 230u, 240u, 255u}) {
    const auto done = use(open({.path = here.path(std::string(length, 'n'))}));
    if (!done) {
      EXPECT_TRUE(says(done.error(), errc::invalid_path, {"long"})) << length;
    }
  }
}

TEST_P(Paths, ControlCharactersInAPathCannotForgeALineOfALog) {
  const auto refused = open({.path = "/nonexistent/a\nshelf: all is well\x1b[0m"});
  ASSERT_FALSE(refused);
  EXPECT_THAT(refused.error().message(), testing::Not(testing::HasSubstr("\n")));
  EXPECT_THAT(refused.error().message(), testing::Not(testing::HasSubstr("\x1b")));
}

TEST_P(Paths, NamesOfTemporaryFilesAreNotForTables) {
  const file::scratch here;
  std::string temporary;
  {
    // What a compaction cut short leaves behind.
    simulation::simulated_disk disk;
    auto t = or_throw(open({.path = path, .system = &disk}));
    disk.inject({.kind = simulation::call::rename, .error = ENOSPC});
    disk.inject({.kind = simulation::call::unlink, .error = EIO});
    (void)t.compact();
    for (const auto& name : disk.files()) {
      if (name != path) temporary = name;
    }
    ASSERT_FALSE(temporary.empty());
    t.abandon();
    t = or_throw(open({.path = path, .system = &disk}));
    EXPECT_THAT(disk.files(), testing::ElementsAre(path));  // swept
  }
  EXPECT_TRUE(refuses(open({.path = here.path(temporary)}), errc::invalid_path, {"temporary"}));
  here.write(temporary, "not ours to sweep: it is no table of this name");
  EXPECT_TRUE(ok(use(open({.path = here.path("other.shelf")}))));
  EXPECT_TRUE(here.has(temporary));
}

TEST_P(Paths, NewFilesAreTheOwnersAloneAndACompactionKeepsTheMode) {
  const file::scratch here;
  const auto file = here.path(path);
  const auto mode = [&] {
    struct stat s{};
    ::stat(file.c_str(), &s);
    return s.st_mode & 07777;
  };
  for (const mode_t mask : {mode_t{0}, mode_t{022}, mode_t{077}}) {
    const auto before = ::umask(mask);
    auto t = or_throw(open({.path = file}));
    ::umask(before);
    EXPECT_EQ(mode(), 0600u);
    ASSERT_EQ(::chmod(file.c_str(), 0640), 0);
    ASSERT_TRUE(ok(t.insert("a", 1)));
    ASSERT_TRUE(ok(t.compact()));
    EXPECT_EQ(mode(), 0640u);
    ASSERT_TRUE(ok(t.close()));
    ASSERT_TRUE(ok(remove(file)));
  }
}

TEST(PathAlone, OpensTheFileItNamesWhateverTypeItIsOf) {
  const file::scratch here;
  const std::string name = here.path(path);
  ASSERT_TRUE(ok(use(ages::open(name))));
  EXPECT_EQ(or_throw(ages::open(name.c_str())).size(), 1u);
  EXPECT_EQ(or_throw(ages::open(std::string_view(name))).size(), 1u);
  EXPECT_EQ(or_throw(ages::open(std::filesystem::path(name))).size(), 1u);
  EXPECT_EQ(or_throw(ages::open(name, opening::read_only)).size(), 1u);
  EXPECT_TRUE(refuses(ages::open(here.path("none"), opening::existing), errc::not_found));
  EXPECT_TRUE(refuses(ages::open(""), errc::invalid_argument));
  EXPECT_EQ(with_table<ages>(std::filesystem::path(name), [](ages& t) { return t.size(); }), 1u);
  static_assert(!path_argument<int>);
  static_assert(!path_argument<std::nullptr_t>);
}

INSTANTIATE_TEST_SUITE_P(Formats, Paths, testing::ValuesIn(every_format), format_names());

}  // namespace
}  // namespace shelf::suite
