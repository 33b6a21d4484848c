// ENGINE  api -> [engine] -> stores -> journal -> file
// Reads repeated. Exact, because all answers hold at one point in time, the commit.
#include "engine/read_set.hpp"

#include "file/seeded_bug.hpp"
#include "kinds/version_record.hpp"
#include "memory/epoch.hpp"

#include <algorithm>
#include <cassert>

namespace shelf::engine {
namespace {

using file::has_bug;
using file::seeded_bug;

constexpr std::size_t bytes_a_read = 24;

[[nodiscard]] kept_bytes kept(bytes b) { return {b.begin(), b.end()}; }

}  // namespace

void read_set::add_key(bytes key, const entry* seen) {
  if (seen == nullptr && has_bug(seeded_bug::absent_reads_skipped)) return;
  keys_.push_back({.seen = seen, .key = seen == nullptr ? kept(key) : kept_bytes{}});
  held_ += bytes_a_read + (seen == nullptr ? key.size() : 0);
}

void read_set::add_list(bytes key, std::vector<const entry*> seen) {
  if (has_bug(seeded_bug::lists_not_read)) return;
  held_ += bytes_a_read + key.size() + seen.size() * sizeof(entry*);
  lists_.push_back({kept(key), std::move(seen)});
}

void read_set::add_seek(ordered_contents::place where, bytes key, const entry* seen) {
  held_ += bytes_a_read + key.size();
  seeks_.push_back({where, kept(key), seen});
}

void read_set::add_rank(bytes key, bool behind, std::size_t seen) {
  held_ += bytes_a_read + key.size();
  ranks_.push_back({kept(key), behind, seen});
}

read_set::range& read_set::add_range() {
  held_ += sizeof(range);
  return *ranges_.emplace_back(std::make_unique<range>());
}

bool read_set::empty() const noexcept { return keys_.empty() && has_only_keys(); }

bool read_set::has_only_keys() const noexcept {
  return lists_.empty() && seeks_.empty() && ranks_.empty() && ranges_.empty() && !size_ &&
         !is_walked_;
}

void read_set::announce(const contents& now) {
  for (auto& k : keys_) k.hash = now.announce(k.term());
}

std::size_t rank_of(bytes key, bool behind, const ordered_contents& in, sequence at) {
  return in.rank(key, at) + (behind && in.find(key, at) != nullptr ? 1 : 0);
}

rank_span ranks_of(const read_set::range& r, const ordered_contents& in, sequence at) {
  const auto from = r.from ? rank_of(*r.from, r.from_is_out, in, at) : 0;
  const auto to = r.to ? rank_of(*r.to, r.to_is_in, in, at) : in.size_at(at);
  return {from, std::max(from, to)};
}

namespace {

/// Whether a range shows the same entries now as then: as many, and none that is newer.
[[nodiscard]] bool is_same(const read_set::range& r, const ordered_contents& of, sequence then,
                           sequence now) {
  if (r.is_empty) return true;
  assert(then <= now && "a run reads what was published before its turn");
  const auto before = ranks_of(r, of, then);
  const auto after = ranks_of(r, of, now);
  if (before.to - before.from != after.to - after.from) return false;
  if (has_bug(seeded_bug::counts_without_stamps)) return true;
  const auto walk = of.walk_ranks(now, after.from, after.to);
  for (auto some = walk->next(); !some.empty(); some = walk->next()) {
    if (std::ranges::any_of(some, [&](const entry* e) { return kinds::number_of(e) > then; })) {
      return false;
    }
  }
  return true;
}

}  // namespace

bool read_set::is_valid(const contents& now, const contents& then, sequence at) const {
  const memory::epoch_guard guard;
  for (const auto& k : keys_) {
    const auto* const found = has_bug(seeded_bug::group_not_seen)
                                  ? now.find(k.term(), now.published())
                                  : now.find_staged(k.term(), k.hash);
    if (found != k.seen) return false;
  }
  if (has_only_keys()) return true;
  assert(now.staged_count() == 0 && "other reads are repeated of published versions only");
  // A clear or a reload came in between, and what was seen is of no table any more.
  if (&now != &then) return false;
  const auto latest = now.published();
  if (is_walked_ && now.changed_at() > at) return false;
  if (size_ && now.size_at(latest) != *size_) return false;
  std::vector<const entry*> found;
  for (const auto& l : lists_) {
    found.clear();
    now.find_all(bytes(l.key), latest, found);
    if (found != l.seen) return false;
  }
  if (seeks_.empty() && ranks_.empty() && ranges_.empty()) return true;
  const auto& ordered = static_cast<const ordered_contents&>(now);
  for (const auto& s : seeks_) {
    if (ordered.seek(s.where, s.key, latest) != s.seen) return false;
  }
  for (const auto& r : ranks_) {
    if (rank_of(r.key, r.behind, ordered, latest) != r.seen) return false;
  }
  return std::ranges::all_of(ranges_,
                             [&](const auto& r) { return is_same(*r, ordered, at, latest); });
}

}  // namespace shelf::engine
