// DETS  api -> table -> [dets] -> file
// The verbs: each is an edit of one bucket.
#include "dets/key_order.hpp"
#include "dets/store.hpp"
#include "error/sentence.hpp"
#include "term/canonical.hpp"
#include "term/order.hpp"

#include <algorithm>
#include <cassert>
#include <mutex>

namespace shelf::dets_format {
namespace {

/// Objects that are written before the marks of what they replace.
constexpr std::size_t portion = 4096;

key_records::iterator find_key(key_records& records, bytes key) {
  return std::ranges::find_if(records,
                              [&](const key_record& r) { return terms::same(r.key.get(), key); });
}

/// Where the objects of a key stand, or would. OTP left sets in which a key stands twice: the first
/// counts, and the others go when the key is touched.
key_records::iterator settle_key(key_records& records, bytes key) {
  const auto first = find_key(records, key);
  if (first == records.end()) return first;
  const auto kept = first - records.begin();
  const auto again = [&](const key_record& r) { return terms::same(r.key.get(), key); };
  records.erase(std::remove_if(first + 1, records.end(), again), records.end());
  return records.begin() + kept;
}

key_records::iterator add_key(key_records& records, bytes key) {
  const auto behind = std::ranges::find_if(
      records, [&](const key_record& r) { return compare_keys(key, r.key.get()) < 0; });
  return records.insert(
      behind, {canonical_term(key), std::pmr::vector<bytes>(records.get_allocator().resource())});
}

/// Which of the stored objects is identical to this one; how many there are if none is.
result<std::size_t> find_object(std::span<const bytes> stored, bytes object, std::uint32_t keypos) {
  for (std::size_t i = 0; i < stored.size(); ++i) {
    const auto whole = object_of_stored(stored[i], keypos);
    if (!whole) return std::unexpected(whole.error());
    if (terms::same(whole->get(), object)) return i;
  }
  return stored.size();
}

/// Puts an object among those of its key. `stored` outlives the records.
result<written> insert_into(key_records& records, bytes key, bytes object, bytes stored,
                            object_format format) {
  auto record = settle_key(records, key);
  if (record == records.end()) {
    add_key(records, key)->objects.push_back(stored);
    return written::added;
  }
  auto& objects = record->objects;
  if (format.type == kind::duplicate_bag) {
    objects.push_back(stored);
    return written::added;
  }
  const auto at = find_object(objects, object, format.keypos);
  if (!at) return std::unexpected(at.error());
  const bool there = *at < objects.size();
  if (format.type == kind::set) {
    if (!there) objects.assign(1, stored);
    return there ? written::unchanged : written::replaced;
  }
  // A bag's object that was there already becomes the last.
  if (there && *at + 1 == objects.size()) return written::unchanged;
  if (there) objects.erase(objects.begin() + static_cast<std::ptrdiff_t>(*at));
  objects.push_back(stored);
  return there ? written::unchanged : written::added;
}

struct record_counts {
  std::uint32_t objects = 0;
  std::uint32_t keys = 0;
};

record_counts count(const key_records& records) noexcept {
  record_counts counts{.keys = static_cast<std::uint32_t>(records.size())};
  for (const auto& r : records) counts.objects += static_cast<std::uint32_t>(r.objects.size());
  return counts;
}

}  // namespace

result<> store::writable() const {
  if (auto ok = usable(); !ok) return ok;
  if (settings_.how == settings::opening::read_only) {
    return std::unexpected(error(errc::read_only, where_.path() + ": it was opened to read"));
  }
  return {};
}

std::unexpected<error> store::fence(const error& cause) {
  if (!fenced_) fenced_ = fenced_by(cause, where_.path(), {});
  return std::unexpected(
      error(errc::indeterminate, cause.message(), std::string(), cause.os_error()));
}

result<bytes> store::key_of(bytes object) const {
  assert(terms::is_canonical(object));
  const auto key = element_at(object, keypos_);
  if (!key.empty()) return key;
  return std::unexpected(error(
      errc::invalid_argument,
      where_.path() + ": an object must be a tuple with its key at " + std::to_string(keypos_)));
}

result<> store::begin_change() {
  if (auto ok = writable(); !ok) return ok;
  if (fenced_) return std::unexpected(*fenced_);
  return unclosed_ ? drop_tail() : mark_unclosed();
}

/// Reads the bucket of a slot, lets `edit` change its records and, if that says they changed,
/// writes them. What is replaced is marked as free by finish_change().
result<> store::change_slot(std::uint32_t slot,
                            shelf::detail::function_ref<result<bool>(key_records&)> edit) {
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
  const auto before = count(records);
  const auto changed = edit(records);
  if (!changed) return std::unexpected(changed.error());
  if (!*changed) return {};
  std::erase_if(records, [](const key_record& r) { return r.objects.empty(); });
  const auto after = count(records);
  std::uint64_t size = bucket_header;
  for (const auto& r : records) size += r.size(type_);
  if (size > highest_end) {
    return std::unexpected(
        error(errc::size_limit_exceeded, file_.path() + ": more than the 2 GiB of a DETS file"));
  }
  std::pmr::vector<std::byte> fresh(room.get());
  if (!records.empty()) fresh = compose_bucket(records, type_, room.get());
  if (auto placed = place(slot, old, fresh); !placed) return placed;
  header_.objects += after.objects - before.objects;
  header_.keys += after.keys - before.keys;
  ++changes_;
  return {};
}

result<> store::finish_change(result<> outcome) {
  const auto freed = free_replaced();
  objects_ = header_.objects;
  if (!outcome || !freed) return outcome ? freed : outcome;
  return {};
}

result<written> store::insert(bytes object) {
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
  if (changed || !replaced_.empty()) changed = finish_change(changed);
  if (!changed) return std::unexpected(changed.error());
  return outcome;
}

result<std::size_t> store::insert_all(std::span<const bytes> objects, bool only_new) {
  if (auto ok = writable(); !ok) return std::unexpected(ok.error());
  for (const auto& object : objects) {
    if (auto key = key_of(object); !key) return std::unexpected(key.error());
  }
  const std::scoped_lock lock(mutex_);
  if (auto ok = writable(); !ok) return std::unexpected(ok.error());
  if (only_new) {
    for (const auto& object : objects) {
      const auto key = element_at(object, keypos_);
      const auto entry = slots_.at(slot_of(key));
      if (entry.empty()) continue;
      std::pmr::vector<std::byte> content;
      if (auto read = read_bucket(entry, content); !read) return std::unexpected(read.error());
      const auto found = find_in_bucket(content, entry.pointer, key, [](bytes) {});
      if (!found) return std::unexpected(found.error());
      if (*found > 0) return std::unexpected(errc::key_already_present);
    }
  }
  if (auto begun = begin_change(); !begun) return std::unexpected(begun.error());
  for (std::size_t i = 0; i < objects.size(); i += portion) {
    const auto some = objects.subspan(i, std::min(portion, objects.size() - i));
    if (auto put = insert_portion(some); !put) return put;
  }
  return objects.size();
}

result<std::size_t> store::insert_portion(std::span<const bytes> objects) {
  if (auto grown = grow_for(objects.size()); !grown) return std::unexpected(grown.error());
  struct placed {
    std::uint32_t slot;
    std::size_t object;
  };
  std::vector<placed> by_slot;
  by_slot.reserve(objects.size());
  for (std::size_t i = 0; i < objects.size(); ++i) {
    by_slot.push_back({slot_of(element_at(objects[i], keypos_)), i});
  }
  std::ranges::sort(by_slot, [](const placed& a, const placed& b) {
    return a.slot != b.slot ? a.slot < b.slot : a.object < b.object;
  });
  result<> done;
  for (std::size_t first = 0; first < by_slot.size() && done;) {
    auto last = first;
    while (last < by_slot.size() && by_slot[last].slot == by_slot[first].slot) ++last;
    std::vector<std::vector<std::byte>> stored;
    const auto edit = [&](key_records& records) -> result<bool> {
      for (auto i = first; i < last; ++i) {
        const auto object = objects[by_slot[i].object];
        stored.push_back(to_stored(object));
        auto put =
            insert_into(records, element_at(object, keypos_), object, stored.back(), format());
        if (!put) return std::unexpected(put.error());
      }
      return true;
    };
    done = change_slot(by_slot[first].slot, edit);
    first = last;
  }
  if (done = finish_change(done); !done) return std::unexpected(done.error());
  return objects.size();
}

result<std::size_t> store::erase(bytes key) {
  const std::scoped_lock lock(mutex_);
  if (auto ok = writable(); !ok) return std::unexpected(ok.error());
  if (slots_.at(slot_of(key)).empty()) return 0;
  if (auto begun = begin_change(); !begun) return std::unexpected(begun.error());
  std::size_t gone = 0;
  const auto edit = [&](key_records& records) -> result<bool> {
    std::erase_if(records, [&](const key_record& r) {
      if (!terms::same(r.key.get(), key)) return false;
      gone += r.objects.size();
      return true;
    });
    return gone > 0;
  };
  auto changed = finish_change(change_slot(slot_of(key), edit));
  if (!changed) return std::unexpected(changed.error());
  return gone;
}

result<std::size_t> store::erase_object(bytes object) {
  const auto key = key_of(object);
  if (!key) return std::unexpected(key.error());
  const std::scoped_lock lock(mutex_);
  if (auto ok = writable(); !ok) return std::unexpected(ok.error());
  if (slots_.at(slot_of(*key)).empty()) return 0;
  if (auto begun = begin_change(); !begun) return std::unexpected(begun.error());
  std::size_t gone = 0;
  const auto edit = [&](key_records& records) -> result<bool> {
    const auto record = settle_key(records, *key);
    if (record == records.end()) return false;
    while (true) {
      const auto at = find_object(record->objects, object, keypos_);
      if (!at) return std::unexpected(at.error());
      if (*at == record->objects.size()) return gone > 0;
      record->objects.erase(record->objects.begin() + static_cast<std::ptrdiff_t>(*at));
      ++gone;
    }
  };
  auto changed = finish_change(change_slot(slot_of(*key), edit));
  if (!changed) return std::unexpected(changed.error());
  return gone;
}

result<> store::set_objects(bytes key, std::span<const bytes> objects) {
  std::vector<std::vector<std::byte>> stored;
  for (const auto& object : objects) {
    assert(terms::same(element_at(object, keypos_), key));
    stored.push_back(to_stored(object));
  }
  const std::scoped_lock lock(mutex_);
  if (auto ok = writable(); !ok) return ok;
  if (auto begun = begin_change(); !begun) return begun;
  const auto edit = [&](key_records& records) -> result<bool> {
    auto record = settle_key(records, key);
    if (record == records.end()) {
      if (objects.empty()) return false;
      record = add_key(records, key);
    }
    record->objects.assign(stored.begin(), stored.end());
    return true;
  };
  return finish_change(change_slot(slot_of(key), edit));
}

result<> store::update(bytes key,
                       shelf::detail::function_ref<result<std::vector<std::byte>>(bytes)> change) {
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
  return finish_change(change_slot(slot_of(key), edit));
}

}  // namespace shelf::dets_format
