// STORES  api -> engine -> [stores] -> journal -> file
// To and from {Key, Value}.
#include "stores/dets_object.hpp"

#include "file/fetch_early.hpp"

#include "dets/erlang_hash.hpp"
#include "term/external_format.hpp"
#include "term/scalar_output.hpp"
#include "term/text.hpp"

#include <algorithm>
#include <limits>

namespace shelf::stores {
namespace {

constexpr std::size_t head_size = 2;  // tag and arity
constexpr std::size_t content_shown = 64;

[[nodiscard]] std::size_t arity_of(bytes tuple) noexcept {
  if (static_cast<terms::tag>(tuple[0]) == terms::tag::small_tuple) {
    return std::to_integer<std::size_t>(tuple[1]);
  }
  return terms::load_big<std::uint32_t>(tuple.data() + 1);
}

void append_object(bytes key, bytes value, std::vector<std::byte>& into) {
  terms::put_tuple_head(into, 2);
  terms::put(into, key);
  terms::put(into, value);
}

[[nodiscard]] const entry* entry_at(const dets_format::piece& p) noexcept {
  return reinterpret_cast<const entry*>(p.place);
}

}  // namespace

void compose_object(bytes key, bytes value, std::vector<std::byte>& into) {
  into.clear();
  append_object(key, value, into);
}

result<journal::change> entry_of_object(bytes object, kind what, const std::string& path) {
  const auto arity = arity_of(object);
  if (arity != 2) {
    return std::unexpected(error(errc::type_mismatch,
                                 path + ": an object is a tuple of " + std::to_string(arity) +
                                     (arity == 1 ? " element" : " elements") +
                                     "; a table stores each entry as {Key, Value}",
                                 terms::to_text(object, content_shown)));
  }
  const bytes key = dets_format::element_at(object, 1);
  return journal::change{is_bag(what) ? journal::op::append : journal::op::put, 0, 1, key,
                         object.subspan(head_size + key.size())};
}

entry_pieces::entry_pieces(const table_image& from) {
  pieces_.reserve(from.all->size_at(from.at));
  const auto walk = from.all->walk(from.at);
  for (auto some = walk->next(); !some.empty(); some = walk->next()) {
    for (const auto* e : some) {
      // Entries are at most 2 GiB and a little: a larger size than fits is cut here, and too large.
      const auto size = e->key().size() + e->value().size() + head_size + 1;
      const auto most = std::size_t{std::numeric_limits<std::uint32_t>::max()};
      pieces_.push_back({.place = reinterpret_cast<std::uintptr_t>(e),
                         .size = static_cast<std::uint32_t>(std::min(size, most)),
                         .hash = dets_format::slot_hash(dets_format::hash_method::phash2, e->key()),
                         .rank = 0,
                         .first = false});
    }
  }
}

result<bytes> entry_pieces::fetch(const dets_format::piece& p, std::vector<std::byte>& room) const {
  const auto* e = entry_at(p);
  room.clear();
  room.reserve(p.size);
  room.push_back(terms::version_byte);
  append_object(e->key(), e->value(), room);
  return bytes(room);
}

void entry_pieces::announce(const dets_format::piece& p) const noexcept {
  file::fetch_early(entry_at(p), sizeof(entry) + p.size);
}

}  // namespace shelf::stores
