// CODEC  api -> [codec] -> term
// What the typed layer asks of the term room: the order of terms, and whether one is canonical.
#include "shelf/detail/decoder.hpp"
#include "shelf/detail/shape.hpp"
#include "term/canonical.hpp"
#include "term/order.hpp"
#include "term/validation.hpp"

namespace shelf::detail {

int compare_keys(bytes a, bytes b) noexcept {
  const std::weak_ordering order = terms::compare_exact(a, b);
  return order < 0 ? -1 : order > 0 ? 1 : 0;
}

result<> check_any_term(bytes term) {
  if (result<> kept = terms::refuse_storage(term); !kept) return kept;
  if (terms::is_canonical(term)) return {};
  return std::unexpected(error(errc::type_mismatch, "a term that is not in canonical form"));
}

}  // namespace shelf::detail
