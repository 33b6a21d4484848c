// ENGINE  api -> [engine] -> stores -> journal -> file
// Feeds and watches over encoded bytes.
#include "engine/instance.hpp"
#include "engine/observers.hpp"
#include "shelf/detail/feed_core.hpp"

#include <algorithm>
#include <array>
#include <chrono>
#include <cstring>
#include <mutex>
#include <span>
#include <utility>

namespace shelf::engine {
namespace {

using clock = std::chrono::steady_clock;

/// A moment that no wait comes to, for timeouts that would overflow.
[[nodiscard]] clock::time_point after(std::chrono::nanoseconds timeout) noexcept {
  constexpr std::chrono::nanoseconds longest = std::chrono::hours(24 * 365);
  return clock::now() + std::clamp(timeout, std::chrono::nanoseconds(0), longest);
}

class feed final : public detail::feed_core {
 public:
  feed(std::shared_ptr<instance> of, const live_table* only, const change_options& how)
      : of_(std::move(of)),
        only_(only),
        tells_before_(how.before),
        reader_(of_->observed_by(), how.level == change_level::durable,
                of_->commits().board().published()) {}

  [[nodiscard]] result<> start(const change_start& from);
  result<bool> next(std::chrono::nanoseconds timeout,
                    detail::function_ref<void(const detail::told_change&)> f) override;
  shelf::position position() const noexcept override {
    return {.run = of_->observed_by()->run(), .version = reader_.seen()};
  }
  result<int> event_fd() override;

 private:
  [[nodiscard]] error why_closed() const;
  [[nodiscard]] error lost() const;
  [[nodiscard]] const std::string& label() const noexcept {
    return only_ != nullptr ? only_->label() : of_->label();
  }

  const std::shared_ptr<instance> of_;
  const live_table* const only_;  ///< null: all tables
  const bool tells_before_;
  observers::reader reader_;
};

error feed::lost() const {
  const shelf::position first{.run = of_->observed_by()->run(), .version = reader_.oldest()};
  return error(errc::cursor_lost,
               label() + ": the changes after position " + position().to_string() +
                   " are no longer kept; the first position that a feed can start from is " +
                   first.to_string());
}

error feed::why_closed() const {
  return error(errc::table_closed, label() + ": " + error(errc::table_closed).message());
}

/// In the turn.
result<> feed::start(const change_start& from) {
  const auto now = of_->commits().board().published();
  if (!from.behind()) {
    reader_.start_at(from.is_oldest() ? reader_.oldest() : now);
    return {};
  }
  const auto& behind = *from.behind();
  reader_.start_at(behind.version);
  if (behind.run == of_->observed_by()->run()) {
    if (behind.version > now) {
      return std::unexpected(
          error(errc::invalid_argument,
                label() + ": the position " + behind.to_string() + " is ahead of the table"));
    }
    return behind.version < reader_.oldest() ? result<>(std::unexpected(lost())) : result<>();
  }
  return std::unexpected(
      error(errc::cursor_lost,
            label() + ": the position " + behind.to_string() +
                " is of another opening of a file; the first position that a "
                "feed can start from is " +
                shelf::position{.run = of_->observed_by()->run(), .version = reader_.oldest()}
                    .to_string()));
}

result<bool> feed::next(std::chrono::nanoseconds timeout,
                        detail::function_ref<void(const detail::told_change&)> f) {
  if (of_->is_forked()) return std::unexpected(error(errc::forked));
  const auto until = after(timeout);
  const auto is_over = [this] { return only_ != nullptr && !only_->is_open(); };
  for (;;) {
    change_ring::found_batch batch;
    using outcome = observers::reader::outcome;
    switch (reader_.next(until, batch, is_over)) {
      case outcome::found: break;
      case outcome::nothing: return false;
      case outcome::lost: return std::unexpected(lost());
      case outcome::closed: return std::unexpected(why_closed());
    }
    bool is_told = false;
    for (auto rest = batch.changes; !rest.empty();) {
      auto c = change_ring::take_change(rest);
      if (only_ != nullptr && c.of != only_) continue;
      const bool of_bag = c.of->is_bag_kind();
      if (!tells_before_ && !of_bag) c.before.reset();
      is_told = true;
      f({.table = c.of, .event = c.event, .key = c.key, .before = c.before, .after = c.after});
    }
    reader_.pass(batch);
    if (is_told) return true;
  }
}

result<int> feed::event_fd() {
  if (of_->is_forked()) return std::unexpected(error(errc::forked));
  const auto made = reader_.event();
  if (made) return *made;
  return std::unexpected(
      error(errc::file_error, label() + ": no descriptor for a feed", {}, made.error()));
}

class watch final : public detail::watch_core {
 public:
  watch(std::shared_ptr<instance> of, const live_table& in, bytes key)
      : of_(std::move(of)),
        in_(in),
        watcher_(of_->observed_by(), in, std::vector<std::byte>(key.begin(), key.end())) {}
  result<bool> wait(std::chrono::nanoseconds timeout, detail::function_ref<void(bytes)> f) override;

 private:
  /// The values of the key, one behind the other, each behind its size.
  [[nodiscard]] result<std::vector<std::byte>> look() const;

  const std::shared_ptr<instance> of_;
  const live_table& in_;
  observers::watcher watcher_;
  std::optional<std::vector<std::byte>> seen_;  ///< none before the first wait
};

result<std::vector<std::byte>> watch::look() const {
  std::vector<std::byte> found;
  const auto looked = in_.lookup(watcher_.key(), [&](bytes value) {
    const std::array size{value.size()};
    const auto head = std::as_bytes(std::span(size));
    found.insert(found.end(), head.begin(), head.end());
    found.insert(found.end(), value.begin(), value.end());
  });
  if (!looked && looked.error() != errc::not_found) return std::unexpected(looked.error());
  return found;
}

void show_each(bytes values, detail::function_ref<void(bytes)> f) {
  while (!values.empty()) {
    std::size_t size = 0;
    std::memcpy(&size, values.data(), sizeof size);
    f(values.subspan(sizeof size, size));
    values = values.subspan(sizeof size + size);
  }
}

result<bool> watch::wait(std::chrono::nanoseconds timeout, detail::function_ref<void(bytes)> f) {
  if (of_->is_forked()) return std::unexpected(error(errc::forked));
  const auto until = after(timeout);
  for (;;) {
    using outcome = observers::watcher::outcome;
    const auto came = watcher_.wait(until, [this] { return !in_.is_open(); });
    if (came == outcome::closed) return std::unexpected(in_.labelled(errc::table_closed));
    if (came == outcome::nothing) {
      show_each(*seen_, f);
      return false;
    }
    auto found = look();
    if (!found) return std::unexpected(found.error());
    if (seen_ == *found) continue;
    seen_ = *std::move(found);
    show_each(*seen_, f);
    return true;
  }
}

[[nodiscard]] result<std::unique_ptr<detail::feed_core>> make_feed(std::shared_ptr<instance> of,
                                                                   const live_table* only,
                                                                   const change_options& how) {
  if (auto can = of->can_be_followed(how.level); !can) return std::unexpected(can.error());
  const std::scoped_lock lock(of->commits());
  auto made = std::make_unique<feed>(of, only, how);
  if (auto started = made->start(how.from); !started) return std::unexpected(started.error());
  return made;
}

}  // namespace

result<> instance::can_be_followed(change_level level) const {
  if (is_forked()) return std::unexpected(labelled(errc::forked));
  if (!is_open()) return std::unexpected(labelled(errc::table_closed));
  if (level == change_level::written || !config_.in_memory) return {};
  return std::unexpected(
      error(errc::invalid_argument,
            label_ + ": nothing in memory is durable; follow it with change_level::written"));
}

}  // namespace shelf::engine

namespace shelf::detail {

result<std::unique_ptr<feed_core>> open_feed(const core& of, const change_options& options) {
  const auto& t = static_cast<const engine::live_table&>(of);
  if (auto can = t.readable(); !can) return std::unexpected(can.error());
  return engine::make_feed(t.database().shared_from_this(), &t, options);
}

result<std::unique_ptr<feed_core>> open_feed(database_core& of, const change_options& options) {
  return engine::make_feed(static_cast<engine::instance&>(of).shared_from_this(), nullptr, options);
}

result<std::unique_ptr<watch_core>> open_watch(const core& of, bytes key) {
  const auto& t = static_cast<const engine::live_table&>(of);
  if (auto can = t.readable(); !can) return std::unexpected(can.error());
  auto all = t.database().shared_from_this();
  const std::scoped_lock lock(all->commits());
  return std::make_unique<engine::watch>(all, t, key);
}

}  // namespace shelf::detail
