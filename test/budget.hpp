// How much the expensive suites may try: SHELF_TEST_BUDGET, in per cent of their usual number.
// The sanitizers run at a fraction; a long night at a multiple.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdlib>

namespace shelf::test {

/// `usual` rounds, cases or crash states, scaled by SHELF_TEST_BUDGET; never less than one.
inline std::size_t budgeted(std::size_t usual) {
  const char* const set = std::getenv("SHELF_TEST_BUDGET");
  const auto per_cent = set == nullptr ? 100ul : std::strtoul(set, nullptr, 10);
  return std::max<std::size_t>(1, usual * per_cent / 100);
}

}  // namespace shelf::test
