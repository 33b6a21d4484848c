// ROWS  cli -> [rows] -> upkeep -> engine -> stores -> journal -> file
// A heap keeps the first rows; without a limit all of them are sorted at the end.
#include "rows/row_order.hpp"

#include "shelf/detail/decoder.hpp"

#include <algorithm>

namespace shelf::rows {
namespace {

[[nodiscard]] bool is_missing(const column& c, const term& t) {
  return detail::form_of(*c.type) == schema_form::optional && t.as_atom() == "none";
}

}  // namespace

term inside_optional(const column& c, const term& t) {
  const bool optional = detail::form_of(*c.type) == schema_form::optional;
  if (!optional || t.what() != term::type::tuple) return t;
  const auto both = t.elements();
  return both->size() == 2 ? (*both)[1] : t;
}

bool row_order::is_before(const row& a, const row& b) const {
  const auto forwards = [this](const row& x, const row& y) {
    for (std::size_t i = 0; i < by_.size(); ++i) {
      const auto& a_value = x.columns[i];
      const auto& b_value = y.columns[i];
      if (!a_value || !b_value) {
        if (a_value.has_value() != b_value.has_value()) return !a_value;
        continue;
      }
      const auto order = *a_value <=> *b_value;
      if (order != 0) return order < 0;
    }
    const auto order = detail::compare_keys(x.key.encoded(), y.key.encoded());
    return order != 0 ? order < 0 : x.number < y.number;
  };
  return backwards_ ? forwards(b, a) : forwards(a, b);
}

void row_order::add(const term& key, const term& value, deadline until) {
  if (most_ == 0) return;
  row r{.columns = {}, .key = key, .value = {}, .until = until, .number = added_++};
  cells taken_apart(key, value);
  for (const auto& c : by_) {
    const auto& cell = taken_apart.at(c);
    r.columns.push_back(is_missing(c, cell) ? std::nullopt
                                            : std::optional(inside_optional(c, cell)));
  }
  const auto before = [this](const row& a, const row& b) { return is_before(a, b); };
  const bool full = rows_.size() >= most_;
  if (full && !is_before(r, rows_.front())) return;
  if (full) {
    std::ranges::pop_heap(rows_, before);
    rows_.pop_back();
  }
  r.value = value;
  rows_.push_back(std::move(r));
  // Below the limit the rows are sorted once, at the end or when the heap is first needed.
  if (rows_.size() < most_) return;
  if (full) {
    std::ranges::push_heap(rows_, before);
  } else {
    std::ranges::make_heap(rows_, before);
  }
}

void row_order::for_each(row_function f) {
  std::ranges::sort(rows_, [this](const row& a, const row& b) { return is_before(a, b); });
  for (const auto& r : rows_) {
    if (!f(r.key, r.value, r.until)) return;
  }
}

}  // namespace shelf::rows
