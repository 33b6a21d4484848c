// ENGINE  api -> [engine] -> stores -> journal -> file
// Reading by an index, now and in a snapshot.
#include "engine/index_snapshot.hpp"

#include "engine/instance.hpp"
#include "engine/live_table.hpp"
#include "kinds/index_set.hpp"
#include "memory/epoch.hpp"
#include "term/order.hpp"

#include <cassert>

namespace shelf::engine {
namespace {

using kinds::entry_of_item;
using kinds::item_bound;
using place = ordered_contents::place;

}  // namespace

std::span<const entry* const> item_walker::next() {
  entries_.clear();
  for (const auto* item : items_->next()) entries_.push_back(entry_of_item(item->key()));
  return entries_;
}

/// At the last version, without a pin.
result<> live_table::find_by(const detail::asked_index& index, bytes wanted,
                             detail::function_ref<void(bytes, bytes)> f) const {
  const kinds::bound_before bound(wanted);
  const memory::epoch_guard guard;
  if (auto can = readable(); !can) return can;
  const auto* const c = look();
  if (c == nullptr) return std::unexpected(labelled(errc::table_closed));
  const auto* const indexes = c->indexes.now();
  const auto which = indexes != nullptr ? indexes->find(index) : std::nullopt;
  if (!which) return std::unexpected(no_index());
  const auto& tree = indexes->tree(*which);
  for (const auto* item = tree.seek(place::at_or_after, bound.view(), kinds::latest);
       item != nullptr; item = tree.seek(place::after, item->key(), kinds::latest)) {
    if (terms::compare(kinds::term_of_item(item->key()), wanted) != 0) break;
    const auto* const e = entry_of_item(item->key());
    if (e->expires() && is_expired(*e)) continue;
    f(e->key(), e->value());
    return {};
  }
  return std::unexpected(error(errc::not_found));
}

error live_table::no_index() const {
  return error(errc::invalid_argument,
               label() + ": the table does not have this index, or has it no more");
}

std::shared_ptr<const detail::snapshot_core> table_snapshot::by_index(
    const detail::asked_index& index) const {
  return std::make_shared<index_snapshot>(shared_from_this(), index);
}

index_snapshot::index_snapshot(std::shared_ptr<const table_snapshot> of,
                               const detail::asked_index& index)
    : table_(std::move(of)), indexes_(table_->held().indexes.at(table_->version())) {
  const auto which = indexes_ ? indexes_->find(index) : std::nullopt;
  if (which) tree_ = &indexes_->tree(*which);
}

std::size_t index_snapshot::size() const noexcept {
  return tree_ != nullptr ? tree_->size_at(table_->version()) : 0;
}

std::size_t index_snapshot::lookup(const detail::sought_key& key,
                                   detail::function_ref<void(bytes)> f) const {
  return table_->lookup(key, f);
}

std::unique_ptr<index_snapshot::walk> index_snapshot::entries() const { return entries(0, size()); }

std::size_t index_snapshot::rank(bytes key, bool behind) const {
  if (tree_ == nullptr) return 0;
  const auto bound = item_bound(key, behind);
  const memory::epoch_guard guard;
  return tree_->rank(bound, table_->version());
}

std::unique_ptr<index_snapshot::walk> index_snapshot::entries(std::size_t from,
                                                              std::size_t to) const {
  if (tree_ == nullptr) return show_walk(nullptr, std::nullopt);
  auto items = tree_->walk_ranks(table_->version(), from, to);
  return show_walk(std::make_unique<item_walker>(std::move(items)), now());
}

std::unique_ptr<index_snapshot::walk> index_snapshot::ranked(std::size_t from,
                                                             std::size_t to) const {
  if (tree_ == nullptr) return show_walk(nullptr, std::nullopt);
  auto items = tree_->walk_ranks(table_->version(), from, to);
  return show_walk(std::make_unique<item_walker>(std::move(items)), std::nullopt);
}

/// The entry of that rank, or the next one in the direction that has not expired. Inside an epoch
/// guard.
const entry* index_snapshot::live_at(std::size_t from, bool goes_back) const noexcept {
  const auto at = table_->version();
  for (;;) {
    const auto* const item = tree_->nth(from, at);
    if (item == nullptr) return nullptr;
    const auto* const e = entry_of_item(item->key());
    if (!e->is_expired(now())) return e;
    if (goes_back && from == 0) return nullptr;
    from = goes_back ? from - 1 : from + 1;
  }
}

bool index_snapshot::seek(detail::place where, bytes key,
                          detail::function_ref<void(bytes, bytes)> f) const {
  using enum detail::place;
  if (tree_ == nullptr) return false;
  const bool goes_back = where == last || where == before || where == at_or_before;
  const bool is_behind = where == after || where == at_or_before;
  std::size_t from = 0;
  if (where == last) from = size();
  if (where != first && where != last) from = rank(key, is_behind);
  if (goes_back && from == 0) return false;
  const entry* found = nullptr;
  {
    const memory::epoch_guard guard;
    found = live_at(goes_back ? from - 1 : from, goes_back);
  }
  if (found != nullptr) f(found->key(), found->value());
  return found != nullptr;
}

bool index_snapshot::nth(std::size_t index, detail::function_ref<void(bytes, bytes)> f) const {
  if (tree_ == nullptr) return false;
  const entry* found = nullptr;
  {
    const memory::epoch_guard guard;
    found = live_at(index, false);
  }
  if (found != nullptr) f(found->key(), found->value());
  return found != nullptr;
}

}  // namespace shelf::engine
