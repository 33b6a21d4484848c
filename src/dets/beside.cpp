// DETS  api -> table -> [dets] -> file
// A whole file beside this one, which may still be changed before it takes this one's place.
#include "dets/replacement.hpp"
#include "dets/store.hpp"

#include <algorithm>
#include <bit>
#include <cassert>
#include <mutex>
#include <shared_mutex>

namespace shelf::dets_format {

store::~store() { discard_unpublished(); }

void store::discard_unpublished() noexcept {
  if (temporary_name_.empty() || file::is_forked_child_of(generation_)) return;
  where_.discard({std::move(file_.file()), std::move(temporary_name_)});
  temporary_name_.clear();
}

/// Writers go on in this file meanwhile: the lock is held for moments only.
result<std::unique_ptr<store>> store::write_beside(kind type, std::vector<piece>& pieces,
                                                   const piece_source& source) const {
  auto how = settings_;
  how.type = type;
  std::unique_ptr<store> fresh(new store(std::move(how), place_));
  auto made = replacement::begin(*place_);
  if (!made) return std::unexpected(made.error());
  bulk_shape shape{.format = {type, keypos_}};
  const auto counts = settle(pieces, shape.format, source);
  if (!counts) return std::unexpected(counts.error());
  {
    const std::shared_lock lock(mutex_);
    const auto wanted = std::bit_ceil(std::max<std::uint64_t>(counts->keys, header_.min_slots));
    shape.slots = static_cast<std::uint32_t>(std::min<std::uint64_t>(wanted, header_.max_slots));
    shape.max_slots = header_.max_slots;
  }
  if (auto written = write_bulk(made->content(), pieces, shape, *counts, source); !written) {
    return std::unexpected(written.error());
  }
  auto unnamed = [&] {
    const std::shared_lock lock(mutex_);
    return made->release(file_.in_memory() ? nullptr : &file_.file());
  }();
  if (!unnamed) return std::unexpected(unnamed.error());
  fresh->temporary_name_ = std::move(unnamed->name);
  const auto judged = fresh->read_header(unnamed->content);
  if (!judged) return std::unexpected(judged.error());
  auto loaded = fresh->load(std::move(unnamed->content), judged->fields, false);
  if (!loaded) return std::unexpected(loaded.error());
  fresh->open_ = true;
  return fresh;
}

result<> store::publish(bool replace) {
  const std::scoped_lock lock(mutex_);
  assert(!temporary_name_.empty());
  if (auto ok = writable(); !ok) return ok;
  if (auto saved = save_now(); !saved) return saved;
  file::location::temporary named{std::move(file_.file()), std::move(temporary_name_)};
  auto done = where_.publish(named, replace);
  file_.file() = std::move(named.file);
  temporary_name_ = std::move(named.name);
  if (!done) return done;
  temporary_name_.clear();
  if (auto synced = where_.sync_directory(); !synced) return fence(synced.error());
  return {};
}

result<> store::still_named() const {
  const std::shared_lock lock(mutex_);
  if (auto ok = usable(); !ok) return ok;
  return where_.still_names(file_.file());
}

result<file::file_status> store::status() const {
  const std::shared_lock lock(mutex_);
  if (auto ok = usable(); !ok) return std::unexpected(ok.error());
  return file_.file().status();
}

}  // namespace shelf::dets_format
