// DETS  api -> engine -> stores -> [dets] -> file
// Slots come in segments of 2 KiB; neighbours are read and written together.
#include "dets/slot_table.hpp"

#include "term/external_format.hpp"

#include <algorithm>
#include <array>
#include <cassert>

namespace shelf::dets_format {
namespace {

using terms::load_big;
using terms::store_big;

constexpr std::size_t most_together = 512;  // segments in one read or write: 1 MiB

/// How many addresses from `i` on follow each other without a gap.
std::size_t run_length(const std::vector<std::uint32_t>& addresses, std::size_t i,
                       std::size_t most) {
  std::size_t count = 1;
  while (count < most && i + count < addresses.size() &&
         addresses[i + count] == addresses[i] + count * segment_bytes) {
    ++count;
  }
  return count;
}

}  // namespace

result<slot_table> slot_table::load(const storage& from, const header& h, std::uint64_t end) {
  slot_table table;
  const auto segments = segments_for(h.next);
  const std::uint64_t needed = std::uint64_t{segments + parts_for(h.next)} * segment_bytes;
  if (body_start + needed > end) {
    return std::unexpected(
        corrupt_at(from.path(), 24, "the file is too short for its number of slots"));
  }
  if (auto read = table.load_addresses(from, segments); !read) return std::unexpected(read.error());
  table.entries_.resize(std::size_t{segments} * slots_per_segment);
  table.changed_.resize(segments);
  if (auto read = table.load_segments(from); !read) return std::unexpected(read.error());
  if (auto sane = table.check(from, end); !sane) return std::unexpected(sane.error());
  return table;
}

result<> slot_table::load_addresses(const storage& from, std::uint32_t segments) {
  std::vector<std::byte> raw(4 * most_parts);
  if (auto read = from.read(header_size, raw, "the addresses of the slots"); !read) return read;
  const auto count = (segments + segments_per_part - 1) / segments_per_part;
  for (std::uint32_t i = 0; i < count; ++i) {
    parts_.push_back(load_big<std::uint32_t>(raw.data() + 4 * i));
  }
  std::array<std::byte, segment_bytes> part;
  for (const auto address : parts_) {
    if (auto read = from.read(address, part, "a part of the slots"); !read) return read;
    for (std::uint32_t i = 0; i < segments_per_part && segments_.size() < segments; ++i) {
      const auto segment = load_big<std::uint32_t>(part.data() + 4 * i);
      if (segment < body_start) {
        return std::unexpected(
            corrupt_at(from.path(), address + 4 * i, "the address of a segment is missing"));
      }
      segments_.push_back(segment);
    }
  }
  return {};
}

result<> slot_table::load_segments(const storage& from) {
  std::vector<std::byte> raw;
  for (std::size_t i = 0; i < segments_.size();) {
    const auto count = run_length(segments_, i, most_together);
    raw.resize(count * segment_bytes);
    if (auto read = from.read(segments_[i], raw, "a segment of the slots"); !read) return read;
    for (std::size_t j = 0; j < count * slots_per_segment; ++j) {
      entries_[i * slots_per_segment + j] = {load_big<std::uint32_t>(raw.data() + 8 * j),
                                             load_big<std::uint32_t>(raw.data() + 8 * j + 4)};
    }
    i += count;
  }
  return {};
}

result<> slot_table::check(const storage& from, std::uint64_t end) const {
  for (std::size_t i = 0; i < entries_.size(); ++i) {
    const auto [size, pointer] = entries_[i];
    if (size == 0 && pointer == 0) continue;
    const bool possible = size > bucket_header && size <= block_size(largest_class);
    if (possible && pointer >= body_start && std::uint64_t{pointer} + size <= end) continue;
    const auto place = segments_[i / slots_per_segment] + 8 * (i % slots_per_segment);
    return std::unexpected(corrupt_at(from.path(), place, "a slot points outside of the data"));
  }
  return {};
}

slot_table slot_table::fresh(std::uint32_t slots) {
  slot_table table;
  auto address = static_cast<std::uint32_t>(body_start);
  for (std::uint32_t i = 0; i < parts_for(slots); ++i, address += segment_bytes) {
    table.parts_.push_back(address);
  }
  for (std::uint32_t i = 0; i < segments_for(slots); ++i, address += segment_bytes) {
    table.segments_.push_back(address);
  }
  table.entries_.resize(slots);
  table.changed_.assign(table.segments_.size(), true);
  table.parts_changed_ = true;
  return table;
}

void slot_table::reserve_segment() {
  const auto grown = [](std::size_t size, std::size_t more) { return size + more + size / 2; };
  if (entries_.capacity() < entries_.size() + slots_per_segment) {
    entries_.reserve(grown(entries_.size(), slots_per_segment));
  }
  if (segments_.capacity() == segments_.size()) segments_.reserve(grown(segments_.size(), 1));
  if (changed_.capacity() == changed_.size()) changed_.reserve(grown(changed_.size(), 1));
  parts_.reserve(most_parts);
}

void slot_table::add_part(std::uint32_t address) noexcept {
  assert(needs_part() && parts_.size() < parts_.capacity() && "room was made");
  parts_.push_back(address);
  parts_changed_ = true;
}

void slot_table::add_segment(std::uint32_t address) noexcept {
  assert(!needs_part() && segments_.size() < segments_.capacity() && "room was made");
  assert(entries_.size() == segments_.size() * slots_per_segment);
  segments_.push_back(address);
  changed_.push_back(true);
  entries_.resize(entries_.size() + slots_per_segment);
  parts_changed_ = true;
}

block_counters slot_table::counters() const noexcept {
  block_counters counters{};
  for (const auto& entry : entries_) {
    if (!entry.empty()) ++counters[class_of(entry.size) - smallest_class];
  }
  return counters;
}

std::vector<block> slot_table::blocks() const {
  constexpr unsigned of_segments = log2_up(segment_bytes);
  std::vector<block> used;
  used.reserve(parts_.size() + segments_.size() + entries_.size());
  for (const auto address : parts_) used.push_back({address, of_segments});
  for (const auto address : segments_) used.push_back({address, of_segments});
  for (const auto& entry : entries_) {
    if (!entry.empty()) used.push_back(entry.block());
  }
  return used;
}

std::uint64_t slot_table::end() const noexcept {
  std::uint64_t end = body_start;
  for (const auto address : parts_) end = std::max(end, std::uint64_t{address} + segment_bytes);
  for (const auto address : segments_) end = std::max(end, std::uint64_t{address} + segment_bytes);
  return end;
}

result<> slot_table::write_changes(storage& into) {
  if (auto written = write_segments(into); !written) return written;
  return parts_changed_ ? write_parts(into) : result<>();
}

result<> slot_table::write_segments(storage& into) {
  std::vector<std::byte> raw;
  for (std::size_t i = 0; i < segments_.size(); ++i) {
    if (!changed_[i]) continue;
    // Unchanged neighbours come along: one write of more bytes is cheaper than two.
    const auto count = run_length(segments_, i, most_together);
    raw.resize(count * segment_bytes);
    for (std::size_t j = 0; j < count * slots_per_segment; ++j) {
      const auto [size, pointer] = entries_[i * slots_per_segment + j];
      store_big(raw.data() + 8 * j, size);
      store_big(raw.data() + 8 * j + 4, pointer);
    }
    if (auto written = into.write(segments_[i], raw); !written) return written;
    for (std::size_t j = 0; j < count; ++j) changed_[i + j] = false;
    i += count - 1;
  }
  return {};
}

result<> slot_table::write_parts(storage& into) {
  std::vector<std::byte> addresses(4 * most_parts);
  for (std::size_t i = 0; i < parts_.size(); ++i) {
    store_big(addresses.data() + 4 * i, parts_[i]);
    std::vector<std::byte> part(segment_bytes);
    const auto first = i * segments_per_part;
    const auto last = std::min(first + segments_per_part, segments_.size());
    for (auto j = first; j < last; ++j) store_big(part.data() + 4 * (j - first), segments_[j]);
    if (auto written = into.write(parts_[i], part); !written) return written;
  }
  if (auto written = into.write(header_size, addresses); !written) return written;
  parts_changed_ = false;
  return {};
}

}  // namespace shelf::dets_format
