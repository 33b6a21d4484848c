// ENGINE  api -> [engine] -> stores -> journal -> file
// Writes collected by key.
#include "engine/own_writes.hpp"

#include "engine/live_table.hpp"
#include "term/order.hpp"

#include <algorithm>
#include <cassert>
#include <cstring>

namespace shelf::engine {
namespace {

[[nodiscard]] bool is_before(bytes a, bytes b) noexcept {
  const auto shared = std::min(a.size(), b.size());
  const int first = shared == 0 ? 0 : std::memcmp(a.data(), b.data(), shared);
  return first != 0 ? first < 0 : a.size() < b.size();
}

}  // namespace

own_writes::own_writes(kind what)
    : kind_(what),
      keys_(what == kind::ordered_set
                ? less([](bytes a, bytes b) { return terms::compare(a, b) < 0; })
                : less(is_before)) {}

const own_key* own_writes::find(bytes key) const {
  const auto found = keys_.find(key);
  return found == keys_.end() ? nullptr : &found->second;
}

void own_writes::forget() noexcept {
  keys_.clear();
  in_log_.clear();
  is_cleared_ = false;
}

void own_writes::apply(write_log& log, std::size_t at) {
  using verb = own_write::verb;
  auto& w = log[at];
  assert(!w.is_void() && (in_log_.empty() || in_log_.back() <= at) && "in the order of the log");
  if (w.what == verb::clear) {
    for (const auto earlier : in_log_) log[earlier].void_by = at;
    keys_.clear();
    is_cleared_ = true;
    in_log_.assign(1, at);
    return;
  }
  in_log_.push_back(at);
  auto& k = keys_[w.made->key()];
  const bool replaces = w.what == verb::erase || (w.what == verb::put && !is_bag(kind_));
  if (replaces) {
    // A counter's step could fail, and nobody would see what it came to.
    for (const auto earlier : k.steps) log[earlier].void_by = at;
    k = {.hides_base = true, .steps = {}, .has_adds = false};
  }
  if (w.what != verb::erase) k.steps.push_back(at);
  k.has_adds = k.has_adds || w.what == verb::add;
}

result<std::optional<kept_value>> value_after(std::optional<kept_value> base, const own_key& k,
                                              const write_log& log, computed_values& computed,
                                              const std::string& label, asked_time now) {
  auto value = k.hides_base ? std::nullopt : base;
  for (const auto at : k.steps) {
    assert(at < log.size() && !log[at].is_void() && "void writes are not steps");
    const auto& w = log[at];
    if (w.what == own_write::verb::put) {
      value = kept_value{w.made->value(), w.made->until()};
    } else if (w.what == own_write::verb::erase_value) {
      if (value && same_bytes(value->value, w.made->value())) value.reset();
    } else {
      const auto stepped =
          detail::step_counter(value ? std::optional(value->value) : std::nullopt, w.step, label);
      if (!stepped) return std::unexpected(stepped.error());
      const auto term = detail::encode_wide(*stepped);
      const auto view = term.view();
      const auto until = value ? value->until : w.on->deadline_of(w.step.created);
      value = kept_value{computed.emplace_back(view.begin(), view.end()), until};
    }
    if (value && value->until != no_deadline && value->until <= now()) value.reset();
  }
  return value;
}

std::vector<bytes> values_after(std::vector<bytes> base, const own_key& k, const write_log& log,
                                bool distinct) {
  auto values = k.hides_base ? std::vector<bytes>{} : std::move(base);
  for (const auto at : k.steps) {
    const auto& w = log[at];
    const auto same = [&](bytes v) { return same_bytes(v, w.made->value()); };
    if (w.what == own_write::verb::erase_value) {
      std::erase_if(values, same);
    } else if (!distinct || std::ranges::none_of(values, same)) {
      values.push_back(w.made->value());
    }
  }
  return values;
}

}  // namespace shelf::engine
