// CODEC  api -> [codec] -> term
// The parts of the encoder that no template needs to see: growth, long numbers, order in sets.
#include "shelf/detail/encoder.hpp"

#include "shelf/detail/decoder.hpp"
#include "term/zero_sign.hpp"

#include <algorithm>
#include <bit>
#include <cmath>
#include <string>
#include <vector>

namespace shelf::detail {
namespace {

constexpr std::size_t head_size = 5;  // a tag and a count of 32 bits

/// Bytes of 2^1024, the least power of two that no double reaches.
constexpr std::size_t beyond_size = 129;

/// An element of a set or a pair of a map, as offsets from the first.
struct item {
  std::size_t begin;
  std::size_t key_end;
  std::size_t end;
};

/// What is known when the encoder gives up is only a part of the whole.
[[nodiscard]] error larger_than(std::size_t limit, std::size_t size) {
  return error(errc::size_limit_exceeded, "a key or value of at least " + std::to_string(size) +
                                              " bytes; limits.entry_bytes is " +
                                              std::to_string(limit));
}

}  // namespace

std::byte* encoder::grow_by(std::size_t count) {
  if (failed_) return nullptr;
  if (count > limits_.size || size_ > limits_.size - count) {
    too_large(size_ + count);
    return nullptr;
  }
  const std::size_t wanted = std::max(size_ + count, 2 * capacity_);
  auto larger = std::make_unique_for_overwrite<std::byte[]>(wanted);
  std::memcpy(larger.get(), data_, size_);
  large_ = std::move(larger);
  data_ = large_.get();
  capacity_ = wanted;
  std::byte* place = data_ + size_;
  size_ += count;
  return place;
}

void encoder::longer_integer(bool negative, std::uint64_t magnitude) {
  const std::uint64_t most = (std::uint64_t{1} << 31) - (negative ? 0 : 1);
  if (magnitude <= most) {
    const auto value = static_cast<std::uint32_t>(negative ? 0 - magnitude : magnitude);
    if (std::byte* to = room(head_size)) write_head(to, term_tag::integer, value);
    return;
  }
  const auto length = static_cast<std::size_t>((std::bit_width(magnitude) + 7) / 8);
  std::byte* to = room(3 + length);
  if (to == nullptr) return;
  to[0] = byte_of(term_tag::small_big);
  to[1] = static_cast<std::byte>(length);
  to[2] = static_cast<std::byte>(negative);
  for (std::size_t i = 0; i < length; ++i) to[3 + i] = static_cast<std::byte>(magnitude >> 8 * i);
}

void encoder::floating(double value) {
  constexpr auto unstorable = "NaN and infinite numbers cannot be stored";
  if (std::isnan(value)) return fail({errc::invalid_argument, unstorable});
  if (std::isinf(value)) return beyond(value < 0, unstorable);
  if (what_ != purpose::value && value == 0) value = 0;
  auto pattern = std::bit_cast<std::uint64_t>(value);
  std::byte* to = room(9);
  if (to == nullptr) return;
  to[0] = byte_of(term_tag::new_float);
  for (int i = 8; i > 0; --i, pattern >>= 8) to[i] = static_cast<std::byte>(pattern & 0xff);
}

/// In term order 2^1024 stands behind every integer of 64 bits and every double, and before all
/// that is no number; -2^1024 stands before everything.
void encoder::beyond(bool too_low, const char* why) {
  if (what_ != purpose::bound) return fail({errc::invalid_argument, why});
  std::byte* to = room(3 + beyond_size);
  if (to == nullptr) return;
  to[0] = byte_of(term_tag::small_big);
  to[1] = static_cast<std::byte>(beyond_size);
  to[2] = static_cast<std::byte>(too_low);
  std::memset(to + 3, 0, beyond_size - 1);
  to[2 + beyond_size] = std::byte{1};
}

void encoder::large_binary(bytes value) {
  const auto before = size_ + (gathered_ ? gathered_->size : 0) + head_size;
  if (value.size() > limits_.size || before > limits_.size - value.size()) {
    return too_large(before + value.size());
  }
  std::byte* to = room(head_size);
  if (to == nullptr) return;
  write_head(to, term_tag::binary, value.size());
  if (!gathered_) gathered_ = std::make_unique<gathered>();
  gathered_->pieces.push_back({size_, value});
  gathered_->size += value.size();
}

std::vector<bytes> encoder::pieces() const {
  assert(!failed_);
  std::vector<bytes> all;
  const bytes copied(data_, size_);
  std::size_t from = 0;
  for (const auto& [at, content] : gathered_->pieces) {
    all.push_back(copied.subspan(from, at - from));
    all.push_back(content);
    from = at;
  }
  all.push_back(copied.subspan(from));
  return all;
}

/// Gives up gathering: what is to be sorted must stand in one place. Returns where what began at
/// `place` begins now.
std::size_t encoder::copy_gathered(std::size_t place) {
  const auto size = size_ + gathered_->size;
  auto whole = std::make_unique_for_overwrite<std::byte[]>(size);
  std::byte* to = whole.get();
  for (const auto piece : pieces()) to = std::copy(piece.begin(), piece.end(), to);
  std::size_t before = 0;
  for (const auto& [at, content] : gathered_->pieces) before += at <= place ? content.size() : 0;
  large_ = std::move(whole);
  data_ = large_.get();
  size_ = capacity_ = size;
  gathered_.reset();
  most_copied_ = limits_.size;
  return place + before;
}

void encoder::atom(std::string_view name) {
  assert(name.size() <= 1020);
  if (name.size() <= 255) {
    const std::byte head[]{byte_of(term_tag::small_atom_utf8), static_cast<std::byte>(name.size())};
    raw(head);
  } else {
    const std::byte head[]{byte_of(term_tag::atom_utf8), static_cast<std::byte>(name.size() >> 8),
                           static_cast<std::byte>(name.size() & 0xff)};
    raw(head);
  }
  raw(as_bytes(name));
}

void encoder::term(bytes canonical) {
  const std::uint32_t deepest = limits_.nesting - std::min(depth_, limits_.nesting);
  if (nesting_of(canonical, deepest) > deepest) return too_deep();
  if (canonical.size() > limits_.size) return too_large(canonical.size());
  std::byte* const to = room(canonical.size());
  if (to == nullptr) return;
  std::ranges::copy(canonical, to);
  // In a key or bound every -0.0 is 0.0, however deep it stands.
  if (what_ != purpose::value && terms::may_hold_negative_zero(canonical)) {
    terms::drop_zero_signs({to, canonical.size()});
  }
}

void encoder::enter_tuple(std::size_t size) {
  if (size <= 255) {
    const std::byte head[]{byte_of(term_tag::small_tuple), static_cast<std::byte>(size)};
    raw(head);
  } else if (std::byte* to = room(head_size)) {
    write_head(to, term_tag::large_tuple, size);
  }
  enter();
}

std::size_t encoder::open_list() {
  enter();
  const std::size_t start = size_;
  static_cast<void>(room(head_size));  // written when the count is known
  return start;
}

void encoder::close_list(std::size_t start, std::size_t count) {
  leave();
  if (failed_) return;
  if (count == 0) {
    size_ = start;
  } else if (shrink_to_string(start, count)) {
    return;
  } else {
    write_head(data_ + start, term_tag::list, count);
  }
  if (std::byte* to = room(1)) *to = byte_of(term_tag::nil);
}

/// A list of 1 to 65535 integers from 0 to 255 is kept as its bytes.
bool encoder::shrink_to_string(std::size_t start, std::size_t count) noexcept {
  constexpr std::size_t string_head = 3;
  if (count > 65535 || size_ - start != head_size + 2 * count) return false;
  const std::byte* elements = data_ + start + head_size;
  for (std::size_t i = 0; i < count; ++i) {
    // As far as all were small integers, this byte is where the next begins.
    if (elements[2 * i] != byte_of(term_tag::small_integer)) return false;
  }
  std::byte* to = data_ + start;
  to[0] = byte_of(term_tag::string);
  to[1] = static_cast<std::byte>(count >> 8);
  to[2] = static_cast<std::byte>(count & 0xff);
  for (std::size_t i = 0; i < count; ++i) to[string_head + i] = elements[2 * i + 1];
  size_ = start + string_head + count;
  return true;
}

void encoder::close_set(std::size_t start, std::size_t count) {
  if (!failed_ && gathered_) start = copy_gathered(start);
  if (!failed_) sort_items(start + head_size, count, false);
  close_list(start, count);
}

void encoder::close_map(std::size_t start, std::size_t count) {
  leave();
  if (failed_) return;
  if (gathered_) start = copy_gathered(start);
  sort_items(start + head_size, count, true);
  if (!failed_) write_head(data_ + start, term_tag::map, count);
}

void encoder::sort_items(std::size_t start, std::size_t count, bool pairs) {
  if (count < 2) return;
  std::vector<item> items;
  items.reserve(count);
  decoder in({data_ + start, size_ - start});
  const auto place = [&] { return size_ - start - in.left(); };
  for (std::size_t i = 0; i < count; ++i) {
    item next{place(), 0, 0};
    [[maybe_unused]] bool whole = in.skip();
    next.key_end = place();
    if (pairs) whole = whole && in.skip();
    assert(whole);
    next.end = place();
    items.push_back(next);
  }
  const std::byte* first = data_ + start;
  const auto key = [first](const item& i) { return bytes(first + i.begin, i.key_end - i.begin); };
  const auto before = [&key](const item& a, const item& b) {
    return compare_keys(key(a), key(b)) < 0;
  };
  if (!std::is_sorted(items.begin(), items.end(), before)) {
    std::sort(items.begin(), items.end(), before);
    auto sorted = std::make_unique_for_overwrite<std::byte[]>(size_ - start);
    std::byte* to = sorted.get();
    for (const item& i : items) to = std::copy(first + i.begin, first + i.end, to);
    std::memcpy(data_ + start, sorted.get(), size_ - start);
    first = data_ + start;
    std::size_t at = 0;
    for (item& i : items) {
      const std::size_t key_size = i.key_end - i.begin;
      const std::size_t item_size = i.end - i.begin;
      i = {at, at + key_size, at + item_size};
      at += item_size;
    }
  }
  const auto twins = [&](const item& a, const item& b) { return !before(a, b); };
  if (std::adjacent_find(items.begin(), items.end(), twins) != items.end()) {
    fail({errc::invalid_argument, pairs ? "two keys of a map have the same term"
                                        : "two elements of a set have the same term"});
  }
}

void encoder::fail(error why) {
  if (failed_) return;
  failed_ = true;
  why_ = std::move(why);
  capacity_ = size_;  // so that room() asks grow_by(), which refuses
}

void encoder::too_deep() {
  fail({errc::size_limit_exceeded,
        "a key or value that nests deeper than limits.nesting, which is " +
            std::to_string(limits_.nesting)});
}

void encoder::too_large(std::size_t size) { fail(larger_than(limits_.size, size)); }

result<bytes> encoder::outcome() const {
  if (failed_) return std::unexpected(why_);
  if (size_ > limits_.size) return std::unexpected(larger_than(limits_.size, size_));
  return written();
}

void encoder::clear() noexcept {
  if (failed_) capacity_ = 0;
  if (!large_) capacity_ = small_capacity;
  gathered_.reset();
  size_ = 0;
  depth_ = 0;
  failed_ = false;
}

}  // namespace shelf::detail
