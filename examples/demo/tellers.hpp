// DEMO  the child process of the bank
// Transfers money and acknowledges through a pipe until it is killed.
#pragma once

#include <filesystem>

namespace demo {

/// The file of the bank.
[[nodiscard]] std::filesystem::path bank_file(const std::filesystem::path& directory);

/// Two threads make transfers, a third one adds up the accounts. Never returns.
[[noreturn]] void run_tellers(const std::filesystem::path& directory, int pipe);

}  // namespace demo
