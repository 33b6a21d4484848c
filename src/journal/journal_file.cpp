// JOURNAL  api -> engine -> stores -> [journal] -> file
// Batches out to the file, and the fence that stops them.
#include "journal/journal_file.hpp"

#include "error/sentence.hpp"
#include "file/seeded_bug.hpp"

#include <algorithm>
#include <cassert>
#include <cerrno>
#include <limits>
#include <new>

namespace shelf::journal {
namespace {

using file::has_bug;
using file::seeded_bug;

constexpr std::uint64_t least_write_ahead = std::uint64_t{64} << 10;
constexpr std::uint64_t most_write_ahead = std::uint64_t{4} << 20;
constexpr std::uint64_t most_mapped = std::uint64_t{64} << 30;  // of address space

/// Errors after which the kernel has certainly not kept a write it refused, once the file is cut
/// back.
[[nodiscard]] bool is_harmless(const error& cause) noexcept {
  return cause == errc::no_space || cause.os_error() == ENOMEM || cause.os_error() == EAGAIN;
}

}  // namespace

journal_file::journal_file(const file::location& where, file::location::temporary held, settings s)
    : where_(&where), held_(std::move(held)), settings_(s) {
  buffer_.resize(frame_header_size);
}

journal_file::~journal_file() { abandon(); }

void journal_file::abandon() noexcept {
  const std::scoped_lock no_sync(sync_mutex_);
  if (is_unpublished()) where_->discard(held_);
  held_.name.clear();
  held_.file.close();
}

void journal_file::start_session() {
  // One era is left out: announce_session burns it, and with it all that earlier sessions drew in
  // vain.
  session_.era = std::max(header_.era, recovery_.found.last.era) + 2;
  era_.store(session_.era, std::memory_order_relaxed);
  session_.nonce = static_cast<std::uint32_t>(where_->system().random());
  is_announced_ = false;
}

// --- opening ------------------------------------------------------------------------

result<std::unique_ptr<journal_file>> journal_file::open(const file::location& where, settings s,
                                                         const progress& tell) {
  auto file = where.open_to_write();
  if (!file) return std::unexpected(file.error());
  std::unique_ptr<journal_file> j(new journal_file(where, {std::move(*file), {}}, s));
  if (auto looked = j->look(tell); !looked) return std::unexpected(looked.error());
  j->start_session();
  return j;
}

void journal_file::map_if_asked() {
  if (settings_.mapped) held_.file.map(most_mapped, true);
}

result<> journal_file::look(const progress& tell) {
  const auto status = held_.file.status();
  if (!status) return std::unexpected(status.error());
  // After a failed sync in an earlier process the page cache may hold what the disk does not.
  (void)held_.file.system().drop_cache(held_.file.raw());
  auto header = read_header();
  if (!header) return std::unexpected(header.error());
  header_ = *header;
  auto found = scan_all(header_, status->size, tell);
  if (!found) return std::unexpected(found.error());
  recovery_.found = *found;
  sequence_ = std::max(found->sequence, header_.sequence);
  last_batch_ = found->changed;
  if (auto room = has_room_to_count(); !room) return room;
  recovery_.clean =
      found->sealed && header_.closed && found->end == status->size && found->torn_bytes == 0;
  recovery_.cut_bytes = found->torn_bytes;
  end_ = found->end;
  changes_end_ = found->end;
  written_up_to_ = found->end;
  least_size_ = found->end;
  last_frame_ = found->last_frame;
  proven_ = found->last_frame;
  return {};
}

/// Whether what this process will write can be numbered.
result<> journal_file::has_room_to_count() const {
  const auto within = [&](const char* what, std::uint64_t last, std::uint64_t most) -> result<> {
    if (last <= most) return {};
    return std::unexpected(error(errc::corrupt, held_.file.path() + ": cannot be written: " + what +
                                                    " has the number " + std::to_string(last) +
                                                    ", but the limit is " + std::to_string(most) +
                                                    "; it can be opened read_only"));
  };
  auto fits = within("its last batch", sequence_, most_sequence);
  if (fits)
    fits = within("its last session", std::max(header_.era, recovery_.found.last.era), most_era);
  if (fits) fits = within("its header", header_.generation, most_generation);
  return fits;
}

result<> journal_file::recover() {
  assert(!is_recovered_ && !is_unpublished());
  if (!recovery_.clean) {
    const auto status = held_.file.status();
    if (!status) return std::unexpected(status.error());
    if (status->size != end()) {
      if (auto cut = cut_back(end()); !cut) return cut;
    }
    // What we serve from here on must not vanish in a later power cut.
    if (auto synced = held_.file.sync(); !synced) return synced;
    if (auto synced = where_->sync_directory(); !synced) return synced;
  }
  assert(end() >= frames_start && durable_.load() <= end());
  durable_ = end();
  is_recovered_ = true;
  map_if_asked();
  return {};
}

result<file_header> journal_file::read_header() const {
  std::vector<std::byte> front(frames_start);
  const auto got = held_.file.read(0, front);
  if (!got) return std::unexpected(got.error());
  front.resize(*got);
  const auto role = header_.increment ? file_role::any : file_role::table;
  auto header = decode_header(front, held_.file.path(), role);
  if (header && header->write_refused) {
    return std::unexpected(
        error(errc::unsupported_version,
              held_.file.path() + ": byte 24: only a newer version of shelf can write this file; "
                                  "it can be opened read_only"));
  }
  return header;
}

result<scanned> journal_file::scan_all(const file_header& header, std::uint64_t size,
                                       const progress& tell) const {
  frame_reader reader(held_.file, size, header.file_id);
  return scan(reader, header, tell);
}

result<scanned> journal_file::verify() const {
  const auto status = held_.file.status();
  if (!status) return std::unexpected(status.error());
  const auto header = read_header();
  if (!header) return std::unexpected(header.error());
  return scan_all(*header, std::min(status->size, end()), {});
}

result<> journal_file::replay(std::uint64_t from, std::uint64_t to, visitor& out) const {
  frame_reader reader(held_.file, to, header_.file_id);
  return journal::replay(reader, from, to, out);
}

result<> journal_file::write_header_slots(bool sync_each) {
  ++header_.generation;
  // The slot that counts goes last: a crash may have torn the other one before.
  for (const std::size_t slot : {1 - header_.slot, header_.slot}) {
    if (auto written = write_slot(slot, sync_each); !written) return written;
  }
  return {};
}

result<> journal_file::write_slot(std::size_t slot, bool then_sync) {
  const auto encoded = encode_slot(header_, slot);
  if (auto written = held_.file.write(slot_offsets[slot], encoded); !written) return written;
  if (!then_sync) return {};
  auto synced = held_.file.sync_data();
  if (!synced) set_fence(synced.error());
  return synced;
}

/// Before the first frame of a session that found the file written by others. A crash may have
/// taken frames of a session before us, of which the disk still has the bytes: as soon as the file
/// grows over them they could come back, in the place of ours. So first, in place, the header says
/// that their eras are over.
result<> journal_file::announce_session() {
  if (is_announced_) return {};
  header_.closed = false;
  claim_durable(session_.era - 1);
  ++header_.generation;
  const auto slot = 1 - header_.slot;
  if (auto written = write_slot(slot, true); !written) return written;
  header_.slot = slot;
  is_announced_ = true;
  return {};
}

result<> journal_file::allow_several_tables() {
  assert(is_recovered_ && filled() == frame_header_size);
  if (header_.several_tables) return {};
  if (auto why = fence()) return std::unexpected(*why);
  header_.several_tables = true;
  auto written = is_announced_ ? write_header_slots(true) : announce_session();
  // What a write that failed left of the bit does no harm: a file may have it and one table.
  if (!written) header_.several_tables = false;
  return written;
}

/// In a batch that has nothing of it so far.
result<> journal_file::allow(bool& feature, bool is_late) {
  assert(is_recovered_);
  if (feature) return {};
  if (auto why = fence()) return std::unexpected(*why);
  feature = true;
  // Before publish() nobody reads the header, and it writes it.
  if (is_unpublished() || is_late) return {};
  auto written = is_announced_ ? write_header_slots(true) : announce_session();
  if (!written) feature = false;
  return written;
}

result<> journal_file::allow_deadlines() {
  return allow(header_.deadlines, has_bug(seeded_bug::deadline_before_its_bit));
}

result<> journal_file::allow_history() {
  return allow(header_.history, has_bug(seeded_bug::history_before_its_bit));
}

// --- appending -----------------------------------------------------------------------------------

result<> journal_file::commit() {
  if (auto flushed = flush_frame(true); !flushed) return flushed;
  assert(batch_sequence_ >= sequence_ && "numbers never go back");
  assert(batch_at_ > end() && frame_at_ >= end() && "a batch has a frame, behind all others");
  sequence_ = batch_sequence_;
  last_frame_.store(frame_at_, std::memory_order_release);
  end_.store(batch_at_, std::memory_order_release);
  if (batch_is_note_) return {};
  changes_end_.store(batch_at_, std::memory_order_release);
  last_batch_ = {batch_session_, batch_sequence_};
  return {};
}

/// All there is was synced, or will be before anybody can read the header; eras up to `over` are
/// over.
void journal_file::claim_durable(std::uint32_t over) noexcept {
  header_.durable_up_to = end();
  header_.sequence = sequence_;
  header_.era = over;
}

std::uint64_t journal_file::claimed_durable() const noexcept {
  if (has_bug(seeded_bug::stale_durable_up_to)) return end();
  return durable_up_to();
}

result<> journal_file::flush_frame(bool commits) {
  assert(buffer_.size() > frame_header_size && "a frame has a record");
  assert(batch_at_ >= end() && batch_at_ % 8 == 0 && claimed_durable() <= end());
  assert(filled() <= std::numeric_limits<std::uint32_t>::max());
  const frame_header header{.size = static_cast<std::uint32_t>(filled()),
                            .first = batch_first_,
                            .commit = commits,
                            .written_in = batch_session_,
                            .sequence = batch_sequence_,
                            .durable_up_to = claimed_durable()};
  if (auto announced = announce_session(); !announced) return announced;
  const bool in_pieces = !large_.empty();
  if (!in_pieces) {
    buffer_.resize(padded(buffer_.size()));
    seal_frame(buffer_, header, header_.file_id, batch_at_);
  }
  assert(is_announced_ && "the eras before ours are over, on disk, before our first frame");
  const auto next = batch_at_ + padded(header.size);
  if (auto ahead = write_ahead_of(next); !ahead) return ahead;
  auto written = in_pieces ? write_in_pieces(header) : held_.file.write(batch_at_, buffer_);
  written_up_to_ = std::max({written_up_to_, next, held_.file.mapped_end()});
  if (buffer_.capacity() > 2 * frame_capacity) buffer_ = {};
  empty_buffer();
  if (!written) return written;
  know_size(std::max(next, held_.file.mapped_end()));
  frame_at_ = batch_at_;
  batch_at_ = next;
  batch_first_ = false;
  return sync_on_the_way();
}

/// Makes nothing durable that others hear of; but a failure is one, whatever a later sync may say.
result<> journal_file::sync_on_the_way() {
  if (!settings_.sync_on_the_way || !pace_.is_due(batch_at_)) return {};
  const auto remember = [&](const error& why) {
    if (is_unpublished())
      sync_failed_ = why;
    else
      set_fence(why);
  };
  try {
    auto synced = held_.file.sync_data();
    if (!synced) remember(synced.error());
    return synced;
  } catch (...) {  // it failed, and there is no memory to say how: it failed all the same
    remember(error(errc::file_error));
    throw;
  }
}

result<> journal_file::write_ahead_of(std::uint64_t end) {
  if (!settings_.write_ahead || end <= written_up_to_) return {};
  // A large frame makes the file longer by itself: filling its place first would write all twice.
  if (end - written_up_to_ > most_write_ahead) return {};
  const auto chunk =
      std::clamp((end - frames_start) / 2, least_write_ahead, most_write_ahead) & ~std::uint64_t{7};
  const std::vector<std::byte> zeros(static_cast<std::size_t>(end + chunk - written_up_to_));
  if (auto as_long = is_as_long(); !as_long) return as_long;
  if (auto written = held_.file.write(written_up_to_, zeros); !written) {
    if (!is_harmless(written.error())) return written;
    settings_.write_ahead = false;  // a full disk: each write then finds out for itself
    return cut_back(written_up_to_);
  }
  written_up_to_ += zeros.size();
  know_size(written_up_to_);
  return {};
}

error journal_file::roll_back(const error& cause) {
  assert(batch_sequence_ >= sequence_ && batch_at_ >= end());
  sequence_ = batch_sequence_;  // never used again: frames that cannot be unwritten may bear it
  empty_buffer();
  const auto cut = cut_back(end());
  written_up_to_ = end();
  if (cut && is_harmless(cause) && !is_fenced()) return cause;
  set_fence(cause);
  return in_doubt(cause);
}

void journal_file::drop_batch() noexcept {
  sequence_ = std::max(sequence_, batch_sequence_);
  large_ = {};
  if (buffer_.size() > frame_header_size) buffer_.resize(frame_header_size);
  try {
    if (cut_back(end())) {
      written_up_to_ = end();
      return;
    }
  } catch (...) {  // the sentence about the failure found no memory
  }
  set_fence(error(errc::file_error));
}

// --- syncing -------------------------------------------------------------------------------------

result<> journal_file::sync() {
  const std::scoped_lock one_at_a_time(sync_mutex_);
  if (auto why = fence()) return std::unexpected(*why);
  if (is_durable()) return {};
  if (!held_.file.is_open()) return std::unexpected(error(errc::table_closed));
  const auto last = last_frame_.load(std::memory_order_acquire);
  const auto up_to = end();
  const auto synced = [&] {
    try {
      return held_.file.sync_data();
    } catch (...) {  // it failed, and there is no memory to say how: it failed all the same
      set_fence(error(errc::file_error));
      throw;
    }
  }();
  if (!synced) {
    if (has_bug(seeded_bug::retry_sync) && held_.file.sync_data()) {
      durable_.store(up_to, std::memory_order_release);
      return {};
    }
    set_fence(synced.error());
    return std::unexpected(in_doubt(synced.error()));
  }
  if (auto whole = is_whole(look_at::content, up_to, last); !whole) {
    if (whole.error() == errc::replaced) return whole;
    return std::unexpected(in_doubt(whole.error()));  // it was synced, and cannot be read
  }
  assert(durable_.load() <= up_to && up_to <= end() && "what is durable stays, and was committed");
  durable_.store(up_to, std::memory_order_release);
  return {};
}

void journal_file::note_durable() noexcept {
  if (is_fenced() || !is_durable() || end() > changes_end_.load()) return;
  // Best effort: without the note, damage at the very end looks like a torn write, no more.
  unfinished_batch batch(*this);
  try {
    begin(sequence_);
    auto noted = add(change{});
    if (noted) noted = commit();
    if (!noted) (void)roll_back(noted.error());
    batch.ended();
  } catch (const std::bad_alloc&) {
  }
}

result<> journal_file::seal() {
  if (auto why = fence()) return std::unexpected(*why);
  if (recovery_.clean && end() == recovery_.found.end && header_.closed) return {};
  unfinished_batch batch(*this);
  const auto last = last_batch_;
  begin(sequence_);
  change seal;
  seal.what = op::seal;
  auto sealed = add(seal);
  if (sealed) sealed = commit();
  last_batch_ = last;
  batch.ended();
  if (!sealed) return std::unexpected(roll_back(sealed.error()));
  if (written_up_to_ > end()) {
    if (auto cut = cut_back(end()); !cut) return cut;
    written_up_to_ = end();
  }
  if (auto synced = sync(); !synced) return synced;
  assert(is_durable() && written_up_to_ <= end() && "a closed file ends with its seal, on disk");
  header_.closed = true;
  claim_durable(session_.era);
  if (auto written = write_header_slots(true); !written) {
    // A full copy-on-write disk refuses even this. One slot may say already that our era is over.
    if (!is_harmless(written.error())) set_fence(written.error());
    start_session();
    return written;
  }
  recovery_.clean = true;
  recovery_.found.end = end();
  start_session();
  return {};
}

}  // namespace shelf::journal
