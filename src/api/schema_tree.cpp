// API  [api] -> table -> journal -> file
// The parser of schemas.
#include "api/schema_tree.hpp"

#include "shelf/detail/type_name.hpp"

namespace shelf::detail {
namespace {

using node = schema_node;

constexpr int deepest = 256;

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
    n.what = node::form::tuple;
    sound = schemas(n, '}', depth);
  } else if (!name(n.word)) {
    return false;
  } else if (take("(")) {
    n.what = node::form::call;
    sound = call(n, depth);
  } else if (take("{")) {
    n.what = node::form::record;
    sound = fields(n, depth);
  }
  n.text = text_.substr(from, at_ - from);
  return sound;
}

}  // namespace

std::optional<schema_node> parse_schema(std::string_view text) { return parser(text).whole(); }

}  // namespace shelf::detail
