// JOURNAL  api -> engine -> stores -> [journal] -> file
// Whether the file is still what was written to it, and the fence for when it is not.
#include "error/sentence.hpp"
#include "journal/frame_reader.hpp"
#include "journal/journal_file.hpp"

#include <algorithm>
#include <cassert>
#include <new>
#include <string>

namespace shelf::journal {
namespace {

/// As much as is read back at a time: more would cost a bulk load what it gains.
constexpr std::uint64_t most_read_back = std::uint64_t{4} << 20;

/// Without the memory for a sentence it is the code alone: what was found counts all the same.
[[nodiscard]] error gone(const std::string& path, std::uint64_t at) try {
  return {errc::replaced, path + ": another program changed the file: what was written at byte " +
                              std::to_string(at) + " is gone"};
} catch (const std::bad_alloc&) {
  return errc::replaced;
}

}  // namespace

result<> journal_file::is_whole(look_at what) {
  const std::scoped_lock no_sync(sync_mutex_);
  if (auto why = fence()) return std::unexpected(*why);
  if (!held_.file.is_open()) return std::unexpected(error(errc::table_closed));
  const auto last = last_frame_.load(std::memory_order_acquire);
  return is_whole(what, end(), last);
}

/// Under sync_mutex_. Every error fences: what was found, or that nobody can look.
result<> journal_file::is_whole(look_at what, std::uint64_t up_to, std::uint64_t last_frame) {
  if (is_unpublished()) return {};
  const auto cuts = own_cuts_.load(std::memory_order_acquire);
  const auto known = least_size_.load(std::memory_order_acquire);
  try {
    const auto status = held_.file.status();
    // A cut of our own meanwhile: what was committed is there all the same.
    const bool undisturbed = cuts == own_cuts_.load(std::memory_order_acquire);
    const auto least = undisturbed ? std::max(known, up_to) : up_to;
    auto whole = status ? where_->still_holds(*status, least) : std::unexpected(status.error());
    // Zeros ahead show every cut by the length alone. Without them the next write hides it.
    if (whole && what == look_at::content && least <= up_to) whole = reads_back(up_to, last_frame);
    if (!whole) set_fence(whole.error());
    return whole;
  } catch (...) {  // there is no memory to say what was found
    set_fence(error(errc::file_error));
    throw;
  }
}

/// Whether what was written since the last look is there. A file that was cut, and then written to
/// again, has zeros in between. Without the memory to look, the next look is for both.
result<> journal_file::reads_back(std::uint64_t up_to, std::uint64_t last_frame) try {
  if (proven_up_to_ == up_to) return {};
  assert(proven_ >= frames_start && proven_up_to_ <= up_to && up_to <= end());
  frame_reader reader(held_.file, up_to, header_.file_id);
  const auto is_there = [&](std::uint64_t at) -> result<std::uint64_t> {
    const auto header = reader.header_at(at);
    if (!header) return std::unexpected(header.error());
    if (*header && (*header)->size > most_read_back) {
      const auto whole = reader.reaches_its_end(**header, at);
      if (!whole) return std::unexpected(whole.error());
      if (*whole) return at + padded((*header)->size);
      return std::unexpected(gone(held_.file.path(), at));
    }
    const auto frame = reader.at(at);
    if (!frame) return std::unexpected(frame.error());
    if (*frame) return (*frame)->next;
    return std::unexpected(gone(held_.file.path(), at));
  };
  const auto stop = std::min(up_to, proven_ + most_read_back);
  auto at = proven_;
  while (at < stop) {
    const auto next = is_there(at);
    if (!next) return std::unexpected(next.error());
    at = *next;
  }
  const bool is_known = last_frame >= proven_ && last_frame < up_to;
  if (at < up_to && is_known) {
    if (const auto next = is_there(last_frame); !next) return std::unexpected(next.error());
  }
  if (is_known) proven_ = last_frame;
  proven_up_to_ = up_to;
  return {};
} catch (const std::bad_alloc&) {
  return {};
}

void journal_file::know_size(std::uint64_t size) noexcept {
  least_size_.store(std::max(size, least_size_.load(std::memory_order_relaxed)),
                    std::memory_order_release);
}

/// replaced if somebody else has cut the file: for the appending thread, before it makes the file
/// longer and so would hide it.
result<> journal_file::is_as_long() const {
  const auto status = held_.file.status();
  if (!status) return std::unexpected(status.error());
  const auto known = least_size_.load(std::memory_order_relaxed);
  if (status->size >= known) return {};
  return std::unexpected(cut_short(held_.file.path(), status->size, known));
}

/// Sets the length back to `size`, for the appending thread. Never makes the file longer.
result<> journal_file::cut_back(std::uint64_t size) {
  if (auto as_long = is_as_long(); !as_long) {
    if (as_long.error() == errc::replaced) set_fence(as_long.error());
    return as_long;
  }
  assert(size >= end() && "what was committed is never cut off");
  least_size_.store(std::min(size, least_size_.load(std::memory_order_relaxed)),
                    std::memory_order_release);
  own_cuts_.fetch_add(1, std::memory_order_acq_rel);
  return held_.file.truncate(size);
}

// --- the fence -----------------------------------------------------------------------------------

std::optional<error> journal_file::fence() const {
  if (!is_fenced()) return std::nullopt;
  const std::scoped_lock lock(fence_mutex_);
  return writing_stopped(held_.file.path(), *fence_);
}

void journal_file::set_fence(const error& cause) noexcept {
  const std::scoped_lock lock(fence_mutex_);
  if (!fence_) fence_ = cause;
  is_fenced_.store(true, std::memory_order_release);
  assert(fence_ && "the first cause stays");
}

}  // namespace shelf::journal
