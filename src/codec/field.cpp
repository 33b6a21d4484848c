// CODEC  api -> [codec] -> term
// One field of an encoded record: where it lies, and another in its place.
#include "shelf/detail/field.hpp"

#include "shelf/detail/decoder.hpp"

#include <cassert>

namespace shelf::detail {

std::optional<bytes> find_field(bytes record, bytes head, std::size_t index) noexcept {
  decoder in(record);
  if (!in.raw(head)) return std::nullopt;
  for (; index > 0; --index) {
    if (!in.skip()) return std::nullopt;
  }
  const auto* const start = in.position();
  if (in.done() || !in.skip()) return std::nullopt;
  return bytes(start, in.position());
}

void replace_field(bytes record, bytes field, bytes with, std::vector<std::byte>& made) {
  assert(record.data() <= field.data() && "the field is a part of the record");
  assert(field.data() + field.size() <= record.data() + record.size());
  const auto before = record.first(static_cast<std::size_t>(field.data() - record.data()));
  const auto behind = record.subspan(before.size() + field.size());
  made.clear();
  made.reserve(before.size() + with.size() + behind.size());
  made.insert(made.end(), before.begin(), before.end());
  made.insert(made.end(), with.begin(), with.end());
  made.insert(made.end(), behind.begin(), behind.end());
}

}  // namespace shelf::detail
