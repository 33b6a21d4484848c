// CLI  [cli] -> api -> table -> journal -> file
// The one place that knows which formats there are to read.
#pragma once

#include "cli/console.hpp"
#include "cli/source.hpp"

#include <memory>
#include <string>

namespace shelf::cli {

/// One moment of the table at `path`, beside whoever writes it. Errors: those of describe and
/// table::open.
[[nodiscard]] result<std::unique_ptr<source>> open_source(const std::string& path,
                                                          const console& out);

}  // namespace shelf::cli
