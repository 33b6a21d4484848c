// DETS  api -> engine -> stores -> [dets] -> file
// What is published has been synced before.
#include "dets/replacement.hpp"

#include <utility>

namespace shelf::dets_format {

replacement::replacement(replacement&& other) noexcept
    : where_(other.where_),
      content_(std::move(other.content_)),
      name_(std::exchange(other.name_, {})) {}

replacement::~replacement() {
  if (!name_.empty()) where_->discard({std::move(content_.file()), std::move(name_)});
}

result<replacement> replacement::begin(const file::location& where) {
  replacement begun(where);
  auto made = where.create_temporary();
  if (!made) return std::unexpected(made.error());
  // The name first: from here on the file goes away should there be no memory.
  begun.name_ = std::move(made->name);
  begun.content_ = storage(std::move(made->file));
  return begun;
}

result<storage> replacement::publish(const file::open_file* like, bool replace) {
  file::location::temporary named{std::move(content_.file()), name_};
  auto done = settle(like, named);
  if (done) done = where_->publish(named, replace);
  content_.file() = std::move(named.file);
  if (!done) return std::unexpected(done.error());
  name_.clear();
  return std::move(content_);
}

result<replacement::unnamed> replacement::release(const file::open_file* like) {
  file::location::temporary named{std::move(content_.file()), name_};
  const auto done = settle(like, named);
  content_.file() = std::move(named.file);
  if (!done) return std::unexpected(done.error());
  return unnamed{std::move(content_), std::exchange(name_, {})};
}

result<> replacement::settle(const file::open_file* like, file::location::temporary& named) const {
  if (like != nullptr) {
    if (auto kept = where_->keep_mode_and_owner(*like, named); !kept) return kept;
  }
  return named.file.sync();
}

}  // namespace shelf::dets_format
