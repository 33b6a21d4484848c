// DETS  api -> engine -> stores -> [dets] -> file
// Most objects are canonical where they stand; only the others cost a copy.
#include "dets/object.hpp"

#include "term/canonical.hpp"
#include "term/envelope.hpp"
#include "term/external_format.hpp"
#include "term/scalar_output.hpp"
#include "term/skip.hpp"
#include "term/validation.hpp"

#include <string>

namespace shelf::dets_format {
namespace {

using terms::tag;

std::unexpected<error> no_object(std::string why) {
  return std::unexpected(error(errc::corrupt, std::move(why)));
}

/// A tuple of any form: how many elements, and what stands behind its head.
struct opened_tuple {
  std::uint64_t size = 0;
  bytes elements;
};

result<opened_tuple> open_tuple(bytes term) {
  if (term.size() >= 2 && static_cast<tag>(term[0]) == tag::small_tuple) {
    return opened_tuple{std::to_integer<std::uint64_t>(term[1]), term.subspan(2)};
  }
  if (term.size() >= 5 && static_cast<tag>(term[0]) == tag::large_tuple) {
    return opened_tuple{terms::load_big<std::uint32_t>(term.data() + 1), term.subspan(5)};
  }
  return no_object("an object is not a tuple");
}

result<canonical_term> canonical(bytes exact) {
  if (terms::is_canonical(exact)) return canonical_term(exact);
  auto rewritten = terms::canonicalize(exact);
  if (!rewritten) return std::unexpected(rewritten.error());
  return canonical_term(std::move(*rewritten));
}

result<bytes> key_bytes(bytes term, std::uint32_t keypos) {
  const auto tuple = open_tuple(term);
  if (!tuple) return std::unexpected(tuple.error());
  if (tuple->size < keypos) {
    return no_object("a tuple of " + std::to_string(tuple->size) +
                     " elements, but the key is element " + std::to_string(keypos));
  }
  bytes rest = tuple->elements;
  for (std::uint32_t i = 1;; ++i) {
    const auto size = terms::scan(rest);
    if (!size) return std::unexpected(size.error());
    if (i == keypos) return rest.first(*size);
    rest = rest.subspan(*size);
  }
}

bool is_compressed(bytes stored) noexcept {
  return stored.size() >= 2 && static_cast<tag>(stored[1]) == tag::compressed;
}

/// The term inside, of exactly its size.
result<std::vector<std::byte>> inflated(bytes stored) {
  auto envelope = terms::open_envelope(stored, {});
  if (!envelope) return std::unexpected(envelope.error());
  const auto size = terms::scan(envelope->term);
  if (!size) return std::unexpected(size.error());
  if (*size != envelope->term.size())
    return no_object("a compressed term holds more than one term");
  return std::vector<std::byte>(envelope->term.begin(), envelope->term.end());
}

}  // namespace

result<canonical_term> key_of_stored(bytes stored, std::uint32_t keypos) {
  if (stored.empty() || stored[0] != terms::version_byte)
    return no_object("an object does not begin with the version byte 131");
  if (!is_compressed(stored)) {
    const auto key = key_bytes(stored.subspan(1), keypos);
    if (!key) return std::unexpected(key.error());
    return canonical(*key);
  }
  const auto whole = inflated(stored);
  if (!whole) return std::unexpected(whole.error());
  const auto key = key_bytes(*whole, keypos);
  if (!key) return std::unexpected(key.error());
  auto copy = terms::canonicalize(*key);
  if (!copy) return std::unexpected(copy.error());
  return canonical_term(std::move(*copy));
}

result<canonical_term> object_of_stored(bytes stored, std::uint32_t keypos) {
  if (stored.empty() || stored[0] != terms::version_byte)
    return no_object("an object does not begin with the version byte 131");
  result<canonical_term> object;
  if (is_compressed(stored)) {
    const auto whole = inflated(stored);
    if (!whole) return std::unexpected(whole.error());
    auto copy = terms::canonicalize(*whole);
    if (!copy) return std::unexpected(copy.error());
    object = canonical_term(std::move(*copy));
  } else if (terms::is_canonical(stored.subspan(1))) {
    object = canonical_term(stored.subspan(1));
  } else {
    const auto size = terms::scan(stored.subspan(1));
    if (!size) return std::unexpected(size.error());
    object = canonical(stored.subspan(1, *size));
    if (!object) return object;
  }
  if (element_at(object->get(), keypos).empty()) {
    return no_object("a term that is not a tuple of at least " + std::to_string(keypos) +
                     " elements");
  }
  return object;
}

bytes element_at(bytes tuple, std::uint32_t position) noexcept {
  const auto what = tuple.empty() ? tag::none : static_cast<tag>(tuple[0]);
  if (what != tag::small_tuple && what != tag::large_tuple) return {};
  const auto c = terms::counted_at(tuple.data());
  if (position == 0 || position > c.count) return {};
  const auto* const at = terms::skip(c.first, position - 1);
  return {at, terms::skip(at, 1)};
}

std::vector<std::byte> to_stored(bytes term) {
  std::vector<std::byte> stored;
  stored.reserve(term.size() + 1);
  stored.push_back(terms::version_byte);
  terms::put(stored, term);
  return stored;
}

}  // namespace shelf::dets_format
