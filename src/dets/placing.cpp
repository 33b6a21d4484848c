// DETS  api -> engine -> stores -> [dets] -> file
// Where a changed bucket goes. Until a change is complete, what it replaces stays as it was.
#include "dets/indivisible.hpp"
#include "term/external_format.hpp"

#include <algorithm>
#include <array>
#include <cassert>
#include <ranges>

namespace shelf::dets_format {
namespace {

/// A kill may cut a write between two pages, and nowhere else.
constexpr std::uint64_t page = 4096;

bool in_one_page(std::uint64_t from, std::uint64_t end) noexcept {
  return from / page == (end - 1) / page;
}

std::array<std::byte, 4> mark(std::uint32_t status) noexcept {
  std::array<std::byte, 4> raw;
  terms::store_big(raw.data(), status);
  return raw;
}

}  // namespace

/// `old` and `fresh` are whole buckets, or empty. On an error or an exception nothing has changed,
/// or the file is fenced. A slot that a batch sets more than once has one turn each time: the
/// bucket of a later one waits until what stood there two turns before is free.
result<> object_store::place(std::uint32_t slot, bytes old, bytes fresh, std::size_t turn) {
  assert((turn == 0 || in_batch_) && "a single change has one turn");
  assert(turn <= later_.size() + 1 && "turns come one after the other");
  assert((!old.empty() || !fresh.empty()) && old.empty() == slots_.at(slot).empty());
  if (later_.size() < turn) later_.emplace_back();
  const auto entry = slots_.at(slot);
  make_room(replaced_in(turn));
  make_room(placed_);
  make_room(turn == 0 ? unmarked_ : later_[turn - 1].unmarked);
  // Each bucket placed replaces one at most, in whatever turn.
  free_.reserve(replaced_.size() + placed_.size() + 2);
  if (fresh.empty()) {
    replaced_in(turn).push_back(entry.block());
    note_placed(slot, entry, {});
    return {};
  }
  // What is copied into a mapping may be cut anywhere, and copying it all costs less than a call.
  // What a batch overwrites could not be brought back.
  const bool in_place = !settings_.durable && !in_batch_ && !file_.is_mapped();
  if (old.empty() || !in_place || class_of(fresh.size()) > entry.block().k) {
    return place_anew(slot, old, fresh, turn);
  }
  const auto same =
      static_cast<std::uint64_t>(std::ranges::mismatch(old, fresh).in2 - fresh.begin());
  const bool safe = in_one_page(entry.pointer + same, entry.pointer + fresh.size());
  return safe ? place_in_place(slot, old, fresh) : place_anew(slot, old, fresh, turn);
}

void object_store::note_placed(std::uint32_t slot, slot_entry before, slot_entry now) noexcept {
  placed_.push_back({slot, before});
  slots_.set(slot, now);
}

/// Over the old bucket, in a block that is large enough.
result<> object_store::place_in_place(std::uint32_t slot, bytes old, bytes fresh) {
  const indivisible step(*this);
  const auto entry = slots_.at(slot);
  assert(!in_batch_ && class_of(fresh.size()) <= entry.block().k && "it fits, and stays");
  const auto same = static_cast<std::size_t>(std::ranges::mismatch(old, fresh).in2 - fresh.begin());
  // By a call: a kill must not leave half of it.
  if (auto written = file_.write_page(entry.pointer + same, fresh.subspan(same)); !written) {
    const bool full = written.error() == errc::no_space;
    // A full disk may have taken a part. What stood there before had its room.
    if (full && restore_in_place(entry, same, old)) return written;
    return fence(written.error());  // nobody knows what stands there now
  }
  end_ = std::max(end_, entry.pointer + std::uint64_t{fresh.size()});
  const slot_entry now{static_cast<std::uint32_t>(fresh.size()), entry.pointer};
  if (now.block().k < entry.block().k) free_.shrink(entry.block(), now.block().k);
  note_placed(slot, entry, now);
  return {};
}

bool object_store::restore_in_place(slot_entry entry, std::size_t from, bytes old) {
  if (from < old.size() && !file_.write_page(entry.pointer + from, old.subspan(from))) return false;
  return file_.file().truncate(end_).has_value();
}

result<> object_store::place_anew(std::uint32_t slot, bytes old, bytes fresh, std::size_t turn) {
  const auto before = slots_.at(slot);
  const auto k = class_of(fresh.size());
  const auto address = free_.allocate(k);
  if (!address) {
    // What got smaller must always fit, or nothing could be erased from a full file.
    if (!old.empty() && !in_batch_ && k <= before.block().k) {
      return place_in_place(slot, old, fresh);
    }
    return std::unexpected(error(errc::size_limit_exceeded,
                                 file_.path() + ": it would grow beyond the 2 GiB of a DETS file"));
  }
  assert(*address >= body_start && (before.empty() || *address != before.pointer));
  const indivisible step(*this);
  if (auto written = write_bucket(*address, fresh, waiting_in(turn)); !written) {
    free_.release({*address, k});
    return written;
  }
  if (!old.empty()) replaced_in(turn).push_back(before.block());
  note_placed(slot, before, {static_cast<std::uint32_t>(fresh.size()), *address});
  return {};
}

/// Where the addresses of a turn's buckets are noted until they are marked; null if they count as
/// soon as they are written.
std::vector<std::uint32_t>* object_store::waiting_in(std::size_t turn) noexcept {
  if (turn > 0) return &later_[turn - 1].unmarked;
  return settings_.durable ? &unmarked_ : nullptr;
}

/// Into free space. A bucket over several pages, or one that is copied into a mapping, gets its
/// mark last, so that a half is none. In durable mode every bucket gets it after a sync: a power
/// cut may leave any part of a write, and nothing in a bucket would tell.
result<> object_store::write_bucket(std::uint64_t address, bytes bucket,
                                    std::vector<std::uint32_t>* waiting) {
  assert(bucket.size() > bucket_header && address >= body_start);
  const auto before = end_;
  const bool at_once =
      in_one_page(address, address + bucket.size()) && waiting == nullptr && !file_.is_mapped();
  auto written = at_once ? write_at(address, bucket)
                         : write_at(address + bucket_header, bucket.subspan(bucket_header));
  if (written && !at_once) {
    std::array<std::byte, bucket_header> front;
    std::ranges::copy(bucket.first(bucket_header), front.begin());
    if (waiting != nullptr) std::ranges::copy(mark(next_waiting_mark()), front.begin() + 4);
    written = write_at(address, front);
  }
  if (written) {
    if (waiting != nullptr) waiting->push_back(static_cast<std::uint32_t>(address));
    return {};
  }
  // What got there shall not be found by a repair. If that fails too, half a bucket is no bucket.
  end_ = before;
  static_cast<void>(file_.write(address + 4, mark(status_free)));
  static_cast<void>(file_.file().truncate(end_));
  return written.error() == errc::no_space ? written : fence(written.error());
}

/// Of a bucket that does not count yet: any number that means nothing else, and was not there
/// before.
std::uint32_t object_store::next_waiting_mark() noexcept {
  do {
    ++stamp_;
  } while (stamp_ == status_active || stamp_ == status_free);
  return stamp_;
}

result<> object_store::write_at(std::uint64_t address, bytes content) {
  if (auto written = file_.write(address, content); !written) return written;
  end_ = std::max(end_, address + content.size());
  return {};
}

/// The change is in the file: now it counts, and what it replaced may go. Turn by turn: a repair
/// finds two buckets of a slot at most, and of these two it can tell which one to believe.
result<> object_store::free_replaced() {
  const indivisible step(*this);
  placed_.clear();
  if (auto synced = sync_if_durable(); !synced) return synced;
  assert((settings_.durable || unmarked_.empty()) && "elsewhere a bucket counts once written");
  if (auto done = hand_over(unmarked_, replaced_); !done) return done;
  for (auto& turn : later_) {
    if (auto done = hand_over(turn.unmarked, turn.replaced); !done) return done;
  }
  later_.clear();
  assert(unmarked_.empty() && replaced_.empty() && "the change is complete");
  return {};
}

/// From the buckets that `unmarked` ones replace to these.
result<> object_store::hand_over(std::vector<std::uint32_t>& unmarked,
                                 std::vector<block>& replaced) {
  for (const auto address : unmarked) {
    if (auto marked = write_mark(address, status_active); !marked) return marked;
  }
  unmarked.clear();
  if (auto synced = sync_if_durable(); !synced || replaced.empty()) return synced;
  for (const auto& b : replaced) {
    if (auto marked = mark_free(b.address); !marked) return marked;
  }
  if (auto synced = sync_if_durable(); !synced) return synced;
  for (const auto& b : replaced) free_.release(b);
  replaced.clear();
  return {};
}

/// A change failed in its middle: slots and free blocks are as they were before it, and what it
/// wrote is no bucket. Nothing of what it replaces has been overwritten.
result<> object_store::take_back() {
  const indivisible step(*this);
  for (const auto& p : placed_ | std::views::reverse) {
    const auto now = slots_.at(p.slot);
    assert(now.empty() || now.pointer != p.before.pointer || p.before.empty());
    if (!now.empty()) {
      // No repair may find it.
      if (auto marked = mark_free(now.pointer); !marked) return marked;
      free_.release(now.block());
    }
    slots_.set(p.slot, p.before);
  }
  placed_.clear();
  replaced_.clear();
  unmarked_.clear();
  later_.clear();
  return {};
}

result<> object_store::sync_if_durable() {
  if (!settings_.durable) return {};
  if (auto synced = file_.file().sync_data(); !synced) return fence(synced.error());
  return {};
}

result<> object_store::write_mark(std::uint64_t address, std::uint32_t status) {
  if (auto marked = write_at(address + 4, mark(status)); !marked) return fence(marked.error());
  return {};
}

/// With a number behind the mark that was in no mark before. So whoever reads the file twice,
/// without a lock, and sees the same free bucket in the same place knows that there was no other in
/// between; and bytes of a free bucket that bears the wrong mark one day make no bucket.
result<> object_store::mark_free(std::uint64_t address) {
  std::array<std::byte, 8> raw;
  std::ranges::copy(mark(status_free), raw.begin());
  terms::store_big(raw.data() + 4, ++stamp_);
  if (!file_.is_mapped()) {
    if (auto marked = write_at(address + 4, raw); !marked) return fence(marked.error());
    return {};
  }
  // Into a mapping a kill may cut it: the mark is whole or not there.
  if (auto put = write_at(address + 8, bytes(raw).subspan(4)); !put) return fence(put.error());
  return write_mark(address, status_free);
}

}  // namespace shelf::dets_format
