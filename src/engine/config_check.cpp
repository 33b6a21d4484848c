// ENGINE  api -> [engine] -> stores -> journal -> file
// What a configuration may ask for.
#include "engine/instance.hpp"
#include "stores/capabilities.hpp"
#include "term/limits.hpp"

namespace shelf::engine {
namespace {

[[nodiscard]] result<> check_history(const detail::core_config& c) {
  const auto refuse = [](const char* why) {
    return std::unexpected(error(errc::invalid_argument, why));
  };
  const auto& h = c.history;
  const bool is_asked_for = h.bytes != 0 || h.age.count() != 0 || h.before;
  if (h.age.count() < 0) return refuse("config.history.age cannot be negative");
  if (c.follow.count() < 0) return refuse("config.follow cannot be negative");
  if (c.follow.count() != 0 && c.opening != opening::read_only) {
    return refuse("config.follow is for tables opened read_only");
  }
  if (h.before && c.mode == write_mode::back) {
    return refuse(
        "config.history.before: in write_mode::back a save no longer knows what was replaced");
  }
  if (stores::keeps(c.format, stores::capability::named_batches)) return {};
  if (is_asked_for) return refuse("config.history is set, but a DETS file keeps no history");
  if (c.follow.count() != 0) return refuse("config.follow is set, but a DETS file has no batches");
  return {};
}

}  // namespace

result<> check_ttl(std::chrono::milliseconds ttl, kind what, const std::string& name) {
  const auto refuse = [&](const char* why) {
    return std::unexpected(error(errc::invalid_argument, name + why));
  };
  if (ttl.count() < 0) return refuse(" cannot be negative");
  if (ttl.count() > expiry::longest) return refuse(" is longer than 8000 years");
  if (ttl.count() != 0 && is_bag(what))
    return refuse(" is set, but entries of a bag cannot expire");
  return {};
}

namespace {

[[nodiscard]] result<> check_values(const detail::core_config& c, kind what) {
  const auto refuse = [&](const char* why) {
    return std::unexpected(error(errc::invalid_argument, why));
  };
  if (auto valid = check_ttl(c.ttl, what, "config.ttl"); !valid) return valid;
  if (auto valid = check_history(c); !valid) return valid;
  if (c.clock_grace.count() < 0) return refuse("config.clock_grace cannot be negative");
  if (c.in_memory) return {};
  if (c.path.empty())
    return refuse("config.path is empty; in_memory() makes a table without a file");
  if (c.save_every.count() < 0 || c.sync_every.count() < 0) {
    return refuse("config.save_every and config.sync_every cannot be negative");
  }
  if (c.compaction.garbage_factor < 2) {
    return refuse("config.compaction.garbage_factor must be 2 or more");
  }
  if (c.limits.nesting == 0 || c.limits.nesting > terms::max_nesting) {
    return refuse("config.limits.nesting must be from 1 to 1024");
  }
  if (c.limits.entry_bytes == 0 || c.limits.entry_bytes > (std::size_t{1} << 31)) {
    return refuse("config.limits.entry_bytes must be from 1 to 2 GiB");
  }
  if (c.ttl.count() != 0 && !stores::keeps(c.format, stores::capability::deadlines)) {
    return refuse("config.ttl is set, but a DETS file keeps no deadlines");
  }
  if (what == kind::ordered_set && !stores::keeps(c.format, stores::capability::ordered_map)) {
    return std::unexpected(error(
        errc::wrong_kind,
        "a DETS file cannot hold an ordered_set: map, bag or duplicate_bag, or the native format"));
  }
  return {};
}

}  // namespace

result<> check_config(const detail::core_config& c, kind what) {
  auto valid = check_values(c, what);
  if (valid || c.in_memory || c.path.empty()) return valid;
  return std::unexpected(error(valid.error().code(), c.path + ": " + valid.error().message()));
}

}  // namespace shelf::engine
