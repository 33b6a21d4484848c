// CODEC  api -> [codec] -> term
// The shape of a type as text, as it stands in the catalogue of a file.
//
//   schema := "boolean" | "float" | "nil" | "any" | "..."
//           | "integer" ["(" unit ")"]        unit: seconds, 1/30 seconds, nanoseconds since 1970
//           | "binary" ["(" size ")"]
//           | "list(" schema ")" | "set(" schema ")" | "optional(" schema ")"
//           | "map(" schema ", " schema ")" | "array(" schema ", " size ")"
//           | "{" [schema {", " schema}] "}"     a tuple
//           | "one_of(" schema {", " schema} ")" a variant
//           | "atom(" name {", " name} ")"       an enumeration with names
//           | "named(" name ", " schema ")"      a codec with a name
//           | name "{" [name ": " schema {", " name ": " schema}] "}"    a struct; "{...}" in
//           itself
//   name   := letters, digits, "_", "@" | "'" anything but "'" and "\" "'"
#include "shelf/detail/shape.hpp"

#include <algorithm>
#include <array>
#include <vector>

namespace shelf::detail {
namespace {

bool is_plain_name(std::string_view name) {
  return !name.empty() && std::all_of(name.begin(), name.end(), [](char c) {
    return is_identifier_character(c) || c == '@';
  });
}

struct unit_name {
  std::intmax_t numerator;
  std::intmax_t denominator;
  std::string_view name;
};
constexpr std::array<unit_name, 8> units{{
    {1, 1'000'000'000, "nanoseconds"},
    {1, 1'000'000, "microseconds"},
    {1, 1'000, "milliseconds"},
    {1, 1, "seconds"},
    {60, 1, "minutes"},
    {3600, 1, "hours"},
    {86400, 1, "days"},
    {604800, 1, "weeks"},
}};

std::string unit_of(const shape& s) {
  for (const unit_name& u : units) {
    if (u.numerator == s.unit_numerator && u.denominator == s.unit_denominator) {
      return std::string(u.name);
    }
  }
  return std::to_string(s.unit_numerator) + "/" + std::to_string(s.unit_denominator) + " seconds";
}

class schema_writer {
 public:
  std::string write(const shape& s) {
    schema(s);
    return std::move(out_);
  }

 private:
  void schema(const shape& s);
  void components(std::string_view before, const shape& s, std::string_view after);
  void integer(const shape& s);
  void names(const shape& s);
  void record(const shape& s);
  void custom(const shape& s);
  void name(std::string_view text) {
    is_plain_name(text) ? out_.append(text) : out_.append("'").append(text).append("'");
  }
  bool is_open(const shape& s) const {
    return std::find(open_.begin(), open_.end(), &s) != open_.end();
  }

  std::string out_;
  std::vector<const shape*> open_;  // what is being written: a record may hold itself
};

void schema_writer::components(std::string_view before, const shape& s, std::string_view after) {
  out_ += before;
  bool first = true;
  for (const part& p : s.parts) {
    if (!first) out_ += ", ";
    first = false;
    schema(p.link());
  }
  out_ += after;
}

void schema_writer::integer(const shape& s) {
  out_ += "integer";
  if (s.unit_numerator == 0) return;
  out_.append("(").append(unit_of(s)).append(s.since_1970 ? " since 1970)" : ")");
}

void schema_writer::names(const shape& s) {
  out_ += "atom(";
  bool first = true;
  for (const part& p : s.parts) {
    if (!first) out_ += ", ";
    first = false;
    name(p.name);
  }
  out_ += ")";
}

void schema_writer::record(const shape& s) {
  name(s.name);
  if (is_open(s)) {
    out_ += "{...}";
    return;
  }
  open_.push_back(&s);
  out_ += "{";
  bool first = true;
  for (const part& p : s.parts) {
    if (!first) out_ += ", ";
    first = false;
    name(p.name);
    out_ += ": ";
    schema(p.link());
  }
  out_ += "}";
  open_.pop_back();
}

void schema_writer::custom(const shape& s) {
  if (is_open(s)) {
    out_ += "...";
    return;
  }
  open_.push_back(&s);
  if (s.name.empty()) {
    schema(s.parts[0].link());
  } else {
    out_ += "named(";
    name(s.name);
    out_ += ", ";
    schema(s.parts[0].link());
    out_ += ")";
  }
  open_.pop_back();
}

void schema_writer::schema(const shape& s) {
  switch (s.what) {
    case form::boolean: out_ += "boolean"; return;
    case form::floating: out_ += "float"; return;
    case form::nil: out_ += "nil"; return;
    case form::term: out_ += "any"; return;
    case form::integer: integer(s); return;
    case form::binary:
      out_ += "binary";
      if (s.size != any_size) out_.append("(").append(std::to_string(s.size)).append(")");
      return;
    case form::list: components("list(", s, ")"); return;
    case form::set: components("set(", s, ")"); return;
    case form::map: components("map(", s, ")"); return;
    case form::optional: components("optional(", s, ")"); return;
    case form::variant: components("one_of(", s, ")"); return;
    case form::tuple: components("{", s, "}"); return;
    case form::array: components("array(", s, ", " + std::to_string(s.size) + ")"); return;
    case form::names: names(s); return;
    case form::record: record(s); return;
    case form::custom: custom(s); return;
  }
}

}  // namespace

std::string schema_text(const shape& of) { return schema_writer().write(of); }

}  // namespace shelf::detail
