// ROWS  cli -> [rows] -> upkeep -> engine -> stores -> journal -> file
// Ranges by the index where the table has an order, by looking at every row where it has none.
#include "rows/selection.hpp"

#include "codec/schema_check.hpp"
#include "rows/row_order.hpp"
#include "rows/text/notation.hpp"
#include "shelf/detail/cursor.hpp"

#include <algorithm>
#include <array>

namespace shelf::rows {
namespace {

[[nodiscard]] std::unexpected<error> refuse(const std::string& why) {
  return std::unexpected(error(errc::invalid_argument, why));
}

/// The first text behind all that begin with `prefix`; nullopt if there is none.
[[nodiscard]] std::optional<std::string> behind(std::string prefix) {
  while (!prefix.empty() && prefix.back() == '\xFF') prefix.pop_back();
  if (prefix.empty()) return std::nullopt;
  prefix.back() = static_cast<char>(static_cast<unsigned char>(prefix.back()) + 1);
  return prefix;
}

}  // namespace

result<selection> selection::make(const selection_request& wanted, notation how,
                                  const source& from) {
  selection s;
  s.columns_ = columns_of(from.schemas());
  s.skip_ = wanted.skip;
  s.limit_ = wanted.limit;
  if (auto ordered = s.add_order(wanted, from); !ordered) return std::unexpected(ordered.error());
  const auto bound = [&](const std::optional<std::string>& text, const char* called,
                         std::optional<term>& into) -> result<> {
    if (!text) return {};
    auto t = read_argument(from.schemas().key, how, *text, called);
    if (!t) return std::unexpected(t.error());
    into = *std::move(t);
    return {};
  };
  if (auto read = bound(wanted.from, "--from", s.range_.from); !read) {
    return std::unexpected(read.error());
  }
  if (auto read = bound(wanted.to, "--to", s.range_.to); !read) {
    return std::unexpected(read.error());
  }
  if (wanted.prefix) {
    if (auto added = s.add_prefix(*wanted.prefix, from); !added) {
      return std::unexpected(added.error());
    }
  }
  if (wanted.page) {
    if (auto added = s.add_page(*wanted.page, from); !added) return std::unexpected(added.error());
  }
  for (const auto& text : wanted.where) {
    if (auto added = s.add_condition(text, how); !added) {
      return std::unexpected(added.error());
    }
  }
  for (const auto& c : s.conditions_) s.narrow(c, from);
  s.find_unique(from);
  return s;
}

namespace {

/// Whether two keys of the type that are equal are the same bytes.
[[nodiscard]] bool is_exact(const schema_node& type) {
  switch (detail::form_of(type)) {
    case schema_form::binary:
    case schema_form::integer:
    case schema_form::boolean:
    case schema_form::names: return true;
    default: return false;
  }
}

}  // namespace

/// A condition on the key is a range of keys where the table has an order, and one key everywhere.
/// That it holds is asked all the same.
void selection::narrow(const condition& c, const source& from) {
  const bool is_of_key = c.which.of == column::side::key && c.which.whole;
  if (!is_of_key || !from.have_keys()) return;
  if (detail::form_of(*c.which.type) == schema_form::optional) return;
  const bool is_equal = c.how == comparison::equal;
  if (from.what() != kind::ordered_set) {
    const bool is_free = !range_.from && !range_.to;
    if (!is_equal || !is_free || !is_exact(*c.which.type)) return;
  }
  const bool is_low = c.how == comparison::at_least || c.how == comparison::more;
  const bool is_high = c.how == comparison::at_most || c.how == comparison::less;
  if (is_equal || is_low) narrow_from(c.with, c.how == comparison::more);
  if (is_equal || is_high) narrow_to(c.with, c.how != comparison::less);
}

void selection::narrow_from(const term& key, bool leaves) {
  const auto order = range_.from ? key <=> *range_.from : std::weak_ordering::greater;
  if (order < 0) return;
  range_.leaves_from = leaves || (order == 0 && range_.leaves_from);
  range_.from = key;
}

void selection::narrow_to(const term& key, bool takes) {
  const auto order = range_.to ? key <=> *range_.to : std::weak_ordering::less;
  if (order > 0) return;
  range_.takes_to = takes && (order != 0 || range_.takes_to);
  range_.to = key;
}

/// A unique index all of whose members have to equal something.
void selection::find_unique(const source& from) {
  const auto& value = unnamed(from.schemas().value.root());
  if (detail::form_of(value) != schema_form::record) return;
  const auto place_of = [&](std::string_view member) {
    return std::ranges::find_if(conditions_, [&](const condition& c) {
      // Without its optional, the atom none could be a value as well.
      const bool is_value = c.how == comparison::equal && c.with.as_atom() != "none";
      return is_value && c.which.of == column::side::value && !c.which.whole &&
             value.names[c.which.element - 1] == member;
    });
  };
  for (const auto& i : from.indexes()) {
    if (i.what != index_form::unique) continue;
    std::vector<std::size_t> places;
    for (const auto& m : i.members) {
      const auto found = place_of(m);
      if (found == conditions_.end()) break;
      places.push_back(static_cast<std::size_t>(found - conditions_.begin()));
    }
    if (places.size() != i.members.size()) continue;
    unique_ = i;
    of_unique_ = std::move(places);
    return;
  }
}

/// Whether no entry behind this one can match.
bool selection::ends_with(const term& key, const term& value) const {
  if (!unique_) return false;
  cells row(key, value);
  return std::ranges::all_of(of_unique_, [&](std::size_t i) {
    const auto& c = conditions_[i];
    return holds(c, inside_optional(c.which, row.at(c.which)));
  });
}

/// Where the table has the order that is wanted, its index is followed; else rows are sorted.
result<> selection::add_order(const selection_request& wanted, const source& from) {
  // A key or value in several columns may be sorted by as a whole as well.
  auto known = columns_;
  known.push_back(whole_side(from.schemas(), column::side::key));
  known.push_back(whole_side(from.schemas(), column::side::value));
  auto by = choose_columns(known, wanted.sort, "--sort");
  if (!by) return std::unexpected(by.error());
  order_ = *std::move(by);
  const bool has_order = from.what() == kind::ordered_set && from.keypos() == 0;
  if (wanted.backwards && order_.empty() && !has_order) {
    return refuse("--reverse: only an ordered_set is ordered; --sort COLUMN gives one");
  }
  // Objects of DETS have one place each in their file, so pages of them are stable as they are.
  const bool is_hashed = !has_order && from.keypos() == 0;
  sorts_ = !order_.empty() || (is_hashed && (skip_ > 0 || limit_));
  backwards_ = sorts_ && wanted.backwards;
  range_.backwards = wanted.backwards && !sorts_;
  return {};
}

/// Behind the page before, or, backwards, in front of it.
result<> selection::add_page(const std::string& cursor, const source& from) {
  const auto identity = from.identity();
  if (!identity) return refuse("--page: only an ordered_set has pages, in the order of its keys");
  if (!limit_) return refuse("--page: --limit is missing: how many rows a page has");
  if (*limit_ == 0) return refuse("--page: a page has at least one entry");
  if (cursor.empty()) return {};
  const auto bytes = detail::decode_cursor(cursor, *identity, range_.backwards);
  if (!bytes) return refuse("--page: " + bytes.error().message());
  // Whoever can make a checksum can make a cursor: what it holds must be a key.
  auto key = term::from_encoded(*bytes);
  const bool is_key = key && detail::check_by_schema(from.schemas().key.root(), *key);
  if (!is_key) return refuse("--page: this cursor holds no key");
  auto& end = range_.backwards ? range_.to : range_.from;
  const bool is_nearer = !end || (range_.backwards ? *key < *end : *key > *end);
  if (is_nearer) end = *key;
  if (!range_.backwards) seen_ = *std::move(key);
  return {};
}

/// A range where it helps; whether a key begins like this is asked of every key all the same.
result<> selection::add_prefix(const std::string& text, const source& from) {
  const auto form = detail::form_of(unnamed(from.schemas().key.root()));
  if (form != schema_form::binary && form != schema_form::any) {
    return refuse("--prefix: keys of type " + from.schemas().key.text() +
                  " have no prefix; use --from and --to");
  }
  prefix_ = text;
  auto first = term::binary(text);
  if (!range_.from || *range_.from < first) range_.from = std::move(first);
  const auto end = behind(text);
  if (end) {
    auto last = term::binary(*end);
    if (!range_.to || last < *range_.to) range_.to = std::move(last);
  }
  return {};
}

result<> selection::add_condition(const std::string& text, notation how) {
  constexpr std::array<std::pair<std::string_view, comparison>, 7> signs{{
      {"!=", comparison::unequal},
      {"<=", comparison::at_most},
      {">=", comparison::at_least},
      {"=", comparison::equal},
      {"<", comparison::less},
      {">", comparison::more},
      {"~", comparison::contains},
  }};
  const auto at = text.find_first_of("!<>=~");
  const auto* sign = signs.end();
  for (const auto* s = signs.begin(); at != std::string::npos && s != signs.end(); ++s) {
    if (sign == signs.end() && text.compare(at, s->first.size(), s->first) == 0) sign = s;
  }
  if (sign == signs.end() || at == 0) {
    return refuse("--where '" + text + "': expected COLUMN, one of = != < <= > >= ~, and VALUE");
  }
  auto name = text.substr(0, at);
  while (name.ends_with(' ')) name.pop_back();
  const auto* const which = find_column(columns_, name);
  if (which == nullptr) {
    return refuse("--where: there is no column '" + name + "'; the columns are " +
                  names_of(columns_));
  }
  auto rest = std::string_view(text).substr(at + sign->first.size());
  if (rest.starts_with(' ')) rest.remove_prefix(1);
  if (sign->second == comparison::contains) {
    conditions_.push_back({*which, sign->second, term::binary(rest)});
    return {};
  }
  auto type = schema::parse(std::string(which->type->text));
  if (!type) return std::unexpected(type.error());
  auto with = read_argument(*type, how, rest, "--where " + name);
  if (!with) return std::unexpected(with.error());
  conditions_.push_back({*which, sign->second, inside_optional(*which, *with)});
  return {};
}

bool selection::holds(const condition& c, const term& found) {
  if (c.how == comparison::contains) {
    const auto content = found.as_binary();
    const auto text = content ? std::string(as_text(*content)) : found.to_string();
    return text.find(as_text(*c.with.as_binary())) != std::string::npos;
  }
  const auto order = found <=> c.with;
  switch (c.how) {
    case comparison::equal: return order == 0;
    case comparison::unequal: return order != 0;
    case comparison::less: return order < 0;
    case comparison::at_most: return order <= 0;
    case comparison::more: return order > 0;
    case comparison::at_least: return order >= 0;
    case comparison::contains: break;
  }
  return false;
}

bool selection::holds(const term& key, const term& value) const {
  if (prefix_) {
    const auto content = key.as_binary();
    if (!content || !as_text(*content).starts_with(*prefix_)) return false;
  }
  if (conditions_.empty()) return true;
  cells row(key, value);
  for (const auto& c : conditions_) {
    if (!holds(c, inside_optional(c.which, row.at(c.which)))) return false;
  }
  return true;
}

result<std::uint64_t> selection::for_each_match(const source& from, row_function f,
                                                const progress& tell) const {
  const auto look = [&](bytes k, bytes v, deadline until) {
    const auto key = term::from_canonical(k);
    const auto value = term::from_canonical(v);
    if (seen_ && (key <=> *seen_) == 0) return true;
    const bool goes_on = !holds(key, value) || f(key, value, until);
    return goes_on && !ends_with(key, value);
  };
  return from.walk(range_, look, tell);
}

result<> selection::for_each(const source& from, row_function f, const progress& tell) const {
  const auto read = walk(from, f, tell);
  return read ? result<>() : std::unexpected(read.error());
}

/// How many entries were looked at.
result<std::uint64_t> selection::walk(const source& from, row_function f,
                                      const progress& tell) const {
  constexpr auto all = ~std::uint64_t{0};
  auto to_skip = skip_;
  auto left = limit_.value_or(all);
  if (left == 0) return 0;
  const auto in_window = [&](const term& key, const term& value, deadline until) {
    if (to_skip > 0) {
      --to_skip;
      return true;
    }
    return f(key, value, until) && --left > 0;
  };
  if (!sorts_) return for_each_match(from, in_window, tell);
  row_order sorted(order_, backwards_, left > all - skip_ ? all : skip_ + left);
  const auto keep = [&](const term& key, const term& value, deadline until) {
    sorted.add(key, value, until);
    return true;
  };
  const auto read = for_each_match(from, keep, tell);
  if (read) sorted.for_each(in_window);
  return read;
}

result<std::string> selection::page(const source& from, row_function f,
                                    const progress& tell) const {
  std::optional<term> last;
  bool is_more = false;
  auto left = limit_.value_or(0);
  const auto in_page = [&](const term& key, const term& value, deadline until) {
    is_more = left == 0;
    if (is_more) return false;
    --left;
    last = key;
    return f(key, value, until);
  };
  if (auto read = for_each_match(from, in_page, tell); !read) {
    return std::unexpected(read.error());
  }
  if (!is_more) return std::string();
  return detail::encode_cursor(last->encoded(), from.identity().value_or(0), range_.backwards);
}

result<std::uint64_t> selection::walk_to_count(const source& from, std::uint64_t& matches,
                                               const progress& tell) const {
  const auto most = limit_.value_or(~std::uint64_t{0});
  const auto add = [&](const term&, const term&, deadline) {
    ++matches;
    return matches < skip_ || matches - skip_ < most;
  };
  return most == 0 ? 0 : for_each_match(from, add, tell);
}

result<std::uint64_t> selection::count(const source& from, const progress& tell) const {
  std::uint64_t matches = 0;
  if (auto read = walk_to_count(from, matches, tell); !read) return read;
  return matches > skip_ ? matches - skip_ : 0;
}

// --- how ----------------------------------------------------------------------------------------

result<explanation> selection::explain(const source& from, purpose what,
                                       const progress& tell) const {
  auto told = access_of(from);
  std::uint64_t matches = 0;
  result<std::uint64_t> read;
  if (what == purpose::count) {
    read = walk_to_count(from, matches, tell);
    told.rows = matches > skip_ ? matches - skip_ : 0;
  } else {
    const auto one_more = [&](const term&, const term&, deadline) { return ++told.rows > 0; };
    read = walk(from, one_more, tell);
  }
  if (!read) return std::unexpected(read.error());
  told.looked_at = *read;
  return told;
}

explanation selection::access_of(const source& from) const {
  explanation told{.stops_at = unique_, .of = from.size()};
  if (from.have_keys() && range_.is_one_key()) {
    told.reads = explanation::access::key;
    told.because = "a table finds the entries of one key";
  } else if (from.have_keys() && from.what() == kind::ordered_set && (range_.from || range_.to)) {
    told.reads = explanation::access::key_range;
    told.because = "the table is in the order of its keys";
  } else if (unique_) {
    told.reads = explanation::access::unique;
    told.because = to_string(*unique_) + " allows no second one";
  } else {
    told.because = why_scanned(from);
  }
  return told;
}

std::string selection::why_scanned(const source& from) const {
  if (conditions_.empty() && !range_.from && !range_.to && !prefix_) return "no row is left out";
  const auto is_of_key = [](const condition& c) { return c.which.of == column::side::key; };
  if (range_.from || range_.to || prefix_ || std::ranges::any_of(conditions_, is_of_key)) {
    return "keys in no order help with one key alone, and with no part of it";
  }
  const auto& value = unnamed(from.schemas().value.root());
  const auto is_about = [&](const index_description& i) {
    return !i.members.empty() && std::ranges::any_of(conditions_, [&](const condition& c) {
      return !c.which.whole && detail::form_of(value) == schema_form::record &&
             value.names[c.which.element - 1] == i.members.front();
    });
  };
  const auto all = from.indexes();
  const auto found = std::ranges::find_if(all, is_about);
  if (found == all.end()) return "the file records no index over these columns";
  return to_string(*found) +
         " is in the memory of programs alone, and to build it takes longer than to look at all "
         "entries once";
}

bool selection::is_all() const noexcept {
  return !range_.from && !range_.to && !prefix_ && conditions_.empty() && skip_ == 0 && !limit_;
}

}  // namespace shelf::rows
