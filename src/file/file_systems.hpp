// FILE  api -> engine -> stores -> journal -> [file]
// The file systems whose locks and syncs another machine answers for.
#pragma once

#include <cstdint>
#include <string_view>

namespace shelf::file {

/// The name of the network file system with this statfs magic number; empty for a local or an
/// unknown one. FUSE counts as one: nothing tells what stands behind it.
std::string_view network_file_system(std::uint64_t magic) noexcept;

}  // namespace shelf::file
