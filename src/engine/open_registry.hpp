// ENGINE  api -> [engine] -> stores -> journal -> file
// The databases that are open in this process.
#pragma once

#include <memory>

namespace shelf::engine {

class instance;

/// Lists a database until it is destroyed. Throws std::bad_alloc. Thread safety: any thread.
void list_as_open(const std::shared_ptr<instance>& opened);

}  // namespace shelf::engine
