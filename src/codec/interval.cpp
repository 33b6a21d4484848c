// CODEC  api -> [codec] -> term
// The keys that begin with some bytes: from these bytes on, up to the next that do not.
#include "shelf/detail/interval.hpp"

namespace shelf::detail {
namespace {

[[nodiscard]] kept_cut before_binary(bytes content) {
  encoder k(purpose::bound, bound_limits);
  k.binary(content);
  const bytes made = k.written();
  return {{made.begin(), made.end()}, false};
}

}  // namespace

key_interval prefix_of_binaries(bytes prefix) {
  key_interval made;
  if (prefix.size() > bound_limits.size / 2) {
    made.is_nothing = true;  // longer than any key
    return made;
  }
  made.from = before_binary(prefix);
  std::size_t size = prefix.size();
  while (size > 0 && prefix[size - 1] == std::byte{255}) --size;
  if (size == 0) return made;  // no bytes come behind those that begin with 255, 255, ...
  std::vector<std::byte> next(prefix.begin(), prefix.begin() + static_cast<std::ptrdiff_t>(size));
  next.back() = static_cast<std::byte>(std::to_integer<unsigned>(next.back()) + 1);
  made.to = before_binary(next);
  return made;
}

}  // namespace shelf::detail
