// CODEC  api -> [codec] -> term
// Descriptions of indexes in words.
#include "shelf/index_description.hpp"

#include <utility>

namespace shelf {

std::string_view to_string(index_form f) noexcept {
  switch (f) {
    case index_form::index: return "index";
    case index_form::unique: return "unique";
    case index_form::index_each: return "index_each";
    case index_form::index_by: return "index_by";
  }
  std::unreachable();
}

std::string to_string(const index_description& i) {
  std::string text(to_string(i.what));
  text += '<';
  text += i.name;
  for (const auto& m : i.members) text.append(&m == i.members.data() ? "" : ", ").append(m);
  return text + ">";
}

}  // namespace shelf
