// ENGINE  api -> [engine] -> stores -> journal -> file
// The writer's side of the verbs: the entry is made, and an operation is submitted.
#include "engine/instance.hpp"
#include "engine/live_table.hpp"
#include "memory/epoch.hpp"

#include <cassert>
#include <utility>

namespace shelf::engine {

/// Why the calling thread may not write, or why nobody may.
error live_table::why_not() const {
  if (auto can = readable(); !can) return can.error();
  if (how_.is_read_only) return labelled(errc::read_only);
  if (owner_ && !owner_->is_mine()) return labelled(errc::not_owner);
  return error(errc::busy, label() +
                               ": inside a transaction of this database, write with the "
                               "transaction: a write of its own would be one it conflicts "
                               "with, however often it is run");
}

result<> check_entry_size(std::size_t limit, const std::string& label, std::size_t size) {
  if (size <= limit) return {};
  return std::unexpected(error(errc::size_limit_exceeded,
                               label + ": an entry of " + std::to_string(size) +
                                   " bytes; limits.entry_bytes is " + std::to_string(limit)));
}

result<entry::owner> make_entry_within(std::size_t entry_limit, const std::string& label, bytes key,
                                       bytes value, deadline until) {
  if (auto fits = check_entry_size(entry_limit, label, key.size() + value.size()); !fits) {
    return std::unexpected(fits.error());
  }
  return entry::make(key, value, until);
}

result<entry::owner> make_entry_within(std::size_t entry_limit, const std::string& label, bytes key,
                                       std::span<const bytes> value, deadline until) {
  if (value.size() == 1) return make_entry_within(entry_limit, label, key, value.front(), until);
  const auto size = key.size() + kinds::size_of(value);
  if (auto fits = check_entry_size(entry_limit, label, size); !fits) {
    return std::unexpected(fits.error());
  }
  return entry::make_of_pieces(key, value, until);
}

/// Has the place where the key will go fetched to the processor.
/// False if there is no table any more.
inline bool live_table::announce(operation& op, bytes key) const noexcept {
  const memory::epoch_guard guard;
  const auto* c = look();
  if (c != nullptr) op.hash = c->announce(key);
  return c != nullptr;
}

/// Makes the entry before the turn, while the place where it will go is on its way to the
/// processor.
inline std::optional<error> live_table::ready(operation& op, bytes key,
                                              std::span<const bytes> value, deadline until) const {
  if (!announce(op, key)) [[unlikely]]
    return labelled(errc::table_closed);
  const bool is_whole = value.size() == 1;
  const auto size = key.size() + (is_whole ? value.front().size() : kinds::size_of(value));
  if (size > how_.entry_limit) [[unlikely]] {
    return check_entry_size(how_.entry_limit, label(), size).error();
  }
  if (until != no_deadline) [[unlikely]]
    op.made = entry::make_of_pieces(key, value, until);
  else
    op.made = is_whole ? entry::make(key, value.front()) : entry::make_of_pieces(key, value);
  return std::nullopt;
}

result<> encoded_batch::add(bytes key, bytes value) { return add_pieces(key, {&value, 1}); }

result<> encoded_batch::add_pieces(bytes key, std::span<const bytes> value) {
  auto e = make_entry_within(limit_, label_, key, value, until_);
  if (!e) return std::unexpected(e.error());
  entries_.push_back(std::move(*e));
  return {};
}

result<> encoded_batch::add_until(bytes key, bytes value, std::uint64_t until) {
  auto e = make_entry_within(limit_, label_, key, value, until);
  if (!e) return std::unexpected(e.error());
  entries_.push_back(std::move(*e));
  return {};
}

inline void live_table::submit(operation& op) {
  if (goes_around_.load(std::memory_order_relaxed)) [[unlikely]]
    return submit_around(op);
  of_.wait_for_reservation(*this);
  of_.commits().submit(op);
  if (op.is_stale) [[unlikely]]
    submit_with_keys(op);
}

/// What is more than a place in the turn of this database.
void live_table::submit_around(operation& op) {
  if (functions() != nullptr) return submit_with_keys(op);
  of_.submit(op);
}

result<written> live_table::insert(bytes key, bytes value) {
  return insert_pieces(key, {&value, 1});
}

result<written> live_table::insert_pieces(bytes key, std::span<const bytes> value) {
  if (!may_write()) [[unlikely]]
    return std::unexpected(why_not());
  operation op(*this, operation::verb::insert);
  if (auto why = ready(op, key, value, default_deadline())) return std::unexpected(*std::move(why));
  submit(op);
  if (op.failure) return std::unexpected(*op.failure);
  return op.outcome;
}

result<> live_table::insert_new(bytes key, std::span<const bytes> value) {
  if (!may_write()) [[unlikely]]
    return std::unexpected(why_not());
  operation op(*this, operation::verb::insert_new);
  if (auto why = ready(op, key, value, default_deadline())) return std::unexpected(*std::move(why));
  submit(op);
  if (op.failure) return std::unexpected(*op.failure);
  return {};
}

result<written> live_table::insert_expiring(bytes key, bytes value, const expiry& until,
                                            bool only_new) {
  if (!may_write()) return std::unexpected(why_not());
  if (auto valid = check(until); !valid) return std::unexpected(valid.error());
  operation op(*this, only_new ? operation::verb::insert_new : operation::verb::insert);
  op.keeps = until.what() == expiry::form::keep;
  if (auto why = ready(op, key, {&value, 1}, deadline_of(until))) {
    return std::unexpected(*std::move(why));
  }
  submit(op);
  if (op.failure) return std::unexpected(*op.failure);
  return op.outcome;
}

result<std::unique_ptr<detail::entry_batch>> live_table::make_batch(const expiry& until) const {
  if (auto valid = check(until); !valid) return std::unexpected(valid.error());
  return std::make_unique<encoded_batch>(how_.entry_limit, label(), deadline_of(until),
                                         until.what() == expiry::form::keep);
}

result<std::size_t> live_table::insert_batch(std::unique_ptr<detail::entry_batch> entries,
                                             bool only_new) {
  if (!may_write()) [[unlikely]]
    return std::unexpected(why_not());
  using verb = operation::verb;
  operation op(*this, only_new ? verb::insert_batch_new : verb::insert_batch);
  op.entries = static_cast<encoded_batch*>(entries.get());
  op.count = op.entries->entries().size();
  if (op.count == 0) return 0;
  submit(op);
  if (op.failure) return std::unexpected(*op.failure);
  return op.count;
}

result<write_counts> live_table::write(const detail::change_list& changes) {
  if (!may_write()) [[unlikely]]
    return std::unexpected(why_not());
  if (changes.size() == 0) return write_counts{};
  std::vector<batch_change> made(changes.size());
  const auto until = default_deadline();
  for (std::size_t i = 0; i < made.size(); ++i) {
    const auto [what, key, value] = changes[i];
    made[i] = {.what = what, .made = {}, .key = key, .value = value};
    if (what != detail::change_verb::insert) continue;
    auto e = make_entry_within(how_.entry_limit, label(), key, value, until);
    if (!e) return std::unexpected(e.error());
    made[i].made = std::move(*e);
  }
  operation op(*this, operation::verb::write);
  batch_write all{.changes = made, .counts = {}};
  op.all = &all;
  submit(op);
  if (op.failure) return std::unexpected(*op.failure);
  return all.counts;
}

result<std::size_t> live_table::erase(bytes key) {
  if (!may_write()) [[unlikely]]
    return std::unexpected(why_not());
  operation op(*this, operation::verb::erase);
  op.key = key;
  submit(op);
  if (op.failure) return std::unexpected(*op.failure);
  return op.count;
}

result<std::size_t> live_table::erase_value(bytes key, bytes value) {
  if (!may_write()) [[unlikely]]
    return std::unexpected(why_not());
  operation op(*this, operation::verb::erase_value);
  op.key = key;
  op.value = value;
  submit(op);
  if (op.failure) return std::unexpected(*op.failure);
  return op.count;
}

result<std::size_t> live_table::clear() {
  if (!may_write()) [[unlikely]]
    return std::unexpected(why_not());
  operation op(*this, operation::verb::clear);
  submit(op);
  if (op.failure) return std::unexpected(*op.failure);
  return op.count;
}

result<detail::wide_integer> live_table::update_counter(bytes key, detail::counter_step step) {
  if (!may_write()) [[unlikely]]
    return std::unexpected(why_not());
  if (auto valid = check(step.created); !valid) return std::unexpected(valid.error());
  operation op(*this, operation::verb::update_counter);
  op.key = key;
  op.step = &step;
  submit(op);
  if (op.failure) return std::unexpected(*op.failure);
  return op.counter;
}

result<> live_table::replace_if(bytes key, bytes expected, std::span<const bytes> value) {
  if (!may_write()) [[unlikely]]
    return std::unexpected(why_not());
  operation op(*this, operation::verb::replace_if);
  op.key = key;
  op.expected = expected;
  if (auto why = ready(op, key, value)) return std::unexpected(*std::move(why));
  submit(op);
  if (op.failure) return std::unexpected(*op.failure);
  return {};
}

result<written> live_table::edit(bytes key, detail::edit_function how, const expiry& created) {
  if (!may_write()) [[unlikely]]
    return std::unexpected(why_not());
  assert(!is_bag_kind());
  if (created.what() != expiry::form::by_default) [[unlikely]] {
    if (auto valid = check_given(created); !valid) return std::unexpected(valid.error());
  }
  operation op(*this, operation::verb::edit);
  op.key = key;
  op.how = &how;
  op.created = &created;
  if (!announce(op, key)) return std::unexpected(labelled(errc::table_closed));
  submit(op);
  if (op.failure) return std::unexpected(*op.failure);
  return op.outcome;
}

}  // namespace shelf::engine

namespace shelf::detail {

result<bool> exchange(core& of, bytes key, std::optional<bytes> expected,
                      std::optional<bytes> desired) {
  if (expected && desired) {
    const auto replaced = of.replace_if(key, *expected, {&*desired, 1});
    if (replaced) return true;
    const auto& why = replaced.error();
    if (why == errc::conflict || why == errc::not_found) return false;
    return std::unexpected(why);
  }
  if (expected) {
    const auto erased = of.erase_value(key, *expected);
    if (!erased) return std::unexpected(erased.error());
    return *erased != 0;
  }
  if (desired) {
    // Not insert_new: of a unique index it says the same as of the key.
    bool is_free = false;
    const auto decide = [&](std::optional<bytes> there,
                            std::vector<std::byte>& made) -> result<edited> {
      is_free = !there;
      if (is_free) made.assign(desired->begin(), desired->end());
      return is_free ? edited::put : edited::keep;
    };
    const auto done = of.edit(key, decide);
    if (!done) return std::unexpected(done.error());
    return is_free;
  }
  return !of.contains(key);
}

}  // namespace shelf::detail

namespace shelf::engine {

result<std::size_t> live_table::take(bytes key, detail::function_ref<void(bytes)> f) {
  if (!may_write()) [[unlikely]]
    return std::unexpected(why_not());
  const auto show = [&](bytes, bytes value) { f(value); };
  const taker to_take{.show = show};
  operation op(*this, operation::verb::take);
  op.key = key;
  op.to_take = &to_take;
  submit(op);
  if (op.failure) return std::unexpected(*op.failure);
  return op.count;
}

result<std::size_t> live_table::change_same(std::span<detail::same_entry> entries) {
  if (!may_write()) [[unlikely]]
    return std::unexpected(why_not());
  same_write all{.entries = entries, .made = {}};
  all.made.resize(entries.size());
  for (std::size_t i = 0; i < entries.size(); ++i) {
    if (!entries[i].next) continue;
    assert(!is_bag_kind());
    auto made = make_entry_within(how_.entry_limit, label(), entries[i].key, *entries[i].next);
    if (!made) return std::unexpected(made.error());
    all.made[i] = std::move(*made);
  }
  operation op(*this, operation::verb::change_same);
  op.same = &all;
  submit(op);
  if (op.failure) return std::unexpected(*op.failure);
  return op.count;
}

result<> live_table::take_end(detail::place end, detail::function_ref<void(bytes, bytes)> f) {
  if (!may_write()) [[unlikely]]
    return std::unexpected(why_not());
  assert(types_.what == kind::ordered_set);
  const taker to_take{.end = end, .show = f};
  operation op(*this, operation::verb::take_end);
  op.to_take = &to_take;
  submit(op);
  if (op.failure) return std::unexpected(*op.failure);
  return {};
}

}  // namespace shelf::engine
