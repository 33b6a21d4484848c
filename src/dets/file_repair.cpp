// DETS  api -> engine -> stores -> [dets] -> file
// The scan believes a bucket only if all of it can be read: marks inside of data are common enough.
#include "dets/file_repair.hpp"

#include "dets/object.hpp"
#include "dets/slot_table.hpp"
#include "term/external_format.hpp"

#include <algorithm>
#include <bit>
#include <limits>

namespace shelf::dets_format {
namespace {

using terms::load_big;

constexpr std::uint64_t step = block_size(smallest_class);
constexpr std::size_t window_size = std::size_t{1} << 20;
/// Bytes looked at in vain, as a multiple of the file: a file may be made to cost its square.
constexpr std::uint64_t most_in_vain = 64;
/// Bytes scanned between two words about it.
constexpr std::uint64_t told_every = std::uint64_t{1} << 14;

/// A part of the file that moves along.
class window {
 public:
  explicit window(const storage& from) : from_(from) {}
  /// How large the file is: the window never is larger.
  void limit(std::uint64_t file_size) noexcept { limit_ = file_size; }

  /// The bytes at [at, at + size); fewer where the file ends. Good until the next call.
  result<bytes> view(std::uint64_t at, std::size_t size) {
    if (at < start_ || at + size > start_ + buffer_.size()) {
      buffer_.resize(std::max<std::uint64_t>(size, std::min<std::uint64_t>(window_size, limit_)));
      const auto got = from_.read_some(at, buffer_);
      if (!got) return std::unexpected(got.error());
      buffer_.resize(*got);
      start_ = at;
    }
    const auto from = at - start_;
    return bytes(buffer_).subspan(from, std::min<std::size_t>(size, buffer_.size() - from));
  }

 private:
  const storage& from_;
  std::vector<std::byte> buffer_;
  std::uint64_t start_ = 0;
  std::uint64_t limit_ = window_size;
};

class scanning {
 public:
  scanning(const storage& from, const header& h, repair_report& found, const progress& tell)
      : from_(from), window_(from), format_{h.type, h.keypos}, found_(found), tell_(tell) {}

  result<std::vector<piece>> run() {
    const auto size = from_.size();
    if (!size) return std::unexpected(size.error());
    size_ = *size;
    window_.limit(size_);
    // Addresses have 32 bits: what lies behind cannot be meant.
    const auto end = std::min<std::uint64_t>(size_, std::numeric_limits<std::uint32_t>::max());
    for (std::uint64_t at = body_start; at + bucket_header <= end;) {
      const auto front = window_.view(at, bucket_header);
      if (!front) return std::unexpected(front.error());
      if (front->size() < bucket_header) break;
      if (tell_ && at >= told_ + told_every) tell_(told_ = at, end);
      const auto length = load_big<std::uint32_t>(front->data());
      const auto status = load_big<std::uint32_t>(front->data() + 4);
      if (status == status_free) freed_until_ = std::max(freed_until_, at + length);
      const auto next = status == status_active ? bucket(at, length) : at + step;
      if (!next) return std::unexpected(next.error());
      at = *next;
    }
    return std::move(pieces_);
  }

 private:
  /// Where to go on.
  result<std::uint64_t> bucket(std::uint64_t at, std::uint32_t length) {
    const bool possible = length > bucket_header && length <= block_size(largest_class);
    if (!possible || at + length > size_) return miss(at, 0);
    const auto content = window_.view(at, length);
    if (!content) return std::unexpected(content.error());
    if (content->size() < length) return miss(at, 0);
    const auto before = pieces_.size();
    const auto whole = read_objects(*content, at);
    if (!whole) return std::unexpected(whole.error());
    if (!*whole) {
      pieces_.resize(before);
      return miss(at, length);
    }
    if (at < freed_until_) found_.resurrected += pieces_.size() - before;
    ++found_.buckets;
    return at + block_size(class_of(length));
  }

  result<std::uint64_t> miss(std::uint64_t at, std::uint64_t length) {
    ++found_.damaged;
    in_vain_ += length;
    if (in_vain_ > most_in_vain * size_) {
      return std::unexpected(corrupt_at(from_.path(), at, "too many damaged buckets for a repair"));
    }
    return at + step;
  }

  /// False if it is no bucket after all.
  result<bool> read_objects(bytes content, std::uint64_t at) {
    result<> beyond;
    const auto number = static_cast<std::uint32_t>(found_.buckets);
    const auto add = [&](bytes object, bool) {
      const auto whole = object_of_stored(object, format_.keypos);
      const auto place = at + static_cast<std::uint64_t>(object.data() - content.data());
      if (!whole) {
        if (whole.error() == errc::size_limit_exceeded) {
          beyond = std::unexpected(within(from_.path(), place, whole.error()));
        }
        return false;
      }
      const auto key = element_at(whole->get(), format_.keypos);
      pieces_.push_back({place, static_cast<std::uint32_t>(object.size()),
                         slot_hash(hash_method::phash2, key), number, false});
      return true;
    };
    const bool split = split_records(content.subspan(bucket_header), format_.type, add);
    if (!beyond) return std::unexpected(beyond.error());
    return split;
  }

  const storage& from_;
  window window_;
  object_format format_;
  repair_report& found_;
  const progress& tell_;
  std::uint64_t told_ = 0;
  std::vector<piece> pieces_;
  std::uint64_t size_ = 0;
  std::uint64_t freed_until_ = 0;
  std::uint64_t in_vain_ = 0;
};

/// Pieces where the scan found them.
class in_storage final : public piece_source {
 public:
  explicit in_storage(const storage& from) : from_(from) {}
  [[nodiscard]] result<bytes> fetch(const piece& p, std::vector<std::byte>& room) const override {
    room.resize(p.size);
    if (auto read = from_.read(p.place, room, "an object"); !read) {
      return std::unexpected(read.error());
    }
    return bytes(room);
  }

 private:
  const storage& from_;
};

/// OTP starts with what the header says, and again with what it found if that was far off. Slots
/// that cannot have been in the damaged file are not believed: a short one must not become a long
/// one.
std::uint32_t slots_for(const header& h, std::uint64_t keys, std::uint64_t file_size) {
  const auto segments = [](std::uint64_t x) {
    return static_cast<std::int64_t>(x == 0 ? 1 : (x - 1) / slots_per_segment + 1);
  };
  std::uint64_t estimate = std::min(h.max_slots, std::max(h.min_slots, h.keys));
  const auto found = segments(keys);
  const bool far_off = std::abs(found - segments(estimate)) > 5;
  if (far_off && segments(h.min_slots) <= found && found <= segments(h.max_slots)) estimate = keys;
  estimate = std::min(estimate, file_size / sizeof(slot_entry));
  return std::max(slots_per_segment, std::bit_ceil(static_cast<std::uint32_t>(estimate)));
}

}  // namespace

result<repair_report> repair(const storage& damaged, const header& h, object_format format,
                             storage& into, const progress& tell) {
  repair_report found;
  found.expected = h.objects;
  const auto tell_scanned = shelf::detail::step_of(tell, 0, 2);
  const auto tell_written = shelf::detail::step_of(tell, 1, 2);
  auto pieces = scanning(damaged, h, found, tell_scanned).run();
  if (!pieces) return std::unexpected(pieces.error());
  const in_storage source(damaged);
  const auto settled = settle(*pieces, format, source, h.summed ? doubles::kept : doubles::dropped);
  if (!settled) return std::unexpected(settled.error());
  const auto size = damaged.size();
  if (!size) return std::unexpected(size.error());
  const auto slots = std::min(slots_for(h, settled->keys, *size), h.max_slots);
  const bulk_shape shape{.format = format,
                         .method = hash_method::phash2,
                         .slots = slots,
                         .min_slots = slots,  // as OTP's repair says
                         .max_slots = h.max_slots};
  const auto written = write_bulk(into, *pieces, shape, *settled, source, tell_written);
  if (!written) return std::unexpected(written.error());
  found.objects = settled->objects;
  found.keys = settled->keys;
  found.superseded = settled->superseded;
  found.doubled = settled->doubled;
  return found;
}

}  // namespace shelf::dets_format
