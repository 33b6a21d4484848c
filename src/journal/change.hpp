// JOURNAL  api -> engine -> stores -> [journal] -> file
// A change: the smallest thing that crosses from table to journal, and back at recovery.
#pragma once

#include "shelf/detail/bytes.hpp"

#include <cstdint>

namespace shelf::journal {

/// The operations a file can hold. Numbers are part of the format (docs/format.md) and never
/// reused.
enum class op : std::uint8_t {
  put = 1,            ///< set kinds: key has value
  append = 2,         ///< bags: one more value under the key
  erase = 3,          ///< the key and all its values go
  erase_value = 4,    ///< every copy of (key, value) goes
  clear = 5,          ///< the table is empty
  table_created = 6,  ///< catalogue: key = table name, value = properties as a term
  table_changed = 7,
  table_dropped = 8,
  note = 9,     ///< nothing changes; carries durable_up_to or an era
  seal = 10,    ///< the file was closed cleanly here
  expire = 11,  ///< set kinds: the key, which is there, has another deadline, or none any more
  moment = 12,  ///< nothing changes: the batch was written at this time, the value
};

/// Flags of a record.
namespace flag {
/// put, expire: a deadline stands in front of the key.
inline constexpr std::uint8_t deadline = 1;
/// put, append: it changes nothing, and tells what the next record of the key replaces.
inline constexpr std::uint8_t before = 2;
/// erase: why the entry went, in two bits; zero is a call of erase.
inline constexpr std::uint8_t cause = 0b1100;
inline constexpr std::uint8_t expired = 0b0100;
inline constexpr std::uint8_t evicted = 0b1000;
}  // namespace flag

/// Of an entry that does not expire.
inline constexpr std::uint64_t no_deadline = ~std::uint64_t{0};

/// One operation on one table; bytes are canonical external terms without the version byte 131.
struct change {
  op what = op::note;
  std::uint8_t flags = 0;   ///< a record with one that its op does not have is refused
  std::uint32_t table = 1;  ///< id from the catalogue
  bytes key;
  bytes value;
  std::uint64_t deadline = no_deadline;  ///< flag::deadline: milliseconds since 1970
};

/// A change that readers who know no deadlines would not understand.
[[nodiscard]] constexpr bool is_about_deadlines(const change& c) noexcept {
  return (c.flags & (flag::deadline | flag::cause)) != 0 || c.what == op::expire;
}

/// A record that is there for those who read the history, and changes nothing.
[[nodiscard]] constexpr bool is_about_history(const change& c) noexcept {
  return (c.flags & flag::before) != 0 || c.what == op::moment;
}

/// A record that changes no table.
[[nodiscard]] constexpr bool changes_nothing(const change& c) noexcept {
  return c.what == op::note || c.what == op::seal || is_about_history(c);
}

/// Flags for a put or an expire with this deadline.
[[nodiscard]] constexpr std::uint8_t flags_for(std::uint64_t deadline) noexcept {
  return deadline == no_deadline ? std::uint8_t{0} : flag::deadline;
}

}  // namespace shelf::journal
