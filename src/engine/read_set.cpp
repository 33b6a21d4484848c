// ENGINE  api -> [engine] -> stores -> journal -> file
// Reads repeated. Exact, because all answers hold at one point in time, the commit.
#include "engine/read_set.hpp"

#include "engine/snapshots.hpp"
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

void read_set::add_counted(bytes key, bool seen) {
  held_ += bytes_a_read + key.size();
  counted_.push_back({kept(key), seen});
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
  return counted_.empty() && lists_.empty() && seeks_.empty() && ranks_.empty() &&
         ranges_.empty() && !size_ && !is_walked_;
}

bool read_set::plan_keys(std::uint32_t table, std::vector<detail::planned_read>& into) const {
  using scope = detail::planned_read::scope;
  const auto add = [&](bytes key, std::size_t count) {
    into.push_back({.what = scope::key, .table = table, .key = kept(key), .count = count});
  };
  for (const auto& k : keys_) add(k.term(), k.seen != nullptr ? 1 : 0);
  for (const auto& k : counted_) add(k.key, k.seen ? 1 : 0);
  for (const auto& k : lists_) add(k.key, k.seen.size());
  return seeks_.empty() && ranks_.empty() && ranges_.empty() && !size_ && !is_walked_;
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

/// The entries of a walk that have not expired, one by one.
class live_walk {
 public:
  live_walk(std::unique_ptr<kinds::walker> under, deadline now)
      : under_(std::move(under)), now_(now) {}
  /// Null at the end.
  [[nodiscard]] const entry* next() {
    for (;;) {
      if (at_ == portion_.size()) {
        portion_ = under_->next();
        at_ = 0;
        if (portion_.empty()) return nullptr;
      }
      const auto* const e = portion_[at_++];
      if (!e->is_expired(now_)) return e;
    }
  }

 private:
  std::unique_ptr<kinds::walker> under_;
  const deadline now_;
  std::span<const entry* const> portion_;
  std::size_t at_ = 0;
};

/// The same of a table whose entries expire: what has expired may have been swept since.
[[nodiscard]] bool shows_same(const read_set::range& r, const ordered_contents& of, sequence then,
                              sequence now, const read_set::times& t) {
  const auto before = ranks_of(r, of, then);
  const auto after = ranks_of(r, of, now);
  const auto at = t.now();
  live_walk old(of.walk_ranks(then, before.from, before.to), t.then.value_or(at));
  live_walk fresh(of.walk_ranks(now, after.from, after.to), at);
  for (;;) {
    const auto* const e = old.next();
    if (e != fresh.next()) return false;
    if (e == nullptr) return true;
  }
}

/// Whether a range shows the same entries now as then: as many, and none that is newer.
[[nodiscard]] bool is_same(const read_set::range& r, const ordered_contents& of, sequence then,
                           sequence now, const read_set::times& t) {
  if (r.is_empty) return true;
  assert(then <= now && "a run reads what was published before its turn");
  if (of.has_deadlines()) return shows_same(r, of, then, now, t);
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

bool read_set::is_valid(const contents& now, const contents& then, sequence at,
                        const times& t) const {
  const memory::epoch_guard guard;
  for (const auto& k : keys_) {
    const auto* found = has_bug(seeded_bug::group_not_seen) ? now.find(k.term(), now.published())
                                                            : now.find_staged(k.term(), k.hash);
    if (found != nullptr && found->expires() && found->is_expired(t.now())) found = nullptr;
    if (found != k.seen) return false;
  }
  if (has_only_keys()) return true;
  assert(now.staged_count() == 0 && "other reads are repeated of published versions only");
  // A clear or a reload came in between, and what was seen is of no table any more.
  if (&now != &then) return false;
  const auto latest = now.published();
  if (is_walked_ && now.changed_at() > at) return false;
  if (size_ && now.size_at(latest) != *size_) return false;
  for (const auto& c : counted_) {
    if ((now.find(bytes(c.key), latest) != nullptr) != c.seen) return false;
  }
  std::vector<const entry*> found;
  for (const auto& l : lists_) {
    found.clear();
    now.find_all(bytes(l.key), latest, found);
    if (found != l.seen) return false;
  }
  if (seeks_.empty() && ranks_.empty() && ranges_.empty()) return true;
  const auto& ordered = static_cast<const ordered_contents&>(now);
  for (const auto& s : seeks_) {
    const auto* there = ordered.seek(s.where, s.key, latest);
    if (there != nullptr && there->expires()) {
      there = seek_live(ordered, s.where, s.key, latest, t.now());
    }
    if (there != s.seen) return false;
  }
  for (const auto& r : ranks_) {
    if (rank_of(r.key, r.behind, ordered, latest) != r.seen) return false;
  }
  return std::ranges::all_of(ranges_,
                             [&](const auto& r) { return is_same(*r, ordered, at, latest, t); });
}

}  // namespace shelf::engine
