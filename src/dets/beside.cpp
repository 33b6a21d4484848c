// DETS  api -> engine -> stores -> [dets] -> file
// A whole file beside this one, which may still be changed before it takes this one's place.
#include "dets/object_store.hpp"
#include "dets/replacement.hpp"

#include <algorithm>
#include <bit>
#include <cassert>
#include <mutex>
#include <shared_mutex>

namespace shelf::dets_format {

object_store::~object_store() { discard_unpublished(); }

void object_store::discard_unpublished() noexcept {
  if (temporary_name_.empty() || process_.is_of_parent()) return;
  where_.discard({std::move(file_.file()), std::move(temporary_name_)});
  temporary_name_.clear();
}

/// Writers go on in this file meanwhile: the lock is held for moments only.
result<std::unique_ptr<object_store>> object_store::write_beside(kind type,
                                                                 std::vector<piece>& pieces,
                                                                 const piece_source& source,
                                                                 const progress& tell) const {
  auto how = settings_;
  how.type = type;
  std::unique_ptr<object_store> fresh(new object_store(std::move(how), place_));
  auto made = replacement::begin(*place_);
  if (!made) return std::unexpected(made.error());
  bulk_shape shape{.format = {type, keypos_, settings_.exact_values}};
  const auto counts = settle(pieces, shape.format, source);
  if (!counts) return std::unexpected(counts.error());
  {
    const std::shared_lock lock(mutex_);
    const auto wanted = std::bit_ceil(std::max<std::uint64_t>(counts->keys, header_.min_slots));
    shape.slots = static_cast<std::uint32_t>(std::min<std::uint64_t>(wanted, header_.max_slots));
    shape.min_slots = header_.min_slots;
    shape.max_slots = header_.max_slots;
  }
  if (auto written = write_bulk(made->content(), pieces, shape, *counts, source, tell); !written) {
    return std::unexpected(written.error());
  }
  {
    const std::shared_lock lock(mutex_);
    if (auto ready = fresh->adopt(*made, file_, false); !ready)
      return std::unexpected(ready.error());
  }
  return fresh;
}

/// This store works on a file that was written beside another, and has no name yet.
result<> object_store::adopt(replacement& made, const storage& like, bool reopened) {
  auto unnamed = made.release(like.in_memory() ? nullptr : &like.file());
  if (!unnamed) return std::unexpected(unnamed.error());
  temporary_name_ = std::move(unnamed->name);
  const auto judged = read_header(unnamed->content);
  if (!judged) return std::unexpected(judged.error());
  auto loaded = load(std::move(unnamed->content), judged->fields, reopened);
  if (loaded) open_ = true;
  return loaded;
}

/// The new file gets the name, and is what this store works on from here. It has been read before:
/// behind the rename only the sync of the directory can fail.
result<> object_store::take_place(replacement& made) {
  object_store fresh(settings_, place_);
  if (auto ready = fresh.adopt(made, file_, false); !ready) return ready;
  if (auto named = fresh.take_name(true); !named) return named;
  file_ = std::move(fresh.file_);
  header_ = fresh.header_;
  slots_ = std::move(fresh.slots_);
  free_ = std::move(fresh.free_);
  end_ = fresh.end_;
  unclosed_ = tail_written_ = cannot_grow_ = false;
  unmarked_.clear();
  replaced_.clear();
  later_.clear();
  objects_ = header_.objects;
  ++changes_;
  if (auto synced = where_.sync_directory(); !synced) return fence(synced.error());
  return {};
}

result<> object_store::publish(bool replace) {
  const std::scoped_lock lock(mutex_);
  assert(!temporary_name_.empty());
  if (auto ok = writable(); !ok) return ok;
  if (auto saved = save_now(); !saved) return saved;
  if (auto named = take_name(replace); !named) return named;
  if (auto synced = where_.sync_directory(); !synced) return fence(synced.error());
  return {};
}

result<> object_store::take_name(bool replace) {
  // A copy: should there be no memory, the name still says what has to go away.
  file::location::temporary named{std::move(file_.file()), temporary_name_};
  auto done = where_.publish(named, replace);
  file_.file() = std::move(named.file);
  if (done) temporary_name_.clear();
  return done;
}

result<> object_store::still_named() const {
  const std::shared_lock lock(mutex_);
  if (auto ok = usable(); !ok) return ok;
  return where_.still_names(file_.file());
}

result<file::file_status> object_store::status() const {
  const std::shared_lock lock(mutex_);
  if (auto ok = usable(); !ok) return std::unexpected(ok.error());
  return file_.file().status();
}

}  // namespace shelf::dets_format
