// BENCH  rivals
// Erlang/OTP in a process of its own, which times itself.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>

namespace bench {

/// Whether there is an `escript`. Where there is none its rows are left out.
[[nodiscard]] bool has_otp();
/// Whether there is a Mnesia as well: Debian packages it separately.
[[nodiscard]] bool has_mnesia();

/// Nanoseconds an operation of what otp.escript calls `verb`; its start is not counted.
[[nodiscard]] double otp(const std::string& verb, const std::string& directory,
                         std::size_t entries);

/// What mnesia.escript is to do: `read`, `write`, `transfer` or `batch` (a hundred writes in a
/// transaction), in `ram_copies` or `disc_copies`; or `show`: how long does it take until the other
/// of two nodes shows a write, which is its operation?
struct mnesia_orders {
  std::string verb;
  std::string storage;
  int nodes = 1;  ///< one or two, on this machine
  std::int64_t accounts = 0;
  std::size_t processes = 1;
  std::size_t operations = 0;  ///< of all processes together
};

/// Nanoseconds an operation of all processes together; its start is not counted.
[[nodiscard]] double mnesia(const mnesia_orders& o, const std::string& directory);

}  // namespace bench
