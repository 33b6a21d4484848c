// ENGINE  api -> [engine] -> stores -> journal -> file
// The databases that are open in this process.
#include "engine/open_registry.hpp"

#include "engine/instance.hpp"
#include "file/process.hpp"
#include "shelf/open_tables.hpp"

#include <mutex>
#include <new>
#include <vector>

namespace shelf::engine {
namespace {

struct registry {
  std::mutex mutex;
  std::vector<std::weak_ptr<instance>> all;
};

[[nodiscard]] registry*& registry_place() noexcept {
  static registry* place = new registry;
  return place;
}

/// In a child the parent's tables are closed, and its mutex may be held for good.
const bool is_renewed =
    file::renew_in_children([] { registry_place() = new (std::nothrow) registry; });

}  // namespace

void list_as_open(const std::shared_ptr<instance>& opened) {
  auto& r = *registry_place();
  const std::lock_guard lock(r.mutex);
  std::erase_if(r.all, [](const auto& one) { return one.expired(); });
  r.all.push_back(opened);
}

}  // namespace shelf::engine

namespace shelf {

std::vector<open_table> tables() {
  std::vector<std::shared_ptr<engine::instance>> open;
  {
    auto& r = *engine::registry_place();
    const std::lock_guard lock(r.mutex);
    for (const auto& one : r.all) {
      if (auto there = one.lock()) open.push_back(std::move(there));
    }
  }
  std::vector<open_table> all;
  for (const auto& one : open) one->add_open_tables(all);
  return all;
}

}  // namespace shelf
