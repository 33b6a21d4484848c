// DETS  api -> engine -> stores -> [dets] -> file
// Making a valid closed file of what is there, and taking that back before the next change.
#include "dets/object_store.hpp"
#include "term/scalar_output.hpp"

#include <algorithm>
#include <array>
#include <chrono>
#include <mutex>

namespace shelf::dets_format {

/// Before the first change: the header says "unclosed", on the disk too, and the free lists go. So
/// does the header's checksum: where there is one, OTP's repair believes the counters, and passes
/// over buckets larger than any that was there at the last save.
result<> object_store::mark_unclosed() {
  if (auto whole = check_whole(); !whole) return whole;
  auto h = header_;
  h.closed = false;
  auto front = encode(h);
  std::ranges::fill(std::span(front).subspan(sum_at, sum_size), std::byte{0});
  const auto marked = bytes(front).subspan(closed_at, sum_at + sum_size - closed_at);
  if (auto written = file_.write_page(closed_at, marked); !written) return written;
  if (auto synced = file_.file().sync_data(); !synced) return fence(synced.error());
  unclosed_ = tail_written_ = true;
  unclosed_since_ = system_.now();
  stamp_ = static_cast<std::uint32_t>(system_.random());
  return drop_tail();
}

result<> object_store::is_whole() {
  const std::scoped_lock lock(mutex_);
  if (auto ok = writable(); !ok) return ok;
  if (fenced_) return std::unexpected(*fenced_);
  return check_whole();
}

/// Whether the file reaches as far as what was written to it, and has its name. A cut that later
/// writes hid is not found.
result<> object_store::check_whole() {
  if (!temporary_name_.empty()) return {};
  const auto status = file_.file().status();
  if (!status) return fence(status.error());
  auto whole = where_.still_holds(*status, end_);
  if (!whole) static_cast<void>(fence(whole.error()));
  return whole;
}

/// What stands behind the last bucket: free lists of an earlier save.
result<> object_store::drop_tail() {
  if (!tail_written_) return {};
  if (auto cut = file_.file().truncate(end_); !cut) return cut;
  tail_written_ = false;
  return {};
}

result<> object_store::save() {
  const std::scoped_lock lock(mutex_);
  if (auto ok = writable(); !ok) return ok;
  return save_now();
}

result<> object_store::save_now() {
  if (fenced_) return std::unexpected(*fenced_);
  if (auto whole = check_whole(); !whole || !unclosed_) return whole;
  if (auto dropped = drop_tail(); !dropped) return dropped;
  if (auto written = slots_.write_changes(file_); !written) return written;
  end_ = std::max(end_, slots_.end());
  if (auto written = write_tail(); !written) return written;
  // The header must not say "closed" before all it speaks of is there.
  if (auto synced = file_.file().sync_data(); !synced) return fence(synced.error());
  header_.free_lists_at = static_cast<std::uint32_t>(end_);
  header_.counters = slots_.counters();
  header_.closed = true;
  if (auto written = file_.write_page(0, encode(header_)); !written) return fence(written.error());
  if (auto synced = file_.file().sync(); !synced) return fence(synced.error());
  unclosed_ = tail_written_ = cannot_grow_ = false;
  return {};
}

result<> object_store::write_tail() {
  auto lists = free_.encode();
  const auto size = end_ + lists.size() + 4;
  terms::put_big(lists, static_cast<std::uint32_t>(size - header_.base));
  tail_written_ = true;
  if (auto written = file_.write(end_, lists); !written) return written;
  return file_.end_at(size);
}

result<> object_store::sync_changes() {
  const std::scoped_lock lock(mutex_);
  if (auto ok = writable(); !ok) return ok;
  if (fenced_) return std::unexpected(*fenced_);
  if (!unclosed_) return check_whole();
  if (auto synced = file_.file().sync_data(); !synced) return fence(synced.error());
  return check_whole();
}

std::chrono::nanoseconds object_store::save_if_due(result<>& outcome) {
  const std::scoped_lock lock(mutex_);
  const auto period = settings_.auto_save;
  if (period.count() == 0 || !writable() || fenced_ || !unclosed_) return period;
  const auto due = unclosed_since_ + period - system_.now();
  if (due.count() > 0) return due;
  outcome = save_now();
  return period;
}

result<> object_store::close() {
  const std::scoped_lock lock(mutex_);
  if (auto ok = usable(); !ok) return ok;
  if (settings_.how == settings::opening::read_only) {
    release();
    return {};
  }
  if (fenced_) {
    const auto cause = *fenced_;
    release();
    return std::unexpected(cause);
  }
  // First of all: letting go of a mapping may make the file longer, which would hide a cut.
  if (auto whole = check_whole(); !whole) return whole;
  if (unclosed_) {
    if (auto unmapped = file_.unmap(end_); !unmapped) return unmapped;
  }
  if (auto saved = save_now(); !saved) return saved;
  forget_original();
  release();
  return {};
}

void object_store::abandon() noexcept {
  // In a forked child the mutex may be held by a thread that is not there.
  if (process_.is_of_parent()) return;
  const std::scoped_lock lock(mutex_);
  release();
}

void object_store::release() noexcept {
  open_ = false;
  discard_unpublished();
  file_ = storage();
  slots_ = slot_table();
  objects_ = 0;
}

}  // namespace shelf::dets_format
