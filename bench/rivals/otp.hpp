// BENCH  rivals
// Erlang/OTP in a process of its own, which times itself.
#pragma once

#include <cstddef>
#include <string>

namespace bench {

/// Whether there is an `escript`. Where there is none its rows are left out.
[[nodiscard]] bool has_otp();

/// Nanoseconds an operation of what otp.escript calls `verb`; its start is not counted.
[[nodiscard]] double otp(const std::string& verb, const std::string& directory,
                         std::size_t entries);

}  // namespace bench
