// CLI  [cli] -> rows -> upkeep -> engine -> stores -> journal -> file
// Rules on their way to the record that they change.
#include "cli/commands/reshaped_schema.hpp"

#include "cli/nearest_word.hpp"

#include <algorithm>
#include <charconv>
#include <ranges>
#include <utility>

namespace shelf::cli {
namespace {

using rows::schema_form;
using rows::schema_node;
using steps = std::vector<path_step>;

constexpr std::size_t most_shown = 80;

[[nodiscard]] std::unexpected<error> refuse(const std::string& why) {
  return std::unexpected(error(errc::invalid_argument, why));
}

/// A type for a sentence.
[[nodiscard]] std::string shown(const shape& s) {
  const auto text = s.old->text;
  if (text.size() <= most_shown) return std::string(text);
  return std::string(text.substr(0, most_shown)) + "...";
}

[[nodiscard]] std::unique_ptr<shape> shape_of(const schema_node& n, std::vector<shape*>& around) {
  auto made = std::make_unique<shape>();
  made->old = &n;
  if (n.what != schema_node::form::record) {
    for (const auto& part : n.parts) made->parts.push_back(shape_of(part, around));
    return made;
  }
  made->tag = n.word;
  if (n.detail == "...") {
    for (auto* const outer : around) {
      if (outer->old->word == n.word) made->record_around = outer;
    }
    return made;
  }
  around.push_back(made.get());
  for (std::size_t i = 0; i < n.parts.size(); ++i) {
    made->fields.push_back(
        {.name = std::string(n.names[i]), .place = i + 1, .of = shape_of(n.parts[i], around)});
  }
  around.pop_back();
  return made;
}

/// What stands in a named(..) or an optional(..), and the record that a `name{...}` refers to.
template <class Shape>
[[nodiscard]] Shape& inner(Shape& s) {
  if (s.record_around != nullptr) return *s.record_around;
  const auto f = detail::form_of(*s.old);
  return f == schema_form::named || f == schema_form::optional ? inner(*s.parts[0]) : s;
}

[[nodiscard]] schema_form form_of(const shape& s) noexcept { return detail::form_of(*s.old); }

/// The records among the alternatives of a variant.
[[nodiscard]] std::vector<shape*> records_of(const shape& variant) {
  std::vector<shape*> all;
  for (const auto& part : variant.parts) {
    auto& choice = inner(*part);
    if (form_of(choice) == schema_form::record) all.push_back(&choice);
  }
  return all;
}

/// The paths of all fields, as people would write them.
class field_list {
 public:
  explicit field_list(const shape& root) { walk(root); }
  [[nodiscard]] const std::vector<std::string>& paths() const noexcept { return paths_; }
  /// The first field of this name.
  [[nodiscard]] std::string path_to(const std::string& name) const {
    const auto at = std::ranges::find(names_, name);
    return at == names_.end() ? std::string()
                              : paths_[static_cast<std::size_t>(at - names_.begin())];
  }

 private:
  void walk(const shape& s);
  void below(path_step step, const shape& s) {
    at_.push_back(std::move(step));
    walk(s);
    at_.pop_back();
  }

  steps at_;
  std::vector<std::string> names_;
  std::vector<std::string> paths_;
};

void field_list::walk(const shape& s) {
  using form = path_step::form;
  if (s.record_around != nullptr) return;
  for (const auto& f : s.fields) {
    at_.push_back({form::field, f.name});
    names_.push_back(f.name);
    paths_.push_back(to_text(at_));
    at_.pop_back();
    if (f.of) below({form::field, f.name}, *f.of);
  }
  switch (form_of(s)) {
    case schema_form::named:
    case schema_form::optional: return walk(*s.parts[0]);
    case schema_form::list:
    case schema_form::set:
    case schema_form::array: return below({form::elements, {}}, *s.parts[0]);
    case schema_form::map: return below({form::elements, {}}, *s.parts[1]);
    case schema_form::tuple:
      for (std::size_t i = 0; i < s.parts.size(); ++i) {
        below({form::choice, std::to_string(i)}, *s.parts[i]);
      }
      return;
    case schema_form::one_of: {
      const auto records = records_of(s);
      for (const auto* const r : records) {
        if (records.size() == 1)
          walk(*r);
        else
          below({form::choice, r->tag}, *r);
      }
      return;
    }
    default: return;
  }
}

[[nodiscard]] std::string joined(const std::vector<std::string>& words) {
  constexpr std::size_t most = 8;
  std::string text;
  for (std::size_t i = 0; i < std::min(words.size(), most); ++i) {
    text += (i == 0 ? "" : ", ") + words[i];
  }
  return words.size() > most ? text + ", ..." : text;
}

[[nodiscard]] std::string called(const steps& path, std::size_t count) {
  if (count == 0) return "the value";
  return "'" + to_text(steps(path.begin(), path.begin() + static_cast<std::ptrdiff_t>(count))) +
         "'";
}

/// Where a step in brackets leads.
[[nodiscard]] result<shape*> into_brackets(shape& from, const steps& path, std::size_t step) {
  auto& s = inner(from);
  const auto f = form_of(s);
  const auto& name = path[step].name;
  if (path[step].what == path_step::form::elements) {
    if (f == schema_form::map) return s.parts[1].get();
    if (f == schema_form::list || f == schema_form::set || f == schema_form::array) {
      return s.parts[0].get();
    }
    return refuse(called(path, step) + " has no elements: it is " + shown(s));
  }
  if (f == schema_form::tuple) {
    std::size_t i = 0;
    const auto read = std::from_chars(name.data(), name.data() + name.size(), i);
    if (read.ec == std::errc() && read.ptr == name.data() + name.size() && i < s.parts.size()) {
      return s.parts[i].get();
    }
    return refuse(called(path, step) + " has the elements [0] to [" +
                  std::to_string(s.parts.size() - 1) + "], not [" + name + "]");
  }
  if (f != schema_form::one_of) {
    return refuse(called(path, step) + " is not a variant: it is " + shown(s));
  }
  std::vector<std::string> tags;
  for (auto* const r : records_of(s)) {
    if (r->tag == name) return r;
    tags.push_back(r->tag);
  }
  const auto nearest = nearest_word(name, tags);
  return refuse(called(path, step) + " has no record '" + name + "' among its alternatives" +
                (!nearest.empty() ? "; did you mean [" + nearest + "]?"
                 : tags.empty()   ? std::string()
                                  : "; they are " + joined(tags)));
}

}  // namespace

reshaped_schema::reshaped_schema(rows::schema old) : old_(std::move(old)) {
  std::vector<shape*> around;
  root_ = shape_of(old_.root(), around);
}

/// A step may have the name that a rule gives the field, or has given it.
shape::field* reshaped_schema::find(shape& record, const steps& path, std::size_t step) {
  const auto named = [&](const std::string& name) -> shape::field* {
    const auto at = std::ranges::find(record.fields, name, &shape::field::name);
    return at == record.fields.end() ? nullptr : &*at;
  };
  if (auto* const f = named(path[step].name)) return f;
  const auto here =
      to_text(steps(path.begin(), path.begin() + static_cast<std::ptrdiff_t>(step + 1)));
  for (const auto& [from, to] : renames_) {
    if (to_text(from) != here) continue;
    if (auto* const f = named(to)) return f;
  }
  return nullptr;
}

std::unexpected<error> reshaped_schema::no_field(const shape& record, const steps& path,
                                                 std::size_t step) const {
  const auto& name = path[step].name;
  std::vector<std::string> names;
  for (const auto& f : record.fields) names.push_back(f.name);
  auto nearest = nearest_word(name, names);
  if (!nearest.empty()) {
    steps there(path.begin(), path.begin() + static_cast<std::ptrdiff_t>(step));
    there.push_back({path_step::form::field, nearest});
    nearest = to_text(there);
  }
  const field_list all(*root_);
  if (nearest.empty()) nearest = all.path_to(name);
  if (nearest.empty()) nearest = nearest_word(to_text(path), all.paths());
  return refuse(record.tag + " has no field '" + name + "'" +
                (!nearest.empty() ? "; did you mean " + nearest + "?"
                 : names.empty()  ? std::string()
                                  : "; its fields are " + joined(names)));
}

result<shape*> reshaped_schema::record_at(shape& from, const steps& path, std::size_t count) {
  auto& s = inner(from);
  const auto what = called(path, count);
  switch (form_of(s)) {
    case schema_form::record: return &s;
    case schema_form::one_of: {
      const auto records = records_of(s);
      if (records.size() == 1) return records[0];
      if (records.empty()) break;
      std::vector<std::string> tags;
      for (const auto* const r : records) tags.push_back("[" + r->tag + "]");
      return refuse(what + " may be one of several records; add which: " + joined(tags));
    }
    case schema_form::list:
    case schema_form::set:
    case schema_form::array:
    case schema_form::map:
      return refuse(what + " is " + shown(s) + "; the path to its elements ends in []");
    case schema_form::tuple:
      return refuse(what + " is " + shown(s) + "; the path to its first element ends in [0]");
    default: break;
  }
  if (count == 0) {
    return refuse("the values are not records but " + old_.text() +
                  "; export, change and import them");
  }
  return refuse(what + " is " + shown(s) + ", which has no fields");
}

result<shape*> reshaped_schema::down(const steps& path, std::size_t count) {
  auto* s = root_.get();
  for (std::size_t i = 0; i < count; ++i) {
    if (path[i].what != path_step::form::field) {
      auto next = into_brackets(*s, path, i);
      if (!next) return next;
      s = *next;
      continue;
    }
    auto record = record_at(*s, path, i);
    if (!record) return record;
    const auto* const f = find(**record, path, i);
    if (f == nullptr) return no_field(**record, path, i);
    if (!f->of) return refuse(called(path, i + 1) + " is added by the same command");
    s = f->of.get();
  }
  return s;
}

result<reshaped_schema::place> reshaped_schema::field_at(const steps& path) {
  if (path.back().what != path_step::form::field) {
    return refuse("'" + to_text(path) + "' does not name a field");
  }
  auto s = down(path, path.size() - 1);
  if (!s) return std::unexpected(s.error());
  auto record = record_at(**s, path, path.size() - 1);
  if (!record) return std::unexpected(record.error());
  return place{*record, path.back().name};
}

result<rule_effect> reshaped_schema::drop(const steps& path) {
  const auto at = field_at(path);
  if (!at) return std::unexpected(at.error());
  auto& fields = at->record->fields;
  const auto f = std::ranges::find(fields, at->name, &shape::field::name);
  if (f == fields.end()) return rule_effect::met;
  fields.erase(f);
  at->record->is_changed = true;
  return rule_effect::followed;
}

result<rule_effect> reshaped_schema::rename(const steps& path, const std::string& to) {
  const auto at = field_at(path);
  if (!at) return std::unexpected(at.error());
  auto& fields = at->record->fields;
  const auto f = std::ranges::find(fields, at->name, &shape::field::name);
  const bool is_taken = std::ranges::find(fields, to, &shape::field::name) != fields.end();
  if (f == fields.end() && is_taken) return rule_effect::met;
  if (f == fields.end()) return no_field(*at->record, path, path.size() - 1);
  if (is_taken) {
    return refuse(at->record->tag + " has a field '" + to + "' already");
  }
  f->name = to;
  return rule_effect::followed;
}

result<rule_effect> reshaped_schema::add(const steps& path, const std::string& type,
                                         term constant) {
  const auto at = field_at(path);
  if (!at) return std::unexpected(at.error());
  auto& fields = at->record->fields;
  const auto f = std::ranges::find(fields, at->name, &shape::field::name);
  if (f != fields.end()) {
    const auto has = f->of ? std::string(f->of->old->text) : f->type;
    if (has == type) return rule_effect::met;
    return refuse(at->record->tag + " has a field '" + at->name + "' already, of type " + has);
  }
  fields.push_back({.name = at->name, .type = type, .constant = std::move(constant)});
  at->record->is_changed = true;
  return rule_effect::followed;
}

result<rule_effect> reshaped_schema::call(const steps& path, const std::string& tag) {
  auto s = down(path, path.size());
  if (!s) return std::unexpected(s.error());
  auto record = record_at(**s, path, path.size());
  if (!record) return std::unexpected(record.error());
  if ((*record)->tag == tag) return rule_effect::met;
  (*record)->tag = tag;
  (*record)->is_changed = true;
  return rule_effect::followed;
}

bool reshaped_schema::has_field(const std::string& name) const {
  const auto& s = inner(*root_);
  return std::ranges::find(s.fields, name, &shape::field::name) != s.fields.end();
}

}  // namespace shelf::cli
