// ENGINE  api -> [engine] -> stores -> journal -> file
// Tokens of threads, and the rule of one_writer.
#include "engine/ownership.hpp"

namespace shelf::engine {
namespace {

[[nodiscard]] const std::shared_ptr<const std::uint64_t>& token_of_this_thread() {
  static std::atomic<std::uint64_t> last{0};
  thread_local const auto token = std::make_shared<const std::uint64_t>(++last);
  return token;
}

}  // namespace

ownership::ownership() : owner_(*token_of_this_thread()), holder_(token_of_this_thread()) {}

bool ownership::is_mine() const noexcept {
  return owner_.load(std::memory_order_acquire) == *token_of_this_thread();
}

result<> ownership::give_away() {
  const std::scoped_lock lock(mutex_);
  if (!is_mine()) return std::unexpected(error(errc::not_owner));
  owner_.store(0, std::memory_order_release);
  return {};
}

result<> ownership::take_over() {
  const std::scoped_lock lock(mutex_);
  if (is_mine()) return {};
  if (owner_.load() != 0 && !holder_.expired()) return std::unexpected(error(errc::not_owner));
  holder_ = token_of_this_thread();
  owner_.store(*token_of_this_thread(), std::memory_order_release);
  return {};
}

}  // namespace shelf::engine
