// JOURNAL  api -> engine -> stores -> [journal] -> file
// Reading beside a writer: what looks damaged may only have been half written when we came by.
#include "journal/journal_view.hpp"

#include <string>
#include <vector>

namespace shelf::journal {
namespace {

/// A writer that appends, cuts back or recovers while we read can make a sound file look damaged
/// for a moment.
constexpr int looks = 8;

}  // namespace

result<std::unique_ptr<journal_view>> journal_view::open(const file::location& where,
                                                         const progress& tell) {
  result<> looked;
  for (int i = 0; i < looks; ++i) {
    auto file = where.open_to_read();
    if (!file) return std::unexpected(file.error());
    std::unique_ptr<journal_view> view(new journal_view(std::move(*file)));
    looked = view->look(tell);
    if (looked) return view;
    if (looked.error() != errc::corrupt) break;
  }
  return std::unexpected(looked.error());
}

result<> journal_view::look(const progress& tell) {
  std::vector<std::byte> front(frames_start);
  const auto got = file_.read(0, front);
  if (!got) return std::unexpected(got.error());
  front.resize(*got);
  const auto header = decode_header(front, file_.path());
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
  return {};
}

result<> journal_view::replay(visitor& out) {
  frame_reader reader(file_, found_.end, file_id_);
  return journal::replay(reader, frames_start, found_.end, out);
}

}  // namespace shelf::journal
