// SUITE  every verb over every kind, write mode and store
// Bad input: each gets an error that names file, place and cause, and loses nothing.
#include "file/scratch.hpp"
#include "journal/file_header.hpp"
#include "suite/ground.hpp"

#define XXH_INLINE_ALL
#include <xxhash.h>

#include <sched.h>
#include <sys/mount.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmath>
#include <cstring>
#include <fstream>
#include <limits>
#include <random>

namespace shelf::suite {
namespace {

template <class Kind>
class BadInput : public each_kind<Kind> {};
TYPED_TEST_SUITE(BadInput, all_kinds, kind_names);

using real_map = map<std::string, std::int64_t>;

[[nodiscard]] simulation::simulated_disk& disk_with(simulation::simulated_disk& disk,
                                                    std::string_view content) {
  disk.put(path, as_bytes(content));
  return disk;
}
[[nodiscard]] result<real_map> open_on(simulation::simulated_disk& disk,
                                       file_format format = file_format::native) {
  return real_map::open({.path = path, .format = format, .system = &disk});
}
/// A closed file with two entries.
[[nodiscard]] std::vector<std::byte> good_file(simulation::simulated_disk& disk,
                                               file_format format = file_format::native) {
  auto t = or_throw(open_on(disk, format));
  (void)or_throw(t.insert_range({{"alice", 30}, {"bob", 40}}));
  or_throw(t.close());
  return *disk.read_all(path);
}

class BadFile : public each_format {
 protected:
  [[nodiscard]] static result<real_map> open(real_map::config c) {
    c.format = GetParam();
    return real_map::open(std::move(c));
  }
};

TEST_P(BadFile, WhatIsNoTableIsLeftAsItIs) {
  for (const std::string_view content :
       {std::string_view("hello"), std::string_view("#!/bin/sh\nexit\n"),
        std::string_view("SQLite format 3\0", 16), std::string_view("\0\0\0\0", 4)}) {
    simulation::simulated_disk disk;
    EXPECT_TRUE(refuses(open_on(disk_with(disk, content), GetParam()), errc::not_a_table,
                        {path, is_dets() ? "DETS file" : "byte 0"}));
    EXPECT_EQ(as_text(bytes(*disk.read_all(path))), content);
    EXPECT_EQ(disk.open_descriptors(), 0u);
    EXPECT_EQ(disk.locks_held(), 0u);
  }
}

TEST_P(BadFile, AnEmptyFileIsNoTableAndSaysSo) {
  simulation::simulated_disk disk;
  EXPECT_TRUE(
      refuses(open_on(disk_with(disk, ""), GetParam()), errc::not_a_table, {path, "empty"}));
  EXPECT_EQ(disk.read_all(path)->size(), 0u);
}

/// Changes a byte of both copies of the file header and makes their checksums right again.
void forge_header(std::vector<std::byte>& content, std::size_t at, std::byte with) {
  constexpr std::size_t checksum_at = journal::slot_size - sizeof(std::uint64_t);
  for (const auto offset : journal::slot_offsets) {
    auto* const slot = content.data() + offset;
    slot[at] = with;
    const std::uint64_t checksum = XXH3_64bits_withSeed(slot, checksum_at, offset);
    std::memcpy(slot + checksum_at, &checksum, sizeof checksum);
  }
}

TEST(BadHeader, ANewerVersionIsRefusedUntouched) {
  simulation::simulated_disk made;
  const auto good = good_file(made);
  struct newer {
    std::size_t byte;
    std::uint8_t with;
    std::string_view says;
    bool readable;
  };
  for (const newer n : {newer{8, 2, "version 2", false}, newer{32, 128, "features", false},
                        newer{24, 128, "newer version of shelf", true}}) {
    auto content = good;
    forge_header(content, n.byte, std::byte{n.with});
    simulation::simulated_disk disk;
    disk.put(path, content);
    EXPECT_TRUE(refuses(open_on(disk), errc::unsupported_version, {path, "byte", n.says}));
    EXPECT_EQ(*disk.read_all(path), content);
    const auto read =
        real_map::open({.path = path, .opening = opening::read_only, .system = &disk});
    EXPECT_EQ(read.has_value(), n.readable);
    if (!read) {
      EXPECT_TRUE(refuses(read, errc::unsupported_version, {path, n.says}));
    }
  }
}

TEST_P(BadFile, EveryBitOfAClosedFileIsGuarded) {
  if (lacks(capability::checksums)) return;
  simulation::simulated_disk made;
  const auto content = good_file(made, GetParam());
  const entries expected{{"alice", 30}, {"bob", 40}};
  std::size_t refused = 0;
  for (std::uint64_t bit = 0; bit < content.size() * 8; ++bit) {
    // The gap between the two copies of the header holds nothing.
    const auto byte = bit / 8;
    if (byte >= 200 && byte < 4096 && bit % 97 != 0) continue;
    if (byte >= 4296 && byte < 8192 && bit % 97 != 0) continue;
    simulation::simulated_disk disk;
    disk.put(path, content);
    disk.flip_bit(path, bit);
    auto t = open_on(disk, GetParam());
    if (t) {
      EXPECT_EQ(contents(*t), expected) << "bit " << bit;
    } else {
      ++refused;
      EXPECT_TRUE(t.error() == errc::corrupt || t.error() == errc::not_a_table) << t.error();
      EXPECT_TRUE(says(t.error(), t.error().code(), {path, "byte"}));
    }
  }
  EXPECT_GT(refused, 500u);
}

TEST_P(BadFile, EveryTruncationOfAClosedFileIsNoticed) {
  simulation::simulated_disk made;
  const auto content = good_file(made, GetParam());
  // A repair would make the best of it.
  constexpr auto as_it_is = dets::repair_policy::refuse;
  for (std::size_t size = 0; size < content.size(); size += size > 8000 ? 1 : 61) {
    simulation::simulated_disk disk;
    disk.put(path, bytes(content).first(size));
    const auto t = open({.path = path, .system = &disk, .repair = as_it_is});
    ASSERT_FALSE(t) << size;
    EXPECT_TRUE(t.error() == errc::corrupt || t.error() == errc::not_a_table) << t.error();
    EXPECT_TRUE(says(t.error(), t.error().code(), {path, size == 0 ? "empty" : "byte"}));
    EXPECT_EQ(disk.read_all(path)->size(), size);
  }
}

TEST_P(BadFile, DirectoriesAreInvalidPathsFifosAndDevicesNoTables) {
  const file::scratch here;
  here.make_directory("directory.shelf");
  ASSERT_EQ(::mkfifo(here.path("fifo.shelf").c_str(), 0600), 0);
  const auto descriptors = file::open_descriptors();
  for (const auto opening : {opening::create_if_missing, opening::existing, opening::read_only}) {
    EXPECT_TRUE(refuses(open({.path = here.path("directory.shelf"), .opening = opening}),
                        errc::invalid_path, {"directory.shelf", "is a directory"}));
    EXPECT_TRUE(refuses(open({.path = here.path("fifo.shelf"), .opening = opening}),
                        errc::not_a_table, {"fifo.shelf", "FIFO"}));
    EXPECT_TRUE(refuses(open({.path = "/dev/zero", .opening = opening}), errc::not_a_table,
                        {"/dev/zero", "device"}));
    EXPECT_TRUE(refuses(open({.path = "/dev/null", .opening = opening}), errc::not_a_table,
                        {"/dev/null", "device"}));
  }
  EXPECT_EQ(file::open_descriptors(), descriptors);
}

TEST_P(BadFile, WithoutPermissionTheSystemsReasonIsTold) {
  const file::scratch here;
  {
    auto t = or_throw(open({.path = here.path(path)}));
    ASSERT_TRUE(ok(t.insert("a", 1)));
  }
  EXPECT_EQ(file::in_child([&] {
              if (::geteuid() == 0 && ::setresuid(65534, 65534, 65534) != 0) return 1;
              ::chmod(here.path(path).c_str(), 0);
              const auto t = open({.path = here.path(path)});
              return t == std::unexpected(errc::file_error) ||
                             (!t && t.error() == std::errc::permission_denied)
                         ? 0
                         : 2;
            }),
            0);
  EXPECT_TRUE(or_throw(open({.path = here.path(path)})).contains("a"));
}

TEST_P(BadFile, AMissingDirectoryIsNamedAndIsNotAMissingTable) {
  EXPECT_TRUE(refuses(open({.path = "/nonexistent-dir/ages.shelf"}), errc::file_error,
                      {"/nonexistent-dir", "No such file"}));
}

/// A full disk: every call that needs space fails, in every mode, and nothing that was there is
/// lost.
TYPED_TEST(BadInput, AFullDiskIsAnErrorAndNothingIsLost) {
  this->in_every_file([](auto& g) {
    auto t = g.open();
    ASSERT_TRUE(ok(t.insert("a", 1)));
    ASSERT_TRUE(ok(t.save()));
    auto options = g.disk.options();
    options.capacity = g.disk.read_all(path)->size() + 100;
    g.disk.set_options(options);
    int failures = 0;
    entries expected{{"a", 1}};
    for (int i = 0; i < 50; ++i) {
      const auto key = "key" + std::to_string(100 + i) + std::string(10'000, '.');
      const auto inserted = t.insert(key, i);
      if (inserted) expected.emplace_back(key, i);
      const auto saved = t.save();
      for (const auto* e :
           {inserted ? nullptr : &inserted.error(), saved ? nullptr : &saved.error()}) {
        if (e == nullptr) continue;
        ++failures;
        EXPECT_TRUE(says(*e, errc::no_space, {path, "space"}));
        EXPECT_EQ(*e, std::errc::no_space_on_device);
      }
      ASSERT_EQ(contents(t), expected);
    }
    EXPECT_GT(failures, 10);
    EXPECT_FALSE(t.stats()->fenced);
    EXPECT_TRUE(refuses(t.compact(), errc::no_space, {path}));
    options.capacity = 1 << 30;
    g.disk.set_options(options);
    ASSERT_TRUE(ok(t.insert("z", 26)));
    expected.emplace_back("z", 26);
    g.reopen(t);
    EXPECT_EQ(contents(t), expected);
  });
}

TYPED_TEST(BadInput, TheFileSizeLimitOfTheProcessIsAnErrorAndNotItsDeath) {
  using table = typename BadInput<TypeParam>::table_of_kind;
  this->of_every_format([](file_format format) {
    const file::scratch here;
    const typename table::config c{
        .path = here.path(path), .format = format, .on_error = [](const error&) {}};
    const auto outcome = file::in_child([&] {
      const rlimit limit{20'000, 20'000};
      if (::setrlimit(RLIMIT_FSIZE, &limit) != 0) return 1;
      auto t = or_throw(table::open(c));
      for (int i = 0; i < 10'000; ++i) {
        const auto done = t.insert("key" + std::to_string(i), i);
        if (done) continue;
        const bool told = done.error() == errc::no_space &&
                          done.error() == std::errc::file_too_large &&
                          done.error().message().find(path) != std::string::npos;
        return told && t.size() == static_cast<std::size_t>(i) ? 0 : 2;
      }
      return 3;
    });
    EXPECT_EQ(outcome, 0);
    EXPECT_GT(or_throw(table::open(c)).size(), 50u);
  });
}

TEST_P(BadFile, NoDescriptorsLeftIsAnErrorAndTheTableStaysWhole) {
  simulation::simulated_disk disk;
  const auto content = good_file(disk, GetParam());
  for (std::size_t limit = 0; limit < 6; ++limit) {
    auto options = disk.options();
    options.descriptor_limit = limit;
    disk.set_options(options);
    const auto t = open_on(disk, GetParam());
    if (t) break;
    EXPECT_TRUE(says(t.error(), errc::file_error, {"ages.shelf", "Too many open files"}));
    EXPECT_EQ(t.error(), std::errc::too_many_files_open);
    EXPECT_EQ(disk.open_descriptors(), 0u);
    EXPECT_EQ(*disk.read_all(path), content);
    ASSERT_LT(limit, 5u);
  }
  auto options = disk.options();
  options.descriptor_limit = 1000;
  disk.set_options(options);
  auto t = or_throw(open_on(disk, GetParam()));
  options.descriptor_limit = disk.open_descriptors();
  disk.set_options(options);
  EXPECT_TRUE(refuses(t.compact(), errc::file_error, {path, "Too many open files"}));
  EXPECT_TRUE(ok(t.insert("carol", 50)));
  EXPECT_TRUE(ok(t.save()));
  EXPECT_TRUE(ok(t.close()));
}

TYPED_TEST(BadInput, AnEntryOverTheLimitIsRefusedAndCountsKeyAndValueTogether) {
  this->in_every_file([](auto& like) {
    ground<TypeParam::value, std::string, std::string> g(like.how, like.format);
    auto c = g.config();
    c.limits.entry_bytes = 100;
    auto t = or_throw(decltype(g)::table::open(c));
    const auto refused = [](const auto& r) {
      return refuses(r, errc::size_limit_exceeded, {path, "limits.entry_bytes is 100"});
    };
    ASSERT_TRUE(ok(t.insert(std::string(40, 'k'), std::string(50, 'v'))));  // 45 + 55
    EXPECT_TRUE(refused(t.insert(std::string(40, 'k'), std::string(51, 'v'))));
    EXPECT_TRUE(refused(t.insert(std::string(200, 'k'), "")));
    EXPECT_TRUE(refused(t.insert("k", std::string(100'000, 'v'))));
    EXPECT_TRUE(refused(t.insert_range({{"a", "b"}, {"c", std::string(100, 'v')}})));
    if constexpr (!is_bag(TypeParam::value)) {
      EXPECT_TRUE(refused(t.insert_new("n", std::string(100, 'v'))));
      EXPECT_TRUE(refused(t.update(std::string(40, 'k'), [](std::string& v) { v += v; })));
    }
    EXPECT_EQ(t.size(), 1u);
    g.reopen(t);
    EXPECT_EQ(t.size(), 1u);
  });
}

TYPED_TEST(BadInput, AFileWithAnEntryOverTheOpenersLimitStillOpens) {
  this->of_every_format([](file_format format) {
    ground<TypeParam::value, std::string, std::string> g(keeping::through, format);
    auto t = g.open();
    ASSERT_TRUE(ok(t.insert("k", std::string(1000, 'v'))));
    ASSERT_TRUE(ok(t.close()));
    auto c = g.config();
    c.limits.entry_bytes = 100;
    auto again = or_throw(decltype(g)::table::open(c));
    EXPECT_EQ(again.size(), 1u);  // the limit is for what is written
    EXPECT_TRUE(refuses(again.insert("l", std::string(1000, 'v')), errc::size_limit_exceeded));
  });
}

/// Lists in lists, as deep as wanted.
[[nodiscard]] term nested(int depth) {
  auto t = term::list({});
  for (int i = 1; i < depth; ++i) t = term::list({t});
  return t;
}

TYPED_TEST(BadInput, DeepNestingIsRefusedOnTheWayInAndBoundedOnTheWayBack) {
  this->of_every_format([](file_format format) {
    ground<TypeParam::value, std::string, term> g(keeping::through, format);
    auto c = g.config();
    c.limits.nesting = 20;
    {
      auto t = or_throw(decltype(g)::table::open(c));
      ASSERT_TRUE(ok(t.insert("fits", nested(19))));
      EXPECT_TRUE(refuses(t.insert("deep", nested(40)), errc::size_limit_exceeded,
                          {path, "limits.nesting, which is 20"}));
      EXPECT_EQ(t.size(), 1u);
    }
    c.limits.nesting = 10;
    {
      auto t = or_throw(decltype(g)::table::open(c));  // the limit is for what is written
      EXPECT_TRUE(ok(t.lookup("fits")));
      EXPECT_EQ(t.to_vector().size(), 1u);
      EXPECT_TRUE(refuses(t.insert("more", nested(12)), errc::size_limit_exceeded, {path, "nest"}));
      EXPECT_TRUE(ok(t.reload()));
      EXPECT_TRUE(ok(t.compact()));
    }
  });
}

TYPED_TEST(BadInput, NaNAndInfinityAreRefusedAndMinusZeroIsZeroInAKey) {
  this->in_every_file([](auto& like) {
    ground<TypeParam::value, double, double> g(like.how, like.format);
    auto t = g.open();
    const double nan = std::nan("");
    const double infinity = std::numeric_limits<double>::infinity();
    const auto refused = [](const auto& r) { return refuses(r, errc::invalid_argument, {path}); };
    for (const double bad : {nan, infinity, -infinity}) {
      EXPECT_TRUE(refused(t.insert(1.0, bad)));
      EXPECT_TRUE(refused(t.insert(bad, 1.0)));
      EXPECT_TRUE(refused(t.lookup(bad)));
      EXPECT_TRUE(refused(t.erase(bad)));
      EXPECT_FALSE(t.contains(bad));
    }
    EXPECT_TRUE(t.empty());
    ASSERT_TRUE(ok(t.insert(0.0, -0.0)));
    EXPECT_TRUE(t.contains(-0.0));
    EXPECT_EQ(t.erase(-0.0), 1u);
  });
}

TYPED_TEST(BadInput, MessagesHoldNoKeysAndNoValues) {
  this->of_every_format([](file_format format) {
    ground<TypeParam::value, std::string, std::string> g(keeping::through, format);
    auto c = g.config();
    c.limits.entry_bytes = 20;
    auto t = or_throw(decltype(g)::table::open(c));
    const auto refused = t.insert("topsecret", "alsosecret");
    ASSERT_FALSE(refused);
    EXPECT_THAT(refused.error().message(), testing::Not(testing::HasSubstr("secret")));
  });
}

/// For a process of its own: its mounts are seen by nobody else and go with it. Root may have that;
/// others may in a user namespace of theirs, which Debian lets them make.
bool mount_privately(const std::string& where) {
  const auto user = ::geteuid();
  const auto group = ::getegid();
  if (::unshare(user == 0 ? CLONE_NEWNS : CLONE_NEWNS | CLONE_NEWUSER) != 0) return false;
  if (user != 0) {  // the namespace must know us, or no file could be ours
    std::ofstream("/proc/self/uid_map") << "0 " << user << " 1";
    std::ofstream("/proc/self/setgroups") << "deny";
    std::ofstream("/proc/self/gid_map") << "0 " << group << " 1";
  }
  return ::mount("none", "/", nullptr, MS_REC | MS_PRIVATE, nullptr) == 0 &&
         ::mount("none", where.c_str(), "tmpfs", 0, "size=256k") == 0;
}
bool resize(const std::string& where, const char* to) {
  return ::mount("none", where.c_str(), "tmpfs", MS_REMOUNT, to) == 0;
}

void fill_the_disk(const file::scratch& here, file_format format) {
  // Each of these entries takes 2 KiB of a DETS file, and a save writes a second one.
  const std::int64_t least = format == file_format::native ? 100 : 40;
  for (const auto mode : {write_mode::back, write_mode::through, write_mode::durable}) {
    const auto file = here.path("full.shelf");
    const map<std::int64_t, std::string>::config c{.path = file, .mode = mode, .format = format};
    std::int64_t kept = 0;
    {
      auto t = or_throw(map<std::int64_t, std::string>::open(c));
      const std::string value(1000, 'v');
      result<> saved;
      for (; kept < 10'000; ++kept) {
        const auto done = t.insert(kept, value);
        if (done) {
          if (mode != write_mode::back || kept % 10 != 0) continue;
          saved = t.save();
          if (saved) continue;
        }
        const error& why = done ? saved.error() : done.error();
        EXPECT_TRUE(says(why, errc::no_space, {"full.shelf", "No space left"}));
        break;
      }
      EXPECT_LT(kept, 300);
      EXPECT_GT(kept, least);
      EXPECT_TRUE(t.contains(kept - 1));
      EXPECT_EQ(t.contains(kept), mode == write_mode::back);
      EXPECT_FALSE(t.stats()->fenced);
      t.abandon();
    }
    if (mode != write_mode::back && !can_keep(format, capability::torn_ends)) {
      EXPECT_TRUE(refuses(map<std::int64_t, std::string>::open(c), errc::no_space));
      EXPECT_TRUE(resize(here.path(), "size=2m"));
    }
    auto t = or_throw(map<std::int64_t, std::string>::open(c));
    EXPECT_GE(t.size() + 10, static_cast<std::size_t>(kept));
    ASSERT_TRUE(ok(t.close()));
    EXPECT_TRUE(ok(remove(file)));
    EXPECT_EQ(here.entries(), 0u);
    EXPECT_TRUE(resize(here.path(), "size=256k"));
  }
}

TEST_P(BadFile, ASmallRealDiskThatIsFullLosesNothing) {
  const file::scratch here;
  EXPECT_EQ(file::in_child([&] {
              if (!mount_privately(here.path())) return 2;
              fill_the_disk(here, GetParam());
              return testing::Test::HasFailure() ? 1 : 0;
            }),
            0)
      << "1: see above; 2: no tmpfs could be mounted, which takes root or user namespaces";
}

INSTANTIATE_TEST_SUITE_P(Formats, BadFile, testing::ValuesIn(every_format), format_names());

}  // namespace
}  // namespace shelf::suite
