// ENGINE  api -> [engine] -> stores -> journal -> file
// The writer's side: an operation is submitted, and somebody in the turn stages, journals and
// publishes it.
#include "engine/counter.hpp"
#include "engine/store.hpp"
#include "file/seeded_bug.hpp"
#include "memory/epoch.hpp"

#include <algorithm>
#include <array>
#include <cassert>
#include <utility>

namespace shelf::engine {

using file::has_bug;
using file::seeded_bug;

namespace {

constexpr std::size_t much_waiting = 1024;  ///< blocks that their readers have not left
constexpr std::size_t kept_changes = 4096;  ///< room for these is not given back after each group

}  // namespace

// --- from the caller to the turn -----------------------------------------------------------------

result<> store::writable() const {
  if (auto can = readable(); !can) return can;
  if (config_.opening == opening::read_only && !config_.in_memory) {
    return std::unexpected(labelled(errc::read_only));
  }
  if (owner_ && !owner_->is_mine()) return std::unexpected(labelled(errc::not_owner));
  return {};
}

result<> check_entry_size(std::size_t limit, const std::string& label, std::size_t size) {
  if (size <= limit) return {};
  return std::unexpected(error(errc::size_limit_exceeded,
                               label + ": an entry of " + std::to_string(size) +
                                   " bytes; limits.entry_bytes is " + std::to_string(limit)));
}

result<entry::owner> make_entry_within(std::size_t entry_limit, const std::string& label, bytes key,
                                       bytes value) {
  if (auto fits = check_entry_size(entry_limit, label, key.size() + value.size()); !fits) {
    return std::unexpected(fits.error());
  }
  return entry::make(key, value);
}

result<entry::owner> make_entry_within(std::size_t entry_limit, const std::string& label, bytes key,
                                       std::span<const bytes> value) {
  if (value.size() == 1) return make_entry_within(entry_limit, label, key, value.front());
  const auto size = key.size() + kinds::size_of(value);
  if (auto fits = check_entry_size(entry_limit, label, size); !fits) {
    return std::unexpected(fits.error());
  }
  return entry::make_of_pieces(key, value);
}

/// Has the place where the key will go fetched to the processor.
/// False if there is no table any more.
inline bool store::announce(operation& op, bytes key) const noexcept {
  const memory::epoch_guard guard;
  const auto* c = current_.load(std::memory_order_acquire);
  if (c != nullptr) op.hash = c->announce(key);
  return c != nullptr;
}

/// Makes the entry before the turn, while the place where it will go is on its way to the
/// processor.
template <class Value>
result<> store::ready(operation& op, bytes key, Value value) const {
  if (!announce(op, key)) return std::unexpected(labelled(errc::table_closed));
  auto made = make_entry_within(config_.limits.entry_bytes, label_, key, value);
  if (!made) return std::unexpected(made.error());
  op.made = std::move(*made);
  return {};
}

result<> batch::add(bytes key, bytes value) { return add_pieces(key, {&value, 1}); }

result<> batch::add_pieces(bytes key, std::span<const bytes> value) {
  auto e = make_entry_within(limit_, label_, key, value);
  if (!e) return std::unexpected(e.error());
  entries_.push_back(std::move(*e));
  return {};
}

void store::submit(operation& op) {
  turn_.submit(op);
  if (op.thrown) std::rethrow_exception(op.thrown);
}

result<written> store::insert_pieces(bytes key, std::span<const bytes> value) {
  if (auto can = writable(); !can) return std::unexpected(can.error());
  operation op(operation::verb::insert);
  if (auto made = ready(op, key, value); !made) return std::unexpected(made.error());
  submit(op);
  if (op.failure) return std::unexpected(*op.failure);
  return op.outcome;
}

result<written> store::insert(bytes key, bytes value) {
  if (auto can = writable(); !can) return std::unexpected(can.error());
  operation op(operation::verb::insert);
  if (auto made = ready(op, key, value); !made) return std::unexpected(made.error());
  submit(op);
  if (op.failure) return std::unexpected(*op.failure);
  return op.outcome;
}

result<> store::insert_new(bytes key, std::span<const bytes> value) {
  if (auto can = writable(); !can) return can;
  operation op(operation::verb::insert_new);
  if (auto made = ready(op, key, value); !made) return std::unexpected(made.error());
  submit(op);
  if (op.failure) return std::unexpected(*op.failure);
  return {};
}

std::unique_ptr<detail::entry_batch> store::make_batch() const {
  return std::make_unique<batch>(config_.limits.entry_bytes, label_);
}

result<std::size_t> store::insert_batch(std::unique_ptr<detail::entry_batch> entries,
                                        bool only_new) {
  if (auto can = writable(); !can) return std::unexpected(can.error());
  using verb = operation::verb;
  operation op(only_new ? verb::insert_batch_new : verb::insert_batch);
  op.entries = static_cast<batch*>(entries.get());
  op.count = op.entries->entries().size();
  if (op.count == 0) return 0;
  submit(op);
  if (op.failure) return std::unexpected(*op.failure);
  return op.count;
}

result<write_counts> store::write(const detail::change_list& changes) {
  if (auto can = writable(); !can) return std::unexpected(can.error());
  if (changes.size() == 0) return write_counts{};
  std::vector<batch_change> made(changes.size());
  for (std::size_t i = 0; i < made.size(); ++i) {
    const auto [what, key, value] = changes[i];
    made[i] = {.what = what, .made = {}, .key = key, .value = value};
    if (what != detail::change_verb::insert) continue;
    auto e = make_entry_within(config_.limits.entry_bytes, label_, key, value);
    if (!e) return std::unexpected(e.error());
    made[i].made = std::move(*e);
  }
  operation op(operation::verb::write);
  batch_write all{.changes = made, .counts = {}};
  op.all = &all;
  submit(op);
  if (op.failure) return std::unexpected(*op.failure);
  return all.counts;
}

result<std::size_t> store::erase(bytes key) {
  if (auto can = writable(); !can) return std::unexpected(can.error());
  operation op(operation::verb::erase);
  op.key = key;
  submit(op);
  if (op.failure) return std::unexpected(*op.failure);
  return op.count;
}

result<std::size_t> store::erase_value(bytes key, bytes value) {
  if (auto can = writable(); !can) return std::unexpected(can.error());
  operation op(operation::verb::erase_value);
  op.key = key;
  op.value = value;
  submit(op);
  if (op.failure) return std::unexpected(*op.failure);
  return op.count;
}

result<std::size_t> store::clear() {
  if (auto can = writable(); !can) return std::unexpected(can.error());
  operation op(operation::verb::clear);
  submit(op);
  if (op.failure) return std::unexpected(*op.failure);
  return op.count;
}

result<detail::wide_integer> store::update_counter(bytes key, detail::counter_step step) {
  if (auto can = writable(); !can) return std::unexpected(can.error());
  operation op(operation::verb::update_counter);
  op.key = key;
  op.step = step;
  submit(op);
  if (op.failure) return std::unexpected(*op.failure);
  return op.counter;
}

result<> store::replace_if(bytes key, bytes expected, std::span<const bytes> value) {
  if (auto can = writable(); !can) return can;
  operation op(operation::verb::replace_if);
  op.key = key;
  op.expected = expected;
  if (auto made = ready(op, key, value); !made) return std::unexpected(made.error());
  submit(op);
  if (op.failure) return std::unexpected(*op.failure);
  return {};
}

// --- in the turn ---------------------------------------------------------------------------------

/// Whether nothing can be written any more; the operation is told why.
bool store::refuse(operation& op) const noexcept {
  try {
    if (!owned_ || closing_)
      op.failure = labelled(errc::table_closed);
    else if (file_ && file_->is_fenced())
      op.failure = file_->fence();
  } catch (...) {
    op.thrown = std::current_exception();
  }
  return op.failure || op.thrown;
}

void store::execute(operation* first) noexcept {
  while (first != nullptr) {
    if (refuse(*first)) {
      first = first->next_operation();
    } else if (first->what == operation::verb::clear) {
      execute_clear(*first);
      first = first->next_operation();
    } else {
      auto* end = stage_group(first);
      publish_group(first, end);
      first = end;
    }
  }
}

/// Stages as many operations as can be decided on top of each other; returns the first that cannot.
operation* store::stage_group(operation* first) {
  changes_.clear();
  auto* op = first;
  try {
    for (; op != nullptr && op->what != operation::verb::clear; op = op->next_operation()) {
      const auto before = changes_.size();
      if (!stage(*op)) break;
      op->changed = changes_.size() > before;
      if (op->changed && file_ && !file_->likes_groups()) return op->next_operation();
    }
  } catch (...) {
    // Out of memory. What the operation staged cannot be told from what others staged: none of them
    // happens.
    owned_->discard();
    changes_.clear();
    auto* end = op->next_operation();
    for (auto* o = first; o != end; o = o->next_operation()) o->thrown = std::current_exception();
    return end;
  }
  assert(op != first && "an operation alone can always be staged");
  return op;
}

void store::publish_group(operation* first, const operation* end) noexcept {
  if (changes_.empty()) return;
  const auto number = ++sequence_;
  std::optional<error> failure;
  std::exception_ptr thrown;
  try {
    failure = append(number);
  } catch (...) {
    thrown = std::current_exception();
  }
  const bool taken = !failure && !thrown;
  // Whoever looks after the call cannot tell "before the journal" from "in spite of the journal".
  if (taken || has_bug(seeded_bug::apply_before_journal)) {
    // Who stays long in a callback leaves much behind, and then nobody may be writing.
    if (owned_->publish(number) > much_waiting) want_visit();
  } else {
    owned_->discard();
  }
  if (changes_.size() > kept_changes) std::vector<journal::change>().swap(changes_);
  if (taken) return;
  // What came behind the first change was decided on top of it: "unchanged", say, of what never
  // came to be.
  bool decided_on_it = false;
  for (auto* op = first; op != end; op = op->next_operation()) {
    decided_on_it = decided_on_it || op->changed;
    if (!decided_on_it) continue;
    op->failure = failure;
    op->thrown = thrown;
  }
}

/// Gives the file what the mode promises: nothing (back), the bytes (through), the synced bytes
/// (durable).
std::optional<error> store::append(sequence number) {
  if (!file_ || config_.mode == write_mode::back) return std::nullopt;
  if (auto done = file_->append(number, changes_, *owned_); !done) return done.error();
  if (config_.mode != write_mode::durable || has_bug(seeded_bug::acknowledge_before_sync)) {
    return std::nullopt;
  }
  return sync_group();
}

/// One sync for all of the group. How long it took tells how long the next leader may wait for
/// company.
std::optional<error> store::sync_group() {
  const auto start = system_.now();
  if (auto synced = file_->sync(); !synced) {
    const auto& cause = synced.error();
    // It is in the file, and whether that is the table's still, and whole, is not known.
    const bool in_doubt = file_->is_fenced() && cause != errc::indeterminate;
    return in_doubt ? file::in_doubt(cause) : cause;
  }
  turn_.set_grouping({.groups_for_others = 0, .window = (system_.now() - start) / 2});
  return std::nullopt;
}

void store::execute_clear(operation& op) noexcept {
  try {
    changes_.assign(1,
                    {.what = journal::op::clear, .flags = 0, .table = 1, .key = {}, .value = {}});
    const auto number = ++sequence_;
    auto empty = make_contents(number);
    op.count = owned_->size();
    op.failure = append(number);
    if (op.failure) return;
    install(std::move(empty));
    cleared_ = config_.mode == write_mode::back;
  } catch (...) {
    op.thrown = std::current_exception();
  }
}

void store::add_put(operation& op, entry::owner e, std::uint64_t hash, staging& s) {
  // Room first: once the entry is staged nothing may fail.
  changes_.reserve(changes_.size() + 1);
  const auto* made = e.get();
  s = owned_->stage_insert(e, hash);
  if (s.what == staged::unchanged) return;
  const auto what = is_bag(types_.what) ? journal::op::append : journal::op::put;
  changes_.push_back({what, 0, 1, made->key(), made->value()});
  op.outcome = s.what == staged::added ? written::added : written::replaced;
}

bool store::stage(operation& op) {
  using verb = operation::verb;
  switch (op.what) {
    case verb::insert:
    case verb::insert_new: return stage_entry(op);
    case verb::insert_batch:
    case verb::insert_batch_new: return stage_batch(op);
    case verb::write: return stage_changes(op);
    case verb::erase:
    case verb::erase_value: return stage_erase(op);
    case verb::update_counter: return stage_counter(op);
    case verb::replace_if: return stage_replace_if(op);
    case verb::clear: break;
  }
  std::unreachable();
}

bool store::stage_entry(operation& op) {
  if (op.what == operation::verb::insert_new) {
    const auto* there = owned_->find_staged(op.made->key(), op.hash);
    if (there != nullptr) {
      op.failure = error(errc::key_already_present);
      return true;
    }
  }
  staging s;
  add_put(op, std::move(op.made), op.hash, s);
  return true;
}

bool store::stage_batch(operation& op) {
  auto& entries = op.entries->entries();
  // A large batch gets a group of its own: its room is made ahead, and nobody waits for its
  // decision.
  const bool large = entries.size() > 16;
  if (large && owned_->staged_count() != 0) return false;
  if (op.what == operation::verb::insert_batch_new) {
    for (const auto& e : entries) {
      if (owned_->find_staged(e->key()) == nullptr) continue;
      op.failure = error(errc::key_already_present);
      return true;
    }
  } else if (is_bag(types_.what) && owned_->staged_count() != 0) {
    return false;
  }
  if (large) owned_->reserve(entries.size());
  changes_.reserve(changes_.size() + entries.size());
  constexpr std::size_t ahead = 16;
  std::array<std::uint64_t, ahead> hashes;
  const auto announce = [&](std::size_t i) {
    if (i < entries.size()) hashes[i % ahead] = owned_->announce(entries[i]->key());
  };
  for (std::size_t i = 0; i < ahead; ++i) announce(i);
  for (std::size_t i = 0; i < entries.size(); ++i) {
    staging s;
    add_put(op, std::move(entries[i]), hashes[i % ahead], s);
    announce(i + ahead);
  }
  return true;
}

bool store::stage_changes(operation& op) {
  // A large batch gets a group of its own, as in stage_batch.
  const bool large = op.all->changes.size() > 16;
  if (large && owned_->staged_count() != 0) return false;
  using verb = detail::change_verb;
  const auto inserts = std::ranges::count(op.all->changes, verb::insert, &batch_change::what);
  if (large) owned_->reserve(static_cast<std::size_t>(inserts));
  changes_.reserve(changes_.size() + op.all->changes.size());
  auto& counts = op.all->counts;
  for (auto& c : op.all->changes) {
    staging s;
    if (c.what == verb::insert) {
      add_put(op, std::move(c.made), owned_->announce(c.key), s);
    } else {
      s = add_erase(c.what == verb::erase, c.key, c.value);
    }
    counts.added += s.what == staged::added ? 1 : 0;
    counts.replaced += s.what == staged::replaced ? 1 : 0;
    counts.unchanged += s.what == staged::unchanged && c.what == verb::insert ? 1 : 0;
    counts.erased += s.erased_count;
  }
  return true;
}

/// Stages an erase and notes it for the file.
staging store::add_erase(bool whole_key, bytes key, bytes value) {
  // Room first: once the erase is staged nothing may fail.
  if (changes_.size() == changes_.capacity()) changes_.reserve(2 * changes_.size() + 1);
  const auto s = whole_key ? owned_->stage_erase(key) : owned_->stage_erase_value(key, value);
  if (s.what != staged::erased) return s;
  const bool of_pair = !whole_key && is_bag(types_.what);
  changes_.push_back({of_pair ? journal::op::erase_value : journal::op::erase, 0, 1, key,
                      of_pair ? value : bytes{}});
  return s;
}

bool store::stage_erase(operation& op) {
  const auto s = add_erase(op.what == operation::verb::erase, op.key, op.value);
  op.count = s.erased_count;
  return true;
}

bool store::stage_counter(operation& op) {
  const auto* there = owned_->find_staged(op.key);
  auto stepped = step_counter(there == nullptr ? std::nullopt : std::optional(there->value()),
                              op.step, label_);
  if (!stepped) {
    op.failure = stepped.error();
    return true;
  }
  op.counter = *stepped;
  const auto term = detail::encode_wide(*stepped);
  staging s;
  add_put(op, entry::make(op.key, term.view()), owned_->announce(op.key), s);
  return true;
}

bool store::stage_replace_if(operation& op) {
  const auto* there = owned_->find_staged(op.made->key(), op.hash);
  if (there == nullptr) {
    op.failure = error(errc::not_found);
  } else if (!same_bytes(there->value(), op.expected)) {
    op.failure = error(errc::busy);
  } else {
    staging s;
    add_put(op, std::move(op.made), op.hash, s);
  }
  return true;
}

}  // namespace shelf::engine
