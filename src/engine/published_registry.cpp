// ENGINE  api -> [engine] -> stores -> journal -> file
// The published values of the process, by type and name.
#include "shelf/detail/published_core.hpp"

#include <array>
#include <functional>
#include <memory>
#include <string>

namespace shelf::detail {
namespace {

/// Never removed, so that what is found stays, and a child of fork can use it: no lock is ever
/// taken, and a push is one step.
struct registered {
  const void* type;
  std::string name;
  void* object;
  registered* next = nullptr;
};

using bucket = std::atomic<registered*>;
constinit std::array<bucket, 256> buckets{};

[[nodiscard]] bucket& bucket_of(const void* type, std::string_view name) noexcept {
  const auto hash = std::hash<std::string_view>{}(name) ^ std::hash<const void*>{}(type) * 31;
  return buckets[hash % buckets.size()];
}

/// What is registered, from `first` up to and without `end`.
[[nodiscard]] void* find(const registered* first, const registered* end, const void* type,
                         std::string_view name) noexcept {
  for (const auto* r = first; r != end; r = r->next) {
    if (r->type == type && r->name == name) return r->object;
  }
  return nullptr;
}

}  // namespace

void* find_published(const void* type, std::string_view name, function_ref<void*()> make,
                     void (*destroy)(void*) noexcept) {
  auto& in = bucket_of(type, name);
  auto* head = in.load(std::memory_order_acquire);
  if (void* const found = find(head, nullptr, type, name)) return found;
  auto fresh = std::make_unique<registered>(registered{type, std::string(name), nullptr});
  fresh->object = make();  // which may register others
  for (;;) {
    fresh->next = head;
    if (in.compare_exchange_weak(head, fresh.get(), std::memory_order_acq_rel)) break;
    if (void* const found = find(head, fresh->next, type, name)) {
      destroy(fresh->object);
      return found;
    }
  }
  return fresh.release()->object;
}

}  // namespace shelf::detail
