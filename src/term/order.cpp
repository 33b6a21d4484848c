// TERM  vocabulary of every room
// One pass over both terms at once. Both are canonical and were checked when they came in:
// lengths are believed here, and recursion is as deep as the terms nest, which the checks bound.
#include "term/order.hpp"

#include "term/external_format.hpp"
#include "term/number.hpp"
#include "term/rank.hpp"
#include "term/skip.hpp"

#include <algorithm>
#include <array>
#include <cstddef>
#include <string_view>

namespace shelf::terms {
namespace {

using place = const std::byte*;
using std::weak_ordering;

tag tag_at(place at) noexcept { return static_cast<tag>(*at); }

struct mode {
  bool exact;   ///< every integer is before every float
  bool finish;  ///< move behind both terms even if they differ
};

std::weak_ordering compare_bytes(bytes a, bytes b) noexcept { return as_text(a) <=> as_text(b); }

// The elements of a list and its tail, each as an encoded term.
struct list_walk {
  place at;
  std::uint32_t left;
  bool is_string;

  explicit list_walk(place list) noexcept
      : at(list + (tag_at(list) == tag::string ? 3 : 5)),
        left(tag_at(list) == tag::string ? load_big<std::uint16_t>(list + 1)
                                         : load_big<std::uint32_t>(list + 1)),
        is_string(tag_at(list) == tag::string) {}
};

// The fields of pids, ports and references behind the node atom.
struct identity {
  bytes node;
  place fields;
};

identity identity_at(place atom) noexcept {
  const auto node = atom_at(atom);
  return {node, node.data() + node.size()};
}

class comparison {
 public:
  comparison(place a, place b) noexcept : a_(a), b_(b) {}

  /// Compares the terms at a_ and b_. Scalars, and whatever compares equal, are left behind; so is
  /// what differs if m.finish.
  weak_ordering term(mode m) noexcept {
    const auto rank_a = rank_of(tag_at(a_));
    const auto rank_b = rank_of(tag_at(b_));
    if (rank_a != rank_b) return settle(rank_a <=> rank_b, 1, 1, m);
    switch (rank_a) {
      case rank::number: return number(m);
      case rank::atom: return atom();
      case rank::reference: return reference();
      case rank::fun: return fun(m);
      case rank::port: return port();
      case rank::pid: return pid();
      case rank::tuple: return tuple(m);
      case rank::map: return map(m);
      case rank::before_all:
      case rank::behind_all:
      case rank::nil: ++a_, ++b_; return weak_ordering::equivalent;
      case rank::list: return list(m);
      case rank::bitstring: break;
    }
    return bitstring();
  }

 private:
  // The verdict is known; `of_a` and `of_b` terms are still to be left behind.
  weak_ordering settle(weak_ordering verdict, std::uint64_t of_a, std::uint64_t of_b,
                       mode m) noexcept {
    if (m.finish) {
      a_ = skip(a_, of_a);
      b_ = skip(b_, of_b);
    }
    return verdict;
  }

  weak_ordering number(mode m) noexcept {
    const auto a = tag_at(a_);
    const auto b = tag_at(b_);
    weak_ordering verdict = weak_ordering::equivalent;
    if (a == tag::small_integer && b == tag::small_integer) {
      verdict = a_[1] <=> b_[1];
    } else if (m.exact && (a == tag::new_float) != (b == tag::new_float)) {
      verdict = (a == tag::new_float) <=> (b == tag::new_float);
    } else if (a == tag::integer && b == tag::integer) {
      verdict = static_cast<std::int32_t>(load_big<std::uint32_t>(a_ + 1)) <=>
                static_cast<std::int32_t>(load_big<std::uint32_t>(b_ + 1));
    } else {
      verdict = compare_numbers(number_at(a_), number_at(b_));
    }
    a_ = skip(a_, 1);
    b_ = skip(b_, 1);
    return verdict;
  }

  weak_ordering atom() noexcept {
    const auto a = atom_at(a_);
    const auto b = atom_at(b_);
    a_ = a.data() + a.size();
    b_ = b.data() + b.size();
    return compare_bytes(a, b);  // UTF-8 orders as its code points do
  }

  weak_ordering tuple(mode m) noexcept {
    const auto a = counted_at(a_);
    const auto b = counted_at(b_);
    a_ = a.first;
    b_ = b.first;
    if (a.count != b.count) return settle(a.count <=> b.count, a.count, b.count, m);
    return elements(a.count, m);
  }

  weak_ordering elements(std::uint64_t count, mode m) noexcept {
    for (; count > 0; --count) {
      if (const auto verdict = term(m); verdict != 0) {
        return settle(verdict, count - 1, count - 1, m);
      }
    }
    return weak_ordering::equivalent;
  }

  // First all keys, then all values, but in one pass: the first difference among the values is kept
  // until the keys are known to be equal. So nothing is walked twice, however deep maps nest.
  weak_ordering map(mode m) noexcept {
    const auto a = counted_at(a_);
    const auto b = counted_at(b_);
    a_ = a.first;
    b_ = b.first;
    if (a.count != b.count) return settle(a.count <=> b.count, 2 * a.count, 2 * b.count, m);
    weak_ordering values = weak_ordering::equivalent;
    for (auto left = a.count; left > 0; --left) {
      const auto keys = term({.exact = true, .finish = m.finish});
      if (keys != 0) return settle(keys, 2 * left - 1, 2 * left - 1, m);
      const bool go_on = m.finish || left > 1;
      if (values == 0)
        values = term({.exact = m.exact, .finish = go_on});
      else
        settle(values, 1, 1, {.exact = m.exact, .finish = go_on});
    }
    return values;
  }

  weak_ordering list(mode m) noexcept {
    list_walk a(a_);
    list_walk b(b_);
    if (a.is_string && b.is_string) return strings(a, b);
    while (a.left > 0 && b.left > 0) {
      const auto verdict = heads(a, b, m);
      --a.left;
      --b.left;
      if (verdict != 0) return leave_lists(verdict, a, b, m);
    }
    return tails(a, b, m);
  }

  weak_ordering strings(const list_walk& a, const list_walk& b) noexcept {
    a_ = a.at + a.left;
    b_ = b.at + b.left;
    return compare_bytes({a.at, a.left}, {b.at, b.left});
  }

  weak_ordering heads(list_walk& a, list_walk& b, mode m) noexcept {
    const std::array byte_of_a{byte_of(tag::small_integer), *a.at};
    const std::array byte_of_b{byte_of(tag::small_integer), *b.at};
    a_ = a.is_string ? byte_of_a.data() : a.at;
    b_ = b.is_string ? byte_of_b.data() : b.at;
    const auto verdict = term(m);
    a.at = a.is_string ? a.at + 1 : a_;
    b.at = b.is_string ? b.at + 1 : b_;
    return verdict;
  }

  // At least one list has run out: what is left of it is its tail, what is left of a longer one is
  // a list.
  weak_ordering tails(const list_walk& a, const list_walk& b, mode m) noexcept {
    static constexpr std::byte empty{106};
    if (a.left == b.left) {
      a_ = a.is_string ? &empty : a.at;
      b_ = b.is_string ? &empty : b.at;
      const auto verdict = term(m);
      if (a.is_string) a_ = a.at;
      if (b.is_string) b_ = b.at;
      return verdict;
    }
    const auto& ended = a.left == 0 ? a : b;
    const auto tail = ended.is_string ? rank::nil : rank_of(tag_at(ended.at));
    const weak_ordering verdict = tail <=> rank::list;
    return leave_lists(a.left == 0 ? verdict : 0 <=> verdict, a, b, m);
  }

  weak_ordering leave_lists(weak_ordering verdict, const list_walk& a, const list_walk& b,
                            mode m) noexcept {
    const auto behind = [](const list_walk& w) {
      return w.is_string ? w.at + w.left : skip(w.at, std::uint64_t{w.left} + 1);
    };
    if (m.finish) {
      a_ = behind(a);
      b_ = behind(b);
    }
    return verdict;
  }

  weak_ordering bitstring() noexcept {
    const auto a = bits_at(a_);
    const auto b = bits_at(b_);
    a_ = a.content.data() + a.content.size();
    b_ = b.content.data() + b.content.size();
    // Whole bytes that both have; a last byte in part has zeros below, and the shorter is smaller.
    const auto common = std::min(a.count, b.count) / 8;
    const auto whole = compare_bytes(a.content.first(common), b.content.first(common));
    if (whole != 0) return whole;
    const auto bits = static_cast<unsigned>(std::min(a.count, b.count) % 8);
    if (bits > 0) {
      const auto mask = static_cast<std::byte>(0xFF00u >> bits);
      const auto part = (a.content[common] & mask) <=> (b.content[common] & mask);
      if (part != 0) return part;
    }
    return a.count <=> b.count;
  }

  // new_pid := node id:u32 serial:u32 creation:u32, in the order serial, id, node, creation
  weak_ordering pid() noexcept {
    const auto a = identity_at(a_ + 1);
    const auto b = identity_at(b_ + 1);
    a_ = a.fields + 12;
    b_ = b.fields + 12;
    if (const auto serial = compare_bytes({a.fields + 4, 4}, {b.fields + 4, 4}); serial != 0) {
      return serial;
    }
    if (const auto id = compare_bytes({a.fields, 4}, {b.fields, 4}); id != 0) return id;
    if (const auto node = compare_bytes(a.node, b.node); node != 0) return node;
    return compare_bytes({a.fields + 8, 4}, {b.fields + 8, 4});
  }

  // new_port := node id:u32 creation:u32, v4_port := node id:u64 creation:u32; node, creation, id
  weak_ordering port() noexcept {
    const std::size_t width_a = tag_at(a_) == tag::v4_port ? 8 : 4;
    const std::size_t width_b = tag_at(b_) == tag::v4_port ? 8 : 4;
    const auto a = identity_at(a_ + 1);
    const auto b = identity_at(b_ + 1);
    a_ = a.fields + width_a + 4;
    b_ = b.fields + width_b + 4;
    if (const auto node = compare_bytes(a.node, b.node); node != 0) return node;
    const auto creation = compare_bytes({a.fields + width_a, 4}, {b.fields + width_b, 4});
    if (creation != 0) return creation;
    if (width_a != width_b)
      return width_a <=> width_b;  // canonical: large numbers have wide fields
    return compare_bytes({a.fields, width_a}, {b.fields, width_b});
  }

  // newer_reference := n:u16 node creation:u32 words:u32[n]; node, creation, then the words from
  // the last to the first, where words of zero at the end do not count
  weak_ordering reference() noexcept {
    auto left_a = load_big<std::uint16_t>(a_ + 1);
    auto left_b = load_big<std::uint16_t>(b_ + 1);
    const auto a = identity_at(a_ + 3);
    const auto b = identity_at(b_ + 3);
    const auto word = [](const identity& i, int n) {
      return load_big<std::uint32_t>(i.fields + 4 * n);  // word 0 is the creation
    };
    a_ = a.fields + 4 + 4 * left_a;
    b_ = b.fields + 4 + 4 * left_b;
    if (const auto node = compare_bytes(a.node, b.node); node != 0) return node;
    if (const auto creation = word(a, 0) <=> word(b, 0); creation != 0) return creation;
    while (left_a > left_b && word(a, left_a) == 0) --left_a;
    while (left_b > left_a && word(b, left_b) == 0) --left_b;
    if (left_a != left_b) return left_a <=> left_b;
    for (; left_a > 0; --left_a) {
      if (const auto words = word(a, left_a) <=> word(b, left_a); words != 0) return words;
    }
    return weak_ordering::equivalent;
  }

  weak_ordering fun(mode m) noexcept {
    const bool export_a = tag_at(a_) == tag::fun_export;
    const bool export_b = tag_at(b_) == tag::fun_export;
    if (export_a != export_b) return settle(export_a <=> export_b, 1, 1, m);
    return export_a ? exported(m) : local(m);
  }

  weak_ordering exported(mode m) noexcept {
    ++a_, ++b_;
    return elements(3, m);  // module, function, arity
  }

  // new_fun := size:u32 arity:u8 uniq:u8[16] index:u32 nfree:u32 module
  //            OldIndex OldUniq creator free*
  //
  // in the order module, index, OldUniq, nfree, free*
  weak_ordering local(mode m) noexcept {
    const auto begin_a = a_;
    const auto begin_b = b_;
    a_ = begin_a + 30;
    b_ = begin_b + 30;
    auto verdict = atom();
    if (verdict == 0) verdict = compare_bytes({begin_a + 22, 4}, {begin_b + 22, 4});
    a_ = skip(a_, 1);
    b_ = skip(b_, 1);
    const auto unique = number(m);
    if (verdict == 0) verdict = unique;
    if (verdict == 0) verdict = compare_bytes({begin_a + 26, 4}, {begin_b + 26, 4});
    a_ = skip(a_, 1);
    b_ = skip(b_, 1);
    const auto free_a = load_big<std::uint32_t>(begin_a + 26);
    if (verdict != 0) return settle(verdict, free_a, load_big<std::uint32_t>(begin_b + 26), m);
    return elements(free_a, m);
  }

  place a_;
  place b_;
};

weak_ordering compare_in(bytes a, bytes b, bool exact) noexcept {
  assert(!a.empty() && !b.empty());
  return comparison(a.data(), b.data()).term({.exact = exact, .finish = false});
}

}  // namespace

std::weak_ordering compare_any(bytes a, bytes b) noexcept { return compare_in(a, b, false); }
std::weak_ordering compare_exact(bytes a, bytes b) noexcept { return compare_in(a, b, true); }

}  // namespace shelf::terms
