// DETS  api -> engine -> stores -> [dets] -> file
// Laying out: the largest blocks first leave no holes.
#include "dets/bulk.hpp"

#include "file/fetch_early.hpp"
#include "file/sync_pace.hpp"

#include "dets/bucket_order.hpp"
#include "dets/slot_table.hpp"
#include "term/order.hpp"
#include "term/scalar_output.hpp"
#include "term/validation.hpp"

#include <algorithm>
#include <cassert>

namespace shelf::dets_format {
namespace {

constexpr std::size_t write_at_once = std::size_t{1} << 20;

/// Pieces of one slot.
struct span_of_slot {
  std::uint32_t slot;
  std::uint32_t size;  // of the bucket
  std::size_t first;
  std::size_t last;
};

/// A strict order, also of keys that dets order gives as greater both ways.
bool stands_before(bytes a, bytes b) {
  const int order = compare_keys(a, b);
  if (order <= 0) return order < 0;
  return compare_keys(b, a) > 0 && terms::compare_exact(a, b) < 0;
}

class laying_out {
 public:
  laying_out(std::vector<piece>& pieces, const bulk_shape& shape, const piece_source& source,
             const progress& tell)
      : pieces_(pieces), shape_(shape), source_(source), tell_(tell) {}

  result<std::vector<span_of_slot>> run() {
    const auto mask = shape_.slots - 1;
    const auto slot_of = [mask](const piece& p) { return p.hash & mask; };
    if (!std::ranges::is_sorted(pieces_, {}, slot_of)) {
      std::ranges::sort(pieces_, [&](const piece& a, const piece& b) {
        return slot_of(a) != slot_of(b) ? slot_of(a) < slot_of(b) : a.rank < b.rank;
      });
    }
    std::vector<span_of_slot> spans;
    for (std::size_t first = 0; first < pieces_.size();) {
      const auto slot = pieces_[first].hash & mask;
      auto last = first + 1;
      while (last < pieces_.size() && (pieces_[last].hash & mask) == slot) ++last;
      announce_soon(first, last);
      if (auto ordered = order_keys(first, last); !ordered) {
        return std::unexpected(ordered.error());
      }
      const auto size = bucket_size(first, last);
      if (size > highest_end) return std::unexpected(errc::size_limit_exceeded);
      spans.push_back({slot, static_cast<std::uint32_t>(size), first, last});
      if (tell_ && (spans.size() & 0xFFF) == 0) tell_(last / 2, pieces_.size());
      first = last;
    }
    return spans;
  }

 private:
  [[nodiscard]] std::uint64_t bucket_size(std::size_t first, std::size_t last) const {
    std::uint64_t size = bucket_header;
    for (auto i = first; i < last; ++i) {
      size += 4 + std::uint64_t{pieces_[i].size};
      if (pieces_[i].first && shape_.format.type != kind::set) size += 4;
    }
    return size;
  }

  /// The pieces of a key.
  struct group {
    std::vector<std::byte> room;
    canonical_term key;
    std::size_t first = 0;
    std::size_t last = 0;
  };

  result<> order_keys(std::size_t first, std::size_t last) {
    if (last - first == 1) return {};
    std::size_t count = 0;
    for (auto i = first; i < last; ++i) {
      if (!pieces_[i].first) {
        groups_[count - 1].last = i + 1;
        continue;
      }
      if (count == groups_.size()) groups_.emplace_back();
      auto& g = groups_[count++];
      g.first = i;
      g.last = i + 1;
      const auto stored = source_.fetch(pieces_[i], g.room);
      if (!stored) return std::unexpected(stored.error());
      auto key = key_of_stored(*stored, shape_.format.keypos);
      if (!key) return std::unexpected(key.error());
      g.key = std::move(*key);
    }
    const auto groups = std::span(groups_).first(count);
    const auto before = [](const group& a, const group& b) {
      return stands_before(a.key.get(), b.key.get());
    };
    if (std::ranges::is_sorted(groups, before)) return {};
    std::ranges::sort(groups, before);
    const std::vector<piece> unsorted(pieces_.begin() + static_cast<std::ptrdiff_t>(first),
                                      pieces_.begin() + static_cast<std::ptrdiff_t>(last));
    auto out = first;
    for (const auto& g : groups) {
      for (auto i = g.first; i < g.last; ++i) pieces_[out++] = unsorted[i - first];
    }
    return {};
  }

  /// Pieces behind these will be looked at if their slots have several.
  void announce_soon(std::size_t first, std::size_t last) const {
    constexpr std::size_t ahead = 16;
    const auto end = std::min(last + ahead, pieces_.size());
    for (auto i = first + ahead; i < end; ++i) source_.announce(pieces_[i]);
  }

  std::vector<piece>& pieces_;
  const bulk_shape& shape_;
  const piece_source& source_;
  const progress& tell_;
  std::vector<group> groups_;  // of one slot; their room is used again
};

/// Writes one after the other, in large pieces.
class stream {
 public:
  stream(storage& into, std::uint64_t at) noexcept : into_(into), at_(at) {}
  [[nodiscard]] std::vector<std::byte>& buffer() noexcept { return buffer_; }
  [[nodiscard]] bool is_full() const noexcept { return buffer_.size() >= write_at_once; }
  [[nodiscard]] result<> flush() {
    if (auto written = into_.write(at_, buffer_); !written) return written;
    at_ += buffer_.size();
    buffer_.clear();
    return {};
  }

 private:
  storage& into_;
  std::uint64_t at_;
  std::vector<std::byte> buffer_;
};

class writing {
 public:
  writing(const std::vector<piece>& pieces, kind type, const piece_source& source)
      : pieces_(pieces), type_(type), source_(source) {}

  void announce(const span_of_slot& s) const {
    for (auto i = s.first; i < s.last; ++i) source_.announce(pieces_[i]);
  }
  result<> put_bucket(std::vector<std::byte>& out, const span_of_slot& s) {
    const auto start = out.size();
    terms::put_big(out, s.size);
    terms::put_big(out, status_active);
    for (auto i = s.first; i < s.last; ++i) {
      if (pieces_[i].first && type_ != kind::set) put_key_size(out, i, s.last);
      const auto stored = source_.fetch(pieces_[i], room_);
      if (!stored) return std::unexpected(stored.error());
      terms::put_big(out, static_cast<std::uint32_t>(4 + stored->size()));
      terms::put(out, *stored);
    }
    assert(out.size() - start == s.size);
    out.resize(start + block_size(class_of(s.size)));
    return {};
  }

 private:
  void put_key_size(std::vector<std::byte>& out, std::size_t first, std::size_t last) {
    std::uint32_t size = 4;
    for (auto i = first; i < last && (i == first || !pieces_[i].first); ++i) {
      size += 4 + pieces_[i].size;
    }
    terms::put_big(out, size);
  }

  const std::vector<piece>& pieces_;
  kind type_;
  const piece_source& source_;
  std::vector<std::byte> room_;
};

header header_for(const bulk_shape& shape, const settled_counts& counts) {
  header h;
  h.type = shape.format.type;
  h.keypos = shape.format.keypos;
  h.method = shape.method;
  h.m = h.next = shape.slots;
  h.min_slots = shape.min_slots;
  h.max_slots = shape.max_slots;
  h.objects = static_cast<std::uint32_t>(counts.objects);
  h.keys = static_cast<std::uint32_t>(counts.keys);
  h.base = static_cast<std::uint32_t>(
      body_start +
      std::uint64_t{segments_for(shape.slots) + parts_for(shape.slots)} * segment_bytes);
  return h;
}

}  // namespace

std::uint64_t arena::add(bytes term) {
  const auto place = content_.size();
  content_.push_back(terms::version_byte);
  content_.insert(content_.end(), term.begin(), term.end());
  return place;
}

void arena::announce(const piece& p) const noexcept {
  file::fetch_early(content_.data() + p.place, p.size);
}

result<> write_bulk(storage& into, std::vector<piece>& pieces, const bulk_shape& shape,
                    const settled_counts& counts, const piece_source& source,
                    const progress& tell) {
  const auto too_large = [&] {
    return std::unexpected(
        error(errc::size_limit_exceeded, into.path() + ": more than the 2 GiB of a DETS file"));
  };
  const auto spans = laying_out(pieces, shape, source, tell).run();
  if (!spans && spans.error() == errc::size_limit_exceeded) return too_large();
  if (!spans) return std::unexpected(spans.error());
  std::array<std::vector<std::uint32_t>, largest_class + 1> by_class;
  for (std::size_t i = 0; i < spans->size(); ++i) {
    by_class[class_of((*spans)[i].size)].push_back(static_cast<std::uint32_t>(i));
  }
  header h = header_for(shape, counts);
  auto table = slot_table::fresh(shape.slots);
  stream out(into, h.base);
  writing buckets(pieces, shape.format.type, source);
  std::uint64_t end = h.base;
  std::uint64_t laid_out = 0;
  file::sync_pace pace;
  for (unsigned k = largest_class; k >= smallest_class; --k) {
    h.counters[k - smallest_class] = static_cast<std::uint32_t>(by_class[k].size());
    if (end + by_class[k].size() * block_size(k) > highest_end) return too_large();
    constexpr std::size_t ahead = 8;
    for (std::size_t j = 0; j < by_class[k].size(); ++j) {
      if (j + ahead < by_class[k].size()) buckets.announce((*spans)[by_class[k][j + ahead]]);
      const auto& s = (*spans)[by_class[k][j]];
      table.set(s.slot, {s.size, static_cast<std::uint32_t>(end)});
      if (auto put = buckets.put_bucket(out.buffer(), s); !put) return put;
      end += block_size(k);
      laid_out += s.last - s.first;
      if (!out.is_full()) continue;
      if (auto flushed = out.flush(); !flushed) return flushed;
      if (!tell) continue;
      tell((pieces.size() + laid_out) / 2, pieces.size());
      if (!pace.is_due(end)) continue;
      if (auto synced = into.sync_data(); !synced) return synced;
    }
  }
  if (auto flushed = out.flush(); !flushed) return flushed;
  if (auto written = table.write_changes(into); !written) return written;
  return write_end(into, end, buddy(h.base, end - h.base), h);
}

result<> write_end(storage& into, std::uint64_t end, const buddy& free, header h) {
  auto lists = free.encode();
  const auto size = end + lists.size() + 4;
  terms::put_big(lists, static_cast<std::uint32_t>(size - h.base));
  if (auto written = into.write(end, lists); !written) return written;
  h.free_lists_at = static_cast<std::uint32_t>(end);
  h.closed = true;
  return into.write(0, encode(h));
}

}  // namespace shelf::dets_format
