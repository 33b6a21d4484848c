// CLI  [cli] -> rows -> upkeep -> engine -> stores -> journal -> file
// The one place that knows which formats there are to read.
#pragma once

#include "cli/terminal/console.hpp"
#include "rows/source.hpp"

#include <memory>
#include <string>

namespace shelf::cli {

using rows::source;

/// What a file is, by its content; its name says nothing.
enum class stored_format : std::uint8_t { native, dets, ets_dump, sqlite };

/// Also native: what is no table at all, so that opening it says why.
[[nodiscard]] stored_format recognise(const std::string& path);

/// One moment of the table at `path`, beside whoever writes it. Errors: those of describe and
/// table::open, dets::file::open, ets_dump::read.
[[nodiscard]] result<std::unique_ptr<source>> open_source(const std::string& path,
                                                          const std::string& table,
                                                          const console& out);

/// What has expired in it and is not swept yet. invalid_argument: the format keeps no deadlines.
[[nodiscard]] result<std::unique_ptr<source>> open_expired(const std::string& path,
                                                           const std::string& table,
                                                           const console& out);

}  // namespace shelf::cli
