// ENGINE  api -> [engine] -> stores -> journal -> file
// A build begins, follows the writers, and ends in their turn.
#include "engine/index_building.hpp"

#include <algorithm>
#include <cassert>
#include <utility>

namespace shelf::engine {
namespace {

/// What is left to follow in the turn, and how often it is tried to come this close.
constexpr std::size_t few_changes = 64;
constexpr int most_rounds = 16;

[[nodiscard]] bool calls_program(const detail::index_definition& i) noexcept {
  return i.calls_program;
}

[[nodiscard]] std::vector<detail::index_derivation> functions_of(
    const detail::index_definitions& all) {
  std::vector<detail::index_derivation> found;
  if (!all) return found;
  for (const auto& i : *all) {
    if (i.calls_program) found.push_back(i.derive);
  }
  return found;
}

/// Those of `wanted` that are not in `there`; null if there are none.
[[nodiscard]] detail::index_definitions missing_in(const detail::index_definitions& there,
                                                   const detail::index_definitions& wanted) {
  std::vector<detail::index_definition> missing;
  const auto is_there = [&](const detail::index_definition& w) {
    return there &&
           std::ranges::find(*there, w.derive, &detail::index_definition::derive) != there->end();
  };
  if (!wanted) return nullptr;
  std::ranges::remove_copy_if(*wanted, std::back_inserter(missing), is_there);
  if (missing.empty()) return nullptr;
  return std::make_shared<const std::vector<detail::index_definition>>(std::move(missing));
}

}  // namespace

instance::index_build::index_build(instance& of, live_table& table,
                                   detail::index_definitions wanted)
    : of_(of),
      table_(table),
      wanted_(std::move(wanted)),
      missing_(missing_in(table.types().indexes, wanted_)),
      before_(table.functions()),
      meanwhile_(before_),
      afterwards_(before_) {
  if (missing_ && std::ranges::any_of(*missing_, calls_program)) {
    meanwhile_ = table_.keep_functions({.all = table_.types().indexes, .coming = missing_});
  }
  // In the same order, so that a writer may go by the old ones.
  if (functions_of(wanted_) != functions_of(table_.types().indexes)) {
    afterwards_ = table_.keep_functions({.all = wanted_, .coming = nullptr});
  }
}

instance::index_build::~index_build() {
  if (is_taken_up_ || !missing_) return;
  const std::scoped_lock lock(of_.commits_);
  if (table_.held() == nullptr) return;
  table_.log_changes(nullptr);
  table_.change_functions(before_);
}

/// In the turn.
void instance::index_build::begin() {
  table_.log_changes(std::make_unique<kinds::index_log>());
  table_.change_functions(meanwhile_);
  held_.reset();
  held_.emplace(table_.owned());
}

result<> instance::index_build::build() {
  if (!missing_) return {};
  const check_scope runs_functions(of_.checking_);
  const detail::callback_scope scope(table_);
  {
    const std::scoped_lock lock(of_.commits_);
    begin();
  }
  const auto first = std::max<sequence>(held_->at(), 1);
  auto made = kinds::make_indexes(*held_, missing_, first, of_.clock_.now(), table_.label());
  if (!made) return std::unexpected(made.error());
  built_ = *std::move(made);
  bool is_close = false;
  for (int round = 0; round < most_rounds && !is_close; ++round) {
    auto followed = follow_once(is_close);
    if (!followed) return std::unexpected(followed.error());
    if (!*followed) return {};  // catch_up() will say so
  }
  return {};
}

/// False: there are other contents.
result<bool> instance::index_build::follow_once(bool& is_close) {
  std::vector<kinds::index_log::step> steps;
  std::optional<kinds::held_version> next;
  {
    const std::scoped_lock lock(of_.commits_);
    if (!is_of_now()) return false;
    next.emplace(table_.owned());
    steps = table_.log()->take();
  }
  is_close = steps.size() <= few_changes;
  // What has gone since is kept by the version that was held so far.
  if (auto done = follow(std::move(steps), next->at()); !done) return std::unexpected(done.error());
  held_.reset();
  held_.emplace(*std::move(next));
  return true;
}

result<> instance::index_build::follow(std::vector<kinds::index_log::step> steps, sequence number) {
  return kinds::follow_changes(*built_, kinds::net_changes(std::move(steps)), number,
                               of_.clock_.now(), table_.types().what == kind::bag, table_.label());
}

result<bool> instance::index_build::catch_up() {
  if (!missing_) return true;
  if (!is_of_now()) return false;
  auto done = follow(table_.log()->take(), of_.commits_.board().published());
  if (!done) return std::unexpected(done.error());
  return true;
}

std::shared_ptr<kinds::index_set> instance::index_build::indexes() const {
  if (!wanted_ || wanted_->empty()) return nullptr;
  return std::make_shared<kinds::index_set>(wanted_, table_.held()->indexes.now(), built_.get());
}

void instance::index_build::take_up(detail::index_definitions indexed_by) noexcept {
  is_taken_up_ = true;
  table_.note_indexes(std::move(indexed_by));
  table_.log_changes(nullptr);
  table_.change_functions(afterwards_);
}

}  // namespace shelf::engine
