// DEMO  chapter four: transactions
// Transfers over two tables, kills and power failures: no money appears or disappears.
#pragma once

#include <cstdint>
#include <filesystem>

namespace demo {

struct transfer_totals {
  std::uint64_t kills = 0;
  std::uint64_t acknowledged = 0;  // transfers, by processes that were killed
  std::uint64_t states = 0;        // crash states of the simulated disk
};

/// Throws broken_promise if an acknowledged transfer is missing, or the tables do not agree.
[[nodiscard]] transfer_totals show_transfers(const std::filesystem::path& directory);

}  // namespace demo
