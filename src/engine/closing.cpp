// ENGINE  api -> [engine] -> stores -> journal -> file
// The end of a table: closed and sealed, abandoned, or left to the parent process.
#include "engine/store.hpp"
#include "memory/epoch.hpp"

#include <new>

namespace shelf::engine {

/// Forked, this comes only while `open` is still under way: a table that was opened stays, see
/// leave_to_parent.
store::~store() {
  if (!is_forked()) return;
  if (owned_) (void)new (std::nothrow) std::shared_ptr<contents>(std::move(owned_));
  if (file_) (void)new (std::nothrow) std::shared_ptr<backing>(std::move(file_));
}

result<> store::close() {
  if (is_forked()) {
    leave_to_parent();
    return std::unexpected(labelled(errc::forked));
  }
  if (is_checking() || detail::callback_scope::is_inside(*this)) {
    return std::unexpected(labelled(errc::busy));
  }
  if (owner_ && !owner_->is_mine()) return std::unexpected(labelled(errc::not_owner));
  const std::scoped_lock lock(life_);
  return close_locked();
}

result<> store::close_locked() {
  if (!is_open()) return std::unexpected(labelled(errc::table_closed));
  if (!file_) {  // in memory or read-only
    release_all();
    return {};
  }
  if (auto why = file_->fence()) {
    release_all();
    return std::unexpected(*why);
  }
  auto done = check_file(journal::look_at::content);
  if (done) done = save_locked();
  if (done) done = save_the_rest_and_seal();
  if (done) release_all();
  return done;
}

/// Writers may have slipped in since the save; from here on they are refused, unless closing fails.
result<> store::save_the_rest_and_seal() {
  const auto refuse_writers = [this](bool refuse) {
    const std::scoped_lock lock(turn_);
    closing_ = refuse;
  };
  refuse_writers(true);
  try {
    result<> done;
    if (config_.mode == write_mode::back) done = save_unsaved();
    if (done) done = compact_at_close();
    if (done) {
      const std::scoped_lock lock(turn_);
      done = file_->close();
    }
    if (!done) refuse_writers(false);
    return done;
  } catch (...) {
    refuse_writers(false);
    throw;
  }
}

void store::release_all() noexcept {
  const std::scoped_lock lock(turn_);
  const std::scoped_lock notes(notes_);
  install(nullptr);
  // A sync on another thread may hold the backing a little longer, but not its file.
  if (file_) file_->abandon();
  file_.reset();
  // Whoever still holds the backing shall hold no descriptor.
  if (where_) where_->close();
  where_.reset();
}

void store::abandon() noexcept {
  if (is_forked()) return leave_to_parent();
  const std::scoped_lock lock(life_);
  if (is_open()) release_all();
}

/// In a forked child the locks may be held by threads that do not exist here, what they guard may
/// be half changed, and the descriptors are closed already: touch nothing, free nothing. So the
/// store stays for the life of the child.
void store::leave_to_parent() noexcept {
  current_.store(nullptr);
  if (!is_left_.exchange(true)) myself_ = shared_from_this();
}

void store::close_at_destruction() noexcept {
  if (is_forked()) return leave_to_parent();
  try {
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

result<> store::give_away() {
  if (auto can = readable(); !can) return can;
  if (!owner_)
    return std::unexpected(error(errc::invalid_argument, label_ + ": any thread may write"));
  if (!owner_->give_away()) return std::unexpected(labelled(errc::not_owner));
  return {};
}

result<> store::take_over() {
  if (auto can = readable(); !can) return can;
  if (!owner_)
    return std::unexpected(error(errc::invalid_argument, label_ + ": any thread may write"));
  if (!owner_->take_over()) return std::unexpected(labelled(errc::not_owner));
  return {};
}

}  // namespace shelf::engine
