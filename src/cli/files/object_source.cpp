// CLI  [cli] -> rows -> upkeep -> engine -> stores -> journal -> file
// Objects shown as entries: the key, and beside it the whole object.
#include "cli/files/object_source.hpp"

#include "dets/object.hpp"
#include "term/order.hpp"

namespace shelf::cli {

bool is_key(bytes element, bytes key) {
  return !element.empty() && !key.empty() && terms::same(element, key);
}

object_source::object_source() : types_{*schema::parse("any"), *schema::parse("any")} {}

result<std::uint64_t> object_source::walk(const key_bounds& range, rows::entry_function f,
                                          const progress& tell) const {
  if (range.backwards) {
    return std::unexpected(error(errc::invalid_argument,
                                 "--reverse: these objects have the file's order; convert them to "
                                 "a table with `shelf convert`"));
  }
  const bool bounded = range.from || range.to;
  std::uint64_t looked_at = 0;
  const auto in_range = [&](bytes object) {
    ++looked_at;
    const auto key = dets_format::element_at(object, keypos());
    if (bounded) {
      const auto whole = term::from_canonical(key);
      if (range.from && (whole <=> *range.from) < 0) return true;
      if (range.to && (whole <=> *range.to) >= 0) return true;
    }
    return f(key, object, rows::no_deadline);
  };
  if (auto read = for_each_object(in_range, tell); !read) return std::unexpected(read.error());
  return looked_at;
}

}  // namespace shelf::cli
