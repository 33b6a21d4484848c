// ENGINE  api -> [engine] -> stores -> journal -> file
// Reading by an index in a transaction.
#include "engine/index_run.hpp"

#include "engine/index_snapshot.hpp"
#include "memory/epoch.hpp"
#include "term/order.hpp"

#include <algorithm>
#include <cassert>
#include <utility>

namespace shelf::engine {
namespace {

using kinds::entry_of_item;
using kinds::item_bound;
using kinds::term_of_item;
using place = detail::place;

[[nodiscard]] kept_bytes kept(bytes b) { return {b.begin(), b.end()}; }

[[nodiscard]] bool is_in(bytes term, const detail::range_bounds& in) {
  if (in.from) {
    const auto order = terms::compare(term, *in.from);
    if (order < 0 || (order == 0 && in.from_is_behind)) return false;
  }
  if (in.to) {
    const auto order = terms::compare(term, *in.to);
    if (order > 0 || (order == 0 && !in.to_is_behind)) return false;
  }
  return true;
}

}  // namespace

// --- of the table --------------------------------------------------------------------------------

index_run& table_run::index(std::size_t i) {
  assert(indexed_by_ && i < indexed_by_->count());
  if (indexes_.empty()) indexes_.resize(indexed_by_->count());
  if (!indexes_[i]) indexes_[i] = std::make_unique<index_run>(*this, i, indexed_by_->tree(i));
  return *indexes_[i];
}

detail::transaction_table_core& table_run::by_index(const detail::asked_index& which) {
  const auto found = indexed_by_ ? indexed_by_->find(which) : std::nullopt;
  if (!found) return of_.without(table_, table_.no_index());
  return index(*found);
}

bool table_run::has_indexes_of(const contents& now) const noexcept {
  const auto* const set = now.indexes.now();
  return (indexed_by_ ? indexed_by_->definitions() : nullptr) ==
         (set != nullptr ? set->definitions() : nullptr);
}

bool table_run::has_index_reads() const noexcept {
  return std::ranges::any_of(indexes_, [](const auto& i) { return i && !i->reads().empty(); });
}

bool table_run::are_indexes_valid(const contents& now, const read_set::times& t) const {
  return std::ranges::all_of(indexes_, [&](const auto& i) {
    if (!i || i->reads().empty()) return true;
    // Contents that took the place of others have other indexes.
    return &now == shown_.get() && i->reads().is_valid(i->tree(), i->tree(), of_.at(), t);
  });
}

/// Before a write of that entry: its keys are made, and it must clash with none.
result<> table_run::enter_indexes(bytes key, bytes value) {
  if (functions_ != nullptr && derived_.find(value) == nullptr) {
    if (auto made = table_.derive(value, derived_); !made) return made;
  }
  if (!indexed_by_) return {};
  const auto& all = *indexed_by_->definitions();
  for (std::size_t i = 0; i < all.size(); ++i) {
    if (!all[i].is_unique) continue;
    bool clashes = false;
    kinds::show_index_keys(all[i], value, [&](bytes term) {
      clashes = clashes || index(i).has_other(term, key, value);
    });
    if (clashes) return std::unexpected(table_.clash_error(all[i]));
  }
  return {};
}

// --- what the run has written --------------------------------------------------------------------

/// The keys of a value in the index, each once.
std::vector<kept_bytes> index_run::terms_of(bytes value) const {
  const auto& all = *of_.indexed_by_->definitions();
  std::vector<kept_bytes> found;
  if (!all[index_].calls_program) {
    kinds::show_index_keys(all[index_], value, [&](bytes term) { found.push_back(kept(term)); });
    const auto is_before = [](const auto& a, const auto& b) { return terms::compare(a, b) < 0; };
    const auto is_same = [](const auto& a, const auto& b) { return terms::compare(a, b) == 0; };
    std::ranges::sort(found, is_before);
    found.erase(std::ranges::unique(found, is_same).begin(), found.end());
    return found;
  }
  const auto functions =
      std::count_if(all.begin(), all.begin() + static_cast<std::ptrdiff_t>(index_),
                    [](const auto& i) { return i.calls_program; });
  const auto* made_before = of_.derived_.find(value);
  if (made_before == nullptr) {
    if (auto made = of_.table_.derive(value, of_.derived_); !made) {
      of_.of_.fail(made.error());
      return found;
    }
    made_before = of_.derived_.find(value);
  }
  const auto& keys = made_before->keys;
  // The run may be of another version than its functions: then it is repeated.
  const auto at = static_cast<std::size_t>(functions);
  if (at < keys.size()) found.push_back(kept(keys[at]));
  return found;
}

/// What a written key has now.
std::vector<detail::stored_entry> index_run::current_of(bytes key, const own_key& own) {
  std::vector<detail::stored_entry> all;
  if (!of_.is_bag_kind()) {
    const auto value = of_.own_value(key, own, false);
    if (value) all.push_back({key, value->value, value->until});
    return all;
  }
  const bool is_distinct = of_.table_.types().what == kind::bag;
  for (const auto v : values_after(base_of(key), own, of_.of_.log(), is_distinct)) {
    all.push_back({key, v});
  }
  return all;
}

/// What a key has in the run's version, whether it has expired or not.
std::vector<bytes> index_run::base_of(bytes key) {
  if (of_.own_.is_cleared()) return {};
  if (of_.is_bag_kind()) return of_.base_list_of(key, false);
  const entry* there = nullptr;
  {
    const memory::epoch_guard guard;
    there = of_.shown().find(key, of_.of_.at());
  }
  // The index counts what has expired and is not swept.
  of_.reads_.add_key(key, there != nullptr && of_.shows(*there) ? there : nullptr);
  return there != nullptr ? std::vector<bytes>{there->value()} : std::vector<bytes>{};
}

std::vector<index_run::own_item> index_run::own_items(const detail::range_bounds& in) {
  std::vector<own_item> all;
  for (const auto& [key, own] : of_.own_.keys()) {
    for (const auto& e : current_of(key, own)) {
      for (auto& term : terms_of(e.value)) {
        if (is_in(term, in)) all.push_back({std::move(term), e});
      }
    }
  }
  std::ranges::sort(all, [](const own_item& a, const own_item& b) {
    const auto order = terms::compare(a.term, b.term);
    return order != 0 ? order < 0 : terms::compare(a.entry.key, b.entry.key) < 0;
  });
  return all;
}

/// How many items there are for which `counts(term)`, of which the version has `base`.
template <class Counts>
std::size_t index_run::count(std::size_t base, const Counts& counts) {
  const auto in = [&](bytes value) {
    const auto all = terms_of(value);
    return static_cast<std::size_t>(std::ranges::count_if(all, counts));
  };
  for (const auto& [key, own] : of_.own_.keys()) {
    for (const auto v : base_of(key)) base -= in(v);
    for (const auto& e : current_of(key, own)) base += in(e.value);
  }
  return base;
}

// --- reads ---------------------------------------------------------------------------------------

/// Items of the version under keys that the run has not written, and its own ones, merged.
class index_run::merged_walk final : public walk {
 public:
  merged_walk(table_run& of, std::unique_ptr<kinds::walker> base, std::vector<own_item> own,
              bool backwards, read_set::range asked, read_set::range* read)
      : of_(of),
        base_(std::move(base)),
        own_(std::move(own)),
        backwards_(backwards),
        asked_(std::move(asked)),
        read_(read) {
    if (backwards) std::ranges::reverse(own_);
    if (read_ != nullptr) *read_ = asked_;
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
      for (const auto* item : some) {
        const auto* const e = entry_of_item(item->key());
        if (is_hidden(e->key()) || !of_.shows(*e)) continue;
        take_own_before(term_of_item(item->key()), e->key());
        portion_.push_back({e->key(), e->value(), e->until()});
      }
    }
    if (!base_ && portion_.empty()) {
      for (; next_own_ < own_.size(); ++next_own_) portion_.push_back(own_[next_own_].entry);
    }
    return portion_;
  }

 private:
  void take_own_before(bytes term, bytes key) {
    for (; next_own_ < own_.size(); ++next_own_) {
      const auto& own = own_[next_own_];
      auto order = terms::compare(own.term, term);
      if (order == 0) order = terms::compare(own.entry.key, key);
      if (backwards_ ? order < 0 : order > 0) return;
      portion_.push_back(own.entry);
    }
  }
  [[nodiscard]] bool is_hidden(bytes key) const {
    return std::ranges::binary_search(hidden_, key, of_.own_.keys().key_comp());
  }
  /// The walk has come so far.
  void note(std::span<const entry* const> some) {
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
    *read_ = asked_;
    read_->is_empty = false;
  }

  table_run& of_;
  std::unique_ptr<kinds::walker> base_;
  std::vector<own_item> own_;
  std::size_t next_own_ = 0;
  std::vector<bytes> hidden_;
  const bool backwards_;
  const read_set::range asked_;
  read_set::range* const read_;  ///< null if nothing of the version is left
  std::vector<detail::stored_entry> portion_;
};

std::unique_ptr<index_run::walk> index_run::range(const detail::range_bounds& asked,
                                                  bool backwards) {
  read_set::range all;
  if (asked.from) all.from = item_bound(*asked.from, asked.from_is_behind);
  if (asked.to) all.to = item_bound(*asked.to, asked.to_is_behind);
  std::unique_ptr<kinds::walker> base;
  read_set::range* read = nullptr;
  if (!of_.own_.is_cleared()) {
    read = &reads_.add_range();
    const memory::epoch_guard guard;
    const auto ranks = ranks_of(all, tree(), of_.of_.at());
    base = backwards ? walk_backwards(tree(), of_.of_.at(), ranks)
                     : tree().walk_ranks(of_.of_.at(), ranks.from, ranks.to);
  }
  return std::make_unique<merged_walk>(of_, std::move(base), own_items(asked), backwards,
                                       std::move(all), read);
}

bool index_run::has_other(bytes wanted, bytes key, bytes value) {
  const auto is_same = [&](const detail::stored_entry& e) {
    // In a bag the pair itself may be there: then nothing is added. A duplicate_bag adds another.
    const bool is_of_key = same_bytes(e.key, key);
    if (!of_.is_bag_kind()) return is_of_key;
    return is_of_key && same_bytes(e.value, value) && of_.table_.types().what == kind::bag;
  };
  const auto all = range({.from = wanted, .to = wanted, .to_is_behind = true}, false);
  for (auto some = all->next(); !some.empty(); some = all->next()) {
    if (!std::ranges::all_of(some, is_same)) return true;
  }
  return false;
}

bool index_run::seek(place where, bytes key, detail::function_ref<void(bytes, bytes)> f) {
  detail::range_bounds in;
  bool backwards = false;
  switch (where) {
    case place::first: break;
    case place::last: backwards = true; break;
    case place::at_or_after:
    case place::after:
      in.from = key;
      in.from_is_behind = where == place::after;
      break;
    case place::before:
    case place::at_or_before:
      in.to = key;
      in.to_is_behind = where == place::at_or_before;
      backwards = true;
      break;
  }
  const auto found = range(in, backwards);
  const auto some = found->next();
  if (!some.empty()) f(some.front().key, some.front().value);
  return !some.empty();
}

std::size_t index_run::size() {
  std::size_t base = 0;
  if (!of_.own_.is_cleared()) {
    base = tree().size_at(of_.of_.at());
    reads_.add_size(base);
  }
  return count(base, [](bytes) { return true; });
}

std::size_t index_run::rank(bytes key, bool behind) {
  std::size_t base = 0;
  if (!of_.own_.is_cleared()) {
    const auto bound = item_bound(key, behind);
    const memory::epoch_guard guard;
    base = rank_of(bound, false, tree(), of_.of_.at());
    reads_.add_rank(bound, false, base);
  }
  const detail::range_bounds before{.to = key, .to_is_behind = behind};
  return count(base, [&](bytes term) { return is_in(term, before); });
}

namespace {

/// A walk without its first entries, and no longer than so many.
class part_of_walk final : public detail::snapshot_core::walk {
 public:
  part_of_walk(std::unique_ptr<walk> all, std::size_t skipped, std::size_t count)
      : all_(std::move(all)), skipped_(skipped), left_(count) {}
  std::span<const detail::stored_entry> next() override {
    while (left_ > 0) {
      auto some = all_->next();
      if (some.empty()) return {};
      const auto passed = std::min(skipped_, some.size());
      skipped_ -= passed;
      some = some.subspan(passed, std::min(left_, some.size() - passed));
      left_ -= some.size();
      if (!some.empty()) return some;
    }
    return {};
  }

 private:
  std::unique_ptr<walk> all_;
  std::size_t skipped_;
  std::size_t left_;
};

}  // namespace

/// All before it are read, too: an index of a run is asked for places by its keys.
std::unique_ptr<index_run::walk> index_run::slice(std::size_t from, std::size_t to) {
  return std::make_unique<part_of_walk>(range({}, false), from, to > from ? to - from : 0);
}

bool index_run::nth(std::size_t index, detail::function_ref<void(bytes, bytes)> f) {
  const auto found = slice(index, index + 1);
  const auto some = found->next();
  if (!some.empty()) f(some.front().key, some.front().value);
  return !some.empty();
}

}  // namespace shelf::engine
