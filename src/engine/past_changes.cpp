// ENGINE  api -> [engine] -> stores -> journal -> file
// Records of the file told as changes.
#include "engine/past_changes.hpp"

#include "engine/instance.hpp"
#include "term/canonical.hpp"
#include "term/limits.hpp"
#include "term/zero_sign.hpp"

#include <utility>
#include <vector>

namespace shelf::engine {
namespace {

using journal::op;

constexpr int tries = 10;  ///< a compaction may replace the file between our looks at it
constexpr terms::term_limits widest{.nesting = terms::max_nesting};

}  // namespace

/// Tells the changes of one batch.
class past_changes::teller final : public journal::visitor {
 public:
  teller(const instance& of, const wish& w,
         detail::function_ref<void(const detail::told_change&)> f)
      : of_(of), wish_(w), f_(f) {}

  result<> visit(const journal::change& c, std::uint64_t number) override;
  result<> committed(std::uint64_t) override { return {}; }
  [[nodiscard]] bool has_told() const noexcept { return has_told_; }

 private:
  [[nodiscard]] result<> check(const live_table& in, const journal::change& c,
                               std::uint64_t number) const;
  void tell(detail::told_change t) {
    has_told_ = true;
    f_(t);
  }

  const instance& of_;
  const wish& wish_;
  detail::function_ref<void(const detail::told_change&)> f_;
  std::vector<std::vector<std::byte>> before_;  ///< what the next record of the key replaces
  bool has_told_ = false;
};

/// Whoever decodes the change relies on it. A change that was replaced later was never held against
/// the types before.
result<> past_changes::teller::check(const live_table& in, const journal::change& c,
                                     std::uint64_t number) const {
  if (c.what == op::clear) return {};
  const bool has_value = c.what != op::erase;
  const bool is_sound =
      terms::is_canonical(c.key, widest) && (!has_value || terms::is_canonical(c.value, widest));
  auto fits = is_sound ? result<>() : std::unexpected(error(errc::corrupt, "not a canonical term"));
  if (fits && has_value) fits = of_.fits_types(in, c.key, c.value);
  if (fits) return {};
  return std::unexpected(
      error(errc::type_mismatch, in.label() + ": a change of batch " + std::to_string(number) +
                                     " does not fit the types: " + fits.error().message()));
}

result<> past_changes::teller::visit(const journal::change& c, std::uint64_t number) {
  const bool is_entry = c.what == op::put || c.what == op::append || c.what == op::erase ||
                        c.what == op::erase_value || c.what == op::clear;
  if (!is_entry) return {};
  const auto* const in = of_.table_of(c.table);
  if (in == nullptr || (wish_.only != nullptr && in != wish_.only)) return {};
  if (auto fits = check(*in, c, number); !fits) return fits;
  std::vector<std::byte> key;
  detail::told_change t{.table = in, .key = c.key};
  if (terms::may_hold_negative_zero(c.key)) {
    key.assign(c.key.begin(), c.key.end());
    terms::drop_zero_signs(key);
    t.key = key;
  }
  if ((c.flags & journal::flag::before) != 0) {
    if (in->is_bag_kind() || wish_.before) before_.emplace_back(c.value.begin(), c.value.end());
    return {};
  }
  t.cause = cause_of(c.flags);
  if (c.what == op::clear) t = {.table = in, .event = table_event::cleared};
  if (c.what == op::put || c.what == op::append) t.after = c.value;
  if (c.what == op::erase_value) t.before = c.value;
  for (const auto& value : before_) {
    t.before = value;
    tell(t);
  }
  if (before_.empty()) tell(t);
  before_.clear();
  return {};
}

result<bool> past_changes::look() {
  result<std::unique_ptr<journal::trail>> opened;
  for (int i = 0; i < tries; ++i) {
    if (trail_) end_ = of_.end_of(*trail_);
    if (trail_ && end_ != 0) return true;
    opened = of_.open_trail();
    if (!opened && opened.error() != errc::replaced) break;
    if (!opened) continue;
    trail_ = std::move(*opened);
    end_ = of_.end_of(*trail_);
    if (end_ != 0) return false;
  }
  if (opened) return std::unexpected(of_.labelled(errc::table_closed));
  return std::unexpected(opened.error());
}

result<journal::standing> past_changes::go_behind(const journal::batch_id& which) {
  if (auto looked = look(); !looked) return std::unexpected(looked.error());
  auto found = trail_->go_behind(which, end_);
  if (found) behind_ = which;
  return found;
}

result<> past_changes::go_to_first() {
  if (auto looked = look(); !looked) return std::unexpected(looked.error());
  auto begun = trail_->go_to_first(end_);
  if (begun) behind_ = trail_->first();
  return begun;
}

result<past_changes::outcome> past_changes::next(
    sequence until, const wish& w, detail::function_ref<void(const detail::told_change&)> f) {
  const auto same = look();
  if (!same) return std::unexpected(same.error());
  if (!*same) {
    const auto there = trail_->go_behind(behind_, end_);
    if (!there) return std::unexpected(there.error());
    if (*there != journal::standing::kept) return outcome::lost;
  }
  teller to(of_, w, f);
  const auto found = trail_->next(until, end_, to);
  if (!found) return std::unexpected(found.error());
  if (!*found) return outcome::over;
  behind_ = trail_->behind();
  return to.has_told() ? outcome::told : outcome::passed;
}

}  // namespace shelf::engine
