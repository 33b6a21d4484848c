// ENGINE  api -> [engine] -> stores -> journal -> file
// Tables that may only become so large: room made for what is written, or the write refused.
#include "engine/instance.hpp"
#include "engine/live_table.hpp"
#include "file/seeded_bug.hpp"
#include "kinds/residents.hpp"

#include <algorithm>
#include <cassert>

namespace shelf::engine {
namespace {

constexpr std::size_t erased_a_turn = 256;
constexpr std::size_t small_part = 5;  ///< the small queue's: a fifth

/// What residents::next is to take from the small queue.
[[nodiscard]] auto is_large_part(const size_bounds& b) noexcept {
  return [&b](std::size_t entries, std::size_t bytes) {
    return (b.max_entries != 0 &&
            entries >= std::max<std::size_t>(b.max_entries / small_part, 1)) ||
           (b.max_bytes != 0 && bytes >= b.max_bytes / small_part);
  };
}

}  // namespace

result<> check_bounds(const size_bounds& bounds, kind what, const std::string& name) {
  if (!bounds.is_set() || bounds.when_full != when_full::evict || !is_bag(what)) return {};
  return std::unexpected(error(errc::invalid_argument,
                               name + " is set, but a bag evicts nothing; when_full::refuse bounds "
                                      "it"));
}

bool live_table::is_too_large() const noexcept {
  const auto* const all = draft().population();
  return all != nullptr && types_.bounds.are_exceeded_by(all->count(), all->bytes());
}

error live_table::too_large() const {
  const auto& b = types_.bounds;
  const auto of = [](std::size_t n, const char* one, const char* many) {
    return std::to_string(n) + (n == 1 ? one : many);
  };
  std::string most;
  if (b.max_entries != 0) most = of(b.max_entries, " entry", " entries");
  if (b.max_bytes != 0) {
    most += (most.empty() ? "" : " and ") + of(b.max_bytes, " byte", " bytes");
  }
  return error(errc::table_full, label() + ": the table is bounded to " + most +
                                     ", and there is no room for what was to be written");
}

void live_table::add_bounds_figures(table_stats& to) const {
  if (owned_ == nullptr || owned_->population() == nullptr) return;
  to.evicted += evicted_;
  to.bounded_bytes += owned_->population()->bytes();
}

result<> live_table::trim() {
  if (!evicts_) return {};
  for (;;) {
    operation op(*this, operation::verb::trim);
    of_.commits().submit(op);
    if (op.failure) return std::unexpected(*op.failure);
    if (op.count < erased_a_turn) return {};
  }
}

// --- in the turn ---------------------------------------------------------------------------------

/// Whether an operation that might be refused would take others of the group with it.
bool live_table::must_be_alone(const operation& op) const noexcept {
  const auto* const all = draft().population();
  assert(may_refuse_ && all != nullptr);
  const auto& bounds = types_.bounds;
  using verb = operation::verb;
  switch (op.what) {
    case verb::insert:
    case verb::insert_new:
      if (evicts_) return bounds.are_exceeded_by(1, all->bytes_of(*op.made));
      return bounds.are_exceeded_by(all->count() + 1, all->bytes() + all->bytes_of(*op.made));
    case verb::erase:
    case verb::erase_value:
    case verb::take:
    case verb::take_end:
    case verb::clear:
    case verb::sweep:
    case verb::trim: return false;
    case verb::insert_batch:
    case verb::insert_batch_new:
    case verb::write:
    case verb::update_counter:
    case verb::replace_if:
    case verb::edit:
    case verb::change_same:
    case verb::touch:
    case verb::commit: break;
  }
  return true;
}

/// Before an entry is staged in the place of another one, or of none. One that finds no room even
/// so is refused at the end of its operation.
void live_table::make_way(const entry& e, const entry* there, group& to) {
  const auto& bounds = types_.bounds;
  auto& all = *draft().population();
  const auto grows_to = [&] {
    if (file::has_bug(file::seeded_bug::evicted_a_batch_later)) return is_too_large();
    const auto entries = all.count() + (there == nullptr ? 1 : 0);
    const auto bytes =
        all.bytes() + all.bytes_of(e) - (there == nullptr ? 0 : all.bytes_of(*there));
    return bounds.are_exceeded_by(entries, bytes);
  };
  const bool grows = there == nullptr || all.bytes_of(e) > all.bytes_of(*there);
  if (!grows) return;
  if (!evicts_ || bounds.are_exceeded_by(1, all.bytes_of(e))) {
    to.may_be_too_much = to.may_be_too_much || grows_to();
    return;
  }
  while (grows_to()) {
    const auto* const victim = all.next(there, is_large_part(bounds));
    if (victim == nullptr) break;
    (void)drop_with_care(true, victim->key(), {}, to, journal::flag::evicted);
    ++evicted_;
  }
}

bool live_table::stage_trim(operation& op, group& to) {
  auto& all = *draft().population();
  while (op.count < erased_a_turn && types_.bounds.are_exceeded_by(all.count(), all.bytes())) {
    const auto* const victim = all.next(nullptr, is_large_part(types_.bounds));
    if (victim == nullptr) break;
    (void)drop_with_care(true, victim->key(), {}, to, journal::flag::evicted);
    ++evicted_;
    ++op.count;
  }
  return true;
}

}  // namespace shelf::engine
