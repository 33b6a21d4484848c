// KINDS  api -> engine -> [kinds] -> memory -> file
// Items put into trees and taken out, as entries come and go.
#include "kinds/index_set.hpp"

#include "file/background_thread.hpp"
#include "kinds/versions.hpp"
#include "term/order.hpp"
#include "term/text.hpp"
#include "term/zero_sign.hpp"

#include <algorithm>
#include <atomic>
#include <cassert>
#include <exception>

namespace shelf::kinds {

index_set::index_set(detail::index_definitions how, const std::shared_ptr<version_board>& board,
                     sequence first)
    : how_(std::move(how)) {
  for (std::size_t i = 0; i < how_->size(); ++i) indexes_.push_back(make_one(board, first));
}

index_set::index_set(detail::index_definitions how, const index_set* first, const index_set* second)
    : how_(std::move(how)) {
  for (const auto& wanted : *how_) {
    const auto* from = first;
    auto there = from != nullptr ? from->find_by_derivation(wanted.derive) : std::nullopt;
    if (!there) {
      from = second;
      assert(from != nullptr && "one of the sets has it");
      there = from->find_by_derivation(wanted.derive);
    }
    indexes_.push_back(from->indexes_[there.value()]);
  }
}

std::shared_ptr<index_set::one> index_set::make_one(const std::shared_ptr<version_board>& board,
                                                    sequence first) {
  auto made = std::make_shared<one>();
  made->tree = std::static_pointer_cast<ordered_contents>(contents::make(
      {.what = kind::ordered_set, .first = first, .board = board, .order = item_order}));
  return made;
}

std::optional<std::size_t> index_set::find_by_derivation(
    detail::index_derivation derive) const noexcept {
  const auto found = std::ranges::find(*how_, derive, &detail::index_definition::derive);
  if (found == how_->end()) return std::nullopt;
  return static_cast<std::size_t>(found - how_->begin());
}

bool index_set::has(const ordered_contents& tree) const noexcept {
  return std::ranges::any_of(indexes_, [&](const auto& i) { return i->tree.get() == &tree; });
}

bool index_set::has_unique() const noexcept {
  return std::ranges::any_of(*how_, &detail::index_definition::is_unique);
}

// --- keys ----------------------------------------------------------------------------------------

result<> derive_index_keys(const detail::index_definition& of, bytes value,
                           detail::index_key_sink show) {
  return of.derive(value, of, [&](bytes key) {
    if (!terms::may_hold_negative_zero(key)) return show(key);
    std::vector<std::byte> plain(key.begin(), key.end());
    terms::drop_zero_signs(plain);
    show(plain);
  });
}

void show_index_keys(const detail::index_definition& of, bytes value, detail::index_key_sink show) {
  assert(!of.calls_program);
  [[maybe_unused]] const auto done = derive_index_keys(of, value, show);
  assert(done && "a member of a stored value can be a key");
}

result<function_keys> derive_function_keys(const std::vector<detail::index_definition>& of,
                                           bytes value) {
  function_keys keys;
  for (const auto& i : of) {
    if (!i.calls_program) continue;
    [[maybe_unused]] const auto before = keys.size();
    auto done =
        derive_index_keys(i, value, [&](bytes key) { keys.emplace_back(key.begin(), key.end()); });
    if (!done) return std::unexpected(done.error());
    assert(keys.size() == before + 1 && "a function makes one key");
  }
  return keys;
}

// --- staging -------------------------------------------------------------------------------------

void index_set::put(std::size_t i, bytes term, const entry& e) {
  auto& in = *indexes_[i];
  const bool is_of_function = definition(i).calls_program;
  if (is_of_function) {
    in.items.reserve(1);
    if (steps_.size() == steps_.capacity()) steps_.reserve(2 * steps_.size() + 8);
  }
  auto made = make_item(term, e);
  const auto* const item = made.get();
  const auto s = in.tree->stage_insert(made, 0);
  if (s.what == staged::unchanged || !is_of_function) return;
  in.items.insert(item);
  steps_.push_back({static_cast<std::uint32_t>(i), true, item});
}

void index_set::erase(std::size_t i, bytes item) {
  [[maybe_unused]] const auto s = indexes_[i]->tree->stage_erase(item);
}

void index_set::add(const entry& e, const function_keys* keys, const entry* same) {
  std::size_t function = 0;
  for (std::size_t i = 0; i < indexes_.size(); ++i) {
    if (!definition(i).calls_program) {
      show_index_keys(definition(i), e.value(), [&](bytes term) { put(i, term, e); });
    } else if (keys != nullptr) {
      put(i, (*keys)[function++], e);
    } else {
      assert(same != nullptr && same_bytes(same->value(), e.value()));
      put(i, term_of_item(indexes_[i]->items.find(same)->key()), e);
    }
  }
}

void index_set::remove(const entry& e) {
  for (std::size_t i = 0; i < indexes_.size(); ++i) {
    auto& in = *indexes_[i];
    if (definition(i).calls_program) {
      const auto* const item = in.items.find(&e);
      if (steps_.size() == steps_.capacity()) steps_.reserve(2 * steps_.size() + 8);
      erase(i, item->key());
      in.items.erase(item);
      steps_.push_back({static_cast<std::uint32_t>(i), false, item});
    } else {
      show_index_keys(definition(i), e.value(), [&](bytes term) {
        const auto item = make_item(term, e);
        erase(i, item->key());
      });
    }
  }
}

function_keys index_set::keys_of(const entry& e) const {
  function_keys keys;
  for (std::size_t i = 0; i < indexes_.size(); ++i) {
    if (!definition(i).calls_program) continue;
    const auto term = term_of_item(indexes_[i]->items.find(&e)->key());
    keys.emplace_back(term.begin(), term.end());
  }
  return keys;
}

/// An entry that the index has under the term, besides this one and the one that it replaces.
const entry* index_set::find_other(std::size_t i, bytes term, const entry& e, const entry* replaced,
                                   deadline now, bool is_distinct) const {
  using place = ordered_contents::place;
  const auto& in = tree(i);
  const auto bound = item_bound(term, false);
  const auto* item = in.seek_staged(place::at_or_after, bound);
  for (; item != nullptr; item = in.seek_staged(place::after, item->key())) {
    if (terms::compare(term_of_item(item->key()), term) != 0) return nullptr;
    const auto* const other = entry_of_item(item->key());
    if (other == replaced || other->is_expired(now)) continue;
    const bool is_same_pair =
        is_distinct && same_bytes(other->key(), e.key()) && same_bytes(other->value(), e.value());
    if (!is_same_pair) return other;
  }
  return nullptr;
}

std::optional<index_clash> index_set::find_clash(const entry& e, const entry* replaced,
                                                 const function_keys* keys, deadline now,
                                                 bool is_distinct) const {
  std::optional<index_clash> found;
  std::size_t function = 0;
  for (std::size_t i = 0; i < indexes_.size(); ++i) {
    const auto& of = definition(i);
    const auto look = [&](bytes term) {
      if (found) return;
      const auto* const other = find_other(i, term, e, replaced, now, is_distinct);
      if (other != nullptr) found = index_clash{i, &e, other};
    };
    const bool has_key = of.calls_program && keys != nullptr;
    if (of.is_unique && has_key) look((*keys)[function]);
    if (of.is_unique && !of.calls_program) show_index_keys(of, e.value(), look);
    function += of.calls_program ? 1 : 0;
  }
  return found;
}

// --- building ------------------------------------------------------------------------------------

/// The items of all entries that the version shows.
result<> index_set::collect(std::size_t i, const held_version& of,
                            std::vector<entry::owner>& items) const {
  items.reserve(of.size());
  const auto walk = of.walk();
  for (auto some = walk->next(); !some.empty(); some = walk->next()) {
    for (const auto* e : some) {
      auto done = derive_index_keys(definition(i), e->value(),
                                    [&](bytes term) { items.push_back(make_item(term, *e)); });
      if (!done) return done;
    }
  }
  return {};
}

/// Puts the items into the tree in their order, so that its nodes are full.
std::optional<index_clash> index_set::take(std::size_t i, std::vector<entry::owner> items,
                                           deadline now) {
  struct keyed {
    std::uint64_t prefix;
    std::size_t at;
  };
  std::vector<keyed> order;
  order.reserve(items.size());
  for (std::size_t at = 0; at < items.size(); ++at) {
    order.push_back({prefix_of_item(items[at]->key()), at});
  }
  std::ranges::sort(order, [&](const keyed& a, const keyed& b) {
    if (a.prefix != b.prefix) return a.prefix < b.prefix;
    return compare_items(items[a.at]->key(), items[b.at]->key()) < 0;
  });
  auto& in = *indexes_[i];
  const bool is_of_function = definition(i).calls_program;
  if (is_of_function) in.items.reserve(items.size());
  const entry* last = nullptr;
  for (const auto& next : order) {
    auto& made = items[next.at];
    const auto* const item = made.get();
    const auto* const of = entry_of_item(item->key());
    if (definition(i).is_unique && !of->is_expired(now)) {
      if (last != nullptr && entry_of_item(last->key()) != of &&
          terms::compare(term_of_item(last->key()), term_of_item(item->key())) == 0) {
        return index_clash{i, entry_of_item(last->key()), of};
      }
      last = item;
    }
    const auto s = in.tree->stage_insert(made, 0);
    if (s.what == staged::added && is_of_function) in.items.insert(item);
  }
  return std::nullopt;
}

result<std::optional<index_clash>> index_set::build_one(std::size_t i, const held_version& of,
                                                        sequence number, deadline now) {
  std::vector<entry::owner> items;
  if (auto done = collect(i, of, items); !done) return std::unexpected(done.error());
  if (items.empty()) return std::nullopt;
  if (auto clash = take(i, std::move(items), now)) return clash;
  assert(number > 0 && number <= of.of().published() && "what has entries has a version");
  auto& tree = *indexes_[i]->tree;
  tree.stamp(number);
  tree.settle(number);
  return std::nullopt;
}

result<std::optional<index_clash>> index_set::build(const held_version& of, sequence number,
                                                    deadline now) {
  constexpr std::size_t worth_a_thread = 5'000;  ///< entries; it costs as much as some hundred
  struct built {
    result<std::optional<index_clash>> came_to;
    std::exception_ptr thrown;
  };
  std::vector<built> all(indexes_.size());
  const auto build_at = [&](std::size_t i) noexcept {
    try {
      all[i].came_to = build_one(i, of, number, now);
    } catch (...) {
      all[i].thrown = std::current_exception();
    }
  };
  std::atomic<std::size_t> next = 0;
  auto build_some = [&]() noexcept {
    for (auto i = next++; i < all.size(); i = next++) {
      if (!definition(i).calls_program) build_at(i);
    }
  };
  using builder = decltype(build_some);
  {
    std::optional<file::background_help> help;
    if (all.size() > 1 && of.size() >= worth_a_thread) {
      help.emplace(+[](void* some) { (*static_cast<builder*>(some))(); }, &build_some);
    }
    // The program's functions are called on its own thread.
    for (std::size_t i = 0; i < all.size(); ++i) {
      if (definition(i).calls_program) build_at(i);
    }
    build_some();
  }
  for (const auto& b : all) {
    if (b.thrown) std::rethrow_exception(b.thrown);
    if (!b.came_to || *b.came_to) return b.came_to;
  }
  return std::nullopt;
}

std::string in_words(const detail::index_definition& i) {
  return (i.is_unique ? "unique index " : "index ") + i.name;
}

std::string in_words(const index_clash& c) {
  constexpr std::size_t shown = 64;
  return "the entries of " + terms::to_text(c.one->key(), shown) + " and of " +
         terms::to_text(c.other->key(), shown);
}

error clash_of(const index_set& in, const index_clash& clash, const std::string& label) {
  return error(errc::key_already_present,
               label + ": " + in_words(in.definition(clash.index)) +
                   ": two entries of the table have the same key in it",
               in_words(clash));
}

result<std::shared_ptr<index_set>> make_indexes(const held_version& of,
                                                detail::index_definitions how, sequence number,
                                                deadline now, const std::string& label) {
  auto made = std::make_shared<index_set>(std::move(how), of.of().shared_board(), 0);
  const auto clash = made->build(of, number, now);
  if (!clash) {
    return std::unexpected(error(clash.error().code(), label + ": " + clash.error().message()));
  }
  if (*clash) return std::unexpected(clash_of(*made, **clash, label));
  return made;
}

// --- publishing ----------------------------------------------------------------------------------

void index_set::stamp(sequence number) noexcept {
  for (auto& i : indexes_) {
    if (i->tree->staged_count() != 0) i->tree->stamp(number);
  }
}

std::size_t index_set::settle(sequence number) noexcept {
  std::size_t waiting = 0;
  for (auto& i : indexes_) {
    waiting += i->tree->staged_count() != 0 ? i->tree->settle(number) : i->tree->waiting();
  }
  steps_.clear();
  constexpr std::size_t kept = 256;
  if (steps_.capacity() > kept) std::vector<step>().swap(steps_);
  return waiting;
}

void index_set::discard() noexcept {
  // Backwards, and while the items are there.
  for (auto s = steps_.rbegin(); s != steps_.rend(); ++s) {
    auto& items = indexes_[s->index]->items;
    s->is_added ? items.erase(s->item) : items.insert(s->item);
  }
  steps_.clear();
  for (auto& i : indexes_) i->tree->discard();
}

void index_set::join(const std::shared_ptr<version_board>& board) noexcept {
  for (auto& i : indexes_) i->tree->join(board);
}

bool index_set::collect_some(std::size_t most) noexcept {
  bool more = false;
  for (auto& i : indexes_) more = i->tree->collect_some(most) || more;
  return more;
}

std::size_t index_set::waiting() const noexcept {
  std::size_t all = 0;
  for (const auto& i : indexes_) all += i->tree->waiting();
  return all;
}

std::size_t index_set::memory_bytes() const noexcept {
  std::size_t all = 0;
  for (const auto& i : indexes_) all += i->tree->memory_bytes() + i->items.memory_bytes();
  return all;
}

}  // namespace shelf::kinds
