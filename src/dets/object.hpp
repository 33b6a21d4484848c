// DETS  api -> engine -> stores -> [dets] -> file
// Objects as they stand in a file, in whatever form of a term, and in canonical form.
#pragma once

#include "shelf/detail/bytes.hpp"
#include "shelf/error.hpp"

#include <cstddef>
#include <cstdint>
#include <utility>
#include <vector>

namespace shelf::dets_format {

/// A canonical term: a view of where it stood already, or a rewritten copy. Moves, so that the view
/// stays good.
class canonical_term {
 public:
  canonical_term() = default;
  explicit canonical_term(bytes view) noexcept : view_(view) {}
  explicit canonical_term(std::vector<std::byte> own) noexcept
      : own_(std::move(own)), view_(own_) {}
  canonical_term(canonical_term&&) noexcept = default;
  canonical_term& operator=(canonical_term&&) noexcept = default;

  [[nodiscard]] bytes get() const noexcept { return view_; }

 private:
  std::vector<std::byte> own_;
  bytes view_;
};

/// The key of a stored object (131 and a tuple; bytes behind the term are tolerated, as OTP does).
/// Only what stands in front of the key's end is looked at. corrupt: no tuple, too short for the
/// key position; size_limit_exceeded: beyond the limits of terms.
[[nodiscard]] result<canonical_term> key_of_stored(bytes stored, std::uint32_t keypos);

/// A whole stored object, checked and canonical. Errors as key_of_stored.
[[nodiscard]] result<canonical_term> object_of_stored(bytes stored, std::uint32_t keypos);

/// The element of a canonical tuple at this position, counted from 1; empty if it has no such
/// element or is no tuple.
[[nodiscard]] bytes element_at(bytes tuple, std::uint32_t position) noexcept;

/// The bytes of a file that hold the canonical term: the term behind 131.
[[nodiscard]] std::vector<std::byte> to_stored(bytes term);

}  // namespace shelf::dets_format
