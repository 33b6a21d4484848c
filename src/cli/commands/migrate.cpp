// CLI  [cli] -> rows -> upkeep -> engine -> stores -> journal -> file
// The fields of stored records renamed, added and dropped: rules that need no code.
#include "cli/commands/commands.hpp"
#include "cli/files/native_table.hpp"
#include "cli/terminal/display_text.hpp"
#include "rows/integer_width.hpp"
#include "rows/text/notation.hpp"
#include "shelf/detail/type_name.hpp"
#include "upkeep/described_types.hpp"

#include <algorithm>

namespace shelf::cli {
namespace {

[[nodiscard]] std::unexpected<error> refuse(const std::string& why) {
  return std::unexpected(error(errc::invalid_argument, why));
}

/// A record on its way from one schema to another.
class migration {
 public:
  struct field {
    std::string name;
    std::string type;
    std::size_t place = 0;              ///< in the old tuple
    std::optional<term> constant = {};  ///< what a new field has
  };

  /// The record of an old schema; invalid_argument if values are no records.
  [[nodiscard]] static result<migration> of(const schema& old);
  [[nodiscard]] result<> drop(const std::string& name);
  [[nodiscard]] result<> rename(const std::string& rule);
  [[nodiscard]] result<> add(const std::string& rule, notation how);
  void call(const std::string& tag) { tag_ = tag; }

  [[nodiscard]] std::string schema_text() const;
  [[nodiscard]] term convert(const term& old) const;
  /// The rules that the type meets already: "--drop age". A script may run twice.
  [[nodiscard]] const std::vector<std::string>& met() const noexcept { return met_; }

 private:
  [[nodiscard]] field* find(const std::string& name) {
    const auto at = std::ranges::find(fields_, name, &field::name);
    return at == fields_.end() ? nullptr : &*at;
  }
  [[nodiscard]] std::unexpected<error> unknown(const char* option, const std::string& name) const {
    return refuse(std::string(option) + ": " + tag_ + " has no field '" + name + "'");
  }

  std::string tag_;
  std::vector<field> fields_;
  std::vector<std::string> met_;
};

[[nodiscard]] std::string_view trimmed(std::string_view text) {
  while (text.starts_with(' ')) text.remove_prefix(1);
  while (text.ends_with(' ')) text.remove_suffix(1);
  return text;
}

result<migration> migration::of(const schema& old) {
  const auto& n = unnamed(old.root());
  if (detail::form_of(n) != schema_form::record) {
    return refuse("the values are not records but " + old.text() +
                  "; export, change and import them");
  }
  migration m;
  m.tag_ = n.word;
  for (std::size_t i = 0; i < n.parts.size(); ++i) {
    m.fields_.push_back(
        {.name = std::string(n.names[i]), .type = std::string(n.parts[i].text), .place = i + 1});
  }
  return m;
}

result<> migration::drop(const std::string& name) {
  auto* const f = find(name);
  if (f == nullptr) {
    met_.push_back("--drop " + name);
    return {};
  }
  fields_.erase(fields_.begin() + (f - fields_.data()));
  return {};
}

/// old=new
result<> migration::rename(const std::string& rule) {
  const auto at = rule.find('=');
  if (at == std::string::npos || at == 0 || at + 1 == rule.size()) {
    return refuse("--rename '" + rule + "': expected OLD=NEW");
  }
  auto* const f = find(rule.substr(0, at));
  const auto name = rule.substr(at + 1);
  if (f == nullptr && find(name) != nullptr) {
    met_.push_back("--rename " + rule);
    return {};
  }
  if (f == nullptr) return unknown("--rename", rule.substr(0, at));
  if (find(name) != nullptr) return refuse("--rename: there is a field '" + name + "' already");
  f->name = name;
  return {};
}

/// An optional has no value by these words, even where a text of them would fit.
[[nodiscard]] result<term> default_value(const schema& s, notation how, std::string_view text,
                                         std::string_view called) {
  const bool optional = detail::form_of(unnamed(s.root())) == schema_form::optional;
  if (optional && (text == "none" || text == "null")) return term::atom("none");
  auto value = read_argument(s, how, text, called);
  if (!value) return value;
  if (auto fits = check_integer_width(s.root(), *value); !fits) {
    return refuse(std::string(called) + ": " + fits.error().message());
  }
  return value;
}

/// field: type = value
result<> migration::add(const std::string& rule, notation how) {
  const auto equals = rule.find('=');
  const auto colon = rule.find(':');
  if (equals == std::string::npos || colon == std::string::npos || colon > equals) {
    return refuse("--default '" + rule + "': expected FIELD: TYPE = VALUE");
  }
  const std::string name(trimmed(std::string_view(rule).substr(0, colon)));
  const auto type =
      detail::tidy_schema(trimmed(std::string_view(rule).substr(colon + 1, equals - colon - 1)));
  if (!type) return refuse("--default " + name + ": " + type.error().message());
  if (name.empty()) return refuse("--default: the field's name is missing");
  const auto s = schema::parse(*type);
  if (!s) return std::unexpected(s.error());
  auto value = default_value(*s, how, trimmed(std::string_view(rule).substr(equals + 1)),
                             "--default " + name);
  if (!value) return std::unexpected(value.error());
  if (const auto* const there = find(name)) {
    if (there->type != *type) {
      return refuse("--default: there is a field '" + name + "' already, of type " + there->type);
    }
    met_.push_back("--default " + name);
    return {};
  }
  fields_.push_back({.name = name, .type = *type, .constant = *std::move(value)});
  return {};
}

[[nodiscard]] std::string spelled(std::string_view name) {
  const bool plain = !name.empty() && std::ranges::all_of(name, [](char c) {
    return detail::is_identifier_character(c) || c == '@';
  });
  return plain ? std::string(name) : "'" + std::string(name) + "'";
}

std::string migration::schema_text() const {
  std::string text = spelled(tag_) + "{";
  for (const auto& f : fields_) {
    if (&f != fields_.data()) text += ", ";
    text += spelled(f.name) + ": " + f.type;
  }
  return text + "}";
}

term migration::convert(const term& old) const {
  const auto before = old.elements().value_or(std::vector<term>{});
  auto tag = *term::atom(tag_);
  if (fields_.empty()) return tag;
  std::vector<term> after{std::move(tag)};
  for (const auto& f : fields_) after.push_back(f.constant ? *f.constant : before[f.place]);
  return term::tuple(after);
}

[[nodiscard]] result<migration> rules_of(const request& r, const schema& old) {
  if (r.drops.empty() && r.renames.empty() && r.defaults.empty() && r.record.empty()) {
    return refuse("nothing to change: specify --rename, --default, --drop or --record");
  }
  auto m = migration::of(old);
  if (!m) return m;
  for (const auto& name : r.drops) {
    if (auto done = m->drop(name); !done) return std::unexpected(done.error());
  }
  for (const auto& rule : r.renames) {
    if (auto done = m->rename(rule); !done) return std::unexpected(done.error());
  }
  for (const auto& rule : r.defaults) {
    if (auto done = m->add(rule, r.how); !done) return std::unexpected(done.error());
  }
  if (!r.record.empty()) {
    if (!term::atom(r.record)) return refuse("--record: '" + r.record + "' is not a name");
    m->call(r.record);
  }
  return m;
}

/// Success: what was wanted is so.
[[nodiscard]] outcome answer_done_before(const request& r, console& out,
                                         const file_description& d) {
  out.write(wants_json(r, out)
                ? "{\"entries\":0,\"dry_run\":" + std::string(r.dry_run ? "true" : "false") +
                      ",\"already_done\":true}\n"
                : "already done: the entries are " + printable(d.value_schema) + "\n");
  return exit_status::ok;
}

}  // namespace

outcome migrate(const request& r, console& out) {
  const auto d = describe(r.file, {.table = r.table});
  if (!d) return std::unexpected(d.error());
  const auto t = types_of(*d);
  if (!t) return std::unexpected(t.error());
  const auto m = rules_of(r, t->value);
  if (!m) return std::unexpected(m.error());
  auto after = *d;
  after.value_schema = m->schema_text();
  if (after.value_schema == d->value_schema) return answer_done_before(r, out, *d);
  for (const auto& rule : m->met()) {
    out.complain(tone::warning, rule + ": already done");
  }
  if (!detail::parse_schema(after.value_schema)) {
    return refuse("the new type would be malformed: " + after.value_schema);
  }
  progress_bar bar("migrating " + r.file, out.errors_are_seen());
  const auto tell = told_to(bar);
  const auto tell_read = detail::step_of(tell, 1, 16, 6);
  std::uint64_t read = 0;
  const auto one_read = [&](std::uint64_t size) { tell_read(read += size, d->file_bytes); };
  // Every old record is held against the old schema, so that all its fields are there.
  auto from = detail::described_types(*d, detail::scrutiny::types, one_read);
  auto to = detail::described_types(after, detail::scrutiny::types);
  if (!from) return std::unexpected(from.error());
  if (!to) return std::unexpected(to.error());
  detail::core_config config;
  config.path = r.file;
  config.table = r.table;
  config.tell_checked = detail::step_of(tell, 0, 16);
  const auto tell_converted = detail::step_of(tell, 7, 16, 6);
  std::uint64_t converted = 0;
  const auto convert = [&](detail::stored_entry e, detail::entry_batch& batch) -> result<> {
    converted += e.key.size() + e.value.size();
    tell_converted(converted, d->file_bytes);
    const auto made = m->convert(term::from_canonical(e.value));
    return batch.add(e.key, made.encoded());
  };
  const auto done = detail::migrate_file(std::move(config), *std::move(from), *to, convert,
                                         r.dry_run, detail::step_of(tell, 13, 16, 3));
  bar.clear();
  if (!done) return std::unexpected(done.error());
  const auto rows = std::to_string(done->written);
  if (wants_json(r, out)) {
    out.write("{\"entries\":" + rows + ",\"dry_run\":" + (r.dry_run ? "true" : "false") +
              ",\"already_done\":false}\n");
  } else {
    out.write((r.dry_run ? "would migrate " : "migrated ") + rows + " entries to " +
              printable(after.value_schema) + "\n");
  }
  return exit_status::ok;
}

}  // namespace shelf::cli
