// DETS  api -> table -> [dets] -> file
// Many changes at once: those of one slot make one bucket.
#include "dets/edits.hpp"
#include "dets/store.hpp"

#include <algorithm>
#include <mutex>

namespace shelf::dets_format {
namespace {

/// Objects that are written before the marks of what they replace.
constexpr std::size_t portion = 4096;

}  // namespace

result<std::size_t> store::insert_all(std::span<const bytes> objects, bool only_new) {
  if (auto ok = writable(); !ok) return std::unexpected(ok.error());
  std::vector<one_change> changes;
  changes.reserve(objects.size());
  for (const auto& object : objects) {
    if (auto key = key_of(object); !key) return std::unexpected(key.error());
    changes.push_back({one_change::verb::insert, object});
  }
  const std::scoped_lock lock(mutex_);
  if (auto ok = writable(); !ok) return std::unexpected(ok.error());
  if (only_new) {
    if (auto absent = check_absent(objects); !absent) return std::unexpected(absent.error());
  }
  if (auto begun = begin_change(); !begun) return std::unexpected(begun.error());
  for (std::size_t i = 0; i < changes.size(); i += portion) {
    const auto some = std::span(changes).subspan(i, std::min(portion, changes.size() - i));
    // A part may have gone in: it stays.
    const auto finished = [&](const result<>& outcome) {
      auto freed = finish_change();
      return outcome ? freed : outcome;
    };
    try {
      if (auto grown = grow_for(some.size()); !grown) return std::unexpected(grown.error());
      if (auto put = finished(apply_by_slot(some)); !put) return std::unexpected(put.error());
    } catch (...) {
      static_cast<void>(finish_change());
      throw;
    }
  }
  return objects.size();
}

result<> store::check_absent(std::span<const bytes> objects) const {
  std::pmr::vector<std::byte> content;
  for (const auto& object : objects) {
    const auto key = element_at(object, keypos_);
    const auto entry = slots_.at(slot_of(key));
    if (entry.empty()) continue;
    if (auto read = read_bucket(entry, content); !read) return read;
    const auto found = find_in_bucket(content, entry.pointer, key, [](bytes) {});
    if (!found) return std::unexpected(found.error());
    if (*found > 0) return std::unexpected(errc::key_already_present);
  }
  return {};
}

result<> store::change_all(std::span<const one_change> changes) {
  const std::scoped_lock lock(mutex_);
  if (auto begun = begin_change(); !begun) return begun;
  const auto inserts = std::ranges::count(changes, one_change::verb::insert, &one_change::what);
  if (auto grown = grow_for(static_cast<std::uint64_t>(inserts)); !grown) return grown;
  const auto objects = header_.objects;
  const auto keys = header_.keys;
  const auto take_all_back = [&] {
    in_batch_ = false;
    header_.objects = objects;
    header_.keys = keys;
    return take_back();
  };
  in_batch_ = true;
  try {
    if (const auto applied = apply_by_slot(changes); !applied) {
      const auto undone = take_all_back();
      return undone ? applied : undone;
    }
  } catch (...) {
    static_cast<void>(take_all_back());
    throw;
  }
  in_batch_ = false;
  return finish_change();
}

/// In the order of the slots; those of one slot in the order in which they came. Until
/// finish_change() what they replace stays as it was.
result<> store::apply_by_slot(std::span<const one_change> changes) {
  struct in_slot {
    std::uint32_t slot;
    std::size_t change;
  };
  std::vector<in_slot> by_slot;
  by_slot.reserve(changes.size());
  for (std::size_t i = 0; i < changes.size(); ++i) {
    const auto key = changes[i].what == one_change::verb::erase
                         ? changes[i].content
                         : element_at(changes[i].content, keypos_);
    by_slot.push_back({slot_of(key), i});
  }
  std::ranges::sort(by_slot, [](const in_slot& a, const in_slot& b) {
    return a.slot != b.slot ? a.slot < b.slot : a.change < b.change;
  });
  for (std::size_t first = 0; first < by_slot.size();) {
    auto last = first;
    while (last < by_slot.size() && by_slot[last].slot == by_slot[first].slot) ++last;
    std::vector<std::vector<std::byte>> stored;  // what the records refer to
    const auto edit = [&](key_records& records) -> result<bool> {
      for (auto i = first; i < last; ++i) {
        if (auto done = apply_to(records, changes[by_slot[i].change], stored); !done) {
          return std::unexpected(done.error());
        }
      }
      return true;
    };
    if (auto changed = change_slot(by_slot[first].slot, edit); !changed) return changed;
    first = last;
  }
  return {};
}

result<> store::apply_to(key_records& records, const one_change& c,
                         std::vector<std::vector<std::byte>>& stored) const {
  if (c.what == one_change::verb::erase) {
    static_cast<void>(erase_key(records, c.content));
    return {};
  }
  const auto key = element_at(c.content, keypos_);
  if (c.what == one_change::verb::erase_object) {
    const auto gone = erase_identical(records, key, c.content, format());
    return gone ? result<>() : std::unexpected(gone.error());
  }
  stored.push_back(to_stored(c.content));
  const auto put = insert_into(records, key, c.content, stored.back(), format());
  return put ? result<>() : std::unexpected(put.error());
}

}  // namespace shelf::dets_format
