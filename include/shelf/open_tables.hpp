// API  [api] -> engine -> stores -> journal -> file
// What is open in this process.
#pragma once

#include "shelf/config.hpp"
#include "shelf/kind.hpp"

#include <string>
#include <vector>

namespace shelf {

/// A table that is open in this process, as tables() found it.
struct open_table {
  std::string label;                      ///< config.name, or the path
  std::string path;                       ///< empty: it has no file
  std::string name;                       ///< within its file; "main" if it is alone there
  kind what = kind::set;                  ///< its kind
  write_mode mode = write_mode::through;  ///< as it was opened
  bool is_read_only = false;              ///< opened with opening::read_only
  std::size_t entries = 0;                ///< pairs, also in bags
  std::size_t memory_bytes = 0;           ///< as stats().memory_bytes
};

/// The tables that are open in this process, in the order in which they were opened: lone tables,
/// those of databases, and those in memory. One that is being opened or closed may be missing. For
/// an overview, such as a page for operators; costs a lock for each database. In a forked child,
/// those that the child has opened. Thread safety: any thread. Throws std::bad_alloc.
[[nodiscard]] std::vector<open_table> tables();

}  // namespace shelf
