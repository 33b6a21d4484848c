// DETS  api -> engine -> stores -> [dets] -> file
// The slots, in memory: where each bucket stands and how long it is.
#pragma once

#include "dets/buddy.hpp"
#include "dets/header.hpp"
#include "dets/storage.hpp"

#include <cstdint>
#include <span>
#include <vector>

namespace shelf::dets_format {

/// A slot: its bucket's size and place, or zeros.
struct slot_entry {
  std::uint32_t size = 0;
  std::uint32_t pointer = 0;

  [[nodiscard]] bool empty() const noexcept { return size == 0; }
  friend bool operator==(const slot_entry&, const slot_entry&) = default;
  [[nodiscard]] struct block block() const noexcept { return {pointer, class_of(size)}; }
};

/// All slots of a file and the addresses of the parts and segments they stand in. Changes stay in
/// memory until write_changes: an unclosed file is repaired from its buckets alone, so nobody
/// misses them before. 8 bytes a slot, which is what they take in the file.
class slot_table {
 public:
  slot_table() = default;
  /// Reads parts and segments. corrupt: they overlap in number, are missing or cut off, or a slot
  /// points outside of [body_start, end).
  [[nodiscard]] static result<slot_table> load(const storage& from, const header& h,
                                               std::uint64_t end);
  /// Empty slots in parts and segments at consecutive addresses.
  static slot_table fresh(std::uint32_t slots);

  [[nodiscard]] std::uint32_t slots() const noexcept {
    return static_cast<std::uint32_t>(entries_.size());
  }
  [[nodiscard]] slot_entry at(std::uint32_t slot) const noexcept { return entries_[slot]; }
  /// Where in the file a slot stands.
  [[nodiscard]] std::uint64_t place_of(std::uint32_t slot) const noexcept {
    return std::uint64_t{segments_[slot / slots_per_segment]} + 8 * (slot % slots_per_segment);
  }
  /// Whether both hold the same buckets in the same places.
  [[nodiscard]] bool same_entries(const slot_table& other) const noexcept {
    return entries_ == other.entries_;
  }
  void set(std::uint32_t slot, slot_entry entry) noexcept {
    entries_[slot] = entry;
    changed_[slot / slots_per_segment] = true;
  }
  /// Room for the next segment; add_segment() throws nothing after it.
  void reserve_segment();
  [[nodiscard]] bool needs_part() const noexcept {
    return segments_.size() == parts_.size() * segments_per_part;
  }
  void add_part(std::uint32_t address) noexcept;
  void add_segment(std::uint32_t address) noexcept;

  [[nodiscard]] block_counters counters() const noexcept;
  /// Blocks in use, by parts, segments and buckets.
  [[nodiscard]] std::vector<block> blocks() const;
  /// Where the last segment or part ends: the file reaches at least so far.
  [[nodiscard]] std::uint64_t end() const noexcept;

  /// Writes changed segments, parts and the addresses of the parts; what stands together in one
  /// write.
  [[nodiscard]] result<> write_changes(storage& into);

 private:
  [[nodiscard]] result<> load_addresses(const storage& from, std::uint32_t segments);
  [[nodiscard]] result<> load_segments(const storage& from);
  [[nodiscard]] result<> check(const storage& from, std::uint64_t end) const;
  [[nodiscard]] result<> write_segments(storage& into);
  [[nodiscard]] result<> write_parts(storage& into);

  std::vector<std::uint32_t> parts_;
  std::vector<std::uint32_t> segments_;
  std::vector<slot_entry> entries_;
  std::vector<bool> changed_;  // by segment
  bool parts_changed_ = false;
};

/// Checks that blocks in use and free blocks tile the file from body_start on, and free ones the
/// space behind it up to 2 GiB: nothing overlaps, nothing is left over. Memory: a 128th of the
/// file. The sentence says what is wrong; empty if nothing is.
[[nodiscard]] std::string find_overlap(std::span<const block> used, std::span<const block> free);

}  // namespace shelf::dets_format
