// TERM  vocabulary of every room
// Rewrites a term of any form in canonical form, in one pass without recursion.
#include "term/canonical.hpp"

#include "term/envelope.hpp"
#include "term/order.hpp"
#include "term/reader.hpp"
#include "term/scalar.hpp"
#include "term/scalar_output.hpp"

#include <algorithm>
#include <cassert>
#include <cstdint>
#include <string>
#include <utility>

namespace shelf::terms {
namespace {

constexpr std::size_t list_header = 5;
constexpr std::uint64_t longest_string = 65535;

// Where a pair stands in the output: key [key, value), value [value, end). 32 bits: a term that was
// no longer than max_term_bytes does not grow to four times its size.
struct pair_place {
  std::uint32_t key = 0;
  std::uint32_t value = 0;
  std::uint32_t end = 0;
};

// A container whose children are being written.
struct container {
  tag what;
  std::uint64_t awaited;    // children to come, a list's tail included
  std::size_t in;           // where it stands in the input
  std::size_t out;          // where it stands in the output
  std::uint64_t count = 0;  // list: elements so far
  std::size_t pairs = 0;    // map: its first pair in pairs_
  bool sorted = true;       // map: its keys so far ascend
};

class rewriting {
 public:
  rewriting(bytes input, std::size_t base, const term_limits& bounds)
      : in_(input, bounds, base), bound_(std::min(bounds.nesting, max_nesting)) {
    out_.reserve(input.size());
  }

  result<std::vector<std::byte>> run() {
    do {
      const head h = in_.next();
      if (!h || !value(h)) return std::unexpected(in_.failure());
    } while (!open_.empty());
    if (in_.left() > 0) {
      static_cast<void>(in_.trailing());
      return std::unexpected(in_.failure());
    }
    return std::move(out_);
  }

 private:
  // All of these: false means that in_ holds the failure.
  bool value(const head& h) {
    const bool tail = !open_.empty() && open_.back().what == tag::list && open_.back().awaited == 1;
    return tail ? list_tail(h) : place(h);
  }

  // Writes a scalar or the head of a container where the output ends.
  bool place(const head& h) {
    if (h.children > 0) return enter(h);
    if (h.what == tag::small_tuple || h.what == tag::large_tuple)
      put_tuple_head(out_, 0);
    else if (h.what == tag::map)
      put_counted_head(out_, tag::map, 0);
    else
      append_scalar(out_, in_, h);
    return complete();
  }

  bool enter(const head& h) {
    if (open_.size() >= bound_) {
      static_cast<void>(in_.too_deep(h, bound_));
      return false;
    }
    container c{.what = h.what, .awaited = h.children, .in = h.start, .out = out_.size()};
    if (h.what == tag::list) {
      c.count = h.children - 1;
      put_counted_head(out_, tag::list, 0);  // count and form are settled at the tail
    } else if (h.what == tag::map) {
      put_counted_head(out_, tag::map, static_cast<std::size_t>(h.children / 2));
      c.pairs = pairs_.size();
      pairs_.push_back({.key = place_now()});
    } else if (h.what == tag::new_fun) {
      append_scalar(out_, in_, h);
    } else {
      put_tuple_head(out_, static_cast<std::size_t>(h.children));
    }
    open_.push_back(c);
    return true;
  }

  // A term is complete, and with it every container that awaited only it.
  bool complete() {
    while (!open_.empty()) {
      auto& c = open_.back();
      --c.awaited;
      if (c.what == tag::map && !note_pair(c)) return false;
      if (c.awaited > 0) return true;
      if (c.what == tag::map && !settle_map(c)) return false;
      if (c.what == tag::new_fun) settle_fun_size(out_, c.out);
      open_.pop_back();
    }
    return true;
  }

  // What follows the last element: another list goes on in the same node.
  bool list_tail(const head& h) {
    auto& c = open_.back();
    if (h.what == tag::list) {
      c.awaited = h.children;
      c.count += h.children - 1;
      return true;
    }
    if (h.what == tag::string) append_elements(c, in_.content(h));
    const bool proper = h.what == tag::string || h.what == tag::nil;
    const container closed = c;
    open_.pop_back();
    if (!proper) {
      settle_count(closed);
      return place(h);
    }
    settle_proper_list(closed);
    return complete();
  }

  void append_elements(container& c, bytes string) {
    for (const auto b : string) {
      put_tag(out_, tag::small_integer);
      out_.push_back(b);
    }
    c.count += string.size();
  }

  // A list without elements is its tail.
  void settle_count(const container& c) {
    if (c.count == 0)
      out_.resize(c.out);
    else
      store_big(out_.data() + c.out + 1, static_cast<std::uint32_t>(c.count));
  }

  void settle_proper_list(const container& c) {
    if (c.count > 0 && c.count <= longest_string && holds_only_bytes(c)) {
      return shrink_to_string(c);
    }
    settle_count(c);
    put_tag(out_, tag::nil);
  }

  bool holds_only_bytes(const container& c) const {
    auto at = c.out + list_header;
    for (std::uint64_t i = 0; i < c.count; ++i, at += 2) {
      if (out_[at] != static_cast<std::byte>(tag::small_integer)) return false;
    }
    return true;
  }

  void shrink_to_string(const container& c) {
    auto* start = out_.data() + c.out;
    const auto* elements = start + list_header;
    const auto count = static_cast<std::size_t>(c.count);
    start[0] = static_cast<std::byte>(tag::string);
    store_big(start + 1, static_cast<std::uint16_t>(count));
    for (std::size_t i = 0; i < count; ++i) start[3 + i] = elements[2 * i + 1];
    out_.resize(c.out + 3 + count);
  }

  // A key or a value of the map is complete.
  bool note_pair(container& c) {
    auto& last = pairs_.back();
    if (c.awaited % 2 == 1) {
      last.value = place_now();
      return pairs_.size() - c.pairs < 2 || note_key(c);
    }
    last.end = place_now();
    if (c.awaited > 0) pairs_.push_back({.key = place_now()});
    return true;
  }

  bool note_key(container& c) {
    const auto order = compare_exact(key(pairs_[pairs_.size() - 2]), key(pairs_.back()));
    if (order > 0) c.sorted = false;
    return order != 0 || duplicate(c);
  }

  bool settle_map(const container& c) {
    const auto first = pairs_.begin() + static_cast<std::ptrdiff_t>(c.pairs);
    if (!c.sorted) {
      const auto order = [&](const auto& a, const auto& b) {
        return compare_exact(key(a), key(b));
      };
      const auto begin = first->key;
      std::sort(first, pairs_.end(), [&](const auto& a, const auto& b) { return order(a, b) < 0; });
      const auto twice = std::adjacent_find(
          first, pairs_.end(), [&](const auto& a, const auto& b) { return order(a, b) == 0; });
      if (twice != pairs_.end()) return duplicate(c);
      reorder(begin, first);
    }
    pairs_.erase(first, pairs_.end());
    return true;
  }

  void reorder(std::uint32_t begin, std::vector<pair_place>::iterator first) {
    std::vector<std::byte> sorted;
    sorted.reserve(out_.size() - begin);
    for (; first != pairs_.end(); ++first) {
      put(sorted, written().subspan(first->key, first->end - first->key));
    }
    assert(begin + sorted.size() == out_.size());
    std::ranges::copy(sorted, out_.begin() + begin);
  }

  bool duplicate(const container& c) {
    static_cast<void>(in_.fail(errc::corrupt, c.in, "tag 116: a key occurs twice"));
    return false;
  }

  bytes written() const noexcept { return out_; }
  bytes key(const pair_place& p) const noexcept {
    return written().subspan(p.key, p.value - p.key);
  }
  std::uint32_t place_now() const noexcept { return static_cast<std::uint32_t>(out_.size()); }

  reader in_;
  std::size_t bound_;
  std::vector<std::byte> out_;
  std::vector<container> open_;
  std::vector<pair_place> pairs_;
};

result<std::vector<std::byte>> rewrite(bytes input, std::size_t base, const term_limits& bounds) {
  if (input.size() > max_term_bytes) {
    return std::unexpected(error(errc::size_limit_exceeded, "byte 0: a term of more than 1 GiB"));
  }
  return rewriting(input, base, bounds).run();
}

}  // namespace

result<std::vector<std::byte>> canonicalize(bytes input, const term_limits& bounds) {
  if (input.size() <= max_term_bytes && is_canonical(input, bounds)) {
    return std::vector<std::byte>(input.begin(), input.end());
  }
  return rewrite(input, 0, bounds);
}

result<std::vector<std::byte>> canonicalize_enveloped(bytes input, const term_limits& bounds) {
  auto envelope = open_envelope(input, bounds);
  if (!envelope) return std::unexpected(envelope.error());
  if (envelope->compressed && envelope->consumed < input.size()) {
    return std::unexpected(
        error(errc::corrupt, "byte " + std::to_string(envelope->consumed) + ": " +
                                 std::to_string(input.size() - envelope->consumed) +
                                 " bytes follow the term"));
  }
  return rewrite(envelope->term, envelope->header, bounds);
}

}  // namespace shelf::terms
