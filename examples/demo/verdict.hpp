// DEMO  the proof
// What must hold of the tables after a kill or beside a writer; else a `broken_promise`.
#pragma once

#include "database.hpp"

#include <span>
#include <stdexcept>
#include <string>

namespace demo {

/// The demo ends with its sentence and exit code 1.
class broken_promise : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

/// How many records each table holds, after the proof that they are exactly the first so many of
/// the data, whole steps, every field right, and no other entry.
struct proven {
  std::size_t characters = 0;
  std::size_t categories = 0;
  std::size_t names = 0;
};

/// Throws broken_promise if any table holds something else than the first records of the data, ends
/// inside a batch, or lacks one of the first `acknowledged` records.
[[nodiscard]] proven prove(const database& tables, std::span<const record> data,
                           std::span<const step> steps, std::size_t acknowledged);

/// The same of the characters alone.
[[nodiscard]] std::size_t prove_characters(const character_map& characters,
                                           std::span<const record> data,
                                           std::span<const step> steps, std::size_t acknowledged);

}  // namespace demo
