// JOURNAL  api -> engine -> stores -> [journal] -> file
// Reading a journal whole: where it ends, whether it is damaged, and the changes it holds.
#pragma once

#include "journal/change.hpp"
#include "journal/file_header.hpp"
#include "journal/frame_reader.hpp"
#include "shelf/progress.hpp"

#include <cstdint>
#include <vector>

namespace shelf::journal {

/// A time, and the place of the first frame that was written then or later.
struct time_mark {
  std::uint64_t ms = 0;  ///< since 1970
  std::uint64_t at = 0;
};
inline constexpr std::size_t most_marks = 512;
void add_mark(std::vector<time_mark>& to, const time_mark& m);

/// What a file begins with: a first batch; history, or nothing; the state behind it, which without
/// history is the first batch. Then the changes follow.
struct layout {
  std::uint64_t first_end = frames_start;
  std::uint64_t history_end = frames_start;
  std::uint64_t state_end = frames_start;
};

/// What a scan found. Offsets are bytes from the start of the file.
struct scanned {
  std::uint64_t end = frames_start;         ///< end of the last committed batch
  std::uint64_t last_frame = frames_start;  ///< where its last frame starts
  session last;                             ///< that wrote the last committed batch
  batch_id changed;                         ///< the last batch that changes a table
  std::uint64_t sequence = 0;               ///< of the last committed batch
  std::uint64_t batches = 0;
  std::uint64_t changes = 0;  ///< records that change a table
  bool sealed = false;        ///< the last batch is a seal
  batch_id first;             ///< of the first batch: the changes of the file follow it
  layout parts;
  /// When batches were written: the times that moments tell, with where their frames begin. At most
  /// most_marks: every other one is forgotten when there are more.
  std::vector<time_mark> marks;
  /// Bytes behind `end` that are neither a committed batch nor zeros: a write that was under way.
  std::uint64_t torn_bytes = 0;
};

/// How closely a file that is open is looked at.
enum class look_at : std::uint8_t {
  length,   ///< and name
  content,  ///< of what was written since the last look, too
};

/// Follows the frames from the start to the last commit. A bad frame at x is damage (errc::corrupt,
/// naming x) only if the header or a frame behind x says that x was on disk; else the journal ends
/// before it: what follows was never promised. Time is linear in the file's size. `tell` is told of
/// its bytes.
[[nodiscard]] result<scanned> scan(frame_reader& reader, const file_header& header,
                                   const progress& tell = {});

/// Goes on behind what was found before, by one batch. False: there is none yet, or not all of it.
/// Errors: as scan.
[[nodiscard]] result<bool> extend(frame_reader& reader, const file_header& header, scanned& found);

/// Receives what a journal holds, in the order of the file.
class visitor {
 public:
  virtual ~visitor() = default;
  /// A change of the batch `sequence`; its bytes live until the call returns.
  [[nodiscard]] virtual result<> visit(const change& c, std::uint64_t sequence) = 0;
  /// The batch `sequence` is complete.
  [[nodiscard]] virtual result<> committed(std::uint64_t sequence) = 0;
};

/// Reads the committed batches in [from, to) again and hands them out. Errors: a frame that the
/// scan accepted does not read back the same, or a checksummed record does not parse (corrupt); the
/// visitor's own.
/// Frames of history are no content: they are handed out only if they are asked for.
enum class part : std::uint8_t { content, everything };
[[nodiscard]] result<> replay(frame_reader& reader, std::uint64_t from, std::uint64_t to,
                              visitor& out, part which = part::content);

}  // namespace shelf::journal
