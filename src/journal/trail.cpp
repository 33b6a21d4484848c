// JOURNAL  api -> engine -> stores -> [journal] -> file
// Finding a batch by its name, and reading on behind it.
#include "journal/trail.hpp"

#include "error/sentence.hpp"

#include <cassert>
#include <string>
#include <vector>

namespace shelf::journal {

result<std::unique_ptr<trail>> trail::open(const file::location& where, file_role wanted) {
  auto file = where.open_to_read();
  if (!file) return std::unexpected(file.error());
  std::unique_ptr<trail> made(new trail(std::move(*file), wanted));
  const auto header = made->read_header();
  if (!header) return std::unexpected(header.error());
  made->file_id_ = header->file_id;
  return made;
}

result<file_header> trail::read_header() const {
  std::vector<std::byte> front(frames_start);
  const auto got = file_.read(0, front);
  if (!got) return std::unexpected(got.error());
  front.resize(*got);
  return decode_header(front, file_.path(), role_);
}

error trail::broken(std::uint64_t offset) const {
  return damage(file_.path(), "byte " + std::to_string(offset) + ": changed while it was read");
}

frame_reader& trail::reader_up_to(std::uint64_t end) {
  if (!reader_ || at_ >= reader_->size()) reader_.emplace(file_, end, file_id_);
  return *reader_;
}

/// Where the batch at `offset` ends. Believes the headers of its frames: nothing of it is used
/// before it has been read with its checksums.
result<trail::extent> trail::batch_at(frame_reader& reader, std::uint64_t offset) const {
  extent b{.from = offset, .to = offset, .id = {}};
  for (bool is_first = true;; is_first = false) {
    const auto header = reader.header_at(b.to);
    if (!header) return std::unexpected(header.error());
    if (!*header || (*header)->first != is_first) return std::unexpected(broken(b.to));
    const auto& h = **header;
    if (is_first) {
      const auto record = reader.first_record_at(b.to);
      if (!record) return std::unexpected(record.error());
      b.id = {h.written_in, h.sequence};
      b.is_history = h.history;
      b.is_seal = record->op == static_cast<std::uint8_t>(op::seal);
      b.changes = !b.is_seal && record->op != static_cast<std::uint8_t>(op::note);
      b.moment = record->moment;
    }
    b.to += padded(h.size);
    if (h.commit) return b;
  }
}

void trail::stand_behind(const extent& b) noexcept {
  if (b.changes) behind_ = b.id;
  at_ = b.to;
  was_history_ = b.is_history;
}

result<> trail::go_to_first(std::uint64_t end) {
  reader_.reset();
  at_ = frames_start;
  was_history_ = false;
  auto& reader = reader_up_to(end);
  const auto state = batch_at(reader, frames_start);
  if (!state) return std::unexpected(state.error());
  first_ = state->id;
  stand_behind(*state);
  return {};
}

result<standing> trail::go_behind(const batch_id& which, std::uint64_t end) {
  if (auto begun = go_to_first(end); !begun) return std::unexpected(begun.error());
  const bool is_before =
      which.of.era < first_.of.era || (which.of == first_.of && which.sequence < first_.sequence);
  if (is_before) return standing::dropped;
  auto& reader = reader_up_to(end);
  bool is_known = which.of == first_.of;  // a batch of its session was met
  bool is_over = false;                   // and nothing of the session was lost behind it
  while (behind_ != which && at_ < end) {
    const auto b = batch_at(reader, at_);
    if (!b) return std::unexpected(b.error());
    const bool is_own = b->id.of == which.of;
    is_known = is_known || is_own;
    is_over = is_own && (b->id.sequence > which.sequence || b->is_seal);
    if (is_over || b->id.of.era > which.of.era) break;
    stand_behind(*b);
  }
  if (behind_ == which || is_over) return standing::kept;
  return is_known ? standing::rolled_back : standing::foreign;
}

result<std::optional<trail::extent>> trail::look(std::uint64_t end) {
  while (at_ < end) {
    const auto b = batch_at(reader_up_to(end), at_);
    if (!b) return std::unexpected(b.error());
    const bool is_state = was_history_ && !b->is_history;
    if (b->changes && !is_state) return *b;
    stand_behind(*b);
  }
  return std::nullopt;
}

result<> trail::read(const extent& b, detail::function_ref<result<>(const frame&)> f) {
  auto& reader = reader_up_to(b.to);
  for (auto at = b.from; at < b.to;) {
    const auto next = reader.at(at);
    if (!next) return std::unexpected(next.error());
    if (!*next) return std::unexpected(broken(at));
    if (auto taken = f(**next); !taken) return taken;
    at = (*next)->next;
  }
  return {};
}

result<bool> trail::next(std::uint64_t until, std::uint64_t end, visitor& out) {
  const auto b = look(end);
  if (!b) return std::unexpected(b.error());
  if (!*b || (*b)->id.sequence > until) return false;
  auto read = replay(reader_up_to(end), (*b)->from, (*b)->to, out, part::everything);
  if (!read) return std::unexpected(read.error());
  pass(**b);
  return true;
}

}  // namespace shelf::journal
