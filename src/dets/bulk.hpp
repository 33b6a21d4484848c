// DETS  api -> engine -> stores -> [dets] -> file
// A whole new file from many objects at once: duplicates settled, buckets laid out by size.
#pragma once

#include "dets/bucket.hpp"
#include "dets/buddy.hpp"
#include "dets/header.hpp"
#include "dets/storage.hpp"
#include "shelf/progress.hpp"

#include <cstdint>
#include <vector>

namespace shelf::dets_format {

/// An object for a new file: where it is to be fetched from, and where it belongs.
struct piece {
  std::uint64_t place = 0;  ///< of its bytes: what it means its source knows
  std::uint32_t size = 0;   ///< bytes, 131 included
  std::uint32_t hash = 0;   ///< slot_hash of its key
  std::uint32_t rank = 0;   ///< which bucket of the old file it was in; settled: its own number
  bool first = false;       ///< of its key; known once the pieces are settled
};

/// Where the bytes of pieces are.
class piece_source {
 public:
  virtual ~piece_source() = default;
  /// The bytes of a piece, in `room` if they have to be put somewhere; good as long as that is.
  [[nodiscard]] virtual result<bytes> fetch(const piece& p, std::vector<std::byte>& room) const = 0;
  /// This piece will be fetched soon.
  virtual void announce(const piece&) const noexcept {}
};

/// Pieces in memory, one behind the other.
class arena final : public piece_source {
 public:
  /// Copies a canonical term, with 131 in front; its place.
  std::uint64_t add(bytes term);
  [[nodiscard]] result<bytes> fetch(const piece& p, std::vector<std::byte>&) const override {
    return bytes(content_).subspan(p.place, p.size);
  }
  void announce(const piece& p) const noexcept override;

 private:
  std::vector<std::byte> content_;
};

/// What became of objects with equal keys.
struct settled_counts {
  std::uint64_t objects = 0;
  std::uint64_t keys = 0;
  std::uint64_t superseded = 0;  ///< set: older objects of a key; bag: older copies
  std::uint64_t doubled = 0;     ///< bags: of a bucket that was there twice, in two states
};

/// What becomes of the objects of a bag's key that come from two buckets of which one contains the
/// other; in a duplicate_bag in the same order. Dropped: a writer died between writing the one and
/// freeing the other, so the fuller one is kept. Kept: all of them count, as they do for OTP.
enum class doubles : std::uint8_t { dropped, kept };

/// Settles what stands under one key: in a set the last object wins, in a bag of identical objects
/// the last; a duplicate_bag keeps all. Drops and orders pieces so that a key's objects stand
/// together. They come in the order in which they were written.
[[nodiscard]] result<settled_counts> settle(std::vector<piece>& pieces, object_format format,
                                            const piece_source& source,
                                            doubles found = doubles::dropped);

/// What a new file is to be like.
struct bulk_shape {
  object_format format;
  hash_method method = hash_method::phash2;
  std::uint32_t slots = slots_per_segment;  ///< a power of two
  /// What the header says of later files in its place, or a small one would never follow a large
  /// one.
  std::uint32_t min_slots = slots_per_segment;
  std::uint32_t max_slots = most_slots;
};

/// Writes a closed file of settled pieces into empty storage, as OTP lays them out: the largest
/// blocks first, in each size by slot, padded with zeros. size_limit_exceeded: more than fits a
/// DETS file. Writes in blocks of about 1 MiB. `tell` is told of the objects: each counts half when
/// its place is known and wholly when it is written; if it is there, the file is synced on the way.
[[nodiscard]] result<> write_bulk(storage& into, std::vector<piece>& pieces,
                                  const bulk_shape& shape, const settled_counts& counts,
                                  const piece_source& source, const progress& tell);

/// The end of a closed file: free lists, trailer, then the header that says so. Returns where the
/// free lists begin.
[[nodiscard]] result<> write_end(storage& into, std::uint64_t end, const buddy& free, header h);

}  // namespace shelf::dets_format
