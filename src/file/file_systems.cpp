// FILE  api -> engine -> stores -> journal -> [file]
// The file systems whose locks and syncs another machine answers for, by statfs magic number.
#include "file/file_systems.hpp"

#include <array>

namespace shelf::file {
namespace {

struct known_file_system {
  std::uint64_t magic;
  std::string_view name;
};

constexpr std::array<known_file_system, 20> network_file_systems{{
    {0x6969, "NFS"},
    {0xff534d42, "CIFS"},
    {0xfe534d42, "SMB2"},
    {0x517b, "SMB"},
    {0x65735546, "FUSE"},
    {0x65735543, "FUSE control"},
    {0x01021997, "9P"},
    {0x5346414f, "AFS"},
    {0x6b414653, "AFS"},
    {0x00c36400, "Ceph"},
    {0x564c, "NCP"},
    {0x73757245, "Coda"},
    {0x0bd00bd0, "Lustre"},
    {0x0bd00bd1, "Lustre"},
    {0x01161970, "GFS2"},
    {0x7461636f, "OCFS2"},
    {0x47504653, "GPFS"},
    {0xaad7aaea, "PanFS"},
    {0x786f4256, "VirtualBox shared folder"},
    {0xbacbacbc, "VMware shared folder"},
}};

}  // namespace

std::string_view network_file_system(std::uint64_t magic) noexcept {
  for (const auto& known : network_file_systems) {
    if (known.magic == magic) return known.name;
  }
  return {};
}

}  // namespace shelf::file
