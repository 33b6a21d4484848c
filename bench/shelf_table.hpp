// BENCH  shelf's side
// Tables as the rows use them.
#pragma once

#include "workload.hpp"

#include <shelf/shelf.hpp>

namespace bench {

using text_map = shelf::map<std::string, std::string>;
using text_ordered_map = shelf::ordered_map<std::string, std::string>;

[[nodiscard]] inline text_map open_table(const std::string& directory, shelf::write_mode mode,
                                         shelf::file_io io = shelf::file_io::calls) {
  return shelf::or_throw(
      text_map::open({.path = directory + "/table.shelf", .mode = mode, .io = io}));
}

template <class Table>
void fill(Table& table, const workload& w) {
  for (const auto& key : w.to_write) shelf::or_throw(table.insert(key, w.value));
}

}  // namespace bench
