// JOURNAL  api -> engine -> stores -> [journal] -> file
// A batch on its way out: changes are gathered into frames, large values go from where they are.
#include "journal/journal_file.hpp"
#include "journal/record.hpp"

#include <array>
#include <cassert>

namespace shelf::journal {

void journal_file::begin(std::uint64_t sequence) {
  // A sync in another thread may fence at any moment, so the fence is no matter of an assert.
  assert(is_recovered_);
  assert(sequence >= sequence_ && "a number that reached the file is never used again");
  batch_sequence_ = sequence;
  batch_session_ = session_;
  batch_at_ = end();
  batch_first_ = true;
  batch_is_note_ = true;
  empty_buffer();
}

void journal_file::begin_as(const batch_id& id) {
  assert(is_unpublished() && id.of.era <= session_.era && "eras only grow");
  begin(id.sequence);
  batch_session_ = id.of;
}

/// What only readers understand that know of it is announced first.
result<> journal_file::allow_features_of(const change& c) {
  auto allowed = result<>();
  if (is_about_deadlines(c) && !header_.deadlines) allowed = allow_deadlines();
  if (allowed && is_about_history(c) && !header_.history) allowed = allow_history();
  return allowed;
}

/// Room in the frame for the record of this change, or a frame of its own.
inline result<> journal_file::make_room(const change& c) {
  batch_is_note_ = batch_is_note_ && c.what == op::note;
  if (c.flags != 0 || c.what > op::seal) [[unlikely]] {
    if (auto allowed = allow_features_of(c); !allowed) return allowed;
  }
  if (filled() == frame_header_size || filled() + record_size(c) <= frame_capacity) return {};
  return flush_frame(false);
}

result<> journal_file::add(const change& c) {
  if (auto room = make_room(c); !room) return room;
  append_record(buffer_, c);
  return {};
}

result<> journal_file::add_in_place(const change& c) {
  // Larger than a frame holds, so it stands alone in its frame.
  if (c.value.size() <= frame_capacity) return add(c);
  if (auto room = make_room(c); !room) return room;
  assert(filled() == frame_header_size && large_.empty() && "a large value has a frame of its own");
  append_record_head(buffer_, c);
  large_ = c.value;
  return {};
}

/// A frame whose value is not in the buffer.
result<> journal_file::write_in_pieces(const frame_header& header) {
  assert(!large_.empty() && filled() == header.size);
  seal_frame_in_pieces(buffer_, std::span(&large_, 1), header, header_.file_id, batch_at_);
  constexpr std::array<std::byte, 8> zeros{};
  auto at = batch_at_;
  for (const bytes piece :
       {bytes(buffer_), large_, bytes(zeros).first(padded(header.size) - header.size)}) {
    if (piece.empty()) continue;
    if (auto written = held_.file.write(at, piece); !written) return written;
    at += piece.size();
  }
  return {};
}

}  // namespace shelf::journal
