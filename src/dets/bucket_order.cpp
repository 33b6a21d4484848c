// DETS  api -> engine -> stores -> [dets] -> file
// Term order but for numbers, at every depth that lists and tuples lead to.
#include "dets/bucket_order.hpp"

#include "term/external_format.hpp"
#include "term/order.hpp"
#include "term/skip.hpp"

#include <array>

namespace shelf::dets_format {
namespace {

using terms::tag;

tag tag_of(bytes term) noexcept { return static_cast<tag>(term[0]); }

bool is_list(bytes term) noexcept {
  return tag_of(term) == tag::list || tag_of(term) == tag::string;
}

bool is_tuple(bytes term) noexcept {
  return tag_of(term) == tag::small_tuple || tag_of(term) == tag::large_tuple;
}

bool is_integer(bytes term) noexcept {
  switch (tag_of(term)) {
    case tag::small_integer:
    case tag::integer:
    case tag::small_big:
    case tag::large_big: return true;
    default: return false;
  }
}

bytes first_term(const std::byte* at) noexcept { return {at, terms::skip(at, 1)}; }

/// Hands out the elements of a list, then its tail.
class elements {
 public:
  explicit elements(bytes list) noexcept : is_string_(tag_of(list) == tag::string) {
    if (is_string_) {
      left_ = terms::load_big<std::uint16_t>(list.data() + 1);
      at_ = list.data() + 3;
    } else {
      const auto c = terms::counted_at(list.data());
      left_ = c.count;
      at_ = c.first;
    }
  }
  [[nodiscard]] bool empty() const noexcept { return left_ == 0; }
  [[nodiscard]] bytes next() noexcept {
    --left_;
    if (is_string_) {
      byte_[1] = *at_++;
      return byte_;
    }
    const bytes element = first_term(at_);
    at_ += element.size();
    return element;
  }
  /// Of a list that is empty by now.
  [[nodiscard]] bytes tail() const noexcept { return is_string_ ? bytes(nil_) : first_term(at_); }

 private:
  static constexpr std::array nil_{static_cast<std::byte>(tag::nil)};
  const std::byte* at_;
  std::uint64_t left_;
  std::array<std::byte, 2> byte_{static_cast<std::byte>(tag::small_integer)};
  bool is_string_;
};

int compare_lists(bytes a, bytes b) noexcept {
  elements x(a), y(b);
  while (!x.empty() && !y.empty()) {
    if (const int order = compare_keys(x.next(), y.next()); order != 0) return order;
  }
  if (x.empty() && y.empty()) return compare_keys(x.tail(), y.tail());
  // One tail is a list still, the other is none: their types decide.
  constexpr std::array some_list{static_cast<std::byte>(tag::string), std::byte{0}, std::byte{1},
                                 std::byte{0}};
  return x.empty() ? compare_keys(x.tail(), some_list) : compare_keys(some_list, y.tail());
}

int compare_tuples(terms::counted a, terms::counted b) noexcept {
  const auto* x = a.first;
  const auto* y = b.first;
  for (std::uint64_t i = 0; i < a.count; ++i) {
    const bytes left = first_term(x);
    const bytes right = first_term(y);
    if (const int order = compare_keys(left, right); order != 0) return order;
    x += left.size();
    y += right.size();
  }
  return 0;
}

}  // namespace

int compare_keys(bytes a, bytes b) noexcept {
  if (same_bytes(a, b)) return 0;
  if (is_list(a) && is_list(b)) return compare_lists(a, b);
  if (is_tuple(a) && is_tuple(b)) {
    const auto x = terms::counted_at(a.data());
    const auto y = terms::counted_at(b.data());
    if (x.count == y.count) return compare_tuples(x, y);
  }
  if (is_integer(a) && tag_of(b) == tag::new_float) return -1;
  if (tag_of(a) == tag::new_float && is_integer(b)) return 1;
  const auto order = terms::compare(a, b);
  if (order != 0) return order < 0 ? -1 : 1;
  return terms::same(a, b) ? 0 : 1;
}

}  // namespace shelf::dets_format
