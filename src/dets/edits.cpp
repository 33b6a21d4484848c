// DETS  api -> engine -> stores -> [dets] -> file
// The records of one bucket, edited in memory.
#include "dets/edits.hpp"

#include "dets/bucket_order.hpp"
#include "term/order.hpp"

#include <algorithm>

namespace shelf::dets_format {
namespace {

key_records::iterator find_key(key_records& records, bytes key) {
  return std::ranges::find_if(records,
                              [&](const key_record& r) { return terms::same(r.key.get(), key); });
}

key_records::iterator add_key(key_records& records, bytes key) {
  const auto behind = std::ranges::find_if(
      records, [&](const key_record& r) { return compare_keys(key, r.key.get()) < 0; });
  return records.insert(
      behind, {canonical_term(key), std::pmr::vector<bytes>(records.get_allocator().resource())});
}

/// Which of the stored objects is identical to this one; how many there are if none is.
result<std::size_t> find_object(std::span<const bytes> stored, bytes object, object_format format) {
  for (std::size_t i = 0; i < stored.size(); ++i) {
    const auto whole = object_of_stored(stored[i], format.keypos);
    if (!whole) return std::unexpected(whole.error());
    if (are_identical(whole->get(), object, format)) return i;
  }
  return stored.size();
}

}  // namespace

key_records::iterator settle_key(key_records& records, bytes key) {
  const auto first = find_key(records, key);
  if (first == records.end()) return first;
  const auto kept = first - records.begin();
  const auto again = [&](const key_record& r) { return terms::same(r.key.get(), key); };
  records.erase(std::remove_if(first + 1, records.end(), again), records.end());
  return records.begin() + kept;
}

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
  const auto at = find_object(objects, object, format);
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

std::size_t erase_key(key_records& records, bytes key) {
  std::size_t gone = 0;
  std::erase_if(records, [&](const key_record& r) {
    if (!terms::same(r.key.get(), key)) return false;
    gone += r.objects.size();
    return true;
  });
  return gone;
}

result<std::size_t> erase_identical(key_records& records, bytes key, bytes object,
                                    object_format format) {
  const auto record = settle_key(records, key);
  std::size_t gone = 0;
  if (record == records.end()) return gone;
  auto& objects = record->objects;
  while (true) {
    const auto at = find_object(objects, object, format);
    if (!at) return std::unexpected(at.error());
    if (*at == objects.size()) return gone;
    objects.erase(objects.begin() + static_cast<std::ptrdiff_t>(*at));
    ++gone;
  }
}

}  // namespace shelf::dets_format
