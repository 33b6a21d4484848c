// ENGINE  api -> [engine] -> stores -> journal -> file
// What is unsaved in write-back mode is bounded: writers that are faster than the saves have to
// save themselves.
#include "engine/instance.hpp"

namespace shelf::engine {

std::size_t instance::unsaved_bytes() const noexcept {
  std::size_t sum = 0;
  for (const auto& t : tables_) sum += t->unsaved_bytes();
  return sum;
}

bool instance::has_much_unsaved() const {
  if (!pressure_.has_limit()) return false;
  const std::scoped_lock lock(commits_);
  return unsaved_bytes() >= config_.save_at_bytes;
}

void instance::note_pressure(std::size_t bytes) noexcept {
  const auto news = pressure_.add(bytes, [this] { return unsaved_bytes(); });
  if (news == save_pressure::news::none || keeper_ == nullptr || is_forked()) return;
  keeper_->call(weak_from_this(), {});
}

/// After a save, under life_.
void instance::settle_pressure(bool is_saved) {
  if (!pressure_.has_limit()) return;
  const std::scoped_lock lock(commits_);
  pressure_.settle(unsaved_bytes(), is_saved);
}

/// A writer that is about to write, outside of the turn. Of several that come here one saves, and
/// the others wait for it.
void instance::relieve_pressure() {
  // A check that a reload runs may write, and has life_ already.
  if (!pressure_.is_high() || is_forked() || is_checking()) return;
  const std::scoped_lock lock(life_);
  if (!pressure_.is_high() || !file_ || file_->is_fenced()) return;
  auto done = file_.check(journal::look_at::content);
  if (done) done = save_locked();
  if (done) return;
  settle_pressure(false);
  report(done.error());
}

}  // namespace shelf::engine
