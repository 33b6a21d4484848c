// ENGINE  api -> [engine] -> stores -> journal -> file
// A table inside a transaction: its version, with the run's own writes on top.
#include "engine/index_run.hpp"
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

}  // namespace

table_run::table_run(transaction_run& of, live_table& on, std::shared_ptr<contents> shown)
    : of_(of),
      table_(on),
      shown_(std::move(shown)),
      indexed_by_(shown_->indexes.is_used() ? shown_->indexes.at(of.at()) : nullptr),
      own_(on.types().what),
      functions_(on.functions()),
      derived_(functions_) {}

table_run::~table_run() = default;

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
  const auto* found = shown_->find(key, of_.at());
  if (found != nullptr && !shows(*found, peek)) found = nullptr;
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
std::optional<kept_value> table_run::own_value(bytes key, const own_key& k, bool peek) {
  std::optional<kept_value> base;
  if (!k.hides_base && !own_.is_cleared()) {
    if (const auto* found = base_of(key, peek)) base = kept_value{found->value(), found->until()};
  }
  auto value = value_after(base, k, of_.log(), of_.computed(), label(), [&] { return of_.now(); });
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
      if (found != nullptr && !shows(*found, peek)) found = nullptr;
    }
    if (found != nullptr) found->note_read();
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
  const auto there = present(key, peek);
  if (!there) return 0;
  f(there->value);
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
      const bool was = !own_.is_cleared() && is_counted(key);
      const bool is = own_value(key, own, false).has_value();
      size = size + (is ? 1 : 0) - (was ? 1 : 0);
    }
  }
  return size;
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
      if (found != nullptr && found->expires()) {
        found = seek_live(ordered(), translate(where), key, of_.at(), of_.now());
        if (found != nullptr) static_cast<void>(shows(*found));
      }
    }
    reads_.add_seek(translate(where), key, found);
    if (found == nullptr) return std::nullopt;
    if (own_.find(found->key()) == nullptr) {
      return detail::stored_entry{found->key(), found->value(), found->until()};
    }
    key = found->key();
    where = goes_back ? place::before : place::after;
  }
}

std::optional<detail::stored_entry> table_run::seek_own(place where, bytes key) {
  const auto& keys = own_.keys();
  const auto shown = [&](const auto& at) -> std::optional<detail::stored_entry> {
    const auto value = own_value(at->first, at->second, false);
    if (!value) return std::nullopt;
    return detail::stored_entry{at->first, value->value, value->until};
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

/// Past the entries before it, of the run's version and of the run's own, less those of the version
/// that are written over. The run reads how many entries of the version are before it, and which of
/// its own keys there are among these.
std::optional<detail::stored_entry> table_run::find_nth(std::size_t index) {
  const bool has_base = !own_.is_cleared();
  const auto wanted = static_cast<std::ptrdiff_t>(index);
  std::ptrdiff_t shift = 0;  // own entries that were passed, less those that they hide
  for (const auto& [key, own] : own_.keys()) {
    std::size_t before = 0;
    if (has_base) {
      const memory::epoch_guard guard;
      before = ordered().rank(key, of_.at());
    }
    const auto here = static_cast<std::ptrdiff_t>(before) + shift;
    if (wanted < here) break;
    const auto value = own_value(key, own, false);
    if (value && wanted == here) {
      if (has_base) reads_.add_rank(key, false, before);
      return detail::stored_entry{key, value->value, value->until};
    }
    const bool was = has_base && is_counted(key);
    shift += (value ? 1 : 0) - (was ? 1 : 0);
  }
  if (!has_base) return std::nullopt;
  const auto in_base = static_cast<std::size_t>(wanted - shift);
  const entry* found = nullptr;
  {
    const memory::epoch_guard guard;
    found = ordered().nth(in_base, of_.at());
  }
  if (found == nullptr) {
    static_cast<void>(size());  // that there are no more is what was read
    return std::nullopt;
  }
  reads_.add_rank(found->key(), false, in_base);
  if (!shows(*found)) {
    // A rank counts what has expired: the next one is shown.
    reads_.add_key(found->key(), nullptr);
    return seek_base(place::after, found->key());
  }
  reads_.add_key(found->key(), found);
  return detail::stored_entry{found->key(), found->value(), found->until()};
}

bool table_run::nth(std::size_t index, detail::function_ref<void(bytes, bytes)> f) {
  const auto found = find_nth(index);
  if (found) f(found->key, found->value);
  return found.has_value();
}

std::size_t table_run::rank(bytes key, bool behind) {
  std::size_t before = 0;
  if (!own_.is_cleared()) {
    const memory::epoch_guard guard;
    before = rank_of(key, behind, ordered(), of_.at());
    reads_.add_rank(key, behind, before);
  }
  const auto& keys = own_.keys();
  const auto end = behind ? keys.upper_bound(key) : keys.lower_bound(key);
  for (auto at = keys.begin(); at != end; ++at) {
    const bool was = !own_.is_cleared() && is_counted(at->first);
    const bool is = own_value(at->first, at->second, false).has_value();
    before = before + (is ? 1 : 0) - (was ? 1 : 0);
  }
  return before;
}

// --- writes --------------------------------------------------------------------------------------

result<> table_run::write(own_write::verb what, bytes key, bytes value, detail::counter_step step,
                          deadline until) {
  if (!table_.may_write_in_transaction()) return std::unexpected(table_.why_not());
  const auto size = key.size() + value.size();
  if (auto fits = check_entry_size(table_.entry_limit(), label(), size); !fits) return fits;
  if (what == own_write::verb::put && (indexed_by_ || functions_ != nullptr)) {
    if (auto can = enter_indexes(key, value); !can) return can;
  }
  if (auto fits = of_.take_up(size + sizeof(own_write)); !fits) return fits;
  auto& log = of_.log();
  log.push_back(
      {.what = what, .on = &table_, .made = entry::make(key, value, until), .step = step});
  try {
    own_.apply(log, log.size() - 1);
  } catch (...) {
    log.pop_back();
    throw;
  }
  return {};
}

result<> table_run::insert(bytes key, bytes value) {
  return write(own_write::verb::put, key, value, {}, table_.default_deadline());
}

result<> table_run::insert_new(bytes key, bytes value) {
  if (lookup(key, [](bytes) {}, false) != 0)
    return std::unexpected(error(errc::key_already_present));
  return insert(key, value);
}

result<> table_run::erase(bytes key) { return write(own_write::verb::erase, key, {}); }

result<> table_run::erase_value(bytes key, bytes value) {
  return write(own_write::verb::erase_value, key, value);
}

result<> table_run::clear() { return write(own_write::verb::clear, {}, {}); }

result<> table_run::add(bytes key, detail::counter_step step) {
  if (auto valid = table_.check(step.created); !valid) return valid;
  if (indexed_by_ || functions_ != nullptr) {
    // Its keys in the indexes are made here, of the value that it gets.
    auto stepped = detail::step(*this, key, step);
    return stepped ? result<>() : std::unexpected(stepped.error());
  }
  const auto* const own = own_.find(key);
  // What the counter is by then is known already: so is whether the step is possible.
  if (own_.is_cleared() || (own != nullptr && own->hides_base)) {
    const own_key nothing{.hides_base = true, .steps = {}, .has_adds = false};
    const auto now = value_after(std::nullopt, own != nullptr ? *own : nothing, of_.log(),
                                 of_.computed(), label(), [&] { return of_.now(); });
    if (!now) return std::unexpected(now.error());
    const auto value = *now ? std::optional((*now)->value) : std::nullopt;
    if (auto stepped = detail::step_counter(value, step, label()); !stepped) {
      return std::unexpected(stepped.error());
    }
  }
  return write(own_write::verb::add, key, {}, step);
}

}  // namespace shelf::engine
