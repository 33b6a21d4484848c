// ENGINE  api -> [engine] -> stores -> journal -> file
// A table inside a transaction: its version, with the run's own writes on top.
#include "engine/instance.hpp"
#include "engine/transaction_run.hpp"
#include "error/sentence.hpp"
#include "file/seeded_bug.hpp"
#include "memory/epoch.hpp"
#include "term/order.hpp"
#include "term/scalar_output.hpp"

#include <algorithm>
#include <cassert>
#include <utility>

namespace shelf::engine {
namespace {

using place = detail::place;

[[nodiscard]] std::weak_ordering compare(bytes a, bytes b) { return terms::compare(a, b); }

[[nodiscard]] kept_bytes kept(bytes b) { return {b.begin(), b.end()}; }

}  // namespace

table_run::table_run(transaction_run& of, live_table& on, std::shared_ptr<contents> shown)
    : of_(of), table_(on), shown_(std::move(shown)), own_(on.types().what) {}

const ordered_contents& table_run::ordered() const noexcept {
  assert(table_.types().what == kind::ordered_set);
  return static_cast<const ordered_contents&>(*shown_);
}

// --- keys ----------------------------------------------------------------------------------------

/// The canonical term of a key; of a text it has to be made.
bytes table_run::term_of(const sought_key& key) {
  if (key.what() != sought_key::form::content) return key.shown();
  auto& made = of_.computed().emplace_back();
  made.reserve(key.shown().size() + detail::binary_head_bytes);
  terms::put_binary(made, key.shown());
  return made;
}

const entry* table_run::base_of(bytes key, bool peek) {
  const memory::epoch_guard guard;
  const auto* const found = shown_->find(key, of_.at());
  if (!peek) reads_.add_key(key, found);
  return found;
}

std::vector<bytes> table_run::base_list_of(bytes key, bool peek) {
  std::vector<const entry*> found;
  {
    const memory::epoch_guard guard;
    shown_->find_all(key, of_.at(), found);
  }
  std::vector<bytes> values;
  values.reserve(found.size());
  for (const auto* e : found) values.push_back(e->value());
  if (!peek) reads_.add_list(key, std::move(found));
  return values;
}

/// Maps: what an own key has now. The base is a read only if it shows.
std::optional<bytes> table_run::own_value(bytes key, const own_key& k, bool peek) {
  std::optional<bytes> base;
  if (!k.hides_base && !own_.is_cleared()) {
    if (const auto* found = base_of(key, peek)) base = found->value();
  }
  auto value = value_after(base, k, of_.log(), of_.computed(), label());
  if (value) return *value;
  of_.fail(value.error());
  return std::nullopt;
}

std::size_t table_run::lookup(const sought_key& sought, detail::function_ref<void(bytes)> f,
                              bool peek) {
  if (own_.empty() && !is_bag_kind()) {
    const entry* found = nullptr;
    {
      const memory::epoch_guard guard;
      found = shown_->find(sought, of_.at());
    }
    if (!peek) reads_.add_key(found != nullptr ? found->key() : term_of(sought), found);
    if (found == nullptr) return 0;
    f(found->value());
    return 1;
  }
  const auto key = term_of(sought);
  const auto* const own = own_.find(key);
  if (is_bag_kind()) {
    auto values = own_.is_cleared() || (own != nullptr && own->hides_base)
                      ? std::vector<bytes>{}
                      : base_list_of(key, peek);
    if (own != nullptr) {
      values = values_after(std::move(values), *own, of_.log(), table_.types().what == kind::bag);
    }
    for (const auto v : values) f(v);
    return values.size();
  }
  std::optional<bytes> value;
  if (own != nullptr) {
    value = own_value(key, *own, peek);
  } else if (!own_.is_cleared()) {
    if (const auto* found = base_of(key, peek)) value = found->value();
  }
  if (!value) return 0;
  f(*value);
  return 1;
}

std::size_t table_run::size() {
  std::size_t size = 0;
  if (!own_.is_cleared()) {
    size = shown_->size_at(of_.at());
    reads_.add_size(size);
  }
  for (const auto& [key, own] : own_.keys()) {
    if (is_bag_kind()) {
      const auto base = own_.is_cleared() ? std::vector<bytes>{} : base_list_of(key, false);
      const auto after =
          values_after(base, own, of_.log(), table_.types().what == kind::bag).size();
      size = size + after - base.size();
    } else {
      const bool was = !own_.is_cleared() && base_of(key, false) != nullptr;
      const bool is = own_value(key, own, false).has_value();
      size = size + (is ? 1 : 0) - (was ? 1 : 0);
    }
  }
  return size;
}

// --- walks ---------------------------------------------------------------------------------------

/// The run's own entries in a range, in order.
std::vector<detail::stored_entry> table_run::own_entries(const detail::range_bounds& in) {
  std::vector<detail::stored_entry> all;
  const auto& keys = own_.keys();
  const auto first = in.from ? keys.lower_bound(*in.from) : keys.begin();
  const auto end = in.to ? keys.lower_bound(*in.to) : keys.end();
  if (in.from && in.to && compare(*in.from, *in.to) >= 0) return all;
  for (auto at = first; at != end; ++at) {
    const auto& [key, own] = *at;
    if (is_bag_kind()) {
      const auto base = own_.is_cleared() ? std::vector<bytes>{} : base_list_of(key, false);
      for (const auto v : values_after(base, own, of_.log(), table_.types().what == kind::bag)) {
        all.push_back({key, v});
      }
    } else if (const auto value = own_value(key, own, false)) {
      all.push_back({key, *value});
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
        if (is_hidden(e->key())) continue;
        if (is_ordered_) take_own_before(e->key());
        portion_.push_back({e->key(), e->value()});
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
      read_->from_is_out = false;
    } else {
      read_->to = asked_.to;
      read_->to_is_in = false;
    }
  }

 public:
  struct bounds {
    std::optional<kept_bytes> from;
    std::optional<kept_bytes> to;
  };
  void ask(bounds asked) {
    asked_ = std::move(asked);
    if (read_ == nullptr) return;
    read_->from = asked_.from;
    read_->to = asked_.to;
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
  bounds asked_;
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

std::unique_ptr<table_run::walk> table_run::range(const detail::range_bounds& asked,
                                                  bool backwards) {
  auto own = own_entries(asked);
  if (backwards) std::ranges::reverse(own);
  merged_walk::bounds bounds;
  if (asked.from) bounds.from = kept(*asked.from);
  if (asked.to) bounds.to = kept(*asked.to);
  std::unique_ptr<kinds::walker> base;
  read_set::range* read = nullptr;
  if (!own_.is_cleared()) {
    read = &reads_.add_range();
    const memory::epoch_guard guard;
    const read_set::range all{.from = bounds.from, .to = bounds.to};
    const auto ranks = ranks_of(all, ordered(), of_.at());
    base = backwards ? std::make_unique<backward_walker>(ordered(), of_.at(), ranks)
                     : ordered().walk_ranks(of_.at(), ranks.from, ranks.to);
  }
  auto made =
      std::make_unique<merged_walk>(*this, std::move(base), std::move(own), true, backwards, read);
  made->ask(std::move(bounds));
  return made;
}

std::unique_ptr<table_run::walk> table_run::slice(std::size_t from, std::size_t to) {
  /// From the first on: which entry has a rank depends on all before it.
  class counted_walk final : public walk {
   public:
    counted_walk(std::unique_ptr<walk> all, std::size_t from, std::size_t to)
        : all_(std::move(all)), skip_(from), left_(to > from ? to - from : 0) {}
    std::span<const detail::stored_entry> next() override {
      while (left_ > 0) {
        auto some = all_->next();
        if (some.empty()) break;
        const auto skipped = std::min(skip_, some.size());
        skip_ -= skipped;
        some = some.subspan(skipped);
        some = some.first(std::min(left_, some.size()));
        left_ -= some.size();
        if (!some.empty()) return some;
      }
      return {};
    }

   private:
    std::unique_ptr<walk> all_;
    std::size_t skip_;
    std::size_t left_;
  };
  return std::make_unique<counted_walk>(range({}, false), from, to);
}

// --- places --------------------------------------------------------------------------------------

/// The entry there in the run's version, those left out that it has written itself.
std::optional<detail::stored_entry> table_run::seek_base(place where, bytes key) {
  if (own_.is_cleared()) return std::nullopt;
  const bool goes_back =
      where == place::last || where == place::before || where == place::at_or_before;
  for (;;) {
    const entry* found = nullptr;
    {
      const memory::epoch_guard guard;
      found = ordered().seek(translate(where), key, of_.at());
    }
    reads_.add_seek(translate(where), key, found);
    if (found == nullptr) return std::nullopt;
    if (own_.find(found->key()) == nullptr) return {{found->key(), found->value()}};
    key = found->key();
    where = goes_back ? place::before : place::after;
  }
}

std::optional<detail::stored_entry> table_run::seek_own(place where, bytes key) {
  const auto& keys = own_.keys();
  const auto shown = [&](const auto& at) -> std::optional<detail::stored_entry> {
    const auto value = own_value(at->first, at->second, false);
    if (!value) return std::nullopt;
    return {{at->first, *value}};
  };
  switch (where) {
    case place::first:
    case place::at_or_after:
    case place::after: {
      auto at = where == place::first         ? keys.begin()
                : where == place::at_or_after ? keys.lower_bound(key)
                                              : keys.upper_bound(key);
      for (; at != keys.end(); ++at) {
        if (auto found = shown(at)) return found;
      }
      return std::nullopt;
    }
    case place::last:
    case place::before:
    case place::at_or_before: {
      auto at = where == place::last     ? keys.end()
                : where == place::before ? keys.lower_bound(key)
                                         : keys.upper_bound(key);
      while (at != keys.begin()) {
        if (auto found = shown(--at)) return found;
      }
      return std::nullopt;
    }
  }
  std::unreachable();
}

bool table_run::seek(place where, bytes key, detail::function_ref<void(bytes, bytes)> f) {
  const auto base = seek_base(where, key);
  const auto own = own_.empty() ? std::nullopt : seek_own(where, key);
  if (!base && !own) return false;
  const bool goes_back =
      where == place::last || where == place::before || where == place::at_or_before;
  const bool takes_own = own && (!base || (compare(own->key, base->key) < 0) != goes_back);
  const auto& found = takes_own ? *own : *base;
  f(found.key, found.value);
  return true;
}

std::size_t table_run::rank(bytes key) {
  std::size_t before = 0;
  if (!own_.is_cleared()) {
    const memory::epoch_guard guard;
    before = ordered().rank(key, of_.at());
    reads_.add_rank(key, before);
  }
  const auto& keys = own_.keys();
  for (auto at = keys.begin(); at != keys.end() && compare(at->first, key) < 0; ++at) {
    const bool was = !own_.is_cleared() && base_of(at->first, false) != nullptr;
    const bool is = own_value(at->first, at->second, false).has_value();
    before = before + (is ? 1 : 0) - (was ? 1 : 0);
  }
  return before;
}

// --- writes --------------------------------------------------------------------------------------

result<> table_run::write(own_write::verb what, bytes key, bytes value, detail::counter_step step) {
  if (!table_.may_write_in_transaction()) return std::unexpected(table_.why_not());
  const auto size = key.size() + value.size();
  if (auto fits = check_entry_size(table_.entry_limit(), label(), size); !fits) return fits;
  if (auto fits = of_.take_up(size + sizeof(own_write)); !fits) return fits;
  auto& log = of_.log();
  log.push_back({.what = what, .on = &table_, .made = entry::make(key, value), .step = step});
  try {
    own_.apply(log, log.size() - 1);
  } catch (...) {
    log.pop_back();
    throw;
  }
  return {};
}

result<> table_run::insert(bytes key, bytes value) {
  return write(own_write::verb::put, key, value);
}

result<> table_run::insert_new(bytes key, bytes value) {
  if (lookup(key, [](bytes) {}, false) != 0)
    return std::unexpected(error(errc::key_already_present));
  return write(own_write::verb::put, key, value);
}

result<> table_run::erase(bytes key) { return write(own_write::verb::erase, key, {}); }

result<> table_run::erase_value(bytes key, bytes value) {
  return write(own_write::verb::erase_value, key, value);
}

result<> table_run::clear() { return write(own_write::verb::clear, {}, {}); }

result<> table_run::add(bytes key, detail::counter_step step) {
  const auto* const own = own_.find(key);
  // What the counter is by then is known already: so is whether the step is possible.
  if (own_.is_cleared() || (own != nullptr && own->hides_base)) {
    const own_key nothing{.hides_base = true, .steps = {}, .has_adds = false};
    const auto now = value_after(std::nullopt, own != nullptr ? *own : nothing, of_.log(),
                                 of_.computed(), label());
    if (!now) return std::unexpected(now.error());
    if (auto stepped = detail::step_counter(*now, step, label()); !stepped) {
      return std::unexpected(stepped.error());
    }
  }
  return write(own_write::verb::add, key, {}, step);
}

}  // namespace shelf::engine
