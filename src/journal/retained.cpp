// JOURNAL  api -> engine -> stores -> [journal] -> file
// Choosing what is kept, and copying it.
#include "journal/retained.hpp"

#include <optional>

namespace shelf::journal {
namespace {

/// What a first look over all batches tells.
struct survey {
  std::uint64_t bytes = 0;
  std::optional<std::uint64_t> recent_from;  ///< the first batch that is young enough
};

[[nodiscard]] result<survey> look_over(trail& t, std::uint64_t since, std::uint64_t end) {
  survey s;
  bool has_moment = false;
  std::uint64_t first = end;
  for (;;) {
    const auto b = t.look(end);
    if (!b) return std::unexpected(b.error());
    if (!*b) break;
    if (s.bytes == 0) first = (*b)->from;
    s.bytes += (*b)->to - (*b)->from;
    const auto moment = (*b)->moment;
    if (moment >= since && moment != 0 && !s.recent_from) {
      s.recent_from = has_moment ? (*b)->from : first;
    }
    has_moment = has_moment || moment != 0;
    t.pass(**b);
  }
  if (since == 0 || !has_moment) s.recent_from = first;
  return s;
}

}  // namespace

result<> go_to_retained(trail& t, const retention& limits, std::uint64_t end) {
  if (auto begun = t.go_to_first(end); !begun) return begun;
  const auto all = look_over(t, limits.since, end);
  if (!all) return std::unexpected(all.error());
  if (auto begun = t.go_to_first(end); !begun) return begun;
  const auto from = all->recent_from.value_or(end);
  auto left = all->bytes;
  for (;;) {
    const auto b = t.look(end);
    if (!b) return std::unexpected(b.error());
    if (!*b) return {};
    const bool fits = limits.bytes == 0 || left <= limits.bytes;
    if (fits && (*b)->from >= from) return {};
    left -= (*b)->to - (*b)->from;
    t.pass(**b);
  }
}

result<std::vector<time_mark>> copy_retained(trail& t, std::uint64_t end, journal_file& to) {
  std::vector<time_mark> marks;
  for (;;) {
    const auto b = t.look(end);
    if (!b) return std::unexpected(b.error());
    if (!*b) return marks;
    if ((*b)->moment != 0) add_mark(marks, {.ms = (*b)->moment, .at = to.end()});
    auto copied = t.read(**b, [&](const frame& f) { return to.copy_history(f); });
    if (!copied) return std::unexpected(copied.error());
    t.pass(**b);
  }
}

}  // namespace shelf::journal
