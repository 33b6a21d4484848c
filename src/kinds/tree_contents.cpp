// KINDS  api -> engine -> [kinds] -> memory -> file
// The ordered kind: lookups, staging.
#include "kinds/tree_contents.hpp"

#include <algorithm>
#include <cassert>

namespace shelf::kinds {

tree_contents::tree_contents(const options& o)
    : versioned(o, index_share),
      order_(o.order),
      draft_(order_, held_),
      tombstones_(by_key{&order_}),
      taken_tombstones_(by_key{&order_}) {
  assert(order_.compare != nullptr && order_.prefix != nullptr &&
         "an ordered table needs an order");
  version* const first = make_version();
  first->number.store(o.first, std::memory_order_relaxed);
  newest_.store(first, std::memory_order_release);
}

// Readers.

namespace {

/// An order is one of whole terms.
[[nodiscard]] bytes term_of(const sought_key& key) noexcept {
  assert(key.what() != sought_key::form::content && "ordered tables are asked for terms");
  return key.shown();
}

}  // namespace

/// The version that `at` shows. A batch stands in the chain a moment before it is published: then
/// the one behind it is meant. That one is taken out of the chain only after the publishing, so
/// what was read as `older` before the batch was seen to be unpublished is the right one.
const tree_contents::version& tree_contents::version_at(sequence at) const noexcept {
  const version* v = newest_.load(std::memory_order_acquire);
  for (;;) {
    const version* const older = v->older.load(std::memory_order_acquire);
    if (v->number.load(std::memory_order_acquire) <= board_->bound(at)) return *v;
    assert(older != nullptr && "the version asked for is pinned");
    v = older;
  }
}

const entry* tree_contents::find(const sought_key& key, sequence at) const noexcept {
  return view(at).find(term_of(key));
}
void tree_contents::find_many(std::span<const sought_key> keys, std::span<const entry*> found,
                              sequence at) const noexcept {
  assert(keys.size() == found.size());
  const auto all = view(at);
  for (std::size_t i = 0; i < keys.size(); ++i) found[i] = all.find(term_of(keys[i]));
}
void tree_contents::find_all(const sought_key& key, sequence at,
                             std::vector<const entry*>& found) const {
  if (const entry* const e = find(key, at)) found.push_back(e);
}
const entry* tree_contents::seek(place where, bytes key, sequence at) const noexcept {
  return view(at).seek(where, key);
}
std::size_t tree_contents::rank(bytes key, sequence at) const noexcept {
  return view(at).rank(key).before;
}
const entry* tree_contents::nth(std::size_t index, sequence at) const noexcept {
  return view(at).nth(index);
}

/// A leaf a step. The pin keeps the nodes: no guard is needed.
class tree_contents::tree_walker final : public walker {
 public:
  tree_walker(tree_view tree, std::size_t from, std::size_t to) : tree_(tree), at_(from), to_(to) {}

  std::span<const entry* const> next() override {
    if (at_ >= to_) return {};
    auto some = tree_.from_rank(at_);
    some = some.first(std::min(some.size(), to_ - at_));
    at_ = some.empty() ? to_ : at_ + some.size();
    return some;
  }

 private:
  const tree_view tree_;
  std::size_t at_;
  const std::size_t to_;
};

std::unique_ptr<walker> tree_contents::walk(sequence at) const {
  return walk_ranks(at, 0, size_at(at));
}
std::unique_ptr<walker> tree_contents::walk_ranks(sequence at, std::size_t from,
                                                  std::size_t to) const {
  const memory::epoch_guard guard;
  return std::make_unique<tree_walker>(view(at), from, to);
}

// Staging: first all that may throw, then the change.

/// After this, staging one change more and publishing need no memory but a corpse and a tombstone.
void tree_contents::make_room(std::size_t depth) {
  draft_.make_room(depth);
  if (staged_.size() == staged_.capacity()) staged_.reserve(2 * staged_.size() + 8);
  if (overtaken_.size() == overtaken_.capacity()) overtaken_.reserve(2 * overtaken_.size() + 8);
  if (track_unsaved_) unsaved_.reserve(staged_.size() + 1, taken_);
  limbo_.reserve(draft_.left().size() + 3 * depth + 6 + staged_.size() + 2);
  sizes_.reserve();
  if (next_ == nullptr) next_ = make_version();
  if (residents_) residents_->reserve_one();
}

tree_contents::version* tree_contents::make_version() {
  auto* const made = new (memory::blocks::allocate(sizeof(version))) version;
  held_.add(memory::blocks::rounded(sizeof(version)));
  return made;
}

replaced_entry* tree_contents::make_corpse(entry* e) {
  auto* const corpse = new (memory::blocks::allocate(sizeof(replaced_entry))) replaced_entry;
  held_.add(memory::blocks::rounded(sizeof(replaced_entry)));
  corpse->what = mortal::sort::replaced_entry;
  corpse->born = number_of(e);
  corpse->which = e;
  return corpse;
}

void tree_contents::count(const entry* e, std::ptrdiff_t sign) noexcept {
  size_change_ += sign;
  payload_change_ += sign * static_cast<std::ptrdiff_t>(e->key().size() + e->value().size());
}

/// For entries no reader has seen.
void tree_contents::destroy(entry* e) noexcept {
  held_.subtract(memory::blocks::rounded(e->footprint()));
  entry::destroy(e);
}

staging tree_contents::stage_insert(entry::owner& e, std::uint64_t) {
  auto path = draft_.find(e->key());
  entry* const old = path.found();
  if (old != nullptr && old->has_same_value(*e) && same_bytes(old->key(), e->key())) {
    return {staged::unchanged};
  }
  make_room(path.depth);
  expect_deadline(*e, staged_.size() + 1);
  const bool on_staged = old != nullptr && is_staged(old);
  replaced_entry* const corpse = old != nullptr && !on_staged ? make_corpse(old) : nullptr;

  entry* const now = e.release();
  held_.add(memory::blocks::rounded(now->footprint()));
  now->stamp.store(stamp_of(unpublished), std::memory_order_relaxed);
  count(now, 1);
  if (old != nullptr) count(old, -1);
  if (residents_) old != nullptr ? residents_->replace(old, now) : residents_->add(now);
  draft_.put(path, now);
  if (on_staged) {
    now->unsaved_at = old->unsaved_at;
    staged_[now->unsaved_at].now = now;
    overtaken_.push_back(old);
  } else {
    now->unsaved_at = static_cast<std::uint32_t>(staged_.size());
    staged_.push_back({now, old, corpse, {}});
  }
  return {old != nullptr ? staged::replaced : staged::added};
}

staging tree_contents::stage_erase(bytes key) {
  auto path = draft_.find(key);
  entry* const old = path.found();
  if (old == nullptr) return {staged::unchanged};
  make_room(path.depth);
  const bool on_staged = is_staged(old);
  entry* const before = on_staged ? staged_[old->unsaved_at].before : old;
  tombstone_set one(by_key{&order_});
  if (track_unsaved_ && before != nullptr) {
    auto tombstone = entry::make(key, {});
    one.insert(tombstone.get());
    held_.add(memory::blocks::rounded(tombstone.release()->footprint()));
  }
  auto node = one.empty() ? tombstone_set::node_type() : one.extract(one.begin());
  if (on_staged) {
    // What was staged for the key becomes this erase, or nothing if the key was new.
    change& c = staged_[old->unsaved_at];
    c.now = nullptr;
    c.tombstone = std::move(node);
  } else {
    replaced_entry* corpse = nullptr;
    try {
      corpse = make_corpse(old);
    } catch (...) {
      if (node) destroy(node.value());
      throw;
    }
    staged_.push_back({nullptr, old, corpse, std::move(node)});
  }
  count(old, -1);
  if (residents_) residents_->remove(old);
  draft_.erase(path);
  if (on_staged) overtaken_.push_back(old);
  return {staged::erased, 1};
}

staging tree_contents::stage_erase_value(bytes key, bytes value) {
  const auto found = find_staged(key);
  if (found == nullptr || !same_bytes(found->value(), value)) return {staged::unchanged};
  return stage_erase(key);
}

const entry* tree_contents::find_staged(bytes key, std::uint64_t) const {
  return draft_.find(key).found();
}

const entry* tree_contents::seek_staged(place where, bytes key) const noexcept {
  return draft_.view().seek(where, key);
}

void tree_contents::discard() noexcept {
  for (change& c : staged_) {
    if (residents_) residents_->take_back(c.now, c.before);
    if (c.now != nullptr) destroy(c.now);
    if (c.tombstone) destroy(c.tombstone.value());
    if (c.corpse != nullptr) {
      held_.subtract(memory::blocks::rounded(sizeof(replaced_entry)));
      memory::blocks::release(c.corpse, sizeof(replaced_entry));
    }
  }
  draft_.discard(newest_.load(std::memory_order_relaxed)->root);
  end_batch();
}

void tree_contents::end_batch() noexcept {
  constexpr std::size_t kept = 256;
  for (entry* const e : overtaken_) destroy(e);
  overtaken_.clear();
  if (overtaken_.capacity() > kept) std::vector<entry*>().swap(overtaken_);
  staged_.clear();
  if (staged_.capacity() > kept) std::vector<change>().swap(staged_);
  size_change_ = payload_change_ = 0;
}

}  // namespace shelf::kinds
