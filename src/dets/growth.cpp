// DETS  api -> engine -> stores -> [dets] -> file
// Linear hashing: the table grows by a segment, and the slots of one old segment are divided.
#include "dets/indivisible.hpp"

#include <cassert>
#include <limits>
#include <new>

namespace shelf::dets_format {

/// One segment's growth, made ready beside what is there, then taken over in one step. Until then
/// the old buckets stand, so that a failure changes nothing: what was prepared is forgotten.
class object_store::growth {
 public:
  explicit growth(object_store& of) : store_(of), unmarked_before_(of.unmarked_.size()) {
    // All the room it can need: once something is written, noting that cannot fail.
    written_.reserve(std::size_t{2} * slots_per_segment);
    entries_.reserve(std::size_t{2} * slots_per_segment);
    replaced_.reserve(slots_per_segment);
    of.replaced_.reserve(of.replaced_.size() + slots_per_segment);
    of.unmarked_.reserve(unmarked_before_ + std::size_t{2} * slots_per_segment);
    of.slots_.reserve_segment();
  }
  growth(const growth&) = delete;
  growth& operator=(const growth&) = delete;
  ~growth() {
    if (!taken_over_) give_back();
  }

  /// False if there is no room for another segment.
  result<bool> prepare() {
    reserved_.reserve(2);
    for (int i = store_.slots_.needs_part() ? 2 : 1; i > 0; --i) {
      const auto address = allocate(class_of(segment_bytes));
      if (!address) return false;
      reserved_.push_back({*address, class_of(segment_bytes)});
    }
    constexpr std::uint32_t ahead = 8;
    for (std::uint32_t i = 0; i < slots_per_segment; ++i) {
      if (i + ahead < slots_per_segment) {
        const auto soon = store_.slots_.at(store_.header_.n + i + ahead);
        store_.file_.file().announce(soon.pointer, soon.size);
      }
      if (auto divided = divide(store_.header_.n + i); !divided) {
        // A damaged bucket is told of when somebody wants it; here others pay with longer buckets.
        const auto why = divided.error().code();
        const bool can_do_without =
            why == errc::size_limit_exceeded || why == errc::no_space || why == errc::corrupt;
        return can_do_without ? result<bool>(false) : std::unexpected(divided.error());
      }
    }
    return true;
  }

  void take_over() noexcept {
    assert(!taken_over_ && !reserved_.empty() && store_.header_.n < store_.header_.m);
    taken_over_ = true;
    auto& h = store_.header_;
    auto& replaced = store_.replaced_;
    if (reserved_.size() == 2) store_.slots_.add_part(reserved_.front().address);
    store_.slots_.add_segment(reserved_.back().address);
    for (const auto& [slot, entry] : entries_) store_.slots_.set(slot, entry);
    replaced.insert(replaced.end(), replaced_.begin(), replaced_.end());
    assert(h.next == h.m + h.n && "slots grow in the order of linear hashing");
    h.next += slots_per_segment;
    h.n += slots_per_segment;
    if (h.n == h.m) {
      h.m *= 2;
      h.n = 0;
    }
  }

 private:
  /// What was written is no bucket, or the file is fenced: a repair must not find it later.
  void give_back() noexcept {
    store_.unmarked_.resize(unmarked_before_);
    for (const auto& b : written_) {
      try {
        if (!store_.mark_free(b.address)) break;
      } catch (const std::bad_alloc&) {
        if (!store_.fenced_) store_.fenced_ = errc::fenced;
        break;
      }
    }
    for (const auto& b : written_) store_.free_.release(b);
    for (const auto& b : reserved_) store_.free_.release(b);
  }

  std::optional<std::uint32_t> allocate(unsigned k) {
    store_.free_.reserve(written_.size() + reserved_.size() + replaced_.size() +
                         store_.replaced_.size() + 4);
    return store_.free_.allocate(k);
  }

  result<> divide(std::uint32_t slot) {
    const auto& h = store_.header_;
    const auto entry = store_.slots_.at(slot);
    if (entry.empty()) return {};
    bucket_room room;
    std::pmr::vector<std::byte> content(room.get());
    if (auto read = store_.read_bucket(entry, content); !read) return read;
    auto records =
        parse_bucket(content, store_.format(), store_.file_.path(), entry.pointer, room.get());
    if (!records) return std::unexpected(records.error());
    key_records staying(room.get()), moving(room.get());
    for (auto& r : *records) {
      const bool moves = (slot_hash(h.method, r.key.get()) & (2 * h.m - 1)) >= h.m;
      (moves ? moving : staying).push_back(std::move(r));
    }
    if (moving.empty()) return {};
    if (staying.empty()) {
      entries_.push_back({slot, {}});
      entries_.push_back({slot + h.m, entry});
      return {};
    }
    if (auto put = write(slot + h.m, moving); !put) return put;
    if (auto put = write(slot, staying); !put) return put;
    replaced_.push_back(entry.block());
    return {};
  }

  result<> write(std::uint32_t slot, const key_records& records) {
    const auto bucket = compose_bucket(records, store_.type_, records.get_allocator().resource());
    const auto k = class_of(bucket.size());
    const auto address = allocate(k);
    if (!address) return std::unexpected(errc::size_limit_exceeded);
    const indivisible step(store_);
    if (auto put = store_.write_bucket(*address, bucket, store_.waiting_in(0)); !put) {
      store_.free_.release({*address, k});
      return put;
    }
    written_.push_back({*address, k});
    entries_.push_back({slot, {static_cast<std::uint32_t>(bucket.size()), *address}});
    return {};
  }

  struct new_entry {
    std::uint32_t slot;
    slot_entry entry;
  };
  object_store& store_;
  std::size_t unmarked_before_;
  bool taken_over_ = false;
  std::vector<block> reserved_;  // a part, if one is due, and the segment
  std::vector<block> written_;
  std::vector<block> replaced_;
  std::vector<new_entry> entries_;
};

/// Makes room for so many more keys; a single one brings at most two segments, as in OTP. A file
/// that cannot grow goes on with longer buckets.
result<> object_store::grow_for(std::uint64_t keys) {
  auto most = keys == 1 ? 2 : std::numeric_limits<int>::max();
  while (walks_ == 0 && !cannot_grow_ && most-- > 0 && header_.keys + keys > header_.next &&
         header_.next < header_.max_slots) {
    growth next(*this);
    const auto ready = next.prepare();
    if (!ready) return std::unexpected(ready.error());
    if (!*ready) {
      cannot_grow_ = true;
      return {};
    }
    next.take_over();
    if (auto freed = free_replaced(); !freed) return freed;
  }
  return {};
}

}  // namespace shelf::dets_format
