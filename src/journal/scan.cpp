// JOURNAL  api -> engine -> stores -> [journal] -> file
// The rule of recovery: where a journal ends, and what is damage.
#include "journal/scan.hpp"

#include "error/sentence.hpp"
#include "file/seeded_bug.hpp"
#include "journal/record.hpp"

#include <cassert>
#include <string>
#include <utility>

namespace shelf::journal {
namespace {

using file::has_bug;
using file::seeded_bug;

[[nodiscard]] std::unexpected<error> damaged(std::uint64_t at, const std::string& proof) {
  return std::unexpected(error(errc::corrupt, "byte " + std::to_string(at) +
                                                  ": damaged: no valid frame here, but " + proof +
                                                  " that this was on disk"));
}

/// A frame that passed its checksum ends in bytes that are no record: whoever wrote it meant harm.
[[nodiscard]] std::unexpected<error> no_record(std::uint64_t at) {
  return std::unexpected(error(errc::corrupt, "byte " + std::to_string(at) + ": no valid record"));
}

[[nodiscard]] std::unexpected<error> unannounced(std::uint64_t at, const std::string& what) {
  return std::unexpected(error(errc::corrupt, "byte " + std::to_string(at) +
                                                  ": a record is about " + what +
                                                  ", but the header allows none"));
}

/// The state of the walk from frame to frame.
class chain {
 public:
  explicit chain(const file_header& header)
      : durable_up_to_(header.durable_up_to),
        over_(header.era),
        deadlines_(header.deadlines),
        history_(header.history) {}

  /// Goes on behind what was found.
  chain(const file_header& header, const scanned& found) : chain(header) { found_ = found; }

  /// True if a valid frame at `offset` may follow what has been accepted so far.
  [[nodiscard]] bool fits(const frame_header& h, std::uint64_t offset) const noexcept {
    if (offset >= durable_up_to_ && h.written_in.era <= over_ && !has_bug(seeded_bug::no_era)) {
      return false;
    }
    if (h.history && !may_be_history()) return false;
    if (in_batch_) {
      return !h.first && h.history == batch_.history && h.written_in == batch_.written_in &&
             h.sequence == batch_.sequence;
    }
    const bool session_goes_on = h.written_in == found_.last || h.written_in.era > found_.last.era;
    if (!session_goes_on && !has_bug(seeded_bug::no_era)) return false;
    return h.first && h.sequence >= found_.sequence;
  }

  /// Takes the frame at `at`, unless there is a reason to refuse the file.
  [[nodiscard]] result<> accept(const frame& f, std::uint64_t at) {
    assert(fits(f.header, at) && f.next > at && at >= found_.end && "only what may follow");
    batch_ = f.header;
    in_batch_ = !f.header.commit;
    if (auto counted = count(f, at); !counted) return counted;
    if (in_batch_) return {};
    assert(f.header.sequence >= found_.sequence && f.next % 8 == 0);
    found_.end = f.next;
    found_.last_frame = at;
    found_.last = f.header.written_in;
    found_.sequence = f.header.sequence;
    found_.sealed = sealed_;
    note_layout(f);
    if (changes_ != 0) found_.changed = {f.header.written_in, f.header.sequence};
    if (!f.header.history) found_.changes += changes_;
    changes_ = 0;
    ++found_.batches;
    return {};
  }

  [[nodiscard]] scanned& found() noexcept { return found_; }
  [[nodiscard]] bool is_between_batches() const noexcept { return !in_batch_; }
  /// No file with history gets its name before its state is in it.
  [[nodiscard]] bool lacks_state() const noexcept { return is_state_due_; }

 private:
  /// History stands between the first batch and the state.
  [[nodiscard]] bool may_be_history() const noexcept { return history_ && may_begin_history_; }
  /// A batch is complete: the first one, one of history, the state behind it, or any other.
  void note_layout(const frame& f) noexcept {
    const bool is_first = found_.batches == 0;
    auto& parts = found_.parts;
    if (is_first) {
      found_.first = {f.header.written_in, f.header.sequence};
      parts.first_end = f.next;
    }
    if (is_first || f.header.history) parts.history_end = parts.state_end = f.next;
    if (std::exchange(is_state_due_, f.header.history) && !f.header.history) {
      parts.state_end = f.next;
    }
    may_begin_history_ = is_first || f.header.history;
  }
  [[nodiscard]] result<> count(const frame& f, std::uint64_t at) {
    sealed_ = false;
    bytes rest = f.records;
    while (const auto c = take_record(rest)) {
      if (has_unknown_flags(*c)) return std::unexpected(unknown_flags(*c, at));
      if (is_about_deadlines(*c) && !deadlines_) return unannounced(at, "a deadline");
      if (is_about_history(*c) && !history_) return unannounced(at, "history");
      sealed_ = c->what == op::seal;
      if (!changes_nothing(*c)) ++changes_;
      if (const auto ms = time_of(*c)) add_mark(found_.marks, {.ms = *ms, .at = at});
    }
    if (!rest.empty()) return no_record(at + f.header.size - rest.size());
    return {};
  }

  std::uint64_t durable_up_to_;
  std::uint32_t over_;  // from there on eras up to this one are over
  bool deadlines_;
  bool history_;
  bool may_begin_history_ = false;
  bool is_state_due_ = false;  ///< the last batch was one of history
  scanned found_;
  frame_header batch_;
  bool in_batch_ = false;
  bool sealed_ = false;
  std::uint64_t changes_ = 0;
};

/// No file gets its name before its first 8192 bytes are on disk.
[[nodiscard]] std::unexpected<error> ends_in_header(std::uint64_t size) {
  return std::unexpected(error(errc::corrupt, "byte " + std::to_string(size) +
                                                  ": damaged: the file ends inside its header"));
}

/// Looks behind the bad frame at `bad` for a valid frame which says that byte `bad` was on disk.
/// Only frames that make this claim are hashed, and no more bytes in all than a small multiple of
/// the file: a file made of overlapping claims must not cost quadratic time.
[[nodiscard]] result<std::optional<std::uint64_t>> find_proof(frame_reader& reader,
                                                              std::uint64_t bad) {
  assert(bad % 8 == 0 && "frames begin at multiples of 8");
  std::uint64_t budget = 16 * reader.size() + (std::uint64_t{64} << 20);
  for (std::uint64_t at = bad + 8;; at += 8) {
    const auto next = reader.skip_zeros(at);
    if (!next) return std::unexpected(next.error());
    at = *next;
    if (at + frame_header_size > reader.size()) break;
    const auto header = reader.header_at(at);
    if (!header) return std::unexpected(header.error());
    if (!*header || (*header)->durable_up_to <= bad) continue;
    if ((*header)->size > budget) return at;  // made to mislead: refuse rather than cut
    budget -= (*header)->size;
    const auto frame = reader.at(at);
    if (!frame) return std::unexpected(frame.error());
    if (*frame) return at;
  }
  return std::nullopt;
}

/// Decides what the bad frame at `bad` means; sets torn_bytes if the journal merely ends.
[[nodiscard]] result<> judge_end(frame_reader& reader, const file_header& header, std::uint64_t bad,
                                 scanned& found) {
  assert(bad >= found.end && "a batch that is whole ends before the first bad frame");
  if (reader.size() < frames_start) return ends_in_header(reader.size());
  if (header.durable_up_to > bad && !has_bug(seeded_bug::stop_at_first_bad_frame)) {
    return damaged(bad, "the file header says");
  }
  if (bad >= reader.size() && found.end >= reader.size()) return {};
  const auto zeros = reader.only_zeros_from(found.end);
  if (!zeros) return std::unexpected(zeros.error());
  if (*zeros) return {};
  if (!has_bug(seeded_bug::stop_at_first_bad_frame)) {
    const auto proof = find_proof(reader, bad);
    if (!proof) return std::unexpected(proof.error());
    if (*proof) return damaged(bad, "the frame at byte " + std::to_string(**proof) + " says");
  }
  assert(reader.size() >= found.end);
  found.torn_bytes = reader.size() - found.end;
  return {};
}

/// Frames and records know bytes only; what is wrong with them gets the file's name here.
[[nodiscard]] error named(const frame_reader& reader, const error& why) {
  const bool is_about_bytes = why == errc::corrupt || why == errc::unsupported_version;
  return is_about_bytes ? wrong_in(reader.path(), why) : why;
}

[[nodiscard]] result<scanned> follow(frame_reader& reader, const file_header& header,
                                     const progress& tell) {
  constexpr std::uint64_t told_every = std::uint64_t{1} << 20;
  chain walk(header);
  std::uint64_t at = frames_start;
  std::uint64_t told = 0;
  for (;;) {
    const auto next = reader.at(at);
    if (!next) return std::unexpected(next.error());
    if (!*next || !walk.fits((*next)->header, at)) break;
    if (auto accepted = walk.accept(**next, at); !accepted) {
      return std::unexpected(accepted.error());
    }
    at = (*next)->next;
    if (tell && at >= told + told_every) tell(told = at, reader.size());
  }
  if (auto judged = judge_end(reader, header, at, walk.found()); !judged) {
    return std::unexpected(judged.error());
  }
  if (walk.lacks_state()) {
    return std::unexpected(error(
        errc::corrupt,
        "byte " + std::to_string(at) + ": damaged: the state that follows the history is missing"));
  }
  return walk.found();
}

[[nodiscard]] result<> hand_out(frame_reader& reader, std::uint64_t from, std::uint64_t to,
                                visitor& out, part which) {
  assert(from % 8 == 0 && from >= frames_start);
  for (auto at = from; at < to;) {
    const auto next = reader.at(at);
    if (!next) return std::unexpected(next.error());
    if (!*next) {
      return std::unexpected(
          error(errc::corrupt, "byte " + std::to_string(at) + ": changed while it was read"));
    }
    const auto& f = **next;
    if (f.header.history && which == part::content) {
      at = f.next;
      continue;
    }
    bytes rest = f.records;
    while (!rest.empty()) {
      const auto c = take_record(rest);
      if (!c) return no_record(at + f.header.size - rest.size());
      if (has_unknown_flags(*c)) return std::unexpected(unknown_flags(*c, at));
      if (auto visited = out.visit(*c, f.header.sequence); !visited) return visited;
    }
    if (f.header.commit) {
      if (auto done = out.committed(f.header.sequence); !done) return done;
    }
    at = f.next;
  }
  return {};
}

}  // namespace

void add_mark(std::vector<time_mark>& to, const time_mark& m) {
  if (to.size() >= most_marks) {
    std::size_t kept = 0;
    for (std::size_t i = 0; i < to.size(); i += 2) to[kept++] = to[i];
    to.resize(kept);
  }
  to.push_back(m);
}

result<scanned> scan(frame_reader& reader, const file_header& header, const progress& tell) {
  auto found = follow(reader, header, tell);
  if (!found) return std::unexpected(named(reader, found.error()));
  return found;
}

result<bool> extend(frame_reader& reader, const file_header& header, scanned& found) {
  chain walk(header, found);
  auto at = found.end;
  do {
    const auto next = reader.at(at);
    if (!next) return std::unexpected(next.error());
    if (!*next || !walk.fits((*next)->header, at)) return false;
    if (auto accepted = walk.accept(**next, at); !accepted) {
      return std::unexpected(named(reader, accepted.error()));
    }
    at = (*next)->next;
  } while (!walk.is_between_batches());
  found = walk.found();
  return true;
}

result<> replay(frame_reader& reader, std::uint64_t from, std::uint64_t to, visitor& out,
                part which) {
  auto done = hand_out(reader, from, to, out, which);
  if (!done) return std::unexpected(named(reader, done.error()));
  return done;
}

}  // namespace shelf::journal
