// ENGINE  api -> [engine] -> stores -> journal -> file
// The databases that are open in this process.
#include "engine/open_registry.hpp"

#include "engine/instance.hpp"
#include "file/process.hpp"
#include "shelf/open_tables.hpp"

#include <atomic>
#include <memory>
#include <mutex>
#include <vector>

namespace shelf::engine {
namespace {

struct registry {
  std::mutex mutex;
  listing all;
};

constinit std::atomic<registry*> registry_place{nullptr};

/// Made when it is first asked for. Throws std::bad_alloc.
[[nodiscard]] registry& the_registry() {
  auto* there = registry_place.load(std::memory_order_acquire);
  if (there != nullptr) return *there;
  auto fresh = std::make_unique<registry>();
  return registry_place.compare_exchange_strong(there, fresh.get()) ? *fresh.release() : *there;
}

/// In a child the parent's tables are closed, and its mutex may be held for good.
const bool is_renewed = file::renew_in_children([] { registry_place.store(nullptr); });

}  // namespace

listing room_in_list() {
  static_cast<void>(the_registry());
  return listing(1);
}

void list_as_open(const std::shared_ptr<instance>& opened, listing&& room) noexcept {
  room.front() = opened;
  auto& r = the_registry();  // it is there: room was made
  const std::lock_guard lock(r.mutex);
  std::erase_if(r.all, [](const auto& one) { return one.expired(); });
  r.all.splice(r.all.end(), room);
}

}  // namespace shelf::engine

namespace shelf {

std::vector<open_table> tables() {
  std::vector<std::shared_ptr<engine::instance>> open;
  {
    auto& r = engine::the_registry();
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
