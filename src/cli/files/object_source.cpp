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

result<> object_source::for_each(const key_bounds& range, rows::entry_function f,
                                 const progress& tell) const {
  if (range.backwards) {
    return std::unexpected(error(errc::invalid_argument,
                                 "--reverse: these objects have the file's order; convert them to "
                                 "a table with `shelf convert`"));
  }
  const bool bounded = range.from || range.to;
  const auto in_range = [&](bytes object) {
    const auto key = dets_format::element_at(object, keypos());
    if (bounded) {
      const auto whole = term::from_canonical(key);
      if (range.from && (whole <=> *range.from) < 0) return true;
      if (range.to && (whole <=> *range.to) >= 0) return true;
    }
    return f(key, object, rows::no_deadline);
  };
  return for_each_object(in_range, tell);
}

}  // namespace shelf::cli
