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
  note = 9,   ///< nothing changes; carries durable_up_to or an era
  seal = 10,  ///< the file was closed cleanly here
};

/// One operation on one table; bytes are canonical external terms without the version byte 131.
struct change {
  op what = op::note;
  std::uint8_t flags = 0;   ///< none is known yet: a record that has one is refused
  std::uint32_t table = 1;  ///< id from the catalogue
  bytes key;
  bytes value;
};

}  // namespace shelf::journal
