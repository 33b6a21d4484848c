// JOURNAL  api -> engine -> stores -> [journal] -> file
// The file header: two slots of 512 bytes in different 4 KiB blocks, so that one torn write harms
// one of them only.
//
//   slot := magic:u8[8]           89 'S' 'H' 'E' 'L' 'F' 0D 0A
//           version:u32le         1
//           term_version:u8       131, the external term format of all keys and values
//           state:u8              0 open, 1 closed: a seal ends at durable_up_to
//           zero:u8[2]
//           compatible:u64le      features a reader may not know and still read and write
//           read_compatible:u64le features a reader may not know and still read
//           incompatible:u64le    features a reader must know; bit 0: several tables, or one whose
//                                 id is not 1; bit 1: records with deadlines, and expire
//                                 records; bit 2: history frames, moments, values replaced;
//                                 bit 3: an increment of a backup
//           store_id:u8[16]       of the table's whole life, compactions included
//           file_id:u64le         of this file alone; salts every checksum in it
//           generation:u64le      of the header; the valid slot with the higher one counts
//           durable_up_to:u64le   everything before this offset was on disk when the slot was
//           written sequence:u64le        last sequence number before that offset era:u32le frames
//           from that offset on are of later eras zero                  to byte 504 checksum:u64le
//           XXH3-64 of the 504 bytes before, seed = the slot's offset
#pragma once

#include "shelf/detail/bytes.hpp"
#include "shelf/error.hpp"

#include <array>
#include <cstdint>
#include <string_view>

namespace shelf::journal {

inline constexpr std::size_t slot_size = 512;
inline constexpr std::array<std::uint64_t, 2> slot_offsets{0, 4096};
/// Where the first frame starts.
inline constexpr std::uint64_t frames_start = 8192;

struct file_header {
  bool closed = false;
  /// Features of newer writers that do not concern us: kept as they are.
  std::uint64_t compatible = 0;
  std::array<std::byte, 16> store_id{};
  std::uint64_t file_id = 0;
  std::uint64_t generation = 0;
  std::uint64_t durable_up_to = frames_start;
  std::uint64_t sequence = 0;
  std::uint32_t era = 0;
  /// The catalog may have any number of tables, of any ids. Else it has one, whose id is 1.
  bool several_tables = false;
  /// Records may have flags, and there may be expire records: entries have deadlines.
  bool deadlines = false;
  /// There may be frames of history, and records that tell a time or what was replaced.
  bool history = false;
  /// It holds changes alone, which continue a backup: no table.
  bool increment = false;
  /// True if a feature is set that this library may read but not write.
  bool write_refused = false;
  /// The slot this was read from. The other one may be damaged or older, so it is written first.
  std::size_t slot = 0;
};

[[nodiscard]] std::array<std::byte, slot_size> encode_slot(const file_header& header,
                                                           std::size_t slot) noexcept;

/// What a file may be for whoever reads its header.
enum class file_role : std::uint8_t {
  table,  ///< an increment of a backup is not_a_table
  any,
};

/// The header from the first 8192 bytes of a file (fewer if the file is shorter). `path` is for
/// messages.
/// Errors: not_a_table, corrupt (both slots damaged), unsupported_version (newer, or unknown
/// incompatible features).
[[nodiscard]] result<file_header> decode_header(bytes front, std::string_view path,
                                                file_role wanted = file_role::table);

}  // namespace shelf::journal
