// DETS  api -> engine -> stores -> [dets] -> file
// Lookups read one bucket; walks read large portions, in the order of the slots.
#include "dets/object_store.hpp"
#include "term/order.hpp"

#include <algorithm>
#include <array>
#include <cassert>
#include <mutex>

namespace shelf::dets_format {
namespace {

/// How much a walk takes at once, in bytes of buckets: what stays in the processor's cache while
/// the file is in order, more where that makes neighbours of buckets in no order.
constexpr std::uint64_t portion_in_order = std::uint64_t{1} << 20;
constexpr std::uint64_t portion_in_no_order = std::uint64_t{8} << 20;
/// Buckets no further apart than this are read together.
constexpr std::uint64_t read_over = 4096;
constexpr std::uint64_t read_at_once = std::uint64_t{1} << 20;
/// But never more in all than this many times what is wanted.
constexpr std::uint64_t most_waste = 4;

/// True if the object's key is the canonical `key`.
result<bool> has_key(bytes stored, bytes key, std::uint32_t keypos) {
  constexpr std::size_t before_first = 3;  // 131, tag, arity
  constexpr std::byte small_tuple{104};
  if (keypos == 1 && stored.size() >= before_first + key.size() && stored[1] == small_tuple &&
      stored[2] != std::byte{0} && same_bytes(stored.subspan(before_first, key.size()), key)) {
    return true;  // no encoding of a term is the beginning of another's
  }
  const auto found = key_of_stored(stored, keypos);
  if (!found) return std::unexpected(found.error());
  return terms::same(found->get(), key);
}

}  // namespace

result<> object_store::usable() const {
  if (process_.is_of_parent()) return std::unexpected(errc::forked);
  if (!open_) return std::unexpected(errc::table_closed);
  return {};
}

std::uint32_t object_store::slot_of(bytes key) const noexcept {
  return header_.slot(slot_hash(header_.method, key));
}

result<> object_store::read_bucket(slot_entry entry, std::pmr::vector<std::byte>& into) const {
  into.resize(entry.size);
  return file_.read(entry.pointer, into, "a bucket");
}

result<std::size_t> object_store::lookup(bytes key,
                                         shelf::detail::function_ref<void(bytes)> visit) const {
  if (auto ok = usable(); !ok) return std::unexpected(ok.error());
  if (reads_alongside()) return lookup_alongside(key, visit);
  slot_entry entry;
  std::pmr::vector<std::byte> content;
  {
    const std::shared_lock lock(mutex_);
    if (auto ok = usable(); !ok) return std::unexpected(ok.error());
    entry = slots_.at(slot_of(key));
    if (entry.empty()) return 0;
    if (auto read = read_bucket(entry, content); !read) return std::unexpected(read.error());
  }
  return find_in_bucket(content, entry.pointer, key, visit);
}

/// The objects of the first record of the key: OTP, too, believes the first.
result<std::size_t> object_store::find_in_bucket(
    bytes content, std::uint64_t offset, bytes key,
    shelf::detail::function_ref<void(bytes)> visit) const {
  if (auto framed = check_bucket(content, where_.path(), offset); !framed) {
    return std::unexpected(framed.error());
  }
  result<> failed;
  std::size_t count = 0;
  bool wanted = false;
  bool done = false;
  const auto look = [&](bytes object, bool first) {
    const auto fail = [&](const error& cause) {
      const auto at = static_cast<std::uint64_t>(object.data() - content.data());
      failed = std::unexpected(within(where_.path(), offset + at, cause));
      return false;
    };
    if (first) {
      done = done || wanted;
      const auto same = done ? result<bool>(false) : has_key(object, key, keypos_);
      if (!same) return fail(same.error());
      wanted = *same;
    }
    if (!wanted) return true;
    const auto whole = object_of_stored(object, keypos_);
    if (!whole) return fail(whole.error());
    visit(whole->get());
    ++count;
    return true;
  };
  const bool fits = split_records(content.subspan(bucket_header), type_, look);
  if (!failed) return std::unexpected(failed.error());
  if (!fits)
    return std::unexpected(
        corrupt_at(where_.path(), offset, "the sizes inside a bucket are inconsistent"));
  return count;
}

/// One walk over all slots. While there is one the table does not grow, so no object moves to a
/// slot that comes later.
class object_store::walk {
 public:
  explicit walk(const object_store& of) : store_(of) { ++store_.walks_; }
  walk(const walk&) = delete;
  walk& operator=(const walk&) = delete;
  ~walk() { --store_.walks_; }

  result<> run(shelf::detail::function_ref<bool(bytes)> visit) {
    for (bool more = true; more;) {
      auto read = read_portion();
      if (!read) return std::unexpected(read.error());
      more = *read;
      for (const auto& bucket : items_) {
        const auto went = visit_bucket(bucket, visit);
        if (!went) return std::unexpected(went.error());
        if (!*went) return {};
      }
    }
    return check_counts();
  }

 private:
  struct item {
    std::uint32_t slot;
    slot_entry entry;
    std::size_t at;  // in content_
  };

  /// Takes the next slots, as many as a portion holds; false if they were the last.
  result<bool> read_portion() {
    const std::shared_lock lock(store_.mutex_);
    if (auto ok = store_.usable(); !ok) return std::unexpected(ok.error());
    const auto& slots = store_.slots_;
    method_ = store_.header_.method;
    m_ = store_.header_.m;
    n_ = store_.header_.n;
    if (next_ == 0) {
      objects_ = store_.header_.objects;
      changes_ = store_.changes_;
    }
    undisturbed_ = undisturbed_ && changes_ == store_.changes_;
    items_.clear();
    std::size_t size = 0;
    for (; next_ < slots.slots() && (items_.empty() || size < portion_); ++next_) {
      const auto entry = slots.at(next_);
      if (entry.empty()) continue;
      items_.push_back({next_, entry, 0});
      size += entry.size;
    }
    if (auto read = read_items(size); !read) return std::unexpected(read.error());
    if (auto same = store_.check_unchanged(); !same) return std::unexpected(same.error());
    return next_ < slots.slots();
  }

  /// Buckets that are read together, with what stands between them.
  struct stretch {
    std::size_t first;  // in order_
    std::size_t last;
    std::uint64_t start;
    std::uint64_t end;
  };

  result<> read_items(std::uint64_t size) {
    put_in_order();
    if (find_stretches(read_over) > most_waste * size) find_stretches(0);
    std::uint64_t total = 0;
    for (const auto& r : stretches_) total += r.end - r.start;
    content_.resize(total);
    std::uint64_t at = 0;
    for (const auto& r : stretches_) {
      const auto into = std::span(content_).subspan(at, r.end - r.start);
      if (auto read = store_.file_.read(r.start, into, "a bucket"); !read) return read;
      for (auto i = r.first; i < r.last; ++i) nth(i).at = at + nth(i).entry.pointer - r.start;
      at += into.size();
    }
    return {};
  }

  [[nodiscard]] item& nth(std::size_t i) { return items_[static_cast<std::uint32_t>(order_[i])]; }

  /// By address. In a file laid out in one go each size of blocks is in order already, and size by
  /// size is nearly as good to read.
  void put_in_order() {
    std::array<std::size_t, largest_class + 2> start{};
    for (const auto& i : items_) ++start[i.entry.block().k + 1];
    for (std::size_t k = 1; k < start.size(); ++k) start[k] += start[k - 1];
    const auto first = start;
    order_.resize(items_.size());
    bool sorted = true;
    for (std::size_t i = 0; i < items_.size(); ++i) {
      const auto k = items_[i].entry.block().k;
      const auto place = start[k]++;
      order_[place] = std::uint64_t{items_[i].entry.pointer} << 32 | i;
      sorted = sorted && (place == first[k] || order_[place - 1] < order_[place]);
    }
    portion_ = sorted ? portion_in_order : portion_in_no_order;
    if (!sorted) std::ranges::sort(order_);
  }

  /// How many bytes are read if gaps up to this size are read over.
  std::uint64_t find_stretches(std::uint64_t gap) {
    stretches_.clear();
    std::uint64_t total = 0;
    for (std::size_t i = 0; i < order_.size();) {
      const std::uint64_t from = nth(i).entry.pointer;
      stretch r{.first = i, .last = i + 1, .start = from, .end = from + nth(i).entry.size};
      for (; r.last < order_.size(); ++r.last) {
        const auto [size, pointer] = nth(r.last).entry;
        if (pointer < r.end || pointer > r.end + gap || pointer + size > from + read_at_once) break;
        r.end = pointer + size;
      }
      total += r.end - r.start;
      i = r.last;
      stretches_.push_back(r);
    }
    return total;
  }

  result<bool> visit_bucket(const item& of, shelf::detail::function_ref<bool(bytes)> visit) {
    const bytes content = bytes(content_).subspan(of.at, of.entry.size);
    const auto& path = store_.where_.path();
    const std::uint64_t offset = of.entry.pointer;
    if (auto framed = check_bucket(content, path, offset); !framed) {
      return std::unexpected(framed.error());
    }
    result<> failed;
    bool goes_on = true;
    canonical_term first_object;
    bytes key;
    const auto see = [&](bytes stored, bool first) {
      const auto at = offset + static_cast<std::uint64_t>(stored.data() - content.data());
      auto whole = object_of_stored(stored, store_.keypos_);
      if (!whole) {
        failed = std::unexpected(within(path, at, whole.error()));
        return false;
      }
      const auto own_key = element_at(whole->get(), store_.keypos_);
      const bool belongs = first ? slot_for(slot_hash(method_, own_key), m_, n_) == of.slot
                                 : terms::same(key, own_key);
      if (!belongs) {
        failed =
            std::unexpected(corrupt_at(path, at, "an object is in the wrong slot for its key"));
        return false;
      }
      ++seen_;
      const bytes object = whole->get();
      if (first) {
        key = own_key;
        first_object = std::move(*whole);
      }
      return goes_on = visit(object);
    };
    const bool fits = split_records(content.subspan(bucket_header), store_.type_, see);
    if (!failed) return std::unexpected(failed.error());
    if (!fits && goes_on) {
      return std::unexpected(
          corrupt_at(path, offset, "the sizes inside a bucket are inconsistent"));
    }
    return goes_on;
  }

  result<> check_counts() const {
    if (!undisturbed_ || seen_ == objects_) return {};
    return std::unexpected(corrupt_at(store_.where_.path(), 32,
                                      "the header counts " + std::to_string(objects_) +
                                          " objects, but " + std::to_string(seen_) +
                                          " were found"));
  }

  const object_store& store_;
  std::vector<item> items_;
  std::vector<std::uint64_t> order_;  // pointer and number of each item, to be read in this order
  std::vector<stretch> stretches_;
  std::vector<std::byte> content_;
  std::uint64_t portion_ = portion_in_order;
  hash_method method_ = hash_method::phash2;
  std::uint32_t m_ = 0;
  std::uint32_t n_ = 0;
  std::uint32_t next_ = 0;
  std::uint64_t objects_ = 0;
  std::uint64_t seen_ = 0;
  std::uint64_t changes_ = 0;
  bool undisturbed_ = true;
};

result<> object_store::for_each(shelf::detail::function_ref<bool(bytes)> visit) const {
  if (auto ok = usable(); !ok) return ok;
  auto walked = walk(*this).run(visit);
  if (walked || walked.error() != errc::corrupt || !reads_alongside()) return walked;
  return blame(walked.error());
}

result<store_info> object_store::info() const {
  if (auto ok = usable(); !ok) return std::unexpected(ok.error());
  const std::shared_lock lock(mutex_);
  if (auto ok = usable(); !ok) return std::unexpected(ok.error());
  const auto size = file_.size();
  if (!size) return std::unexpected(size.error());
  store_info i{.type = type_,
               .keypos = keypos_,
               .objects = header_.objects,
               .keys = header_.keys,
               .slots = slots_.slots(),
               .min_slots = header_.min_slots,
               .max_slots = header_.max_slots,
               .file_bytes = *size,
               .read_only = settings_.how == settings::opening::read_only,
               .unsaved = unclosed_};
  for (const auto& b : free_.free_blocks()) {
    if (b.address >= end_) continue;
    i.free_bytes += std::min<std::uint64_t>(block_size(b.k), end_ - b.address);
  }
  return i;
}

}  // namespace shelf::dets_format
