// JOURNAL  api -> engine -> stores -> [journal] -> file
// A new file, from its creation under a temporary name to the moment when it has its own.
#include "error/sentence.hpp"
#include "file/seeded_bug.hpp"
#include "journal/journal_file.hpp"

#include <algorithm>
#include <cassert>
#include <string>

namespace shelf::journal {

using file::has_bug;
using file::seeded_bug;

result<std::unique_ptr<journal_file>> journal_file::create(
    const file::location& where, const std::array<std::byte, 16>& store_id, settings s) {
  // The journal first: from here on it throws the file away should anything go wrong.
  std::unique_ptr<journal_file> j(new journal_file(
      where, {file::open_file(where.system(), file::descriptor::none, {}), {}}, s));
  auto made = where.create_temporary();
  if (!made) return std::unexpected(made.error());
  j->held_ = std::move(*made);
  j->header_.store_id = store_id;
  j->header_.file_id = where.system().random();
  j->header_.several_tables = s.several_tables;
  j->header_.increment = s.increment;
  j->session_ = s.written_in;
  if (s.written_in.nonce == 0) {
    j->session_.nonce = static_cast<std::uint32_t>(where.system().random());
  }
  j->era_.store(j->session_.era, std::memory_order_relaxed);
  j->is_recovered_ = true;
  j->is_announced_ = true;
  auto written = j->write_header_slots(false);
  // The hole behind the second slot is filled by the file's length alone.
  if (written) written = j->held_.file.truncate(frames_start);
  if (!written) return std::unexpected(written.error());
  j->written_up_to_ = frames_start;
  j->least_size_ = frames_start;
  j->map_if_asked();
  return j;
}

result<> journal_file::copy_history(const frame& f) {
  if (auto allowed = allow_history(); !allowed) return allowed;
  return copy(f, true);
}

result<> journal_file::copy_frame(const frame& f) {
  const auto era = f.header.written_in.era;
  if (era > most_era) {
    return std::unexpected(error(errc::corrupt, held_.file.path() +
                                                    ": cannot be written: a session "
                                                    "has the number " +
                                                    std::to_string(era) + ", but the limit is " +
                                                    std::to_string(most_era)));
  }
  session_.era = std::max(session_.era, era + 2);
  era_.store(session_.era, std::memory_order_relaxed);
  return copy(f, false);
}

result<> journal_file::copy(const frame& f, bool as_history) {
  assert(is_unpublished() && f.header.written_in.era <= session_.era);
  if (f.header.first) begin_as({f.header.written_in, f.header.sequence});
  auto header = f.header;
  header.history = as_history;
  header.durable_up_to = 0;  // of another file
  buffer_.resize(frame_header_size);
  buffer_.insert(buffer_.end(), f.records.begin(), f.records.end());
  buffer_.resize(padded(buffer_.size()));
  seal_frame(buffer_, header, header_.file_id, batch_at_);
  if (auto written = held_.file.write(batch_at_, buffer_); !written) return written;
  frame_at_ = batch_at_;
  batch_at_ += buffer_.size();
  written_up_to_ = std::max(written_up_to_, batch_at_);
  know_size(batch_at_);
  if (buffer_.capacity() > 2 * frame_capacity) buffer_ = {};
  empty_buffer();
  if (f.header.commit) {
    sequence_ = batch_sequence_;
    last_batch_ = {batch_session_, batch_sequence_};
    last_frame_.store(frame_at_, std::memory_order_release);
    end_.store(batch_at_, std::memory_order_release);
    changes_end_.store(batch_at_, std::memory_order_release);
  }
  return sync_on_the_way();
}

result<> journal_file::sync_unpublished() {
  assert(is_unpublished());
  if (has_bug(seeded_bug::rename_before_sync)) return {};
  if (sync_failed_) return std::unexpected(*sync_failed_);
  const auto up_to = end();
  if (auto synced = held_.file.sync_data(); !synced) {
    sync_failed_ = synced.error();
    return synced;
  }
  pace_.synced_to(up_to);
  durable_.store(up_to, std::memory_order_release);
  return {};
}

result<> journal_file::copy_mode_of(const journal_file& other) {
  return where_->keep_mode_and_owner(other.held_.file, held_);
}

result<> journal_file::copy_mode_of(const file::open_file& other) {
  return where_->keep_mode_and_owner(other, held_);
}

result<> journal_file::seal_unpublished() {
  assert(is_unpublished() && !settings_.write_ahead && written_up_to_ <= end());
  const auto last = last_batch_;
  begin(sequence_);
  auto done = add({.what = op::seal, .flags = 0, .table = 1, .key = {}, .value = {}});
  if (done) done = commit();
  if (!done) return done;
  last_batch_ = last;
  header_.closed = true;
  claim_durable(session_.era);
  if (auto written = write_header_slots(false); !written) return written;
  return sync_unpublished();
}

result<> journal_file::publish(bool replace) {
  assert(is_unpublished());
  if (sync_failed_) return std::unexpected(*sync_failed_);
  // True as soon as anybody can read it: nothing finds this file before it is synced and named.
  claim_durable(header_.closed ? session_.era : session_.era - 1);
  if (auto written = write_header_slots(false); !written) return written;
  if (!has_bug(seeded_bug::rename_before_sync)) {
    if (auto synced = held_.file.sync(); !synced) {
      sync_failed_ = synced.error();
      return synced;
    }
  }
  if (auto named = where_->publish(held_, replace); !named) return named;
  held_.name.clear();
  settings_.sync_on_the_way = false;
  if (has_bug(seeded_bug::skip_directory_sync)) return {};
  const auto synced = [&] {
    try {
      return where_->sync_directory();
    } catch (...) {  // it failed, and there is no memory to say how: it failed all the same
      set_fence(error(errc::file_error));
      throw;
    }
  }();
  if (!synced) {
    set_fence(synced.error());
    return std::unexpected(in_doubt(synced.error()));
  }
  durable_.store(end(), std::memory_order_release);
  return {};
}

}  // namespace shelf::journal
