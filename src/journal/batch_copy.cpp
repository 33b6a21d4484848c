// JOURNAL  api -> engine -> stores -> [journal] -> file
// Frames of one file become frames of another; only what ties them to their place is new.
#include "journal/batch_copy.hpp"

#include "error/sentence.hpp"

#include <optional>
#include <string>

namespace shelf::journal {
namespace {

/// Takes the frames of a file in their order.
class content_copy {
 public:
  /// `state` names the batch that follows the history of the file; without history there is none.
  content_copy(const layout& parts, std::optional<batch_id> state, journal_file& to)
      : parts_(parts), state_(state), to_(to) {}

  [[nodiscard]] result<> take(frame f) {
    auto& h = f.header;
    const bool is_first = f.next <= parts_.first_end;
    const bool is_state = !is_first && f.next <= parts_.state_end;
    if (state_ && (is_first || is_state)) {
      // Without the history in between, the catalog and the state are one batch.
      h.written_in = state_->of;
      h.sequence = state_->sequence;
      h.first = h.first && is_first;
      h.commit = h.commit && is_state;
      if (h.commit) ++batches_;
      return to_.copy_frame(f);
    }
    if (h.first) is_left_out_ = !is_first && changes_nothing(f.records);
    if (is_left_out_) return {};
    if (h.commit) ++batches_;
    return to_.copy_frame(f);
  }
  [[nodiscard]] std::uint64_t batches() const noexcept { return batches_; }

 private:
  [[nodiscard]] static bool changes_nothing(bytes records) noexcept {
    if (records.empty()) return false;
    const auto what = static_cast<op>(records.front());
    return what == op::note || what == op::seal;
  }

  const layout parts_;
  const std::optional<batch_id> state_;
  journal_file& to_;
  bool is_left_out_ = false;
  std::uint64_t batches_ = 0;
};

}  // namespace

result<> allow_content_of(const file_header& like, journal_file& to) {
  auto allowed = like.deadlines ? to.allow_deadlines() : result<>();
  if (allowed && like.history) allowed = to.allow_history();
  return allowed;
}

result<std::uint64_t> copy_content(const journal_view& from, journal_file& to,
                                   const progress& tell) {
  const auto header = from.read_header();
  if (!header) return std::unexpected(header.error());
  if (auto allowed = allow_content_of(*header, to); !allowed) {
    return std::unexpected(allowed.error());
  }
  const auto& found = from.found();
  std::optional<batch_id> state;
  if (found.parts.history_end != found.parts.first_end) {
    frame_reader reader(from.file(), found.end, from.file_id());
    const auto first = reader.header_at(found.parts.history_end);
    if (!first) return std::unexpected(first.error());
    if (!*first) {
      return std::unexpected(damage(
          from.file().path(),
          "byte " + std::to_string(found.parts.history_end) + ": changed while it was read"));
    }
    state = {(*first)->written_in, (*first)->sequence};
  }
  content_copy copy(found.parts, state, to);
  auto done = from.read_frames([&](const frame& f) {
    if (tell) tell(f.next, found.end);
    return copy.take(f);
  });
  if (!done) return std::unexpected(done.error());
  return copy.batches();
}

result<std::uint64_t> copy_changes(trail& from, std::uint64_t end, journal_file& to) {
  for (std::uint64_t copied = 0;; ++copied) {
    const auto b = from.look(end);
    if (!b) return std::unexpected(b.error());
    if (!*b) return copied;
    auto done = from.read(**b, [&](const frame& f) { return to.copy_frame(f); });
    if (!done) return std::unexpected(done.error());
    from.pass(**b);
  }
}

}  // namespace shelf::journal
