// ENGINE  api -> [engine] -> stores -> journal -> file
// The databases that are open in this process.
#pragma once

#include <list>
#include <memory>

namespace shelf::engine {

class instance;

/// Room in the list, so that listing what has been opened needs no memory.
using listing = std::list<std::weak_ptr<instance>>;
[[nodiscard]] listing room_in_list();
/// Lists a database until it is destroyed. Thread safety: any thread.
void list_as_open(const std::shared_ptr<instance>& opened, listing&& room) noexcept;

}  // namespace shelf::engine
