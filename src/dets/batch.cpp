// DETS  api -> engine -> stores -> [dets] -> file
// Many changes at once: those of one slot make one bucket, or in a bag a bucket per step.
#include "dets/edits.hpp"
#include "dets/object_store.hpp"
#include "term/order.hpp"

#include <algorithm>
#include <limits>
#include <mutex>

namespace shelf::dets_format {
namespace {

/// Objects that are written before the marks of what they replace.
constexpr std::size_t portion = 4096;

using one_change = object_store::one_change;
using verb = one_change::verb;

/// A change of a batch, and which step of its slot it belongs to.
struct in_slot {
  std::uint32_t slot;
  std::size_t change;
  std::uint32_t step = 0;
};

/// The step of what is erased with its whole key later on.
constexpr std::uint32_t moot = std::numeric_limits<std::uint32_t>::max();

bytes key_in(const one_change& c, std::uint32_t keypos) noexcept {
  return c.what == verb::erase ? c.content : element_at(c.content, keypos);
}

/// Divides the changes of one slot of a bag into steps that only add to the objects of a key or
/// only take some away; how many there are. A repair that finds the buckets of two such steps can
/// tell that they are two states of one, see doubles. It could not after `erase, insert`: neither
/// state contains the other, and it would keep objects of both.
std::uint32_t number_steps(std::span<in_slot> here, std::span<const one_change> changes,
                           std::uint32_t keypos) {
  struct course {
    bytes key;
    bool adds;
    std::uint32_t step = 0;
    std::vector<std::size_t> since_erased = {};
  };
  std::vector<course> courses;
  for (std::size_t i = 0; i < here.size(); ++i) {
    const auto& c = changes[here[i].change];
    const auto key = key_in(c, keypos);
    const bool adds = c.what == verb::insert;
    auto of_key =
        std::ranges::find_if(courses, [&](const course& k) { return terms::same(k.key, key); });
    if (of_key == courses.end()) of_key = courses.insert(courses.end(), {key, adds});
    if (c.what == verb::erase) {
      for (const auto before : of_key->since_erased) here[before].step = moot;
      *of_key = {key, adds};
    }
    if (of_key->adds != adds) ++of_key->step;
    of_key->adds = adds;
    of_key->since_erased.push_back(i);
    here[i].step = of_key->step;
  }
  std::uint32_t steps = 1;
  for (const auto& c : here) {
    if (c.step != moot) steps = std::max(steps, c.step + 1);
  }
  return steps;
}

}  // namespace

result<std::size_t> object_store::insert_all(std::span<const bytes> objects, bool only_new) {
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

result<> object_store::check_absent(std::span<const bytes> objects) const {
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

result<> object_store::change_all(std::span<const one_change> changes) {
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

/// In the order of the slots; those of one key in the order in which they came. Until
/// finish_change() what they replace stays as it was.
result<> object_store::apply_by_slot(std::span<const one_change> changes) {
  std::vector<in_slot> by_slot;
  by_slot.reserve(changes.size());
  for (std::size_t i = 0; i < changes.size(); ++i) {
    by_slot.push_back({slot_of(key_in(changes[i], keypos_)), i});
  }
  const auto erases = [&](const in_slot& c) { return changes[c.change].what != verb::insert; };
  std::ranges::sort(by_slot, [](const in_slot& a, const in_slot& b) {
    return a.slot != b.slot ? a.slot < b.slot : a.change < b.change;
  });
  for (std::size_t first = 0; first < by_slot.size();) {
    auto last = first;
    while (last < by_slot.size() && by_slot[last].slot == by_slot[first].slot) ++last;
    const auto here = std::span(by_slot).subspan(first, last - first);
    const bool one_step =
        type_ == kind::set || here.size() == 1 || std::ranges::none_of(here, erases);
    const auto steps = one_step ? 1 : number_steps(here, changes, keypos_);
    std::vector<std::vector<std::byte>> stored;  // what the records refer to
    const auto edit = [&](key_records& records, std::uint32_t step) -> result<bool> {
      for (const auto& c : here) {
        if (c.step != step) continue;
        if (auto done = apply_to(records, changes[c.change], stored); !done) {
          return std::unexpected(done.error());
        }
      }
      return true;
    };
    const auto changed = change_slot_in_steps(here.front().slot, steps, edit);
    if (!changed) return changed;
    first = last;
  }
  return {};
}

result<> object_store::apply_to(key_records& records, const one_change& c,
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
