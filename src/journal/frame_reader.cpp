// JOURNAL  api -> engine -> stores -> [journal] -> file
// A window over the file, and the frames in it.
#include "journal/frame_reader.hpp"

#include "journal/little_endian.hpp"
#include "journal/record.hpp"

#include <algorithm>
#include <cassert>
#include <cstring>

namespace shelf::journal {
namespace {

constexpr std::size_t window_size = std::size_t{4} << 20;
/// Where a frame's size stands in it.
constexpr std::size_t size_at = 8;
/// Small beside the window, so that looking about does not read the same bytes again and again.
constexpr std::size_t look_size = 4096;

}  // namespace

result<bytes> frame_reader::window(std::uint64_t offset, std::size_t length) {
  if (offset >= size_) return bytes{};
  const auto wanted = static_cast<std::size_t>(std::min<std::uint64_t>(length, size_ - offset));
  const bool inside = offset >= buffer_start_ && offset - buffer_start_ <= buffer_.size() &&
                      buffer_.size() - (offset - buffer_start_) >= wanted;
  if (!inside) {
    const auto fill = std::min<std::uint64_t>(std::max(wanted, window_size), size_ - offset);
    buffer_.resize(static_cast<std::size_t>(fill));
    const auto got = file_->read(offset, buffer_);
    if (!got) {
      buffer_.clear();
      return std::unexpected(got.error());
    }
    buffer_.resize(*got);
    buffer_start_ = offset;
  }
  assert(offset >= buffer_start_ && offset - buffer_start_ <= buffer_.size());
  const bytes there = bytes(buffer_).subspan(static_cast<std::size_t>(offset - buffer_start_));
  return there.first(std::min(wanted, there.size()));
}

result<std::optional<frame_header>> frame_reader::header_at(std::uint64_t offset) {
  assert(offset % 8 == 0);
  const auto front = window(offset, frame_header_size);
  if (!front) return std::unexpected(front.error());
  const auto header = read_frame_header(*front);
  if (!header || padded(header->size) > size_ - offset || header->durable_up_to > offset) {
    return std::nullopt;
  }
  return header;
}

result<frame_reader::opening_record> frame_reader::first_record_at(std::uint64_t offset) {
  const auto front = window(offset, frame_header_size + moment_record_size);
  if (!front) return std::unexpected(front.error());
  opening_record r;
  if (front->size() <= frame_header_size) return r;
  auto records = front->subspan(frame_header_size);
  r.op = std::to_integer<std::uint8_t>(records.front());
  if (r.op != static_cast<std::uint8_t>(op::moment)) return r;
  const auto c = take_record(records);
  if (c) r.moment = time_of(*c).value_or(0);
  return r;
}

result<bool> frame_reader::holds_in_pieces(const frame_header& header, std::uint64_t offset) {
  frame_check check(header, file_id_, offset);
  const auto end = offset + padded(header.size);
  for (auto at = offset; at < end;) {
    const auto piece =
        window(at, static_cast<std::size_t>(std::min<std::uint64_t>(window_size, end - at)));
    if (!piece) return std::unexpected(piece.error());
    if (piece->empty()) return false;
    check.add(*piece);
    at += piece->size();
  }
  return check.holds();
}

result<bool> frame_reader::reaches_its_end(const frame_header& header, std::uint64_t offset) {
  std::byte last{};
  const auto got = file_->read(offset + header.size - 1, {&last, 1});
  if (!got) return std::unexpected(got.error());
  if (last != std::byte{}) return true;
  return holds_in_pieces(header, offset);
}

result<std::optional<frame>> frame_reader::at(std::uint64_t offset) {
  const auto header = header_at(offset);
  if (!header) return std::unexpected(header.error());
  if (!*header) return std::nullopt;
  assert((*header)->size > frame_header_size && padded((*header)->size) <= size_ - offset);
  const auto length = static_cast<std::size_t>(padded((*header)->size));
  if (length > window_size) {
    // A damaged size must not make us hold gigabytes: believe it only once the checksum does.
    const auto holds = holds_in_pieces(**header, offset);
    if (!holds) return std::unexpected(holds.error());
    if (!*holds) return std::nullopt;
  }
  const auto whole = window(offset, length);
  if (!whole) return std::unexpected(whole.error());
  if (whole->size() < length || !checksum_holds(*whole, **header, file_id_, offset)) {
    return std::nullopt;
  }
  return frame{.header = **header,
               .records = whole->subspan(frame_header_size, (*header)->size - frame_header_size),
               .next = offset + length};
}

result<std::uint64_t> frame_reader::skip_zeros(std::uint64_t offset) {
  assert(offset % 8 == 0);
  while (offset + frame_header_size <= size_) {
    const auto piece = window(offset + size_at, look_size);
    if (!piece) return std::unexpected(piece.error());
    const auto* const from = piece->data();
    std::size_t at = 0;
    while (at + 4 <= piece->size() && load_le<std::uint32_t>(from + at) == 0) at += 8;
    offset += at;
    if (at + 4 <= piece->size() || piece->size() < 8) break;
  }
  return offset;
}

result<bool> frame_reader::only_zeros_from(std::uint64_t offset) {
  while (offset < size_) {
    const auto piece = window(offset, window_size);
    if (!piece) return std::unexpected(piece.error());
    if (piece->empty()) break;
    // Equal to itself shifted by one, and the first is zero: memcmp is a great deal faster than a
    // loop over bytes.
    const bool zeros = piece->front() == std::byte{} &&
                       std::memcmp(piece->data(), piece->data() + 1, piece->size() - 1) == 0;
    if (!zeros) return false;
    offset += piece->size();
  }
  return true;
}

}  // namespace shelf::journal
