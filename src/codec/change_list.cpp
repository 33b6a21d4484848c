// CODEC  api -> [codec] -> term
// A batch held against the limits of the table that is to take it.
#include "shelf/detail/change_list.hpp"

#include "shelf/detail/decoder.hpp"

#include <string>

namespace shelf::detail {

void change_list::add(change_verb what, bytes key, bytes value) {
  add_pieces(what, key, {&value, 1});
}

void change_list::add_pieces(change_verb what, bytes key, std::span<const bytes> value) {
  if (ends_.size() == ends_.capacity()) ends_.reserve(2 * ends_.size() + 8);
  auto size = key.size();
  for (const auto piece : value) size += piece.size();
  const auto before = content_.size();
  if (before + size > content_.capacity()) content_.reserve(2 * before + size);
  content_.insert(content_.end(), key.begin(), key.end());
  for (const auto piece : value) content_.insert(content_.end(), piece.begin(), piece.end());
  ends_.push_back({what, before + key.size(), content_.size()});
}

result<> check_nesting(const change_list& changes, std::uint32_t most) {
  for (std::size_t i = 0; i < changes.size(); ++i) {
    const auto [what, key, value] = changes[i];
    const bool fits = nesting_of(key, most) <= most &&
                      (what == change_verb::erase || nesting_of(value, most) <= most);
    if (fits) continue;
    return std::unexpected(error(errc::size_limit_exceeded, "the value nests deeper than " +
                                                                std::to_string(most) + " levels"));
  }
  return {};
}

}  // namespace shelf::detail
