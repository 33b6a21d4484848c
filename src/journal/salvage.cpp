// JOURNAL  api -> engine -> stores -> [journal] -> file
// The walk from frame to frame that does not end at a bad one.
#include "journal/salvage.hpp"

#include "journal/record.hpp"

#include <algorithm>
#include <optional>

namespace shelf::journal {
namespace {

/// Notes and seals bear the number of the batch before them.
[[nodiscard]] bool repeats_number(const frame& f) noexcept {
  auto records = f.records;
  const auto c = take_record(records);
  return c && (c->what == op::note || c->what == op::seal);
}

class walk {
 public:
  walk(frame_reader& reader, const file_header& header, salvager& out)
      : reader_(reader), header_(header), out_(out) {}

  [[nodiscard]] result<> run();

 private:
  [[nodiscard]] bool is_stale(const frame_header& h, std::uint64_t at) const noexcept {
    const bool is_over = at >= header_.durable_up_to && h.written_in.era <= header_.era;
    return is_over || h.written_in.era < last_.written_in.era || h.sequence < last_.sequence;
  }
  [[nodiscard]] result<> accept(const frame& f, std::uint64_t at);
  [[nodiscard]] result<> end_batch(bool whole);
  [[nodiscard]] result<> hand_out(bytes records, std::uint64_t at);
  [[nodiscard]] result<> finish();
  [[nodiscard]] result<std::optional<frame>> look(std::uint64_t at);
  /// What the gap before `next` (or the end of the file) took.
  void tell_gap(std::uint64_t to, std::uint64_t first, std::uint64_t last);

  frame_reader& reader_;
  const file_header& header_;
  salvager& out_;
  frame_header last_;  ///< the last frame that counted
  bool in_batch_ = false;
  std::optional<std::uint64_t> gap_from_;
  std::uint64_t budget_ = 0;
};

/// The frame at `at` if there is one. Looking about costs no more than a small multiple of the file
/// in all, however many places pretend to be frames.
result<std::optional<frame>> walk::look(std::uint64_t at) {
  const auto header = reader_.header_at(at);
  if (!header) return std::unexpected(header.error());
  if (!*header) return std::nullopt;
  if (gap_from_) {
    if ((*header)->size > budget_) return std::nullopt;
    budget_ -= (*header)->size;
  }
  return reader_.at(at);
}

result<> walk::run() {
  budget_ = 16 * reader_.size() + (std::uint64_t{64} << 20);
  std::uint64_t at = frames_start;
  while (at + frame_header_size <= reader_.size()) {
    const auto found = look(at);
    if (!found) return std::unexpected(found.error());
    if (*found && !is_stale((*found)->header, at)) {
      if (auto accepted = accept(**found, at); !accepted) return accepted;
      at = (*found)->next;
      out_.reached(at);
      continue;
    }
    if (!gap_from_) gap_from_ = at;
    const auto next = reader_.skip_zeros(*found ? (*found)->next : at + 8);
    if (!next) return std::unexpected(next.error());
    at = *next;
  }
  const bool cut_short = at < reader_.size() || at < header_.durable_up_to;
  if (!gap_from_ && cut_short) gap_from_ = at;
  return finish();
}

void walk::tell_gap(std::uint64_t to, std::uint64_t first, std::uint64_t last) {
  const bool none = first > last;
  out_.missing({.from = *gap_from_,
                .to = to,
                .first_sequence = none ? 0 : first,
                .last_sequence = none ? 0 : last,
                .promised = *gap_from_ < header_.durable_up_to});
  gap_from_.reset();
}

result<> walk::accept(const frame& f, std::uint64_t at) {
  const auto& h = f.header;
  const bool goes_on =
      in_batch_ && !h.first && h.sequence == last_.sequence && h.written_in == last_.written_in;
  const bool torn = in_batch_ && !goes_on;
  const bool beheaded = !goes_on && !h.first;
  if (gap_from_) {
    const auto first = last_.sequence + (in_batch_ ? 0 : 1);
    tell_gap(at, first, h.sequence - (h.first && !repeats_number(f) ? 1 : 0));
    if (goes_on) out_.partial(h.sequence);
  }
  if (torn) {
    if (auto ended = end_batch(false); !ended) return ended;
  }
  if (beheaded) out_.partial(h.sequence);
  last_ = h;
  in_batch_ = true;
  // What is history, the state behind it has in it.
  if (!h.history) {
    if (auto handed = hand_out(f.records, at); !handed) return handed;
  }
  return h.commit ? end_batch(true) : result<>();
}

result<> walk::hand_out(bytes records, std::uint64_t at) {
  while (const auto c = take_record(records)) {
    // Not damage: to leave it out would lose what a newer shelf can read.
    if (has_unknown_flags(*c)) return std::unexpected(unknown_flags(*c, at));
    if (auto visited = out_.visit(*c, last_.sequence); !visited) return visited;
  }
  if (!records.empty()) out_.partial(last_.sequence);  // the frame ends in what is no record
  return {};
}

result<> walk::end_batch(bool whole) {
  in_batch_ = false;
  if (!whole) out_.partial(last_.sequence);
  return out_.committed(last_.sequence);
}

/// Behind the last frame: zeros written ahead, a write that was under way, or damage.
result<> walk::finish() {
  const auto size = reader_.size();
  const auto end = std::max(size, header_.durable_up_to);
  const bool promised = gap_from_ && *gap_from_ < header_.durable_up_to;
  if (gap_from_) {
    const auto zeros = reader_.only_zeros_from(*gap_from_);
    if (!zeros) return std::unexpected(zeros.error());
    if (promised || !*zeros) {
      tell_gap(end, last_.sequence + (in_batch_ ? 0 : 1), promised ? header_.sequence : 0);
    }
  }
  if (!in_batch_) return {};
  // Its commit lies in what is missing if that had been on disk; else it never had one.
  if (promised) return end_batch(false);
  out_.dropped();
  return {};
}

}  // namespace

result<> salvage(frame_reader& reader, const file_header& header, salvager& out) {
  return walk(reader, header, out).run();
}

}  // namespace shelf::journal
