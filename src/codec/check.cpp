// CODEC  api -> [codec] -> term
// Whether bytes are the canonical encoding of a value, told from the shape of its type alone.
#include "shelf/detail/overlap.hpp"
#include "shelf/detail/shape.hpp"
#include "term/zero_sign.hpp"

#include <optional>
#include <string>
#include <vector>

namespace shelf::detail {
namespace {

bool is_integer(term_tag tag) {
  using enum term_tag;
  return tag == small_integer || tag == integer || tag == small_big || tag == large_big;
}
bool is_atom(term_tag tag) {
  using enum term_tag;
  return tag == atom_utf8 || tag == small_atom_utf8 || tag == atom || tag == small_atom;
}
bool is_list(term_tag tag) {
  using enum term_tag;
  return tag == nil || tag == string || tag == list;
}

/// What stands at the front of `at`, without its content.
std::string found_at(const decoder& at) {
  const auto tag = at.next();
  if (at.done()) return "nothing";
  if (is_integer(tag)) return "integer";
  if (is_atom(tag)) return "atom";
  if (is_list(tag)) return "list";
  switch (tag) {
    case term_tag::new_float: return "float";
    case term_tag::binary: return "binary";
    case term_tag::bit_binary: return "bitstring";
    case term_tag::map: return "map";
    case term_tag::small_tuple:
    case term_tag::large_tuple: {
      decoder copy = at;
      std::size_t size = 0;
      return copy.tuple(size) ? "tuple of " + std::to_string(size) : "a tuple that is truncated";
    }
    default: return "tag " + std::to_string(std::to_underlying(tag));
  }
}

std::string quoted(std::string_view name) { return std::string("'").append(name).append("'"); }

std::string bounds_of(const shape& s) {
  std::string text = "integer from " + std::to_string(s.low) + " to " + std::to_string(s.high);
  if (s.step != 1) text += " in steps of " + std::to_string(s.step);
  return text;
}

class checker {
 public:
  checker(bytes term, decoding_rules rules, purpose what) : in_(term, rules), what_(what) {}

  std::optional<mismatch> run(const shape& wanted) {
    if (check(wanted) && !in_.done()) {
      fail("the end", std::to_string(in_.left()) + " more bytes");
    }
    return std::move(why_);
  }

 private:
  bool check(const shape& s);
  bool boolean();
  bool nil();
  bool integer(const shape& s);
  bool floating(const shape& s);
  bool binary(const shape& s);
  bool list(const shape& s);
  bool small_integers(const shape& s, const list_head& head);
  bool list_elements(const shape& s, std::size_t count);
  bool map(const shape& s);
  bool tuple(const shape& s, std::size_t size);
  bool optional(const shape& s);
  bool variant(const shape& s);
  bool names(const shape& s);
  bool record(const shape& s);
  bool record_fields(const shape& s, std::size_t count);
  bool any_term();
  bool custom(const shape& s);

  bool component(const shape& s, std::string_view before, std::string_view after, std::size_t i);
  bool enter() {
    return in_.enter() ||
           fail("at most " + std::to_string(in_.rules().nesting) + " levels", "more");
  }
  bool leave() {
    in_.leave();
    return true;
  }
  bool fail(std::string expected, std::string found) {
    if (!why_) why_ = {{}, std::move(expected), std::move(found)};
    return false;
  }
  /// For a reader that failed: it may have moved, so `before` tells where it began.
  bool fail_at(const decoder& before, std::string expected, std::string_view same_sort) {
    std::string found = found_at(before);
    if (found == same_sort) {
      decoder copy = before;
      found += copy.skip() ? " in a non-canonical form" : " that is truncated";
    }
    return fail(std::move(expected), std::move(found));
  }

  decoder in_;
  purpose what_;
  std::optional<mismatch> why_;
};

bool checker::component(const shape& s, std::string_view before, std::string_view after,
                        std::size_t i) {
  if (check(s)) return true;
  std::string step(before);
  if (!after.empty()) step.append(std::to_string(i)).append(after);
  why_->path.insert(0, step);
  return false;
}

bool checker::integer(const shape& s) {
  const decoder before = in_;
  std::int64_t value = 0;
  if (in_.integer(value)) {
    const bool high = value >= 0 && static_cast<std::uint64_t>(value) > s.high;
    if (value >= s.low && !high && (s.step == 1 || value % s.step == 0)) return true;
    return fail(bounds_of(s), "an integer out of range");
  }
  in_ = before;
  std::uint64_t large = 0;
  if (in_.natural(large)) {
    return large <= s.high || fail(bounds_of(s), "an integer out of range");
  }
  decoder copy = before;
  if (is_integer(before.next()) && copy.skip()) {
    return fail(bounds_of(s), "an integer out of range or in a longer form than needed");
  }
  return fail_at(before, "integer", "integer");
}

bool checker::floating(const shape& s) {
  const decoder before = in_;
  double value = 0;
  if (!in_.floating(value)) return fail_at(before, "a finite float", "float");
  if (what_ == purpose::key && value == 0 && __builtin_signbit(value)) {
    return fail("0.0 as a key", "-0.0");
  }
  if (!s.single) return true;
  constexpr double most = static_cast<double>(std::numeric_limits<float>::max());
  const bool in_range = value <= most && value >= -most;
  if (in_range && static_cast<double>(static_cast<float>(value)) == value) return true;
  return fail("a float of 32 bits", "a float that needs 64");
}

bool checker::binary(const shape& s) {
  const decoder before = in_;
  bytes content;
  if (!in_.binary(content)) return fail_at(before, "binary", "binary");
  if (s.size == any_size || s.size == content.size()) return true;
  return fail("binary of " + std::to_string(s.size) + " bytes",
              "binary of " + std::to_string(content.size()));
}

bool checker::list(const shape& s) {
  const decoder before = in_;
  list_head head;
  if (!enter()) return false;
  if (!in_.list(head)) return fail_at(before, "list", "list");
  const bool whole =
      head.small_integers != nullptr ? small_integers(s, head) : list_elements(s, head.count);
  return whole && leave();
}

bool checker::small_integers(const shape& s, const list_head& head) {
  const shape& element = s.parts[0].link();
  if (s.what == form::set) {
    for (std::size_t i = 1; i < head.count; ++i) {
      if (head.small_integers[i - 1] >= head.small_integers[i]) {
        return fail("the elements of a set in order", "others");
      }
    }
  }
  const bool all_fit =
      element.what == form::integer && element.step == 1 && element.low <= 0 && element.high >= 255;
  const decoder behind = in_;
  for (std::size_t i = 0; !all_fit && i < head.count; ++i) {
    const small_integer_term term(head.small_integers[i]);
    in_ = behind.over(term.view());
    if (!component(element, "[", "]", i)) return false;
  }
  in_ = behind;
  return true;
}

bool checker::list_elements(const shape& s, std::size_t count) {
  const shape& element = s.parts[0].link();
  bool all_small = count <= 65535;
  bytes previous;
  for (std::size_t i = 0; i < count; ++i) {
    all_small = all_small && in_.next_is(term_tag::small_integer);
    const bytes from = in_.rest();
    if (!component(element, "[", "]", i)) return false;
    const bytes current = from.first(from.size() - in_.left());
    if (s.what == form::set && i > 0 && compare_keys(previous, current) >= 0) {
      return fail("the elements of a set in order", "others");
    }
    previous = current;
  }
  if (count > 0 && !in_.list_end()) return fail("the end of the list", found_at(in_));
  if (count > 0 && all_small) return fail("a list of small integers as a string", "as a list");
  return true;
}

bool checker::map(const shape& s) {
  const decoder before = in_;
  std::size_t count = 0;
  if (!enter()) return false;
  if (!in_.map(count)) return fail_at(before, "map", "map");
  const shape& key = s.parts[0].link();
  const shape& mapped = s.parts[1].link();
  bytes previous;
  for (std::size_t i = 0; i < count; ++i) {
    const bytes from = in_.rest();
    if (!component(key, "{key ", "}", i)) return false;
    const bytes current = from.first(from.size() - in_.left());
    if (i > 0 && compare_keys(previous, current) >= 0) {
      return fail("the keys of a map in order", "others");
    }
    if (!component(mapped, "{value ", "}", i)) return false;
    previous = current;
  }
  return leave();
}

bool checker::tuple(const shape& s, std::size_t size) {
  const decoder before = in_;
  std::size_t found = 0;
  if (!in_.tuple(found) || found != size) {
    const std::string wanted = "tuple of " + std::to_string(size);
    return fail_at(before, wanted, wanted);
  }
  if (!enter()) return false;
  for (std::size_t i = 0; i < size; ++i) {
    const part& element = s.parts[s.what == form::array ? 0 : i];
    if (!component(element.link(), "[", "]", i)) return false;
  }
  return leave();
}

bool checker::optional(const shape& s) {
  if (!in_.next_is(term_tag::small_tuple)) {
    const decoder before = in_;
    return in_.atom_is("none") || fail_at(before, "{some, value} or none", {});
  }
  const decoder before = in_;
  if (!in_.raw(some_head)) return fail_at(before, "{some, value} or none", "tuple of 2");
  return enter() && check(s.parts[0].link()) && leave();
}

bool checker::variant(const shape& s) {
  for (const part& alternative : s.parts) {
    if (leads_to(alternative.link(), in_)) return check(alternative.link());
  }
  return fail(schema_text(s), found_at(in_));
}

bool checker::names(const shape& s) {
  const decoder before = in_;
  std::string_view name;
  if (!in_.atom(name)) return fail_at(before, "atom", "atom");
  for (const part& p : s.parts) {
    if (p.name == name) return true;
  }
  return fail(schema_text(s), "another atom");
}

bool checker::record(const shape& s) {
  const decoder before = in_;
  const bool may_lack = in_.rules().missing_fields;
  if (s.parts.empty() || (may_lack && !in_.next_is(term_tag::small_tuple))) {
    return in_.atom_is(s.name) || fail_at(before, "atom " + quoted(s.name), {});
  }
  std::size_t size = 0;
  const std::string_view tag = s.name;
  if (!in_.tuple(size)) return fail_at(before, "record " + quoted(tag), {});
  if (size == 0 || !in_.atom_is(tag)) {
    return fail("record " + quoted(tag), found_at(before) + " with another tag");
  }
  const std::size_t fields = size - 1;
  const bool as_many = fields == s.parts.size();
  if (!as_many && !(may_lack && fields > 0 && fields < s.parts.size())) {
    return fail("record " + quoted(tag) + " of " + std::to_string(s.parts.size()) + " fields",
                std::to_string(fields) + " fields");
  }
  return record_fields(s, fields);
}

bool checker::record_fields(const shape& s, std::size_t count) {
  if (!enter()) return false;
  for (std::size_t i = 0; i < count; ++i) {
    if (check(s.parts[i].link())) continue;
    why_->path.insert(0, std::string(".").append(s.parts[i].name));
    return false;
  }
  return leave();
}

bool checker::any_term() {
  const bytes from = in_.rest();
  if (!in_.skip()) return fail("any term", "a term that is truncated");
  const bytes whole = from.first(from.size() - in_.left());
  const result<> sound = check_any_term(whole);
  if (!sound) return fail("any term", sound.error().message());
  if (what_ != purpose::key || !terms::may_hold_negative_zero(whole)) return true;
  std::vector<std::byte> key(whole.begin(), whole.end());
  terms::drop_zero_signs(key);
  return same_bytes(key, whole) || fail("0.0 in a key", "-0.0");
}

bool checker::custom(const shape& s) {
  const bytes from = in_.rest();
  if (!check(s.parts[0].link())) return false;
  if (s.accept == nullptr) return true;
  decoding_rules rules = in_.rules();
  rules.nesting = in_.nesting_left();
  const result<> accepted = s.accept(from.first(from.size() - in_.left()), rules);
  if (accepted) return true;
  return fail(s.name.empty() ? "a value that its codec accepts" : std::string(s.name),
              accepted.error().message());
}

bool checker::boolean() {
  const decoder before = in_;
  bool value = false;
  return in_.boolean(value) || fail_at(before, "true or false", {});
}

bool checker::nil() {
  const decoder before = in_;
  return in_.atom_is("nil") || fail_at(before, "atom 'nil'", {});
}

bool checker::check(const shape& s) {
  switch (s.what) {
    case form::boolean: return boolean();
    case form::integer: return integer(s);
    case form::floating: return floating(s);
    case form::binary: return binary(s);
    case form::list:
    case form::set: return list(s);
    case form::map: return map(s);
    case form::tuple: return tuple(s, s.parts.size());
    case form::array: return tuple(s, s.size);
    case form::optional: return optional(s);
    case form::variant: return variant(s);
    case form::names: return names(s);
    case form::record: return record(s);
    case form::nil: return nil();
    case form::term: return any_term();
    case form::custom: return custom(s);
  }
  return fail("a known shape", "another");
}

bool is_plain(const shape& s, term_tag tag) {
  switch (s.what) {
    case form::integer: return is_integer(tag);
    case form::floating: return tag == term_tag::new_float;
    case form::binary: return tag == term_tag::binary;
    case form::list:
    case form::set: return is_list(tag);
    case form::map: return tag == term_tag::map;
    default: return false;
  }
}

}  // namespace

bool leads_to(const shape& s, const decoder& input) noexcept {
  if (s.what == form::term) return true;
  if (s.what == form::custom) return leads_to(s.parts[0].link(), input);
  if (s.what == form::variant) {
    for (const part& p : s.parts) {
      if (leads_to(p.link(), input)) return true;
    }
    return false;
  }
  if (is_plain(s, input.next())) return true;
  decoder copy = input;
  std::string_view atom;
  if (copy.atom(atom)) return any_atom(s, [atom](std::string_view name) { return name == atom; });
  copy = input;
  const tuple_lead wanted = tuple_of(s);
  std::size_t size = 0;
  if (!wanted.possible || !copy.tuple(size)) return false;
  if (!wanted.tag.empty()) return size > 0 && copy.atom_is(wanted.tag);
  return size == wanted.size && (size == 0 || leads_to(*wanted.first, copy));
}

std::string mismatch::sentence() const {
  const std::string what = "expected " + expected + ", found " + found;
  return path.empty() ? what : path + ": " + what;
}

std::optional<mismatch> find_mismatch(const shape& wanted, bytes term, decoding_rules rules,
                                      purpose what) {
  return checker(term, rules, what).run(wanted);
}

result<> check_shape(const shape& wanted, bytes term, decoding_rules rules, purpose what) {
  const std::optional<mismatch> found = find_mismatch(wanted, term, rules, what);
  if (!found) return {};
  return std::unexpected(error(errc::type_mismatch, found->sentence()));
}

error decoding_error(const shape& wanted, bytes term, decoding_rules rules) {
  const std::optional<mismatch> found = find_mismatch(wanted, term, rules);
  if (found) return {errc::type_mismatch, found->sentence()};
  return {errc::type_mismatch, "cannot be decoded as " + schema_text(wanted)};
}

}  // namespace shelf::detail
