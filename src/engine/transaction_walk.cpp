// ENGINE  api -> [engine] -> stores -> journal -> file
// Walks of a transaction: entries of its version, with its own writes among them.
#include "engine/transaction_run.hpp"
#include "file/seeded_bug.hpp"
#include "memory/epoch.hpp"
#include "term/order.hpp"

#include <algorithm>
#include <cassert>
#include <limits>
#include <utility>

namespace shelf::engine {
namespace {

constexpr std::size_t no_limit = std::numeric_limits<std::size_t>::max();

[[nodiscard]] std::weak_ordering compare(bytes a, bytes b) { return terms::compare(a, b); }

[[nodiscard]] kept_bytes kept(bytes b) { return {b.begin(), b.end()}; }

/// Of two bounds: nothing can be between them.
[[nodiscard]] bool is_empty(const detail::range_bounds& of) {
  const auto order = compare(*of.from, *of.to);
  return order > 0 || (order == 0 && (of.from_is_behind || !of.to_is_behind));
}

}  // namespace

// --- walks ---------------------------------------------------------------------------------------

/// The run's own entries in a range, in order.
std::vector<detail::stored_entry> table_run::own_entries(const detail::range_bounds& in) {
  std::vector<detail::stored_entry> all;
  const auto& keys = own_.keys();
  const auto place_of = [&](bytes key, bool behind) {
    return behind ? keys.upper_bound(key) : keys.lower_bound(key);
  };
  const auto first = in.from ? place_of(*in.from, in.from_is_behind) : keys.begin();
  const auto end = in.to ? place_of(*in.to, in.to_is_behind) : keys.end();
  if (in.from && in.to && is_empty(in)) return all;
  for (auto at = first; at != end; ++at) {
    const auto& [key, own] = *at;
    if (is_bag_kind()) {
      const auto base = own_.is_cleared() ? std::vector<bytes>{} : base_list_of(key, false);
      for (const auto v : values_after(base, own, of_.log(), table_.types().what == kind::bag)) {
        all.push_back({key, v});
      }
    } else if (const auto value = own_value(key, own, false)) {
      all.push_back({key, value->value, value->until});
    }
  }
  return all;
}

/// Entries of the version that the run has not written over, and its own ones: merged in key order,
/// or one behind the other where there is none.
class table_run::merged_walk final : public walk {
 public:
  merged_walk(table_run& of, std::unique_ptr<kinds::walker> base,
              std::vector<detail::stored_entry> own, bool is_ordered, bool backwards,
              read_set::range* read)
      : of_(of),
        base_(std::move(base)),
        own_(std::move(own)),
        is_ordered_(is_ordered),
        backwards_(backwards),
        read_(read) {
    // What the run writes while it walks is not for this walk.
    for (const auto& [key, own_key] : of.own_.keys()) hidden_.push_back(key);
  }

  std::span<const detail::stored_entry> next() override {
    portion_.clear();
    while (portion_.empty() && base_) {
      const auto some = base_->next();
      if (some.empty()) {
        base_.reset();
        note_end();
        break;
      }
      note(some);
      for (const auto* e : some) {
        if (is_hidden(e->key()) || !of_.shows(*e)) continue;
        if (is_ordered_) take_own_before(e->key());
        portion_.push_back({e->key(), e->value(), e->until()});
      }
    }
    if (!base_ && portion_.empty()) {
      portion_.assign(own_.begin() + static_cast<std::ptrdiff_t>(next_own_), own_.end());
      next_own_ = own_.size();
    }
    return portion_;
  }

 private:
  void take_own_before(bytes key) {
    for (; next_own_ < own_.size(); ++next_own_) {
      const auto order = compare(own_[next_own_].key, key);
      if (backwards_ ? order < 0 : order > 0) return;
      portion_.push_back(own_[next_own_]);
    }
  }
  [[nodiscard]] bool is_hidden(bytes key) const {
    const auto before = [&](bytes a, bytes b) { return of_.own_.keys().key_comp()(a, b); };
    return std::ranges::binary_search(hidden_, key, before);
  }
  /// The walk has come so far.
  void note(std::span<const entry* const> some) {
    if (read_ == nullptr) return;
    read_->is_empty = false;
    if (backwards_) {
      read_->from = kept(some.back()->key());
      read_->from_is_out = false;
    } else {
      read_->to = kept(some.back()->key());
      read_->to_is_in = true;
    }
  }
  /// It has seen that nothing more comes.
  void note_end() {
    if (read_ == nullptr || file::has_bug(file::seeded_bug::bounds_not_read)) return;
    read_->is_empty = false;
    if (backwards_) {
      read_->from = asked_.from;
      read_->from_is_out = asked_.from_is_out;
    } else {
      read_->to = asked_.to;
      read_->to_is_in = asked_.to_is_in;
    }
  }

 public:
  /// The range that the walk is in; what it reads of it is what it comes to.
  void ask(read_set::range asked) {
    asked_ = std::move(asked);
    if (read_ != nullptr) *read_ = asked_;
  }

 private:
  table_run& of_;
  std::unique_ptr<kinds::walker> base_;
  std::vector<detail::stored_entry> own_;
  std::size_t next_own_ = 0;
  std::vector<bytes> hidden_;
  const bool is_ordered_;
  const bool backwards_;
  read_set::range* const read_;
  read_set::range asked_;
  std::vector<detail::stored_entry> portion_;
};

std::unique_ptr<table_run::walk> table_run::entries() {
  if (table_.types().what == kind::ordered_set) return range({}, false);
  auto own = own_entries({});
  std::unique_ptr<kinds::walker> base;
  if (!own_.is_cleared()) {
    reads_.add_walk();
    base = shown_->walk(of_.at());
  }
  return std::make_unique<merged_walk>(*this, std::move(base), std::move(own), false, false,
                                       nullptr);
}

namespace {

/// The entries of rank [from, to), the last one first, a few at a time.
class backward_walker final : public kinds::walker {
 public:
  backward_walker(const ordered_contents& of, sequence at, rank_span ranks)
      : of_(of), at_(at), ranks_(ranks) {}
  std::span<const entry* const> next() override {
    constexpr std::size_t portion = 256;
    portion_.clear();
    const auto start = ranks_.to - std::min(portion, ranks_.to - ranks_.from);
    const auto under = of_.walk_ranks(at_, start, ranks_.to);
    for (auto some = under->next(); !some.empty(); some = under->next()) {
      portion_.insert(portion_.end(), some.begin(), some.end());
    }
    std::ranges::reverse(portion_);
    ranks_.to = start;
    return portion_;
  }

 private:
  const ordered_contents& of_;
  const sequence at_;
  rank_span ranks_;
  std::vector<const entry*> portion_;
};

}  // namespace

std::unique_ptr<kinds::walker> walk_backwards(const ordered_contents& of, sequence at,
                                              rank_span ranks) {
  return std::make_unique<backward_walker>(of, at, ranks);
}

/// `most`: how many entries of the version the walk comes to at most; only if it goes forwards.
std::unique_ptr<table_run::walk> table_run::walk_in(const detail::range_bounds& asked,
                                                    bool backwards, std::size_t most) {
  auto own = own_entries(asked);
  if (backwards) std::ranges::reverse(own);
  read_set::range all;
  all.from_is_out = asked.from_is_behind;
  all.to_is_in = asked.to_is_behind;
  if (asked.from) all.from = kept(*asked.from);
  if (asked.to) all.to = kept(*asked.to);
  std::unique_ptr<kinds::walker> base;
  read_set::range* read = nullptr;
  if (!own_.is_cleared()) {
    read = &reads_.add_range();
    const memory::epoch_guard guard;
    const auto ranks = ranks_of(all, ordered(), of_.at());
    const auto end = ranks.from + std::min(most, ranks.to - ranks.from);
    base = backwards ? walk_backwards(ordered(), of_.at(), ranks)
                     : ordered().walk_ranks(of_.at(), ranks.from, end);
  }
  auto made =
      std::make_unique<merged_walk>(*this, std::move(base), std::move(own), true, backwards, read);
  made->ask(std::move(all));
  return made;
}

std::unique_ptr<table_run::walk> table_run::range(const detail::range_bounds& asked,
                                                  bool backwards) {
  return walk_in(asked, backwards, no_limit);
}

namespace {

/// The first entries of a walk.
class counted_walk final : public detail::snapshot_core::walk {
 public:
  counted_walk(std::unique_ptr<walk> all, std::size_t count) : all_(std::move(all)), left_(count) {}
  std::span<const detail::stored_entry> next() override {
    if (left_ == 0) return {};
    auto some = all_->next();
    some = some.first(std::min(left_, some.size()));
    left_ -= some.size();
    return some;
  }

 private:
  std::unique_ptr<walk> all_;
  std::size_t left_;
};

}  // namespace

/// From the entry with the first rank on. Of the version it walks no further than it must: the
/// entries that are shown, and those that the run has written over.
std::unique_ptr<table_run::walk> table_run::slice(std::size_t from, std::size_t to) {
  const auto first = from < to ? find_nth(from) : std::nullopt;
  if (!first) return std::make_unique<counted_walk>(nullptr, 0);
  const auto count = to - from;
  const auto hidden = own_.keys().size();
  const auto most = count < no_limit - hidden ? count + hidden : no_limit;
  return std::make_unique<counted_walk>(walk_in({.from = first->key}, false, most), count);
}

}  // namespace shelf::engine
