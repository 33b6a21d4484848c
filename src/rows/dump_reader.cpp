// ROWS  cli -> [rows] -> upkeep -> engine -> stores -> journal -> file
// Dumps read back: our own, and those of Mnesia.
#include "codec/schema_check.hpp"
#include "rows/dump.hpp"
#include "rows/form_reader.hpp"
#include "rows/text/json_term.hpp"
#include "rows/text/json_value.hpp"

#include <array>
#include <map>
#include <string_view>
#include <utility>

namespace shelf::rows {
namespace {

using kind_name = std::pair<std::string_view, kind>;
constexpr std::array<kind_name, 4> kind_names{{{"set", kind::set},
                                               {"ordered_set", kind::ordered_set},
                                               {"bag", kind::bag},
                                               {"duplicate_bag", kind::duplicate_bag}}};

[[nodiscard]] std::optional<kind> kind_called(std::string_view name) {
  for (const auto& [known, what] : kind_names) {
    if (known == name) return what;
  }
  return std::nullopt;
}

[[nodiscard]] error at(const input_file& file, const bad_row& bad) {
  return error(errc::type_mismatch, file.name() + ":" + std::to_string(bad.line) + ":" +
                                        std::to_string(bad.column) + ": " + bad.why);
}

[[nodiscard]] bool is_blank(std::string_view line) {
  return line.find_first_not_of(" \t\r") == std::string_view::npos;
}

/// Tables by their names.
class known_tables {
 public:
  [[nodiscard]] std::vector<dumped_table>& all() noexcept { return all_; }
  /// False: there is one of that name already.
  [[nodiscard]] bool add(dumped_table t) {
    if (!places_.emplace(t.as.name, all_.size()).second) return false;
    all_.push_back(std::move(t));
    return true;
  }
  [[nodiscard]] const dumped_table& at(std::size_t place) const { return all_[place]; }
  [[nodiscard]] std::optional<std::size_t> find(std::string_view name) const {
    const auto found = places_.find(name);
    return found == places_.end() ? std::nullopt : std::optional(found->second);
  }

 private:
  std::vector<dumped_table> all_;
  std::map<std::string, std::size_t, std::less<>> places_;
};

class json_dump final : public dump_reader {
 public:
  explicit json_dump(input_file from) : from_(std::move(from)) {}
  const input_file& input() const override { return from_; }

  result<std::vector<dumped_table>> tables() override {
    for (;;) {
      auto line = next_line();
      if (!line) return std::unexpected(line.error());
      if (!*line) return tables_.all();
      const auto parsed = parse_json(**line);
      if (!parsed) return std::unexpected(at(from_, bad(**line, parsed.error())));
      if (member(*parsed, "kind") == nullptr) {
        kept_ = std::string(**line);  // the first row
        return tables_.all();
      }
      const auto described = describe(*parsed);
      auto made = described ? make_dumped_table(*described)
                            : result<dumped_table>(std::unexpected(error(errc::corrupt, "")));
      auto why = described ? bad_text{0, {}} : described.error();
      if (described && !made) why.why = made.error().message();
      if (made && !tables_.add(*std::move(made))) why.why = "a second table of this name";
      if (!why.why.empty()) return std::unexpected(at(from_, bad(**line, why)));
    }
  }

  result<next_dumped> next() override {
    auto line = next_line();
    if (!line) return std::unexpected(line.error());
    if (!*line) return next_dumped{};
    next_dumped n;
    const auto parsed = parse_json(**line);
    auto read = parsed ? row_of(*parsed, n.table) : std::unexpected(parsed.error());
    if (read) {
      n.good = *std::move(read);
    } else {
      n.bad = bad(**line, read.error());
    }
    return n;
  }

 private:
  [[nodiscard]] static const json_value* member(const json_value& of, std::string_view name) {
    for (std::size_t i = 0; i < of.names.size(); ++i) {
      if (of.names[i] == name) return &of.items[i];
    }
    return nullptr;
  }
  [[nodiscard]] result<std::optional<std::string_view>> next_line() {
    if (kept_) {
      line_ = *std::exchange(kept_, std::nullopt);
      return line_;
    }
    for (;;) {
      auto line = from_.next_line();
      if (!line || !*line || !is_blank(**line)) return line;
    }
  }
  [[nodiscard]] bad_row bad(std::string_view line, const bad_text& why) const {
    return {.line = from_.line(), .column = column_at(line, why.at), .why = why.why};
  }
  [[nodiscard]] static std::expected<std::string, bad_text> text_of(const json_value& of,
                                                                    std::string_view name) {
    const auto* const m = member(of, name);
    if (m != nullptr && m->what == json_value::type::string) return m->text;
    return std::unexpected(
        bad_text{m != nullptr ? m->at : of.at, "expected \"" + std::string(name) + "\": a text"});
  }
  [[nodiscard]] static std::expected<file_description, bad_text> describe(const json_value& line) {
    file_description d;
    for (const auto& [name, into] : {std::pair{"table", &d.name}, std::pair{"key", &d.key_schema},
                                     std::pair{"value", &d.value_schema}}) {
      auto text = text_of(line, name);
      if (!text) return std::unexpected(text.error());
      *into = *std::move(text);
    }
    const auto what = text_of(line, "kind");
    if (!what) return std::unexpected(what.error());
    const auto known = kind_called(*what);
    if (!known) return std::unexpected(bad_text{line.at, "there is no kind " + *what});
    d.what = *known;
    if (const auto* const storage = member(line, "storage")) {
      if (storage->text != "memory" && storage->text != "disk") {
        return std::unexpected(bad_text{storage->at, "expected memory or disk"});
      }
      d.in_memory = storage->text == "memory";
    }
    return d;
  }
  [[nodiscard]] std::expected<row, bad_text> row_of(json_value line, std::size_t& table) const {
    const auto name = text_of(line, "table");
    if (!name) return std::unexpected(name.error());
    const auto place = tables_.find(*name);
    if (!place) {
      return std::unexpected(bad_text{
          line.at, "no table " + *name + ": a line with its kind has to precede all rows"});
    }
    table = *place;
    for (std::size_t i = 0; i < line.names.size(); ++i) {
      if (line.names[i] != "table") continue;
      line.names.erase(line.names.begin() + static_cast<std::ptrdiff_t>(i));
      line.items.erase(line.items.begin() + static_cast<std::ptrdiff_t>(i));
    }
    return row_from_json(tables_.at(table).schemas, line);
  }

  input_file from_;
  known_tables tables_;
  std::optional<std::string> kept_;
  std::string line_;
};

/// What Mnesia says of a table, and how a record becomes an entry.
struct record_shape {
  std::size_t fields = 2;  ///< attributes
  bool is_pair = true;     ///< key and value, as they are
  bool has_tag = true;     ///< else the value is a tuple without one
};

class erlang_dump final : public dump_reader {
 public:
  explicit erlang_dump(input_file from) : forms_(std::move(from)) {}
  const input_file& input() const override { return forms_.input(); }

  result<std::vector<dumped_table>> tables() override;
  result<next_dumped> next() override;

 private:
  using found = std::expected<row, bad_text>;
  [[nodiscard]] result<std::optional<term>> next_term();
  [[nodiscard]] std::expected<dumped_table, std::string> table_of(const term& t);
  [[nodiscard]] found row_of(const term& t, std::size_t& table) const;
  [[nodiscard]] found entry_of(const std::vector<term>& parts, std::size_t table) const;

  form_reader forms_;
  known_tables tables_;
  std::vector<record_shape> shapes_;
  std::optional<bad_row> bad_;
};

[[nodiscard]] std::vector<term> parts_of(const term& t) {
  if (t.what() == term::type::tuple || t.what() == term::type::list) {
    if (auto all = t.elements()) return *std::move(all);
  }
  return {};
}
[[nodiscard]] std::optional<std::string> atom_of(const term& t) {
  const auto text = t.as_atom();
  return text ? std::optional(std::string(*text)) : std::nullopt;
}
[[nodiscard]] std::optional<std::string> text_of(const term& t) {
  const auto content = t.as_binary();
  return content ? std::optional(std::string(as_text(*content))) : std::nullopt;
}

/// The value of a property in a list of pairs.
[[nodiscard]] std::optional<term> property(const std::vector<term>& of, std::string_view name) {
  for (const auto& p : of) {
    const auto pair = parts_of(p);
    if (pair.size() == 2 && atom_of(pair[0]) == name) return pair[1];
  }
  return std::nullopt;
}

/// A form that is a term; nothing at the end, or if it is bad.
result<std::optional<term>> erlang_dump::next_term() {
  const auto form = forms_.next();
  if (!form) return std::unexpected(form.error());
  if (!*form) return std::nullopt;
  if (!(*form)->is_whole) {
    bad_ = forms_.bad({forms_.text().size() - 1, "the final full stop is missing"});
    return std::nullopt;
  }
  auto parsed = parse_erlang_form((*form)->text);
  if (parsed) return *std::move(parsed);
  bad_ = forms_.bad(parsed.error());
  return std::nullopt;
}

result<std::vector<dumped_table>> erlang_dump::tables() {
  // Mnesia writes bytes; what we write says that it is UTF-8.
  forms_.read_as_latin1();
  const auto first = next_term();
  if (!first) return std::unexpected(first.error());
  const auto refused = [&](const std::string& why) {
    return std::unexpected(at(forms_.input(), bad_ ? *bad_ : forms_.bad({0, why})));
  };
  const auto parts = *first ? parts_of(**first) : std::vector<term>();
  if (parts.size() != 2 || atom_of(parts[0]) != "tables") {
    return refused("expected {tables, [..]} before all records");
  }
  for (const auto& t : parts_of(parts[1])) {
    auto made = table_of(t);
    if (!made) return refused(made.error());
    const auto name = made->as.name;
    if (!tables_.add(*std::move(made))) return refused("a second table " + name);
  }
  if (tables_.all().empty() && parts[1] != term::nil()) return refused("expected a list of tables");
  return tables_.all();
}

std::expected<dumped_table, std::string> erlang_dump::table_of(const term& t) {
  const auto pair = parts_of(t);
  const auto name = pair.size() == 2 ? atom_of(pair[0]) : std::nullopt;
  if (!name) return std::unexpected("expected {Name, Properties}, found " + t.to_string(64));
  const auto properties = parts_of(pair[1]);
  std::vector<std::string> attributes;
  const auto listed = property(properties, "attributes");
  for (const auto& a : listed ? parts_of(*listed) : std::vector<term>()) {
    attributes.push_back(atom_of(a).value_or(""));
  }
  if (listed && attributes.size() < 2) {
    return std::unexpected("table " + *name + ": expected two attributes or more");
  }
  record_shape shape{.fields = listed ? attributes.size() : 2};
  file_description d{.what = kind::set, .name = *name, .key_schema = "any", .value_schema = "any"};
  bool has_kind = false;
  if (const auto type = property(properties, "type")) {
    const auto what = kind_called(atom_of(*type).value_or(""));
    if (!what)
      return std::unexpected("table " + *name + ": there is no type " + type->to_string(64));
    d.what = *what;
    has_kind = true;
  }
  bool is_ours = false;
  const auto ours = property(properties, "user_properties");
  for (const auto& p : ours ? parts_of(*ours) : std::vector<term>()) {
    const auto told = parts_of(p);
    const auto which = told.empty() ? std::nullopt : atom_of(told[0]);
    if (which == "shelf" && told.size() == 3 && shape.fields == 2) {
      d.key_schema = text_of(told[1]).value_or("");
      d.value_schema = text_of(told[2]).value_or("");
      is_ours = true;
    } else if (which == "shelf_kind" && told.size() == 2) {
      d.what = kind_called(atom_of(told[1]).value_or("")).value_or(d.what);
    } else if (which == "shelf_storage" && told.size() == 2) {
      d.in_memory = atom_of(told[1]) == "memory";
    }
  }
  if (!is_ours && shape.fields > 2) {
    shape.is_pair = false;
    std::string fields;
    for (std::size_t i = 1; i < attributes.size(); ++i) {
      fields += (i == 1 ? "" : ", ") + attributes[i] + ": any";
    }
    const auto record = atom_of(property(properties, "record_name").value_or(pair[0]));
    d.value_schema = record.value_or(*name) + "{" + fields + "}";
    if (!schema::parse(d.value_schema)) {  // names that no schema has
      shape.has_tag = false;
      d.value_schema = "any";
    }
  }
  auto made = make_dumped_table(std::move(d));
  if (!made) return std::unexpected("table " + *name + ": " + made.error().message());
  made->has_kind = has_kind;
  shapes_.push_back(shape);
  return *std::move(made);
}

result<next_dumped> erlang_dump::next() {
  const auto t = next_term();
  if (!t) return std::unexpected(t.error());
  next_dumped n;
  if (!*t) {
    n.bad = std::exchange(bad_, std::nullopt);
    return n;
  }
  auto read = row_of(**t, n.table);
  if (read) {
    n.good = *std::move(read);
  } else {
    n.bad = forms_.bad(read.error());
  }
  return n;
}

erlang_dump::found erlang_dump::row_of(const term& t, std::size_t& table) const {
  const auto parts = t.what() == term::type::tuple ? parts_of(t) : std::vector<term>();
  const auto name = parts.empty() ? std::nullopt : atom_of(parts[0]);
  const auto place = name ? tables_.find(*name) : std::nullopt;
  if (!place) return std::unexpected(bad_text{0, "expected a record of one of the tables"});
  table = *place;
  const auto wanted = shapes_[table].fields + 1;
  if (parts.size() == wanted) return entry_of(parts, table);
  return std::unexpected(bad_text{0, "expected " + std::to_string(wanted) + " elements, found " +
                                         std::to_string(parts.size())});
}

erlang_dump::found erlang_dump::entry_of(const std::vector<term>& parts, std::size_t table) const {
  const auto& t = tables_.at(table);
  const auto& shape = shapes_[table];
  row made{.key = parts[1], .value = parts[2]};
  if (!shape.is_pair) {
    std::vector<term> fields;
    if (shape.has_tag) {
      const auto& record = t.schemas.value.root();
      fields.push_back(or_throw(term::atom(record.word)));
    }
    fields.insert(fields.end(), parts.begin() + 2, parts.end());
    made.value = term::tuple(fields);
  }
  const auto check = [](const schema& s, const term& is, const char* which) -> std::string {
    const auto same = detail::check_by_schema(s.root(), is);
    return same ? std::string() : which + same.error().message();
  };
  auto why = check(t.schemas.key, made.key, "the key: ");
  if (why.empty()) why = check(t.schemas.value, made.value, "the value: ");
  if (!why.empty()) return std::unexpected(bad_text{0, std::move(why)});
  return made;
}

}  // namespace

std::unique_ptr<dump_reader> make_dump_reader(row_format format, input_file from) {
  if (format == row_format::erlang) return std::make_unique<erlang_dump>(std::move(from));
  return std::make_unique<json_dump>(std::move(from));
}

}  // namespace shelf::rows
