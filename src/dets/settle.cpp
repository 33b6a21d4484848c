// DETS  api -> engine -> stores -> [dets] -> file
// Which of several objects under one key live on.
#include "dets/bulk.hpp"
#include "term/order.hpp"

#include <algorithm>
#include <array>
#include <bit>
#include <cassert>

namespace shelf::dets_format {
namespace {

using iterator = std::vector<piece>::iterator;

struct keyed {
  piece what;
  std::size_t number;  // later ones have larger ones
  canonical_term key;
  canonical_term object;  // bags only
  bool dropped = false;
};

/// Pieces whose keys have the same hash: nearly always of one key.
class same_hash {
 public:
  same_hash(object_format format, const piece_source& source, doubles found, settled_counts& counts)
      : format_(format), source_(source), doubles_(found), counts_(counts) {}

  /// Reorders [first, last) and returns the end of what lives on.
  result<iterator> settle(iterator first, iterator last) {
    if (auto read = fetch_all(first, last); !read) return std::unexpected(read.error());
    std::ranges::sort(all_, [](const keyed& a, const keyed& b) {
      const auto order = terms::compare_exact(a.key.get(), b.key.get());
      return order != 0 ? order < 0 : a.number < b.number;
    });
    auto out = first;
    for (std::size_t i = 0; i < all_.size();) {
      auto end = i + 1;
      while (end < all_.size() && terms::same(all_[i].key.get(), all_[end].key.get())) ++end;
      out = settle_key(std::span(all_).subspan(i, end - i), out);
      i = end;
    }
    return out;
  }

 private:
  result<> fetch_all(iterator first, iterator last) {
    all_.clear();
    for (auto p = first; p != last; ++p) {
      const auto stored = source_.fetch(*p, room_);
      if (!stored) return std::unexpected(stored.error());
      keyed k{.what = *p, .number = all_.size(), .key = {}, .object = {}};
      // Copies: the next fetch may reuse the room.
      auto key = key_of_stored(*stored, format_.keypos);
      if (!key) return std::unexpected(key.error());
      k.key = canonical_term(std::vector(key->get().begin(), key->get().end()));
      if (format_.type != kind::set) {
        auto object = object_of_stored(*stored, format_.keypos);
        if (!object) return std::unexpected(object.error());
        k.object = canonical_term(std::vector(object->get().begin(), object->get().end()));
      }
      all_.push_back(std::move(k));
    }
    return {};
  }

  iterator settle_key(std::span<keyed> group, iterator out) {
    if (format_.type == kind::set) {
      for (auto& k : group.first(group.size() - 1)) k.dropped = true;
      counts_.superseded += group.size() - 1;
    } else {
      if (doubles_ == doubles::dropped) drop_doubles(group);
      if (format_.type == kind::bag) drop_copies(group);
    }
    bool is_first = true;
    for (auto& k : group) {
      if (k.dropped) continue;
      *out = k.what;
      out->first = std::exchange(is_first, false);
      ++out;
      ++counts_.objects;
    }
    ++counts_.keys;
    return out;
  }

  /// Identical objects of a bag: the last one is kept.
  void drop_copies(std::span<keyed> group) {
    std::vector<keyed*> sorted;
    for (auto& k : group) {
      if (!k.dropped) sorted.push_back(&k);
    }
    std::ranges::sort(sorted, [this](const keyed* a, const keyed* b) {
      const auto order = compare_objects(a->object.get(), b->object.get(), format_);
      return order != 0 ? order < 0 : a->number < b->number;
    });
    for (std::size_t i = 1; i < sorted.size(); ++i) {
      if (!are_identical(sorted[i - 1]->object.get(), sorted[i]->object.get(), format_)) continue;
      sorted[i - 1]->dropped = true;
      ++counts_.superseded;
    }
  }

  /// Two states of one bucket, see settle().
  void drop_doubles(std::span<keyed> group) {
    std::span<keyed> before;
    for (std::size_t i = 0; i < group.size();) {
      auto end = i + 1;
      while (end < group.size() && group[end].what.rank == group[i].what.rank) ++end;
      const auto here = group.subspan(i, end - i);
      if (is_contained(before, here)) {
        drop(before);
        before = here;
      } else if (is_contained(here, before)) {
        drop(here);
      } else {
        before = here;
      }
      i = end;
    }
  }

  [[nodiscard]] bool is_contained(std::span<const keyed> few, std::span<const keyed> many) const {
    // Inserting what a bag has moves it to the end: only what is there tells.
    if (format_.type == kind::bag) {
      return std::ranges::includes(
          by_content(many), by_content(few), [this](const keyed* a, const keyed* b) {
            return compare_objects(a->object.get(), b->object.get(), format_) < 0;
          });
    }
    std::size_t found = 0;
    for (const auto& k : many) {
      const bool here =
          found < few.size() && are_identical(few[found].object.get(), k.object.get(), format_);
      found += here ? 1 : 0;
    }
    return found == few.size();
  }

  [[nodiscard]] std::vector<const keyed*> by_content(std::span<const keyed> these) const {
    std::vector<const keyed*> all;
    all.reserve(these.size());
    for (const auto& k : these) all.push_back(&k);
    std::ranges::sort(all, [this](const keyed* a, const keyed* b) {
      return compare_objects(a->object.get(), b->object.get(), format_) < 0;
    });
    return all;
  }

  void drop(std::span<keyed> doubled) {
    for (auto& k : doubled) k.dropped = true;
    counts_.doubled += doubled.size();
  }

  object_format format_;
  const piece_source& source_;
  doubles doubles_;
  settled_counts& counts_;
  std::vector<keyed> all_;
  std::vector<std::byte> room_;
};

/// By slot, as far as the number of pieces tells how many there will be, then by hash; of one hash
/// in the order they came. Three passes over 9 bits each of a hash that is turned so that the slot
/// comes first.
void sort_by_slot(std::vector<piece>& pieces) {
  constexpr unsigned hash_bits = 27;
  constexpr unsigned digit_bits = 9;
  constexpr std::size_t digits = std::size_t{1} << digit_bits;
  const auto slots =
      std::bit_ceil(std::clamp<std::size_t>(pieces.size(), slots_per_segment, most_slots));
  const auto slot_bits = static_cast<unsigned>(std::countr_zero(slots));
  const auto turned = [&](const piece& p) {
    const auto slot = p.hash & (static_cast<std::uint32_t>(slots) - 1);
    return slot << (hash_bits - slot_bits) | p.hash >> slot_bits;
  };
  std::vector<piece> other(pieces.size());
  for (unsigned shift = 0; shift < hash_bits; shift += digit_bits) {
    std::array<std::size_t, digits + 1> start{};
    const auto digit = [&](const piece& p) { return turned(p) >> shift & (digits - 1); };
    for (const auto& p : pieces) ++start[digit(p) + 1];
    for (std::size_t i = 1; i <= digits; ++i) start[i] += start[i - 1];
    for (const auto& p : pieces) other[start[digit(p)]++] = p;
    pieces.swap(other);
  }
}

}  // namespace

result<settled_counts> settle(std::vector<piece>& pieces, object_format format,
                              const piece_source& source, doubles found) {
  sort_by_slot(pieces);
  settled_counts counts;
  same_hash several(format, source, found, counts);
  auto out = pieces.begin();
  for (auto first = pieces.begin(); first != pieces.end();) {
    auto last = first + 1;
    while (last != pieces.end() && last->hash == first->hash) ++last;
    if (last - first == 1) {
      *out = *first;
      out->first = true;
      ++out;
      ++counts.objects;
      ++counts.keys;
    } else {
      const auto end = several.settle(first, last);
      if (!end) return std::unexpected(end.error());
      out = std::move(first, *end, out);
    }
    first = last;
  }
  pieces.erase(out, pieces.end());
  for (std::uint32_t i = 0; auto& p : pieces) p.rank = i++;
  return counts;
}

}  // namespace shelf::dets_format
