// ENGINE  api -> [engine] -> stores -> journal -> file
// The end of a database: closed and sealed, abandoned, or left to the parent process.
#include "engine/instance.hpp"

#include <algorithm>
#include <cassert>
#include <new>

namespace shelf::engine {

/// Forked, this comes only while `open` is still under way: a database that was opened stays, see
/// leave_to_parent.
instance::~instance() {
  if (!is_forked()) return;
  for (auto& t : tables_) (void)t.release();
  if (file_) (void)new (std::nothrow) std::shared_ptr<file_store>(file_.current());
}

bool instance::is_open() const noexcept {
  return !is_forked() && is_open_.load(std::memory_order_acquire);
}

/// Whether a callback of one of the tables runs on this thread.
bool instance::is_in_callback() const noexcept {
  if (is_in_transaction()) return true;
  const std::scoped_lock lock(names_);
  return std::ranges::any_of(tables_,
                             [](const auto& t) { return detail::callback_scope::is_inside(*t); });
}

result<> instance::close() {
  if (is_busy_here()) return std::unexpected(labelled(errc::busy));
  // Who decides the writes needs the life of the database to end its own.
  const auto drained = authority_ && is_open() ? authority_->close() : result<>();
  const std::scoped_lock lock(life_);
  auto closed = close_locked();
  return drained ? closed : drained;
}

result<> instance::close_locked() {
  if (!is_open()) return std::unexpected(labelled(errc::table_closed));
  if (!file_) {  // in memory or read-only
    release_all();
    return {};
  }
  if (auto why = file_->fence()) {
    release_all();
    return std::unexpected(*why);
  }
  auto done = file_.check(journal::look_at::content);
  if (done) done = save_locked();
  if (done) done = save_the_rest_and_seal();
  if (done) release_all();
  return done;
}

/// Writers may have slipped in since the save; from here on they are refused, unless closing fails.
result<> instance::save_the_rest_and_seal() {
  assert(file_ && is_open());
  const auto refuse_writers = [this](bool refuse) {
    const std::scoped_lock lock(commits_);
    commits_.refuse_writers(refuse);
  };
  refuse_writers(true);
  try {
    result<> done;
    if (config_.mode == write_mode::back) done = save_unsaved();
    if (done) done = compact_at_close();
    if (done) {
      const std::scoped_lock lock(commits_);
      done = file_->close();
      if (!done && !file_->is_fenced())
        name_batches(commits_.board().published());  // the session may be another one
    }
    if (!done) refuse_writers(false);
    return done;
  } catch (...) {
    refuse_writers(false);
    throw;
  }
}

void instance::release_all() noexcept {
  const std::scoped_lock lock(commits_);
  is_open_ = false;
  for (const auto& t : tables_) t->install(nullptr);
  observers_->close();
  file_.abandon();
  follow_from(nullptr);
  // A sync on another thread may be looking at the directory: it goes with the last of those.
  where_.reset();
  assert(!file_ && !is_open() && "nothing of it is left to be used");
}

void instance::abandon() noexcept {
  if (is_forked()) return leave_to_parent();
  if (authority_) authority_->abandon();
  const std::scoped_lock lock(life_);
  if (is_open()) release_all();
}

/// In a forked child the locks may be held by threads that do not exist here, what they guard may
/// be half changed, and the descriptors are closed already: touch nothing, free nothing. So the
/// database stays for the life of the child.
void instance::leave_to_parent() noexcept {
  for (const auto& t : tables_) t->forget();
  if (!is_left_.exchange(true)) myself_ = shared_from_this();
}

void instance::close_at_destruction() noexcept {
  if (is_forked()) return leave_to_parent();
  try {
    if (authority_ && is_open()) {
      if (auto drained = authority_->close(); !drained) tell(drained.error());
    }
    const std::scoped_lock lock(life_);
    if (!is_open()) return;
    if (auto closed = close_locked(); !closed) tell(closed.error());
    if (is_open()) release_all();
  } catch (...) {
    abandon();
    error why = errc::file_error;  // a bare code needs no memory
    try {
      why =
          error(errc::file_error, label_ + ": not saved at destruction: out of memory", {}, ENOMEM);
    } catch (...) {
    }
    tell(why);
  }
}

}  // namespace shelf::engine
