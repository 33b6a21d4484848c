// CLI  [cli] -> rows -> upkeep -> engine -> stores -> journal -> file
// The fields of stored records renamed, added and dropped: rules that need no code.
#include "cli/commands/commands.hpp"
#include "cli/commands/reshaped_schema.hpp"
#include "cli/files/native_table.hpp"
#include "cli/terminal/display_text.hpp"
#include "rows/integer_width.hpp"
#include "rows/text/notation.hpp"
#include "upkeep/described_indexes.hpp"
#include "upkeep/described_types.hpp"

namespace shelf::cli {
namespace {

[[nodiscard]] std::unexpected<error> refuse(const std::string& why) {
  return std::unexpected(error(errc::invalid_argument, why));
}

[[nodiscard]] std::string_view trimmed(std::string_view text) {
  while (text.starts_with(' ')) text.remove_prefix(1);
  while (text.ends_with(' ')) text.remove_suffix(1);
  return text;
}

/// The rules of one command, on a schema.
class rule_list {
 public:
  rule_list(const request& r, const schema& old) : request_(r), made_(old) {}

  [[nodiscard]] result<> follow();
  [[nodiscard]] reshaped_schema& made() noexcept { return made_; }
  /// The rules that the type meets already: "--drop age". A script may run twice.
  [[nodiscard]] const std::vector<std::string>& met() const noexcept { return met_; }

 private:
  struct renaming {
    std::string rule;
    std::vector<path_step> from;
    std::string to;
  };

  [[nodiscard]] result<std::vector<path_step>> path_of(const std::string& text) const;
  [[nodiscard]] result<renaming> renaming_of(const std::string& rule) const;
  [[nodiscard]] result<> add(const std::string& rule);
  [[nodiscard]] result<> call(const std::string& rule);
  [[nodiscard]] result<> note(const std::string& rule, const result<rule_effect>& done);

  const request& request_;
  reshaped_schema made_;
  std::vector<std::string> met_;
};

/// A name with dots that is a field's whole name is that field.
result<std::vector<path_step>> rule_list::path_of(const std::string& text) const {
  if (made_.has_field(text)) return std::vector{path_step{path_step::form::field, text}};
  return parse_record_path(text);
}

/// `rule` with its option in front: "--drop age".
result<> rule_list::note(const std::string& rule, const result<rule_effect>& done) {
  if (!done) return refuse(rule + ": " + done.error().message());
  if (*done == rule_effect::met) met_.push_back(rule);
  return {};
}

/// PATH=NAME
result<rule_list::renaming> rule_list::renaming_of(const std::string& rule) const {
  const auto at = rule.find('=');
  if (at == std::string::npos || at == 0 || at + 1 == rule.size()) {
    return refuse("--rename '" + rule + "': expected OLD=NEW");
  }
  auto from = path_of(rule.substr(0, at));
  if (!from) return refuse("--rename: " + from.error().message());
  auto to = rule.substr(at + 1);
  const auto as_path = parse_record_path(to);
  if (!as_path || as_path->size() != 1) {
    return refuse("--rename '" + rule + "': NEW is the new name alone, without a path");
  }
  return renaming{"--rename " + rule, *std::move(from), as_path->front().name};
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

/// PATH: TYPE = VALUE
result<> rule_list::add(const std::string& rule) {
  const auto equals = rule.find('=');
  const auto colon = rule.find(':');
  if (equals == std::string::npos || colon == std::string::npos || colon > equals) {
    return refuse("--default '" + rule + "': expected FIELD: TYPE = VALUE");
  }
  const std::string name(trimmed(std::string_view(rule).substr(0, colon)));
  const auto called = "--default " + name;
  const auto type =
      detail::tidy_schema(trimmed(std::string_view(rule).substr(colon + 1, equals - colon - 1)));
  if (!type) return refuse(called + ": " + type.error().message());
  if (name.empty()) return refuse("--default: the field's name is missing");
  const auto path = path_of(name);
  if (!path) return refuse("--default: " + path.error().message());
  const auto s = schema::parse(*type);
  if (!s) return std::unexpected(s.error());
  auto value =
      default_value(*s, request_.how, trimmed(std::string_view(rule).substr(equals + 1)), called);
  if (!value) return std::unexpected(value.error());
  return note(called, made_.add(*path, *type, *std::move(value)));
}

/// NAME, or PATH=NAME
result<> rule_list::call(const std::string& rule) {
  const auto at = rule.find('=');
  const auto name = at == std::string::npos ? rule : rule.substr(at + 1);
  if (name.empty() || !term::atom(name)) return refuse("--record: '" + name + "' is not a name");
  std::vector<path_step> path;
  if (at != std::string::npos) {
    auto read = path_of(rule.substr(0, at));
    if (!read) return refuse("--record: " + read.error().message());
    path = *std::move(read);
  }
  return note("--record " + rule, made_.call(path, name));
}

result<> rule_list::follow() {
  const auto& r = request_;
  if (r.drops.empty() && r.renames.empty() && r.defaults.empty() && r.records.empty()) {
    return refuse("nothing to change: specify --rename, --default, --drop or --record");
  }
  std::vector<renaming> renamings;
  for (const auto& rule : r.renames) {
    auto read = renaming_of(rule);
    if (!read) return std::unexpected(read.error());
    made_.expect_rename(read->from, read->to);
    renamings.push_back(*std::move(read));
  }
  for (const auto& rule : r.drops) {
    const auto path = path_of(rule);
    if (!path) return refuse("--drop: " + path.error().message());
    if (auto done = note("--drop " + rule, made_.drop(*path)); !done) return done;
  }
  for (const auto& n : renamings) {
    if (auto done = note(n.rule, made_.rename(n.from, n.to)); !done) return done;
  }
  for (const auto& rule : r.defaults) {
    if (auto done = add(rule); !done) return done;
  }
  for (const auto& rule : r.records) {
    if (auto done = call(rule); !done) return done;
  }
  return {};
}

/// The fields of an index keep their values, or it is one no more.
[[nodiscard]] std::vector<index_description> carry_indexes(const request& r, console& out,
                                                           const file_description& before,
                                                           const file_description& after) {
  const auto name_of = [&](const std::string& field) {
    for (const auto& rule : r.renames) {
      if (rule.size() > field.size() && rule.starts_with(field) && rule[field.size()] == '=') {
        return rule.substr(field.size() + 1);
      }
    }
    return field;
  };
  auto all = detail::carried_indexes(before, after.value_schema, name_of);
  if (all.size() < before.indexes.size()) {
    out.complain(tone::warning, "indexes over fields that change are not recorded any more: " +
                                    std::to_string(before.indexes.size() - all.size()));
  }
  return all;
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
  rule_list rules(r, t->value);
  if (auto done = rules.follow(); !done) return std::unexpected(done.error());
  auto& made = rules.made();
  const auto text = made.text();
  if (!text) return std::unexpected(text.error());
  auto after = *d;
  after.value_schema = *text;
  if (after.value_schema == d->value_schema) return answer_done_before(r, out, *d);
  for (const auto& rule : rules.met()) {
    out.complain(tone::warning, rule + ": already done");
  }
  made.finish();
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
  from->recorded = detail::recorded_indexes{.found = d->indexes, .kept = d->indexes};
  to->recorded = detail::recorded_indexes{.found = {}, .kept = carry_indexes(r, out, *d, after)};
  detail::core_config config;
  config.path = r.file;
  config.table = r.table;
  config.tell_checked = detail::step_of(tell, 0, 16);
  const auto tell_converted = detail::step_of(tell, 7, 16, 6);
  std::uint64_t converted = 0;
  const auto convert = [&](detail::stored_entry e, detail::entry_batch& batch) -> result<> {
    converted += e.key.size() + e.value.size();
    tell_converted(converted, d->file_bytes);
    const auto value = made.convert(term::from_canonical(e.value));
    if (!value) return std::unexpected(value.error());
    // The limits on depth and size hold for the new value, too.
    if (auto fits = to->check(e.key, value->encoded()); !fits) return fits;
    return batch.add(e.key, value->encoded());
  };
  const auto done = detail::migrate_file(std::move(config), *std::move(from), *to, convert,
                                         r.dry_run, detail::step_of(tell, 13, 16, 3));
  bar.clear();
  if (!done) return std::unexpected(done.error());
  const auto rows = std::to_string(done->written);
  if (done->written < done->read) {
    out.complain(tone::warning, "values of a key that become equal are kept once: " +
                                    std::to_string(done->read - done->written) + " fewer");
  }
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
