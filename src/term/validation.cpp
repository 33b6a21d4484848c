// TERM  vocabulary of every room
// Walks terms from outside without building anything.
#include "term/validation.hpp"

#include "term/envelope.hpp"
#include "term/reader.hpp"

#include <string>

namespace shelf::terms {
namespace {

// Offsets in messages count from the first byte the caller gave: `base` stands in front of the
// term.
result<std::size_t> scan_term(bytes input, std::size_t base, const term_limits& bounds) {
  reader in(input, bounds, base);
  nesting open(bounds);
  do {
    const head h = in.next();
    if (!h) return std::unexpected(in.failure());
    if (open.at_tail()) {
      if (h.what == tag::list) {
        open.extend(h);
        continue;
      }
      open.leave();
    }
    if (h.children == 0) {
      open.complete();
      continue;
    }
    if (open.full()) {
      static_cast<void>(in.too_deep(h, open.bound()));
      return std::unexpected(in.failure());
    }
    open.enter(h);
  } while (!open.empty());
  return in.position();
}

const char* refused_name(tag t) noexcept {
  switch (t) {
    case tag::pid:
    case tag::new_pid: return "a pid";
    case tag::port:
    case tag::new_port:
    case tag::v4_port: return "a port";
    case tag::reference:
    case tag::new_reference:
    case tag::newer_reference: return "a reference";
    case tag::new_fun:
    case tag::fun_export: return "a fun";
    default: return nullptr;
  }
}

}  // namespace

result<std::size_t> scan(bytes input, const term_limits& bounds) {
  return scan_term(input, 0, bounds);
}

result<std::size_t> scan_enveloped(bytes input, const term_limits& bounds) {
  const auto envelope = open_envelope(input, bounds);
  if (!envelope) return std::unexpected(envelope.error());
  const auto size = scan_term(envelope->term, envelope->header, bounds);
  if (!size || !envelope->compressed) return size ? envelope->header + *size : size;
  if (*size != envelope->term.size()) {
    return std::unexpected(error(errc::corrupt, "byte 1: tag 80: more than one term inside"));
  }
  return envelope->consumed;
}

result<> refuse_storage(bytes input) {
  // Scalars and heads come in a row; which belongs to which does not matter here.
  reader in(input, {.integer_bytes = max_term_bytes});
  std::uint64_t awaited = 1;
  while (awaited > 0) {
    const head h = in.next();
    if (!h) return std::unexpected(in.failure());
    if (const char* name = refused_name(h.what)) {
      return std::unexpected(
          error(errc::invalid_argument, std::string(name) + " cannot be stored in a table"));
    }
    awaited += h.children - 1;
  }
  if (in.left() > 0) {
    static_cast<void>(in.trailing());
    return std::unexpected(in.failure());
  }
  return {};
}

}  // namespace shelf::terms
