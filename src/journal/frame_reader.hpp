// JOURNAL  api -> engine -> stores -> [journal] -> file
// Frames read back from a file, one at a time, each checked before anything in it is believed.
#pragma once

#include "file/open_file.hpp"
#include "journal/frame.hpp"

#include <optional>
#include <string>
#include <vector>

namespace shelf::journal {

/// A frame that passed its checksum.
struct frame {
  frame_header header;
  bytes records;  ///< valid until the reader's next call
  std::uint64_t next = 0;
};

/// Reads frames through a window of a few MiB; a frame larger than that is checked piecewise before
/// it is held.
/// Thread safety: one thread at a time.
class frame_reader {
 public:
  /// Reads `file` up to byte `size`, which must not be past its end.
  frame_reader(const file::open_file& file, std::uint64_t size, std::uint64_t file_id) noexcept
      : file_(&file), size_(size), file_id_(file_id) {}

  /// The frame at `offset`; nullopt if no valid frame starts there. Errors: the read itself failed.
  [[nodiscard]] result<std::optional<frame>> at(std::uint64_t offset);
  /// The header at `offset` if one could stand there and its frame would end inside the file;
  /// unchecked.
  [[nodiscard]] result<std::optional<frame_header>> header_at(std::uint64_t offset);
  /// What a frame's first record is: its op, as a number (0 if it is not there), and the time that
  /// it tells, if it is a moment.
  struct opening_record {
    std::uint8_t op = 0;
    std::uint64_t moment = 0;  ///< milliseconds since 1970
  };
  [[nodiscard]] result<opening_record> first_record_at(std::uint64_t offset);
  /// False if a file that was cut inside this frame was then written on behind it: that leaves
  /// zeros up to the frame's end. Its last byte tells; only if it is zero the whole frame is
  /// checked.
  [[nodiscard]] result<bool> reaches_its_end(const frame_header& header, std::uint64_t offset);
  /// The first multiple of 8 from `offset` on where the size of a frame would not be 0; size() or
  /// more if there is none. Zeros written ahead are skipped fast.
  [[nodiscard]] result<std::uint64_t> skip_zeros(std::uint64_t offset);
  /// True if all bytes from `offset` to the end are zero.
  [[nodiscard]] result<bool> only_zeros_from(std::uint64_t offset);
  [[nodiscard]] std::uint64_t size() const noexcept { return size_; }
  [[nodiscard]] const std::string& path() const noexcept { return file_->path(); }

 private:
  /// Bytes [offset, offset + length) if the file has them, else what there is.
  [[nodiscard]] result<bytes> window(std::uint64_t offset, std::size_t length);
  [[nodiscard]] result<bool> holds_in_pieces(const frame_header& header, std::uint64_t offset);

  const file::open_file* file_;
  std::uint64_t size_;
  std::uint64_t file_id_;
  std::vector<std::byte> buffer_;
  std::uint64_t buffer_start_ = 0;
};

}  // namespace shelf::journal
