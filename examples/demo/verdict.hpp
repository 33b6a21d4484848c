// DEMO  the proof
// Checks the tables after a kill, or alongside a writer; throws `broken_promise` if they are wrong.
#pragma once

#include "database.hpp"

#include <span>
#include <stdexcept>
#include <string>

namespace demo {

/// Ends the demo with its message and exit code 1.
class broken_promise : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

/// How many records each table holds. They were checked to be exactly the first ones of the data,
/// in whole steps, with every field right and no other entry.
struct proven {
  std::size_t characters = 0;
  std::size_t categories = 0;
  std::size_t names = 0;
};

/// Throws broken_promise if any table holds anything but the first records of the data, ends inside
/// a batch, or lacks one of the first `acknowledged` records.
[[nodiscard]] proven prove(const database& tables, std::span<const record> data,
                           std::span<const step> steps, std::size_t acknowledged);

/// The same for the characters alone.
[[nodiscard]] std::size_t prove_characters(const character_map& characters,
                                           std::span<const record> data,
                                           std::span<const step> steps, std::size_t acknowledged);

}  // namespace demo
