// JOURNAL  api -> engine -> stores -> [journal] -> file
// Reading beside a writer: what looks damaged may only have been half written when we came by.
#include "journal/journal_view.hpp"

#include "error/sentence.hpp"

#include <cassert>
#include <new>
#include <string>
#include <utility>
#include <vector>

namespace shelf::journal {
namespace {

/// A writer that appends, cuts back or recovers while we read can make a sound file look damaged
/// for a moment.
constexpr int looks = 8;

}  // namespace

result<std::unique_ptr<journal_view>> journal_view::open(const file::location& where,
                                                         const progress& tell, file_role wanted) {
  result<> looked;
  for (int i = 0; i < looks; ++i) {
    auto file = where.open_to_read();
    if (!file) return std::unexpected(file.error());
    std::unique_ptr<journal_view> view(new journal_view(std::move(*file), wanted));
    looked = view->look(tell);
    if (looked) return view;
    if (looked.error() != errc::corrupt) break;
  }
  return std::unexpected(looked.error());
}

result<file_header> journal_view::read_header() const {
  std::vector<std::byte> front(frames_start);
  const auto got = file_.read(0, front);
  if (!got) return std::unexpected(got.error());
  front.resize(*got);
  return decode_header(front, file_.path(), role_);
}

result<> journal_view::look(const progress& tell) {
  const auto header = read_header();
  if (!header) return std::unexpected(header.error());
  file_id_ = header->file_id;
  several_tables_ = header->several_tables;
  // The size after the header: what the header calls durable was written before it.
  const auto status = file_.status();
  if (!status) return std::unexpected(status.error());
  frame_reader reader(file_, status->size, file_id_);
  auto found = scan(reader, *header, tell);
  if (!found) return std::unexpected(found.error());
  found_ = *found;
  return remember_last_frame();
}

result<> journal_view::remember_last_frame() {
  const auto got = file_.read(found_.last_frame, last_frame_);
  return got ? result<>() : std::unexpected(got.error());
}

result<journal_view::news> journal_view::look_for_news(const file::location& where) const {
  if (!where.still_names(file_)) return news::replaced;
  std::array<std::byte, frame_header_size> there{};
  auto got = file_.read(found_.last_frame, there);
  if (!got) return std::unexpected(got.error());
  if (found_.batches != 0 && there != last_frame_) return news::replaced;
  there = {};
  got = file_.read(found_.end, there);
  if (!got) return std::unexpected(got.error());
  return read_frame_header(there) ? news::some : news::none;
}

/// What was read ahead may have been half written then.
result<bool> journal_view::find_next(scanned& more) {
  const bool is_fresh = !reader_;
  // A writer that came since may have ended the sessions before it.
  const auto header = read_header();
  if (!header) return std::unexpected(header.error());
  if (is_fresh) {
    const auto status = file_.status();
    if (!status) return std::unexpected(status.error());
    if (status->size <= found_.end) return false;
    reader_.emplace(file_, status->size, file_id_);
  }
  auto came = extend(*reader_, *header, more);
  several_tables_ = several_tables_ || header->several_tables;
  if (came && *came) return true;
  reader_.reset();
  return is_fresh ? came : find_next(more);
}

result<bool> journal_view::next(visitor& out) {
  coming_ = found_;
  const auto came = find_next(coming_);
  if (!came || !*came) return came;
  auto taken = journal::replay(*reader_, found_.end, coming_.end, out);
  return taken ? result<bool>(true) : std::unexpected(taken.error());
}

void journal_view::pass() noexcept {
  assert(coming_.end > found_.end && "a batch was handed out");
  std::swap(found_, coming_);
  // Unreadable, it is another one than will be there: all is read anew then.
  try {
    if (remember_last_frame()) return;
  } catch (const std::bad_alloc&) {
  }
  last_frame_ = {};
}

result<> journal_view::read_frames(detail::function_ref<result<>(const frame&)> f) const {
  frame_reader reader(file_, found_.end, file_id_);
  for (auto at = frames_start; at < found_.end;) {
    const auto next = reader.at(at);
    if (!next) return std::unexpected(next.error());
    if (!*next) return std::unexpected(changed_meanwhile(at));
    at = (*next)->next;
    if ((*next)->header.history) continue;
    if (auto taken = f(**next); !taken) return taken;
  }
  return {};
}

error journal_view::changed_meanwhile(std::uint64_t offset) const {
  return damage(file_.path(), "byte " + std::to_string(offset) + ": changed while it was read");
}

result<> journal_view::replay(visitor& out) {
  frame_reader reader(file_, found_.end, file_id_);
  return journal::replay(reader, frames_start, found_.end, out);
}

}  // namespace shelf::journal
