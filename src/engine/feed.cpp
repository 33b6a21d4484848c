// ENGINE  api -> [engine] -> stores -> journal -> file
// Feeds and watches over encoded bytes.
#include "engine/instance.hpp"
#include "engine/observers.hpp"
#include "engine/past_changes.hpp"
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
  /// In the turn.
  feed(std::shared_ptr<instance> of, const live_table* only, change_level level, bool before)
      : of_(std::move(of)),
        wish_{.only = only, .before = before},
        now_(of_->commits().board().published()),
        drawn_(of_->commits().last()),
        reader_(of_->observed_by(), level == change_level::durable, now_, of_->durable_batch()) {}

  /// Not in the turn: it may read the file.
  [[nodiscard]] result<> start(const change_start& from);
  result<bool> next(std::chrono::nanoseconds timeout,
                    detail::function_ref<void(const detail::told_change&)> f) override;
  shelf::position position() const noexcept override {
    return past_ ? named(past_->behind()) : of_->observed_by()->position_of(reader_.seen());
  }
  result<int> event_fd() override;

 private:
  [[nodiscard]] static shelf::position named(const journal::batch_id& b) noexcept {
    return {.run = journal::run_of(b.of), .version = b.sequence};
  }
  [[nodiscard]] sequence end_of_past() const;
  [[nodiscard]] result<> enter_past(const shelf::position& behind);
  [[nodiscard]] result<bool> tell_past(detail::function_ref<void(const detail::told_change&)> f);
  [[nodiscard]] bool tell(bytes changes, detail::function_ref<void(const detail::told_change&)> f);
  [[nodiscard]] error why_closed() const;
  [[nodiscard]] error lost(const std::string& why) const;
  [[nodiscard]] error lost() const;
  [[nodiscard]] const std::string& label() const noexcept {
    return wish_.only != nullptr ? wish_.only->label() : of_->label();
  }

  const std::shared_ptr<instance> of_;
  const past_changes::wish wish_;
  const sequence now_;
  const sequence drawn_;  ///< no batch has a higher number yet
  observers::reader reader_;
  std::unique_ptr<past_changes> past_;  ///< while what comes next is only in the file
};

/// cursor_lost: the reason, and where to start instead.
error feed::lost(const std::string& why) const {
  const auto first =
      past_ ? named(past_->first()) : of_->observed_by()->position_of(reader_.oldest());
  return error(errc::cursor_lost, label() + ": " + why +
                                      "; the first position that a feed can start from is " +
                                      first.to_string());
}

error feed::lost() const {
  return lost("the changes after position " + position().to_string() + " are no longer kept");
}

error feed::why_closed() const {
  return error(errc::table_closed, label() + ": " + error(errc::table_closed).message());
}

/// Up to where the file has what the ring has no longer. In write_mode::back its batches are those
/// that were saved.
sequence feed::end_of_past() const {
  const auto durable = reader_.durable();
  if (of_->saves_later()) return durable;
  const auto kept = reader_.oldest();
  return reader_.is_only_durable() ? std::min(durable, kept) : kept;
}

result<> feed::enter_past(const shelf::position& behind) {
  using journal::standing;
  past_ = std::make_unique<past_changes>(*of_);
  const auto found = past_->go_behind({journal::session_of(behind.run), behind.version});
  if (!found) return std::unexpected(found.error());
  const auto position = "the position " + behind.to_string();
  switch (*found) {
    case standing::kept: return {};
    case standing::dropped:
      return std::unexpected(
          lost("the changes after position " + behind.to_string() + " are no longer kept"));
    case standing::rolled_back:
      return std::unexpected(
          lost(position + " was rolled back: a power failure took the batch that it names"));
    case standing::foreign:
      return std::unexpected(
          lost(position + " is of another file, or of an opening of which the file has no batch"));
  }
  std::unreachable();
}

result<> feed::start(const change_start& from) {
  if (!from.behind()) {
    reader_.start_at(from.is_oldest() ? reader_.oldest() : now_);
    if (!from.is_oldest() || !of_->has_trail()) return {};
    past_ = std::make_unique<past_changes>(*of_);
    return past_->go_to_first();
  }
  const auto& behind = *from.behind();
  const auto number = of_->observed_by()->number_of(behind);
  if (number && *number > drawn_) {
    return std::unexpected(
        error(errc::invalid_argument,
              label() + ": the position " + behind.to_string() + " is ahead of the table"));
  }
  if (number) reader_.start_at(*number);
  if (number && *number >= reader_.oldest()) return {};
  if (of_->has_trail()) return enter_past(behind);
  if (number) return std::unexpected(lost());
  return std::unexpected(
      lost("the position " + behind.to_string() + " is of another opening of a file"));
}

/// Tells the next batch out of the file. False: there is none, the ring has the rest.
result<bool> feed::tell_past(detail::function_ref<void(const detail::told_change&)> f) {
  using outcome = past_changes::outcome;
  for (;;) {
    const auto until = end_of_past();
    // The number by which the file knows that batch.
    const auto in_file = of_->observed_by()->position_of(until);
    if (in_file.run == 0) return std::unexpected(lost());
    const auto came = past_->next(in_file.version, wish_, f);
    if (!came) return std::unexpected(came.error());
    switch (*came) {
      case outcome::told: return true;
      case outcome::passed: break;
      case outcome::lost: return std::unexpected(lost());
      case outcome::over: {
        const auto number = of_->observed_by()->number_of(named(past_->behind()));
        reader_.start_at(std::max(until, number.value_or(0)));
        past_.reset();
        return false;
      }
    }
  }
}

/// Whether the batch concerns the feed.
bool feed::tell(bytes changes, detail::function_ref<void(const detail::told_change&)> f) {
  bool is_told = false;
  while (!changes.empty()) {
    auto c = change_ring::take_change(changes);
    if (wish_.only != nullptr && c.of != wish_.only) continue;
    const bool of_bag = c.of->is_bag_kind();
    if (!wish_.before && !of_bag) c.before.reset();
    is_told = true;
    f({.table = c.of,
       .event = c.event,
       .cause = c.cause,
       .key = c.key,
       .before = c.before,
       .after = c.after});
  }
  return is_told;
}

result<bool> feed::next(std::chrono::nanoseconds timeout,
                        detail::function_ref<void(const detail::told_change&)> f) {
  if (of_->is_forked()) return std::unexpected(error(errc::forked));
  const auto until = after(timeout);
  const auto is_over = [this] { return wish_.only != nullptr && !wish_.only->is_open(); };
  for (;;) {
    if (past_) {
      if (const auto told = tell_past(f); !told || *told) return told;
    }
    change_ring::found_batch batch;
    using outcome = observers::reader::outcome;
    switch (reader_.next(until, batch, is_over)) {
      case outcome::found: break;
      case outcome::nothing: return false;
      case outcome::closed: return std::unexpected(why_closed());
      case outcome::lost:
        if (reader_.seen() >= end_of_past() || !of_->has_trail()) return std::unexpected(lost());
        if (auto entered = enter_past(position()); !entered) {
          return std::unexpected(entered.error());
        }
        continue;
    }
    const bool is_told = tell(batch.changes, f);
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
  const auto level = of->level_to_follow(how);
  if (!level) return std::unexpected(level.error());
  if (*level == change_level::durable) {
    if (auto ready = of->prepare_durable_feed(); !ready) return std::unexpected(ready.error());
  }
  auto made = [&] {
    const std::scoped_lock lock(of->commits());
    return std::make_unique<feed>(of, only, *level, how.before);
  }();
  if (auto started = made->start(how.from); !started) return std::unexpected(started.error());
  return made;
}

}  // namespace

result<change_level> instance::level_to_follow(const change_options& how) const {
  if (is_forked()) return std::unexpected(labelled(errc::forked));
  if (!is_open()) return std::unexpected(labelled(errc::table_closed));
  const bool is_kept = how.from.behind() && how.from.behind()->is_parsed && !config_.in_memory;
  const auto level = how.level.value_or(is_kept ? change_level::durable : change_level::written);
  if (level == change_level::written || !config_.in_memory) return level;
  return std::unexpected(
      error(errc::invalid_argument,
            label_ + ": nothing in memory is durable; follow it with change_level::written"));
}

live_table* instance::table_of(std::uint32_t id) const noexcept {
  const std::scoped_lock lock(names_);
  const auto found = std::ranges::find(tables_, id, [](const auto& t) { return t->id(); });
  return found == tables_.end() ? nullptr : found->get();
}

result<> instance::fits_types(const live_table& in, bytes key, bytes value) const {
  const std::scoped_lock lock(names_);
  return in.is_typed() ? in.types().check(key, value) : result<>();
}

sequence instance::durable_batch() const noexcept {
  if (config_.in_memory) return 0;
  const bool is_always =
      writes_file() ? config_.mode == write_mode::durable : config_.format != file_format::native;
  if (is_always) return commits_.board().published();
  return durable_.load(std::memory_order_acquire);
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
