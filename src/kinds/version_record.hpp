// KINDS  api -> engine -> [kinds] -> memory -> file
// What stands behind an entry while its predecessor is still wanted.
#pragma once

#include "kinds/versions.hpp"

#include <cassert>

namespace shelf::kinds {

/// A reference to an entry: its address, and a bit that says that it is the tombstone of an erased
/// key.
using entry_reference = std::uint64_t;
inline constexpr entry_reference tombstone_bit = 1;

[[nodiscard]] inline entry_reference reference_to(const entry* e, bool tombstone = false) noexcept {
  return reinterpret_cast<std::uintptr_t>(e) | (tombstone ? tombstone_bit : 0);
}
[[nodiscard]] inline entry* entry_in(entry_reference r) noexcept {
  return reinterpret_cast<entry*>(r & ~entry_reference{7});
}
[[nodiscard]] inline bool is_tombstone(entry_reference r) noexcept {
  return (r & tombstone_bit) != 0;
}
/// What a reference means to a reader.
[[nodiscard]] inline entry* live_entry_in(entry_reference r) noexcept {
  return is_tombstone(r) ? nullptr : entry_in(r);
}

/// Stands behind an entry's stamp while a version before it is wanted: its batch is not published
/// yet, or a pin shows what was there before.
struct version_record {
  std::atomic<sequence> number{unpublished};
  std::atomic<entry_reference> previous{0};
  entry_reference owner = 0;  ///< the entry whose stamp points here; the writer's own
  version_record* newer =
      nullptr;  ///< in the list of records that wait for a pin; the writer's own
  version_record* older = nullptr;
};

[[nodiscard]] constexpr std::uint64_t stamp_of(sequence number) noexcept { return number << 1; }
[[nodiscard]] inline std::uint64_t stamp_of(version_record* r) noexcept {
  return reinterpret_cast<std::uintptr_t>(r) | 1;
}
[[nodiscard]] inline version_record* record_in(std::uint64_t stamp) noexcept {
  return (stamp & 1) != 0 ? reinterpret_cast<version_record*>(stamp & ~std::uint64_t{1}) : nullptr;
}
[[nodiscard]] inline version_record* record_of(entry_reference r) noexcept {
  return record_in(entry_in(r)->stamp.load(std::memory_order_relaxed));
}
/// The sequence number of the batch that made an entry.
[[nodiscard]] inline sequence number_of(const entry* e) noexcept {
  const auto stamp = e->stamp.load(std::memory_order_acquire);
  const version_record* const r = record_in(stamp);
  return r != nullptr ? r->number.load(std::memory_order_acquire) : stamp >> 1;
}

/// Records in the order of their numbers. Thread safety: the writer's own.
class record_list {
 public:
  [[nodiscard]] version_record* oldest() const noexcept { return oldest_; }
  void push(version_record* r) noexcept {
    assert((newest_ == nullptr || newest_->newer == nullptr) && r != newest_);
    r->older = newest_;
    r->newer = nullptr;
    (newest_ != nullptr ? newest_->newer : oldest_) = r;
    newest_ = r;
  }
  void remove(version_record* r) noexcept {
    assert((r->older != nullptr || r == oldest_) && (r->newer != nullptr || r == newest_));
    (r->older != nullptr ? r->older->newer : oldest_) = r->newer;
    (r->newer != nullptr ? r->newer->older : newest_) = r->older;
  }

 private:
  version_record* oldest_ = nullptr;
  version_record* newest_ = nullptr;
};

}  // namespace shelf::kinds
