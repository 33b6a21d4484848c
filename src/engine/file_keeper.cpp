// ENGINE  api -> [engine] -> stores -> journal -> file
// The file looked at, and replaced by a new one.
#include "engine/file_keeper.hpp"

#include <cassert>
#include <utility>

namespace shelf::engine {

std::shared_ptr<file_store> file_keeper::current() const {
  const std::scoped_lock lock(pointer_);
  return file_;
}

void file_keeper::replace(std::shared_ptr<file_store> by) noexcept {
  const std::scoped_lock lock(pointer_);
  file_.swap(by);
}

void file_keeper::abandon() noexcept {
  // A sync on another thread may hold it a little longer, but not its descriptor.
  if (file_) file_->abandon();
  replace(nullptr);
}

result<> file_keeper::check_name() const {
  auto named = file_->still_named();
  if (!named && named.error() == errc::replaced) file_->set_fence(named.error());
  return named;
}

result<> file_keeper::check(journal::look_at what) const {
  assert(file_ && "asked only while there is a file");
  auto named = check_name();
  return named ? file_->is_whole(what) : named;
}

result<> file_keeper::check_only_name() const {
  const auto names = file_->names();
  if (!names) return std::unexpected(names.error());
  if (*names <= 1) return {};
  return std::unexpected(
      error(errc::invalid_path, label_ + ": the file has several names (hard links); a new file "
                                         "would take one of them only"));
}

result<> file_keeper::take_up(std::shared_ptr<file_store> fresh) {
  assert(file_ && fresh && fresh != file_ && "a file of its own, next to the one in use");
  if (auto named = check_name(); !named) return named;
  const auto published = [&] {
    try {
      return fresh->publish(true);
    } catch (...) {
      if (fresh->is_fenced()) replace(std::move(fresh));  // it has the name, see publish
      throw;
    }
  }();
  // An error before the rename leaves the old file in place and in use.
  if (!published && !fresh->is_fenced()) return published;
  replace(std::move(fresh));
  return published;
}

}  // namespace shelf::engine
