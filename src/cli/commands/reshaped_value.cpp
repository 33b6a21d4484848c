// CLI  [cli] -> rows -> upkeep -> engine -> stores -> journal -> file
// The new schema as text, and values that are taken from the old one to it.
#include "cli/commands/reshaped_schema.hpp"

#include "shelf/detail/decoder.hpp"

#include <algorithm>
#include <cassert>
#include <ranges>
#include <utility>

namespace shelf::cli {
namespace {

using rows::schema_form;

[[nodiscard]] std::unexpected<error> refuse(const std::string& why) {
  return std::unexpected(error(errc::invalid_argument, why));
}

class schema_writer {
 public:
  [[nodiscard]] result<std::string> whole(const shape& root) {
    write(root);
    if (captured_.empty()) return std::move(out_);
    return refuse("--record: '" + captured_ +
                  "' is the name of another record around one that refers to it");
  }

 private:
  void write(const shape& s);
  void record(const shape& s);

  std::string out_;
  std::string captured_;
  std::vector<const shape*> around_;
};

void schema_writer::record(const shape& s) {
  out_ += spelled(s.tag) + "{";
  around_.push_back(&s);
  for (const auto& f : s.fields) {
    if (&f != s.fields.data()) out_ += ", ";
    out_ += spelled(f.name) + ": ";
    f.of ? write(*f.of) : void(out_ += f.type);
  }
  around_.pop_back();
  out_ += "}";
}

void schema_writer::write(const shape& s) {
  if (const auto* const outer = s.record_around) {
    const auto same = [&](const shape* r) { return r->tag == outer->tag; };
    const auto nearest = std::ranges::find_if(around_ | std::views::reverse, same);
    if (*nearest != outer) captured_ = outer->tag;
    out_ += spelled(outer->tag) + "{...}";
    return;
  }
  if (s.old->what == rows::schema_node::form::record && s.old->detail != "...") return record(s);
  // Words, names and details stay as they are; what stands between the parts is copied.
  const char* at = s.old->text.data();
  for (const auto& part : s.parts) {
    out_.append(at, part->old->text.data());
    write(*part);
    at = part->old->text.data() + part->old->text.size();
  }
  out_.append(at, s.old->text.data() + s.old->text.size());
}

/// Notes what holds a change; false once that adds nothing.
bool note_changes(shape& s) {
  const bool was = s.is_changed;
  bool more = false;
  if (s.record_around != nullptr) s.is_changed |= s.record_around->is_changed;
  for (const auto& f : s.fields) {
    if (!f.of) continue;
    more |= note_changes(*f.of);
    s.is_changed |= f.of->is_changed;
  }
  for (const auto& part : s.parts) {
    more |= note_changes(*part);
    s.is_changed |= part->is_changed;
  }
  return more || s.is_changed != was;
}

/// One value on its way; the path of old types around it is what `name{...}` refers to.
class conversion {
 public:
  [[nodiscard]] result<term> convert(const shape& s, const term& t);

 private:
  [[nodiscard]] result<std::vector<term>> all(const shape& s, std::vector<term> elements);
  [[nodiscard]] result<term> record(const shape& s, const term& t);
  [[nodiscard]] result<term> set(const shape& s, const term& t);
  [[nodiscard]] result<term> map(const shape& s, const term& t);
  [[nodiscard]] result<term> tuple(const shape& s, const term& t);
  [[nodiscard]] result<term> optional(const shape& s, const term& t);
  [[nodiscard]] result<term> one_of(const shape& s, const term& t);

  detail::schema_path around_;
};

result<std::vector<term>> conversion::all(const shape& s, std::vector<term> elements) {
  for (auto& e : elements) {
    auto made = convert(s, e);
    if (!made) return std::unexpected(made.error());
    e = *std::move(made);
  }
  return elements;
}

result<term> conversion::record(const shape& s, const term& t) {
  const auto before = t.elements().value_or(std::vector<term>{});
  auto tag = *term::atom(s.tag);
  if (s.fields.empty()) return tag;
  std::vector<term> after{std::move(tag)};
  around_.enter(*s.old);
  for (const auto& f : s.fields) {
    if (f.constant) {
      after.push_back(*f.constant);
      continue;
    }
    auto made = convert(*f.of, before[f.place]);
    if (!made) return made;
    after.push_back(*std::move(made));
  }
  around_.leave();
  return term::tuple(after);
}

result<term> conversion::set(const shape& s, const term& t) {
  auto made = all(*s.parts[0], *t.elements());
  if (!made) return std::unexpected(made.error());
  const auto compared = [](const term& a, const term& b) {
    return detail::compare_keys(a.encoded(), b.encoded());
  };
  std::ranges::sort(*made, [&](const term& a, const term& b) { return compared(a, b) < 0; });
  const auto twice = std::ranges::adjacent_find(
      *made, [&](const term& a, const term& b) { return compared(a, b) == 0; });
  if (twice != made->end()) return refuse("two elements of a set would become equal");
  return term::list(*made);
}

result<term> conversion::map(const shape& s, const term& t) {
  auto pairs = *t.pairs();
  for (auto& [key, value] : pairs) {
    auto made = convert(*s.parts[1], value);
    if (!made) return made;
    value = *std::move(made);
  }
  return term::map(pairs);
}

result<term> conversion::tuple(const shape& s, const term& t) {
  auto elements = *t.elements();
  for (std::size_t i = 0; i < elements.size(); ++i) {
    auto made = convert(*s.parts[i], elements[i]);
    if (!made) return made;
    elements[i] = *std::move(made);
  }
  return term::tuple(elements);
}

result<term> conversion::optional(const shape& s, const term& t) {
  if (t.as_atom()) return t;
  auto both = *t.elements();
  auto made = convert(*s.parts[0], both[1]);
  if (!made) return made;
  both[1] = *std::move(made);
  return term::tuple(both);
}

/// The first alternative that the value fits.
result<term> conversion::one_of(const shape& s, const term& t) {
  for (const auto& choice : s.parts) {
    if (detail::check_by_schema(*choice->old, t, around_)) return convert(*choice, t);
  }
  return refuse("a value is none of the alternatives of its type");
}

result<term> conversion::convert(const shape& s, const term& t) {
  if (!s.is_changed) return t;
  if (s.record_around != nullptr) return record(*s.record_around, t);
  switch (detail::form_of(*s.old)) {
    case schema_form::named: return convert(*s.parts[0], t);
    case schema_form::optional: return optional(s, t);
    case schema_form::one_of: return one_of(s, t);
    case schema_form::record: return record(s, t);
    case schema_form::set: return set(s, t);
    case schema_form::map: return map(s, t);
    case schema_form::tuple: return tuple(s, t);
    case schema_form::list:
    case schema_form::array: {
      auto made = all(*s.parts[0], *t.elements());
      if (!made) return std::unexpected(made.error());
      return detail::form_of(*s.old) == schema_form::list ? term::list(*made) : term::tuple(*made);
    }
    default: assert(false && "only what has parts can hold a change");
  }
  return t;
}

}  // namespace

result<std::string> reshaped_schema::text() const { return schema_writer().whole(*root_); }

void reshaped_schema::finish() {
  while (note_changes(*root_)) {
  }
}

result<term> reshaped_schema::convert(const term& old) const {
  try {
    return conversion().convert(*root_, old);
  } catch (const exception& e) {
    return std::unexpected(e.reason());
  }
}

}  // namespace shelf::cli
