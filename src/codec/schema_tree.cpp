// CODEC  api -> [codec] -> term
// The parser of schemas.
#include "codec/schema_tree.hpp"

#include "shelf/detail/type_name.hpp"

#include <string>

namespace shelf::detail {
namespace {

using node = schema_node;

class parser {
 public:
  explicit parser(std::string_view text) : text_(text) {}

  result<node> whole() {
    if (text_.size() > most_schema_bytes) {
      return too_large("has " + std::to_string(text_.size()) + " bytes", most_schema_bytes);
    }
    node n;
    if (schema(n, 0) && at_ == text_.size()) return n;
    if (members_ > most_schema_members) {
      return too_large("has too many members", most_schema_members);
    }
    if (too_deep_) return too_large("nests too deep", most_schema_depth);
    return std::unexpected(error(errc::corrupt, "is malformed at byte " + std::to_string(at_)));
  }

 private:
  static std::unexpected<error> too_large(const std::string& how, std::size_t limit) {
    return std::unexpected(
        error(errc::size_limit_exceeded, how + ": the limit is " + std::to_string(limit)));
  }
  bool count() { return ++members_ <= most_schema_members; }
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
  std::size_t members_ = 0;
  bool too_deep_ = false;
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
    if (!count() || !name(n.names.emplace_back()) || !take(": ")) return false;
    if (!schema(n.parts.emplace_back(), depth + 1)) return false;
  } while (take(", "));
  return take("}");
}

bool parser::call(node& n, int depth) {
  if (n.word == "integer" || n.word == "binary") return detail(n);
  if (n.word == "atom") {
    do {
      if (!count() || !name(n.names.emplace_back())) return false;
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
  too_deep_ = depth > most_schema_depth;
  if (too_deep_ || !count()) return false;
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

result<schema_node> parse_schema(std::string_view text) { return parser(text).whole(); }

}  // namespace shelf::detail
