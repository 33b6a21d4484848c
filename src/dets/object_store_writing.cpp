// DETS  api -> engine -> stores -> [dets] -> file
// The verbs: each is an edit of one bucket.
#include "dets/edits.hpp"
#include "dets/object_store.hpp"
#include "error/sentence.hpp"
#include "term/canonical.hpp"
#include "term/order.hpp"

#include <algorithm>
#include <cassert>
#include <mutex>
#include <shared_mutex>

namespace shelf::dets_format {
namespace {

struct record_counts {
  std::uint32_t objects = 0;
  std::uint32_t keys = 0;
};

record_counts count(const key_records& records) noexcept {
  record_counts counts{.keys = static_cast<std::uint32_t>(records.size())};
  for (const auto& r : records) counts.objects += static_cast<std::uint32_t>(r.objects.size());
  return counts;
}

/// How many bytes their bucket takes.
std::uint64_t size_of(const key_records& records, kind type) noexcept {
  std::uint64_t size = bucket_header;
  for (const auto& r : records) size += r.size(type);
  return size;
}

}  // namespace

result<> object_store::writable() const {
  if (auto ok = usable(); !ok) return ok;
  if (settings_.how == settings::opening::read_only) {
    return std::unexpected(
        error(errc::read_only, where_.path() + ": the file was opened read-only"));
  }
  return {};
}

bool object_store::is_fenced() const {
  const std::shared_lock lock(mutex_);
  return fenced_.has_value();
}

std::unexpected<error> object_store::fence(const error& cause) {
  if (!fenced_) {
    fenced_ = errc::fenced;  // a bare code needs no memory
    fenced_ = fenced_by(cause, where_.path(), {});
  }
  return std::unexpected(
      error(errc::indeterminate, cause.message(), std::string(), cause.os_error()));
}

result<bytes> object_store::key_of(bytes object) const {
  assert(terms::is_canonical(object));
  const auto key = element_at(object, keypos_);
  if (!key.empty()) return key;
  return std::unexpected(error(
      errc::invalid_argument,
      where_.path() + ": an object must be a tuple with its key at " + std::to_string(keypos_)));
}

result<> object_store::begin_change() {
  if (auto ok = writable(); !ok) return ok;
  if (fenced_) return std::unexpected(*fenced_);
  return unclosed_ ? drop_tail() : mark_unclosed();
}

/// Reads the bucket of a slot, lets `edit` change its records and, if that says they changed,
/// writes them. What is replaced is marked as free by finish_change().
result<> object_store::change_slot(std::uint32_t slot,
                                   shelf::detail::function_ref<result<bool>(key_records&)> edit) {
  return change_slot_in_steps(slot, 1,
                              [&](key_records& records, std::uint32_t) { return edit(records); });
}

/// The same in several steps, each of which makes a bucket of its own on top of the one before.
result<> object_store::change_slot_in_steps(
    std::uint32_t slot, std::uint32_t steps,
    shelf::detail::function_ref<result<bool>(key_records&, std::uint32_t step)> edit) {
  const auto entry = slots_.at(slot);
  bucket_room room;
  std::pmr::vector<std::byte> old(room.get());
  key_records records(room.get());
  if (!entry.empty()) {
    if (auto read = read_bucket(entry, old); !read) return read;
    auto parsed = parse_bucket(old, format(), file_.path(), entry.pointer, room.get());
    if (!parsed) return std::unexpected(parsed.error());
    records = std::move(*parsed);
  }
  std::size_t turn = 0;
  std::pmr::vector<std::byte> last(room.get());  // empty until a step has written a bucket
  for (std::uint32_t step = 0; step < steps; ++step) {
    const auto before = count(records);
    const auto changed = edit(records, step);
    if (!changed) return std::unexpected(changed.error());
    if (!*changed) continue;
    std::erase_if(records, [](const key_record& r) { return r.objects.empty(); });
    const auto after = count(records);
    if (size_of(records, type_) > highest_end) {
      return std::unexpected(
          error(errc::size_limit_exceeded, file_.path() + ": more than the 2 GiB of a DETS file"));
    }
    std::pmr::vector<std::byte> fresh(room.get());
    if (!records.empty()) fresh = compose_bucket(records, type_, room.get());
    const bytes replaced = turn == 0 ? bytes(old) : bytes(last);
    if (same_bytes(replaced, fresh)) continue;
    if (auto placed = place(slot, replaced, fresh, turn); !placed) return placed;
    header_.objects += after.objects - before.objects;
    header_.keys += after.keys - before.keys;
    ++changes_;
    ++turn;
    last = std::move(fresh);
  }
  return {};
}

result<> object_store::finish_change() {
  auto freed = free_replaced();
  objects_ = header_.objects;
  return freed;
}

result<written> object_store::insert(bytes object) {
  if (auto ok = writable(); !ok) return std::unexpected(ok.error());
  const auto key = key_of(object);
  if (!key) return std::unexpected(key.error());
  const auto stored = to_stored(object);
  const std::scoped_lock lock(mutex_);
  if (auto begun = begin_change(); !begun) return std::unexpected(begun.error());
  if (auto grown = grow_for(1); !grown) return std::unexpected(grown.error());
  auto outcome = written::unchanged;
  const auto edit = [&](key_records& records) -> result<bool> {
    const auto moved_last = type_ == kind::bag;
    auto put = insert_into(records, *key, object, stored, format());
    if (!put) return std::unexpected(put.error());
    outcome = *put;
    return outcome != written::unchanged || moved_last;
  };
  auto changed = change_slot(slot_of(*key), edit);
  if (changed) changed = finish_change();
  if (!changed) return std::unexpected(changed.error());
  return outcome;
}

result<std::size_t> object_store::erase(bytes key) {
  const std::scoped_lock lock(mutex_);
  if (auto ok = writable(); !ok) return std::unexpected(ok.error());
  if (slots_.at(slot_of(key)).empty()) return 0;
  if (auto begun = begin_change(); !begun) return std::unexpected(begun.error());
  std::size_t gone = 0;
  const auto edit = [&](key_records& records) -> result<bool> {
    gone = erase_key(records, key);
    return gone > 0;
  };
  auto changed = change_slot(slot_of(key), edit);
  if (changed) changed = finish_change();
  if (!changed) return std::unexpected(changed.error());
  return gone;
}

result<std::size_t> object_store::erase_object(bytes object) {
  const auto key = key_of(object);
  if (!key) return std::unexpected(key.error());
  const std::scoped_lock lock(mutex_);
  if (auto ok = writable(); !ok) return std::unexpected(ok.error());
  if (slots_.at(slot_of(*key)).empty()) return 0;
  if (auto begun = begin_change(); !begun) return std::unexpected(begun.error());
  std::size_t gone = 0;
  const auto edit = [&](key_records& records) -> result<bool> {
    const auto erased = erase_identical(records, *key, object, format());
    if (!erased) return std::unexpected(erased.error());
    gone = *erased;
    return gone > 0;
  };
  auto changed = change_slot(slot_of(*key), edit);
  if (changed) changed = finish_change();
  if (!changed) return std::unexpected(changed.error());
  return gone;
}

result<> object_store::update(
    bytes key, shelf::detail::function_ref<result<std::vector<std::byte>>(bytes)> change) {
  assert(type_ == kind::set);
  const std::scoped_lock lock(mutex_);
  if (auto ok = writable(); !ok) return ok;
  if (slots_.at(slot_of(key)).empty()) return std::unexpected(errc::not_found);
  if (auto begun = begin_change(); !begun) return begun;
  std::vector<std::byte> stored;
  const auto edit = [&](key_records& records) -> result<bool> {
    const auto record = settle_key(records, key);
    if (record == records.end()) return std::unexpected(errc::not_found);
    const auto old = object_of_stored(record->objects.front(), keypos_);
    if (!old) return std::unexpected(old.error());
    const auto fresh = change(old->get());
    if (!fresh) return std::unexpected(fresh.error());
    assert(terms::same(element_at(*fresh, keypos_), key));
    stored = to_stored(*fresh);
    record->objects.assign(1, stored);
    return true;
  };
  const auto changed = change_slot(slot_of(key), edit);
  return changed ? finish_change() : changed;
}

}  // namespace shelf::dets_format
