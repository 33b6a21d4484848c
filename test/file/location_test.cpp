// TEST  file room
// What may be done with a name: open, make, replace, remove, sweep; and what is no table's file.
#include "file/file_systems.hpp"
#include "file/scratch.hpp"
#include "file/temporary_name.hpp"
#include "simulation/simulated_disk.hpp"

#include <fcntl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>

#include <cerrno>

namespace shelf::file {
namespace {

using simulation::call;
using simulation::simulated_disk;

struct Location : testing::Test {
  scratch directory;
  const std::string path = directory.path("ages.shelf");

  static std::uint32_t mode_of(const std::string& file) {
    struct stat status{};
    EXPECT_EQ(::stat(file.c_str(), &status), 0);
    return status.st_mode & 07777U;
  }
};

TEST_F(Location, AFileThatIsNotThereIsNotFound) {
  const auto at = place(path);
  EXPECT_EQ(at.open_to_read().error(), errc::not_found);
  EXPECT_EQ(at.open_to_write().error(), errc::not_found);
  EXPECT_EQ(at.open_to_read().error().message(), path + ": cannot open: No such file or directory");
}

TEST_F(Location, ANewFileIsMadeUnderATemporaryNameAndThenPublished) {
  const auto at = place(path);
  auto made = sure(at.create_temporary());
  EXPECT_TRUE(is_temporary_of(made.name, "ages.shelf"));
  EXPECT_FALSE(directory.has("ages.shelf"));
  sure(made.file.write(0, as_bytes("content")));
  sure(at.publish(made, false));
  sure(at.sync_directory());
  EXPECT_FALSE(directory.has(made.name));
  EXPECT_EQ(directory.read("ages.shelf"), "content");
  sure(at.still_names(made.file));
}

TEST_F(Location, NewFilesAreTheirOwnersAloneWhateverTheUmask) {
  for (const mode_t mask : {0000U, 0022U, 0077U, 0777U}) {
    const mode_t before = ::umask(mask);
    const auto made = sure(place(path).create_temporary());
    ::umask(before);
    EXPECT_EQ(mode_of(directory.path(made.name)), 0600U);
    place(path).discard(made);
  }
  EXPECT_EQ(directory.entries(), 0U);
}

TEST_F(Location, PublishReplacesOnlyIfAskedTo) {
  const auto at = place(path);
  directory.write("ages.shelf", "old");
  const auto made = sure(at.create_temporary());
  sure(made.file.write(0, as_bytes("new")));
  const auto refused = at.publish(made, false);
  EXPECT_EQ(refused.error(), errc::already_open);
  EXPECT_EQ(refused.error(), std::errc::file_exists);
  EXPECT_EQ(directory.read("ages.shelf"), "old");
  sure(at.publish(made, true));
  EXPECT_EQ(directory.read("ages.shelf"), "new");
}

TEST_F(Location, PublishNoticesThatTheTemporaryFileWasReplaced) {
  const auto at = place(path);
  const auto made = sure(at.create_temporary());
  std::filesystem::remove(directory.path(made.name));
  EXPECT_EQ(at.publish(made, true).error(), errc::replaced);
  directory.write(made.name, "planted");
  EXPECT_EQ(at.publish(made, true).error(), errc::replaced);
  EXPECT_FALSE(directory.has("ages.shelf"));
}

TEST_F(Location, APublishedFileIsStillLocked) {
  const auto at = place(path);
  const auto file = make(at);
  EXPECT_EQ(at.open_to_write().error(), errc::already_open);
}

TEST_F(Location, StillNamesNoticesARemovedARenamedAndAReplacedFile) {
  const auto at = place(path);
  const auto file = make(at);
  sure(at.still_names(file));
  std::filesystem::rename(path, directory.path("elsewhere"));
  EXPECT_EQ(at.still_names(file).error(), errc::replaced);
  EXPECT_EQ(at.still_names(file).error().message(), path + ": the file was removed or renamed");
  directory.write("ages.shelf", "another");
  EXPECT_EQ(at.still_names(file).error(), errc::replaced);
  std::filesystem::rename(directory.path("elsewhere"), path);
  sure(at.still_names(file));
}

TEST_F(Location, StillHoldsNoticesAFileThatWasCutShortOrHasNoName) {
  const auto at = place(path);
  const auto file = make(at);
  sure(file.write(0, as_bytes("0123456789")));
  sure(at.still_holds(sure(file.status()), 10));
  EXPECT_EQ(at.still_holds(sure(file.status()), 11).error().message(),
            path + ": another program truncated the file: 10 of 11 bytes are left");
  std::filesystem::rename(path, directory.path("elsewhere"));
  EXPECT_EQ(at.still_holds(sure(file.status()), 10).error(), errc::replaced);
}

TEST(LocationOnASimulatedDisk, StillHoldsCountsLinksWhereTheNameCannotBeLookedAt) {
  simulated_disk disk;
  const auto at = sure(location::find(disk, "/ages.shelf", std::nullopt));
  const auto made = sure(at.create_temporary());
  sure(at.publish(made, false));
  disk.inject({.kind = call::status_at, .error = EACCES, .sticky = true});
  sure(at.still_holds(sure(made.file.status()), 0));
  sure(at.unlink());
  EXPECT_EQ(at.still_holds(sure(made.file.status()), 0).error().message(),
            "/ages.shelf: the file was removed");
}

TEST_F(Location, ADirectoryIsAnInvalidPathAllElseThatIsNoRegularFileNoTable) {
  directory.make_directory("directory");
  ::mkfifo(directory.path("fifo").c_str(), 0600);
  const int socket = ::socket(AF_UNIX, SOCK_STREAM, 0);
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  directory.path("socket").copy(address.sun_path, sizeof address.sun_path - 1);
  ASSERT_EQ(::bind(socket, reinterpret_cast<const sockaddr*>(&address), sizeof address), 0);
  const std::pair<std::string, std::string> cases[] = {
      {directory.path("directory"), "is a directory"},
      {directory.path("fifo"), "is a FIFO"},  // opening one would hang for ever
      {directory.path("socket"), "is a socket"},
      {"/dev/zero", "is a device"},
      {"/dev/null", "is a device"},
  };
  for (const auto& [name, what] : cases) {
    const auto at = place(name);
    const auto code = what == "is a directory" ? errc::invalid_path : errc::not_a_table;
    EXPECT_EQ(at.open_to_read().error(), code) << name;
    EXPECT_EQ(at.open_to_write().error(), code) << name;
    EXPECT_EQ(at.open_to_read().error().message(), name + ": " + what);
  }
  ::close(socket);
}

TEST_F(Location, EvenOpenedDirectlyAFifoDoesNotHang) {
  ::mkfifo(directory.path("fifo").c_str(), 0600);
  auto& files = real_system();
  const auto in = *files.open_directory(descriptor::none, directory.path(), false);
  const auto fifo = files.open_file(in, "fifo", {});
  ASSERT_TRUE(fifo);
  EXPECT_EQ(files.status(*fifo)->what, file_status::type::fifo);
  std::array<std::byte, 1> into{};
  EXPECT_FALSE(files.read(*fifo, 0, into));
  static_cast<void>(files.close(*fifo));
  static_cast<void>(files.close(in));
}

TEST_F(Location, ALinkPlantedUnderATemporaryNameIsNeverFollowed) {
  directory.write("victim", "victim");
  const std::string name = temporary_name("ages.shelf", 7);
  directory.link(name, "victim");
  auto& files = real_system();
  const auto in = *files.open_directory(descriptor::none, directory.path(), false);
  EXPECT_EQ(files.open_file(in, name, {.write = true, .create_new = true}).error(), EEXIST);
  EXPECT_EQ(files.open_file(in, name, {.write = true}).error(), ELOOP);
  static_cast<void>(files.close(in));
  place(path).sweep_temporaries();
  EXPECT_TRUE(directory.has(name)) << "only regular files are swept";
  EXPECT_EQ(directory.read("victim"), "victim");
}

TEST_F(Location, TemporaryNamesAreUniqueRecognisableAndNeverTooLong) {
  EXPECT_EQ(temporary_name("ages", 0x76543210), ".ages.shelf-01234567.tmp");
  EXPECT_NE(temporary_name("ages", 1), temporary_name("ages", 2));
  for (const std::size_t size : {1U, 100U, 235U, 236U, 255U}) {
    const std::string name(size, 'n');
    EXPECT_LE(temporary_name(name, 1).size(), 255U);
    EXPECT_TRUE(is_temporary_of(temporary_name(name, 1), name)) << size;
  }
  for (const char* other : {"", ".", "ages", ".ages.shelf-0123456.tmp", ".ages.shelf-012345678.tmp",
                            ".ages.shelf-0123456g.tmp", "ages.shelf-01234567.tmp",
                            ".ages.shelf-01234567.tmp2", ".shelf-01234567.tmp"}) {
    EXPECT_FALSE(is_temporary_of(other, "ages")) << other;
  }
  EXPECT_FALSE(is_temporary_of(temporary_name("names", 1), "ages"));
}

TEST_F(Location, SweepingTakesLeftoversOfThisNameOnly) {
  const auto at = place(path);
  const auto live = sure(at.create_temporary());  // locked: somebody is writing it
  const std::string leftover = temporary_name("ages.shelf", 1);
  const std::string other = temporary_name("names.shelf", 1);
  const std::string linked = temporary_name("ages.shelf", 2);
  const std::string folder = temporary_name("ages.shelf", 3);
  const std::string foreign = temporary_name("ages.shelf", 4);
  for (const std::string& name : {leftover, other, linked, foreign}) directory.write(name, "x");
  std::filesystem::create_hard_link(directory.path(linked), directory.path("second-name"));
  directory.make_directory(folder);
  if (::geteuid() == 0) {
    ASSERT_EQ(::chown(directory.path(foreign).c_str(), 12345, 12345), 0);
  }
  at.sweep_temporaries();
  EXPECT_FALSE(directory.has(leftover));
  for (const std::string& name : {live.name, other, linked, folder}) {
    EXPECT_TRUE(directory.has(name)) << name;
  }
  if (::geteuid() == 0) {
    EXPECT_TRUE(directory.has(foreign));
  }
}

TEST_F(Location, ModeAndOwnerAreKeptOverARewrite) {
  const auto at = place(path);
  auto old = make(at, "old");
  ASSERT_EQ(::chmod(path.c_str(), 0640), 0);
  if (::geteuid() == 0) {
    ASSERT_EQ(::chown(path.c_str(), 12345, 23456), 0);
  }
  const auto made = sure(at.create_temporary());
  sure(at.keep_mode_and_owner(old, made));
  sure(at.publish(made, true));
  const auto now = sure(made.file.status());
  const auto before = sure(old.status());
  EXPECT_EQ(now.mode, 0640U);
  EXPECT_EQ(now.owner, before.owner);
  EXPECT_EQ(now.group, before.group);
}

TEST_F(Location, AFileWhoseOwnerCannotBeKeptIsOpenToNobodyElse) {
  simulated_disk disk;
  disk.put("ages", {});
  const auto at = sure(location::find(disk, "ages", {}));
  const auto old = sure(at.open_to_write());
  ASSERT_TRUE(disk.set_owner(old.raw(), 1, 1));
  ASSERT_TRUE(disk.set_mode(old.raw(), 0664));
  disk.inject({.kind = call::set_owner, .error = EPERM});
  const auto made = sure(at.create_temporary());
  sure(at.keep_mode_and_owner(old, made));
  EXPECT_EQ(sure(made.file.status()).mode, 0600U);
}

TEST_F(Location, RemoveTakesTheNameUnderTheLockAndItsLeftoversToo) {
  directory.write("ages.shelf", "x");
  directory.write(temporary_name("ages.shelf", 1), "leftover");
  const auto at = place(path);
  const auto file = sure(at.open_to_write());
  sure(at.remove(file));
  EXPECT_EQ(directory.entries(), 0U);
  EXPECT_EQ(at.remove(file).error(), errc::replaced);
}

TEST_F(Location, RemoveSparesAFileThatTookTheName) {
  directory.write("ages.shelf", "x");
  const auto at = place(path);
  const auto file = sure(at.open_to_write());
  std::filesystem::remove(path);
  directory.write("ages.shelf", "another");
  EXPECT_EQ(at.remove(file).error(), errc::replaced);
  EXPECT_EQ(directory.read("ages.shelf"), "another");
}

TEST_F(Location, ItMeansTheSameDirectoryWhateverHappensToThePath) {
  directory.make_directory("a");
  directory.write("a/ages", "first");
  const auto at = place(directory.path("a/ages"));
  std::filesystem::rename(directory.path("a"), directory.path("b"));
  directory.make_directory("a");
  directory.write("a/ages", "second");
  EXPECT_EQ(text_of(sure(at.open_to_read())), "first");
}

TEST_F(Location, AReadOnlyOpenWorksBesideAWriterAndWithoutWritePermission) {
  const auto at = place(path);
  const auto writer = make(at, "content");
  ASSERT_EQ(::chmod(path.c_str(), 0400), 0);
  EXPECT_EQ(text_of(sure(at.open_to_read())), "content");
}

TEST_F(Location, NoDescriptorStaysOpenOnAnyErrorPath) {
  const std::size_t before = open_descriptors();
  {
    directory.make_directory("directory");
    const auto at = place(path);
    const auto folder = place(directory.path("directory"));
    for (int i = 0; i < 10; ++i) {
      static_cast<void>(at.open_to_read());
      static_cast<void>(at.open_to_write());
      static_cast<void>(folder.open_to_write());
      const auto made = sure(at.create_temporary());
      at.discard(made);
      const auto file = make(at);
      static_cast<void>(at.open_to_write());
      sure(at.remove(file));
      at.sweep_temporaries();
    }
  }
  EXPECT_EQ(open_descriptors(), before);
  EXPECT_EQ(directory.entries(), 1U);
}

TEST_F(Location, EveryCallMayFailWithoutLeavingDescriptorsLocksOrTemporaries) {
  const auto workload = [](simulated_disk& disk) {
    const auto at = location::find(disk, "ages", {});
    if (!at) return;
    at->sweep_temporaries();
    static_cast<void>(at->refuse_network_file_system());
    static_cast<void>(at->open_to_write());
    const auto made = at->create_temporary();
    if (!made) return;
    if (!made->file.write(0, as_bytes("x")) || !at->publish(*made, true)) at->discard(*made);
    static_cast<void>(at->sync_directory());
  };
  simulated_disk clean;
  clean.put("ages", as_bytes("old"));
  workload(clean);
  ASSERT_GT(clean.calls(), 10U);
  for (const int cause :
       {EIO, ENOSPC, EMFILE, ENOMEM, EINTR, EACCES, EROFS, ENOSYS, EEXIST, EAGAIN}) {
    for (const bool sticky : {false, true}) {
      for (std::uint64_t nth = 1; nth <= clean.calls(); ++nth) {
        simulated_disk disk;
        disk.put("ages", as_bytes("old"));
        disk.inject({.nth = nth, .error = cause, .sticky = sticky});
        workload(disk);
        EXPECT_EQ(disk.open_descriptors(), 0U) << cause << " at call " << nth;
        EXPECT_EQ(disk.locks_held(), 0U);
        if (!sticky && disk.files().size() > 1) {
          disk.clear_faults();
          sure(location::find(disk, "ages", {})).sweep_temporaries();
          EXPECT_EQ(disk.files(), std::vector<std::string>{"ages"}) << cause << " at call " << nth;
        }
      }
    }
  }
}

TEST_F(Location, NetworkFileSystemsAreRefusedWithAWayOutAndLocalOnesAreNot) {
  for (const std::uint64_t magic :
       {0x6969U, 0xff534d42U, 0xfe534d42U, 0x65735546U, 0x01021997U, 0x5346414fU, 0x00c36400U}) {
    simulated_disk disk({.file_system_type = magic});
    const auto at = sure(location::find(disk, "ages", {}));
    const auto refused = at.refuse_network_file_system();
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error(), errc::file_error);
    EXPECT_EQ(refused.error().os_error(), EOPNOTSUPP);
    EXPECT_NE(refused.error().message().find(".file_system = file_system::any"), std::string::npos);
  }
  // ext4, XFS, Btrfs, ZFS, tmpfs, overlayfs, F2FS
  for (const std::uint64_t magic :
       {0xef53U, 0x58465342U, 0x9123683eU, 0x2fc12fc1U, 0x01021994U, 0x794c7630U, 0xf2f52010U}) {
    simulated_disk disk({.file_system_type = magic});
    EXPECT_TRUE(sure(location::find(disk, "ages", {})).refuse_network_file_system()) << magic;
  }
  sure(place(path).refuse_network_file_system());
}

}  // namespace
}  // namespace shelf::file
