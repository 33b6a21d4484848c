// API  [api] -> table -> journal -> file
// Reads two schemas (grammar in schema.cpp) and names the first difference that matters.
#include "shelf/detail/schema.hpp"
#include "shelf/detail/type_name.hpp"

#include <algorithm>
#include <optional>
#include <vector>

namespace shelf::detail {
namespace {

constexpr int deepest = 256;
/// So many comparisons at most: alternatives of variants within one another multiply.
constexpr int most_comparisons = 100'000;

/// One schema: its word, and what stands in its brackets.
struct node {
  enum class kind { word, call, tuple, record };
  kind what = kind::word;
  std::string_view word;                ///< "list", the tag of a record; empty for a tuple
  std::string_view text;                ///< the whole of it
  std::string_view detail;              ///< a unit, a size: compared as text
  std::vector<std::string_view> names;  ///< fields, atoms, the name of a codec
  std::vector<node> parts;
};

class parser {
 public:
  explicit parser(std::string_view text) : text_(text) {}

  std::optional<node> whole() {
    node n;
    if (!schema(n, 0) || at_ != text_.size()) return std::nullopt;
    return n;
  }

 private:
  bool schema(node& n, int depth);
  bool call(node& n, int depth);
  bool fields(node& n, int depth);
  bool schemas(node& n, char end, int depth);
  bool name(std::string_view& into);
  bool detail(node& n) {
    const std::size_t end = text_.find(')', at_);
    if (end == std::string_view::npos) return false;
    n.detail = text_.substr(at_, end - at_);
    at_ = end + 1;
    return true;
  }
  bool take(std::string_view token) {
    if (text_.substr(at_, token.size()) != token) return false;
    at_ += token.size();
    return true;
  }

  std::string_view text_;
  std::size_t at_ = 0;
};

bool parser::name(std::string_view& into) {
  if (take("'")) {
    const std::size_t end = text_.find('\'', at_);
    if (end == std::string_view::npos) return false;
    into = text_.substr(at_, end - at_);
    at_ = end + 1;
    return true;
  }
  const std::size_t from = at_;
  while (at_ < text_.size() && (is_identifier_character(text_[at_]) || text_[at_] == '@')) ++at_;
  into = text_.substr(from, at_ - from);
  return !into.empty();
}

bool parser::schemas(node& n, char end, int depth) {
  const std::string_view close(&end, 1);
  if (take(close)) return true;
  do {
    if (!schema(n.parts.emplace_back(), depth + 1)) return false;
  } while (take(", "));
  return take(close);
}

bool parser::fields(node& n, int depth) {
  if (take("}")) return true;
  if (take("...}")) {
    n.detail = "...";
    return true;
  }
  do {
    if (!name(n.names.emplace_back()) || !take(": ")) return false;
    if (!schema(n.parts.emplace_back(), depth + 1)) return false;
  } while (take(", "));
  return take("}");
}

bool parser::call(node& n, int depth) {
  if (n.word == "integer" || n.word == "binary") return detail(n);
  if (n.word == "atom") {
    do {
      if (!name(n.names.emplace_back())) return false;
    } while (take(", "));
    return take(")");
  }
  if (n.word == "named") {
    return name(n.names.emplace_back()) && take(", ") && schemas(n, ')', depth);
  }
  if (n.word == "array") {
    return schema(n.parts.emplace_back(), depth + 1) && take(", ") && detail(n);
  }
  return schemas(n, ')', depth);
}

bool parser::schema(node& n, int depth) {
  if (depth > deepest) return false;
  const std::size_t from = at_;
  bool sound = true;
  if (take("...")) {
    n.word = "...";
  } else if (take("{")) {
    n.what = node::kind::tuple;
    sound = schemas(n, '}', depth);
  } else if (!name(n.word)) {
    return false;
  } else if (take("(")) {
    n.what = node::kind::call;
    sound = call(n, depth);
  } else if (take("{")) {
    n.what = node::kind::record;
    sound = fields(n, depth);
  }
  n.text = text_.substr(from, at_ - from);
  return sound;
}

/// A schema as a short phrase: what a sentence has room for.
std::string phrase(const node& n) {
  if (n.what == node::kind::record) return "record " + std::string(n.word);
  if (n.text.size() <= 60) return std::string(n.text);
  return std::string(n.text.substr(0, 57)) + "...";
}

class comparison {
 public:
  explicit comparison(schema_rules rules) : rules_(rules) {}

  /// Empty if what was stored may be read as wanted; else the sentence.
  std::string run(const node& stored, const node& wanted) {
    return fits(stored, wanted) ? std::string() : sentence_;
  }

 private:
  bool fits(const node& stored, const node& wanted);
  bool records(const node& stored, const node& wanted);
  bool alternatives(const node& stored, const node& wanted);
  bool differ(const std::string& what) {
    if (!sentence_.empty()) return false;
    for (const std::string_view field : path_) {
      sentence_ += sentence_.empty() ? "field " : ".";
      sentence_ += field;
    }
    sentence_ += (sentence_.empty() ? "" : ": ") + what;
    return false;
  }
  bool differ(const node& stored, const node& wanted) {
    return differ("the file holds " + phrase(stored) + ", the program wants " + phrase(wanted));
  }

  schema_rules rules_;
  int comparisons_ = 0;
  std::vector<std::string_view> path_;
  std::string sentence_;
};

bool comparison::records(const node& stored, const node& wanted) {
  if (stored.word != wanted.word || stored.detail != wanted.detail) return differ(stored, wanted);
  const std::size_t both = std::min(stored.parts.size(), wanted.parts.size());
  for (std::size_t i = 0; i < both; ++i) {
    path_.push_back(wanted.names[i]);
    if (stored.names[i] != wanted.names[i] && !rules_.renamed_fields) {
      return differ("the file holds " + std::string(stored.names[i]) + " in its place");
    }
    if (!fits(stored.parts[i], wanted.parts[i])) return false;
    path_.pop_back();
  }
  if (stored.parts.size() > both) {
    path_.push_back(stored.names[both]);
    return differ("the file holds it, the program does not know it");
  }
  if (wanted.parts.size() > both && !rules_.missing_fields) {
    path_.push_back(wanted.names[both]);
    return differ("the program wants it, the file does not hold it");
  }
  return true;
}

bool comparison::alternatives(const node& stored, const node& wanted) {
  for (const node& choice : wanted.parts) {
    comparison attempt(rules_);
    attempt.comparisons_ = comparisons_;
    const bool same = attempt.fits(stored, choice);
    comparisons_ = attempt.comparisons_;
    if (same) return true;
    // The alternative that was meant: its own difference says more than that none fits.
    if (stored.what == node::kind::record && choice.what == stored.what &&
        choice.word == stored.word) {
      return fits(stored, choice);
    }
  }
  return differ(stored, wanted);
}

bool comparison::fits(const node& stored, const node& wanted) {
  if (++comparisons_ > most_comparisons) return differ("the schemas are too large to compare");
  if (stored.text == wanted.text || wanted.text == "any") return true;
  if (stored.word == "one_of" && stored.what == node::kind::call) {
    return std::all_of(stored.parts.begin(), stored.parts.end(),
                       [&](const node& choice) { return fits(choice, wanted); });
  }
  if (wanted.word == "one_of" && wanted.what == node::kind::call) {
    return alternatives(stored, wanted);
  }
  if (stored.what == node::kind::record && wanted.what == stored.what) {
    return records(stored, wanted);
  }
  if (stored.what != wanted.what || stored.word != wanted.word || stored.detail != wanted.detail ||
      stored.parts.size() != wanted.parts.size()) {
    return differ(stored, wanted);
  }
  for (const std::string_view name : stored.names) {
    if (std::find(wanted.names.begin(), wanted.names.end(), name) == wanted.names.end()) {
      return differ(stored, wanted);
    }
  }
  for (std::size_t i = 0; i < stored.parts.size(); ++i) {
    if (!fits(stored.parts[i], wanted.parts[i])) return false;
  }
  return true;
}

}  // namespace

result<> compare_schema(std::string_view stored, std::string_view wanted, schema_rules rules) {
  if (stored == wanted) return {};
  const std::optional<node> ours = parser(wanted).whole();
  if (!ours) return std::unexpected(error(errc::invalid_argument, "the wanted schema is none"));
  const std::optional<node> theirs = parser(stored).whole();
  if (!theirs) return std::unexpected(error(errc::corrupt, "the schema in the file is none"));
  const std::string difference = comparison(rules).run(*theirs, *ours);
  if (difference.empty()) return {};
  return std::unexpected(error(errc::type_mismatch, difference));
}

}  // namespace shelf::detail
