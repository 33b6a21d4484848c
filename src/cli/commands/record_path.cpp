// CLI  [cli] -> rows -> upkeep -> engine -> stores -> journal -> file
// The grammar of paths.
//
//   path  := name {step} | "[" .. "]" {step}
//   step  := "." name | "[]" | "[" name "]"
//   name  := anything but . [ ] ' | "'" anything but ' "'"
#include "cli/commands/record_path.hpp"

#include "shelf/detail/type_name.hpp"

#include <algorithm>

namespace shelf::cli {
namespace {

class path_parser {
 public:
  explicit path_parser(std::string_view text) : text_(text) {}

  [[nodiscard]] result<std::vector<path_step>> whole() {
    do {
      if (auto done = step(); !done) return std::unexpected(done.error());
    } while (at_ < text_.size());
    return std::move(steps_);
  }

 private:
  [[nodiscard]] std::unexpected<error> refuse(const char* why) const {
    return std::unexpected(
        error(errc::invalid_argument, "'" + std::string(text_) + "' is not a path: " + why));
  }
  [[nodiscard]] bool take(char c) {
    if (at_ == text_.size() || text_[at_] != c) return false;
    ++at_;
    return true;
  }
  [[nodiscard]] result<std::string> name();
  [[nodiscard]] result<> step();

  std::string_view text_;
  std::size_t at_ = 0;
  std::vector<path_step> steps_;
};

result<std::string> path_parser::name() {
  if (take('\'')) {
    const auto end = text_.find('\'', at_);
    if (end == std::string_view::npos) return refuse("a quote is not closed");
    std::string found(text_.substr(at_, end - at_));
    at_ = end + 1;
    return found;
  }
  const auto end = std::min(text_.find_first_of(".[]'", at_), text_.size());
  std::string found(text_.substr(at_, end - at_));
  at_ = end;
  if (found.empty()) return refuse("a name is missing");
  return found;
}

result<> path_parser::step() {
  using form = path_step::form;
  if (take('[')) {
    if (take(']')) {
      steps_.push_back({form::elements, {}});
      return {};
    }
    auto inside = name();
    if (!inside) return std::unexpected(inside.error());
    if (!take(']')) return refuse("a bracket is not closed");
    steps_.push_back({form::choice, *std::move(inside)});
    return {};
  }
  if (!steps_.empty() && !take('.')) return refuse("expected '.' or '[' between names");
  auto field = name();
  if (!field) return std::unexpected(field.error());
  steps_.push_back({form::field, *std::move(field)});
  return {};
}

[[nodiscard]] bool is_plain_in_path(std::string_view name) {
  return !name.empty() && name.find_first_of(".[]'") == std::string_view::npos;
}

}  // namespace

result<std::vector<path_step>> parse_record_path(std::string_view text) {
  return path_parser(text).whole();
}

std::string to_text(const std::vector<path_step>& steps) {
  std::string text;
  for (const auto& s : steps) {
    const auto name = is_plain_in_path(s.name) ? s.name : "'" + s.name + "'";
    switch (s.what) {
      case path_step::form::field: text += (text.empty() ? "" : ".") + name; break;
      case path_step::form::elements: text += "[]"; break;
      case path_step::form::choice: text += "[" + name + "]"; break;
    }
  }
  return text;
}

std::string spelled(std::string_view name) {
  const bool plain = !name.empty() && std::ranges::all_of(name, [](char c) {
    return detail::is_identifier_character(c) || c == '@';
  });
  return plain ? std::string(name) : "'" + std::string(name) + "'";
}

}  // namespace shelf::cli
