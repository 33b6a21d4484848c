// DETS  api -> table -> [dets] -> file
// Where a changed bucket goes. Until a change is complete, what it replaces stays as it was.
#include "dets/indivisible.hpp"
#include "term/tag.hpp"

#include <algorithm>
#include <array>
#include <utility>

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

/// `old` and `fresh` are whole buckets, or empty.
result<> store::place(std::uint32_t slot, bytes old, bytes fresh) {
  const indivisible step(*this);
  if (same_bytes(old, fresh)) return {};
  const auto entry = slots_.at(slot);
  make_room(replaced_);
  if (fresh.empty()) {
    replaced_.push_back(entry.block());
    slots_.set(slot, {});
    return {};
  }
  // What is copied into a mapping may be cut anywhere, and copying it all costs less than a call.
  const bool in_place = !settings_.durable && !file_.is_mapped();
  if (old.empty() || !in_place || class_of(fresh.size()) > entry.block().k) {
    return place_anew(slot, entry, fresh);
  }
  const auto same =
      static_cast<std::uint64_t>(std::ranges::mismatch(old, fresh).in2 - fresh.begin());
  const bool safe = in_one_page(entry.pointer + same, entry.pointer + fresh.size());
  return safe ? place_in_place(slot, old, fresh) : place_anew(slot, entry, fresh);
}

/// Over the old bucket, in a block that is large enough.
result<> store::place_in_place(std::uint32_t slot, bytes old, bytes fresh) {
  const auto entry = slots_.at(slot);
  const auto same = static_cast<std::size_t>(std::ranges::mismatch(old, fresh).in2 - fresh.begin());
  // By a call: a kill must not leave half of it.
  if (auto written = file_.write_page(entry.pointer + same, fresh.subspan(same)); !written) {
    return fence(written.error());  // nobody knows what stands there now
  }
  end_ = std::max(end_, entry.pointer + std::uint64_t{fresh.size()});
  const slot_entry now{static_cast<std::uint32_t>(fresh.size()), entry.pointer};
  if (now.block().k < entry.block().k) free_.shrink(entry.block(), now.block().k);
  slots_.set(slot, now);
  return {};
}

result<> store::place_anew(std::uint32_t slot, slot_entry old, bytes fresh) {
  const auto k = class_of(fresh.size());
  const auto address = free_.allocate(k);
  if (!address) {
    // What got smaller must always fit, or nothing could be erased from a full file.
    if (!old.empty() && k <= old.block().k) return place_in_place(slot, {}, fresh);
    return std::unexpected(error(errc::size_limit_exceeded,
                                 file_.path() + ": it would grow beyond the 2 GiB of a DETS file"));
  }
  if (auto written = write_bucket(*address, fresh); !written) {
    free_.release({*address, k});
    return written;
  }
  if (!old.empty()) replaced_.push_back(old.block());
  slots_.set(slot, {static_cast<std::uint32_t>(fresh.size()), *address});
  return {};
}

/// Into free space. A bucket over several pages, or one that is copied into a mapping, gets its
/// mark last, so that a half is none. In durable mode every bucket gets it after a sync: a power
/// cut may leave any part of a write, and nothing in a bucket would tell.
result<> store::write_bucket(std::uint64_t address, bytes bucket) {
  const auto before = end_;
  make_room(unmarked_);
  const bool at_once =
      in_one_page(address, address + bucket.size()) && !settings_.durable && !file_.is_mapped();
  auto written = at_once ? write_at(address, bucket)
                         : write_at(address + bucket_header, bucket.subspan(bucket_header));
  if (written && !at_once) {
    std::array<std::byte, bucket_header> front;
    std::ranges::copy(bucket.first(bucket_header), front.begin());
    if (settings_.durable) std::ranges::copy(mark(status_free), front.begin() + 4);
    written = write_at(address, front);
  }
  if (written) {
    if (settings_.durable) unmarked_.push_back(static_cast<std::uint32_t>(address));
    return {};
  }
  // What got there shall not be found by a repair. If that fails too, half a bucket is no bucket.
  end_ = before;
  static_cast<void>(file_.write(address + 4, mark(status_free)));
  static_cast<void>(file_.file().truncate(end_));
  return written.error() == errc::no_space ? written : fence(written.error());
}

result<> store::write_at(std::uint64_t address, bytes content) {
  if (auto written = file_.write(address, content); !written) return written;
  end_ = std::max(end_, address + content.size());
  return {};
}

/// The change is in the file: now it counts, and what it replaced may go.
result<> store::free_replaced() {
  const indivisible step(*this);
  if (auto synced = sync_if_durable(); !synced) return synced;
  for (const auto address : std::exchange(unmarked_, {})) {
    if (auto marked = write_mark(address, status_active); !marked) return marked;
  }
  if (replaced_.empty()) return sync_if_durable();
  if (auto synced = sync_if_durable(); !synced) return synced;
  for (const auto& b : replaced_) {
    if (auto marked = write_mark(b.address, status_free); !marked) return marked;
  }
  if (auto synced = sync_if_durable(); !synced) return synced;
  for (const auto& b : replaced_) free_.release(b);
  replaced_.clear();
  return {};
}

result<> store::sync_if_durable() {
  if (!settings_.durable) return {};
  if (auto synced = file_.file().sync_data(); !synced) return fence(synced.error());
  return {};
}

result<> store::write_mark(std::uint64_t address, std::uint32_t status) {
  if (auto marked = write_at(address + 4, mark(status)); !marked) return fence(marked.error());
  return {};
}

}  // namespace shelf::dets_format
