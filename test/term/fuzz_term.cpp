// TEST  term
// libFuzzer: no bytes make reading, rewriting, comparing or printing a term go wrong.
#include "term/canonical.hpp"
#include "term/order.hpp"
#include "term/text.hpp"
#include "term/validation.hpp"

#include <algorithm>
#include <cstdint>
#include <cstdlib>
#include <vector>

namespace {

using namespace shelf;

void demand(bool holds) {
  if (!holds) std::abort();
}

std::weak_ordering reversed(std::weak_ordering o) { return 0 <=> o; }

void check_pair(bytes a, bytes b) {
  const auto order = terms::compare(a, b);
  demand(order == reversed(terms::compare(b, a)));
  demand(terms::compare(a, a) == 0);
  demand(terms::compare_exact(a, b) == reversed(terms::compare_exact(b, a)));
  if (terms::same(a, b)) demand(order == 0);
  const auto prefix_a = terms::order_prefix(a);
  const auto prefix_b = terms::order_prefix(b);
  if (prefix_a != prefix_b) demand((prefix_a < prefix_b) == (order < 0));
}

}  // namespace

// The first byte says where the input is split in two terms.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size < 2) return 0;
  const auto all = bytes(reinterpret_cast<const std::byte*>(data), size);
  const auto input = all.subspan(1);
  demand(terms::to_text(input, 100).size() <= 100);
  static_cast<void>(terms::scan_enveloped(input));
  static_cast<void>(terms::canonicalize_enveloped(input));
  static_cast<void>(terms::refuse_storage(input));
  const auto first_size = terms::scan(input);
  const auto split = first_size ? *first_size : std::min<std::size_t>(data[0], input.size());
  const auto first = terms::canonicalize(input.first(split));
  const auto second = terms::canonicalize(input.subspan(split));
  demand(terms::is_canonical(input) ==
         (split == input.size() && first && same_bytes(*first, input)));
  for (const auto* made : {&first, &second}) {
    if (!*made) continue;
    demand(terms::is_canonical(**made));
    demand(terms::canonicalize(**made) == **made);
    demand(terms::scan(**made) == (*made)->size());
    static_cast<void>(terms::to_text(**made));
  }
  if (first && second) check_pair(*first, *second);
  return 0;
}
