// ENGINE  api -> [engine] -> stores -> journal -> file
// get_or_compute: one thread computes a missing value, the others wait for it.
#include "engine/flights.hpp"
#include "engine/live_table.hpp"
#include "file/seeded_bug.hpp"

#include <cassert>
#include <utility>

namespace shelf::engine {

result<> live_table::compute(bytes key, std::chrono::nanoseconds wait,
                             detail::computing_function make,
                             detail::function_ref<void(bytes)> show) {
  if (!may_write()) return std::unexpected(why_not());
  assert(!is_bag_kind());
  auto boarded = flights_.board(key, label());
  if (boarded && !boarded->is_pilot) boarded = flights_.await(*boarded, wait, label());
  if (!boarded) return std::unexpected(boarded.error());
  const auto& on = *boarded->on;
  if (!boarded->is_pilot) {
    if (on.failure) return std::unexpected(*on.failure);
    show(on.value);
    return {};
  }
  std::vector<std::byte> value;
  result<> done;
  try {
    // The pilot of an earlier flight may have stored it after this thread has looked.
    done = lookup(key, [&](bytes there) { value.assign(there.begin(), there.end()); });
    if (!done && done.error() == errc::not_found) {
      expiry until;
      done = make(value, until);
      if (done) done = store_computed(key, value, until, on);
    }
    auto landing = done ? result<std::vector<std::byte>>(value) : std::unexpected(done.error());
    flights_.land(key, *boarded, std::move(landing));
  } catch (...) {
    flights_.give_up(key, *boarded);
    throw;
  }
  if (done) show(value);
  return done;
}

/// Unless the key was written since the flight began. What was staged before that, and published
/// since, is there.
result<> live_table::store_computed(bytes key, bytes value, const expiry& until,
                                    const flight& from) {
  const auto decide = [&](std::optional<bytes> there,
                          std::vector<std::byte>& made) -> result<detail::edited> {
    const bool is_stale = from.is_stale && !file::has_bug(file::seeded_bug::stale_flight_stored);
    if (there || is_stale) return detail::edited::keep;
    made.assign(value.begin(), value.end());
    return detail::edited::put;
  };
  auto stored = edit(key, decide, until);
  if (!stored) return std::unexpected(stored.error());
  return {};
}

}  // namespace shelf::engine
