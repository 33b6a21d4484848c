// STORES  api -> engine -> [stores] -> journal -> file
// What a table asks of its file, put to a DETS file. How it is opened: dets_opening.cpp.
#include "stores/dets_store.hpp"

#include "stores/dets_object.hpp"
#include "stores/dets_recording.hpp"

#include <algorithm>
#include <cassert>
#include <chrono>

namespace shelf::stores {
namespace {

using journal::op;

/// As OTP does it: a file nobody writes to for so long is made a closed one.
constexpr std::chrono::minutes quiet_before_settling{3};

[[nodiscard]] std::uint64_t size_of(std::span<const journal::change> changes) noexcept {
  std::uint64_t size = 0;
  for (const auto& c : changes) size += c.key.size() + c.value.size() + 1;
  return size;
}

/// Objects one behind the other, and views of them.
class object_list {
 public:
  void reserve(std::size_t count, std::size_t size) {
    content_.reserve(size);
    ends_.reserve(count);
  }
  void add(bytes key, bytes value) {
    compose_object(key, value, one_);
    content_.insert(content_.end(), one_.begin(), one_.end());
    ends_.push_back(content_.size());
  }
  [[nodiscard]] std::vector<bytes> views() const {
    std::vector<bytes> all;
    all.reserve(ends_.size());
    std::size_t from = 0;
    for (const auto end : ends_) {
      all.push_back(bytes(content_).subspan(from, end - from));
      from = end;
    }
    return all;
  }

 private:
  std::vector<std::byte> one_;
  std::vector<std::byte> content_;
  std::vector<std::size_t> ends_;
};

}  // namespace

/// Applies the changes of another file, one by one.
class dets_store::applying final : public journal::visitor {
 public:
  explicit applying(dets_store& to) : to_(to) {}
  result<> visit(const journal::change& c, std::uint64_t) override {
    if (c.what == op::clear) return to_.erase_everything();
    return to_.apply(std::span(&c, 1));
  }
  result<> committed(std::uint64_t) override { return {}; }

 private:
  dets_store& to_;
};

// --- changes -------------------------------------------------------------------------------------

result<> dets_store::append(sequence number, std::span<const journal::change> changes) {
  if (auto why = fence()) return std::unexpected(*why);
  const std::scoped_lock lock(recording_mutex_);
  const recording::promise heard(recording_, number, changes);
  try {
    if (const auto applied = apply(changes); !applied) {
      // An error that does not fence the file has changed nothing in it.
      if (!file_->is_fenced()) return applied;
      return std::unexpected(fence_for(applied.error()));
    }
  } catch (...) {
    if (file_->is_fenced()) set_fence(error(errc::file_error));
    throw;
  }
  if (auto whole = syncs_each_ ? still_whole() : result<>(); !whole) return whole;
  heard.keep();
  const auto given = given_.fetch_add(size_of(changes)) + size_of(changes);
  if (syncs_each_) synced_ = given;
  return {};
}

/// For a write that was made and synced: whether it is in a file that others find. If not, and if
/// there is no memory to say so, it is in doubt.
result<> dets_store::still_whole() try {
  const auto whole = file_->is_whole();
  if (whole) return {};
  return std::unexpected(fence_for(whole.error()));
} catch (...) {
  set_fence(error(errc::file_error));
  throw;
}

result<> dets_store::apply(std::span<const journal::change> changes) {
  if (changes.size() > 1) return apply_batch(changes);
  const auto told = [](const auto& r) { return r ? result<>() : std::unexpected(r.error()); };
  const auto& c = changes.front();
  switch (c.what) {
    case op::put:
    case op::append: compose_object(c.key, c.value, object_); return told(file_->insert(object_));
    case op::erase: return told(file_->erase(c.key));
    case op::erase_value:
      compose_object(c.key, c.value, object_);
      return told(file_->erase_object(object_));
    case op::clear: return told(file_->clear());
    default: return {};  // notes and the catalogue are not for this format
  }
}

result<> dets_store::apply_batch(std::span<const journal::change> changes) {
  using verb = dets_format::object_store::one_change::verb;
  object_list objects;
  objects.reserve(changes.size(), size_of(changes) + 2 * changes.size());
  std::vector<dets_format::object_store::one_change> edits;
  edits.reserve(changes.size());
  for (const auto& c : changes) {
    assert(c.what != op::clear && "a clear comes alone");
    if (c.what == op::erase) edits.push_back({verb::erase, c.key});
    const bool inserts = c.what == op::put || c.what == op::append;
    if (!inserts && c.what != op::erase_value) continue;
    objects.add(c.key, c.value);
    edits.push_back({inserts ? verb::insert : verb::erase_object, {}});
  }
  std::size_t next = 0;
  const auto views = objects.views();
  for (auto& e : edits) {
    if (e.what != verb::erase) e.content = views[next++];
  }
  return file_->change_all(edits);
}

/// As clear does, but key by key: a file without a name of its own cannot be replaced.
result<> dets_store::erase_everything() {
  std::vector<std::vector<std::byte>> keys;
  auto read = file_->for_each([&](bytes object) {
    const auto key = dets_format::element_at(object, 1);
    keys.emplace_back(key.begin(), key.end());
    return true;
  });
  if (!read) return read;
  for (const auto& key : keys) {
    if (auto gone = file_->erase(key); !gone) return std::unexpected(gone.error());
  }
  return {};
}

result<> dets_store::catch_up(reading& from) {
  applying here(*this);
  return from.next(here);
}

// --- the disk ------------------------------------------------------------------------------------

result<> dets_store::sync() {
  if (auto why = fence()) return std::unexpected(*why);
  const auto given = given_.load();
  if (synced_ >= given) return {};
  auto synced = told(file_->sync_changes());
  if (synced) synced_ = given;
  return synced;
}

result<> dets_store::sync_and_settle() {
  if (auto why = fence()) return std::unexpected(*why);
  const auto given = given_.load();
  auto saved = told(file_->save());
  if (saved) synced_ = settled_ = given;
  return saved;
}

result<> dets_store::work_due() {
  if (is_fenced() || is_settled()) return {};
  const auto given = given_.load();
  const auto now = where_->system().now();
  if (unsettled_at_ != given) {
    unsettled_at_ = given;
    settle_at_ = now + quiet_before_settling;
  }
  if (now < settle_at_) return {};
  return sync_and_settle();
}

result<> dets_store::close() {
  if (auto why = fence()) return std::unexpected(*why);
  return told(file_->close());
}

result<> dets_store::allow_several_tables() {
  return std::unexpected(
      error(errc::unsupported_version, where_->path() + ": a DETS file holds one table"));
}

result<std::shared_ptr<file_store>> dets_store::save(const unsaved_state& state) {
  return write_whole({}, state.all, {});
}

result<std::shared_ptr<file_store>> dets_store::write_whole(const state_name&,
                                                            std::span<const table_image> tables,
                                                            const progress& tell) const {
  assert(tables.size() == 1 && "a DETS file holds one table");
  const auto& from = tables.front();
  if (from.as->what == kind::ordered_set) {
    return std::unexpected(
        error(errc::wrong_kind, where_->path() + ": a DETS file cannot hold an ordered_set"));
  }
  entry_pieces source(from);
  auto made = file_->write_beside(from.as->what, source.pieces(), source, tell);
  if (!made) return std::unexpected(made.error());
  auto ready = std::make_shared<dets_store>(where_, *from.as, std::move(*made));
  ready->syncs_each_ = syncs_each_;
  return ready;
}

result<std::uint64_t> dets_store::names() const {
  const auto status = file_->status();
  if (!status) return std::unexpected(status.error());
  return status->links;
}

// --- the fence -----------------------------------------------------------------------------------

std::optional<error> dets_store::fence() const {
  if (!is_fenced()) return std::nullopt;
  const std::scoped_lock lock(fence_mutex_);
  return writing_stopped(where_->path(), *fence_);
}

void dets_store::set_fence(const error& cause) noexcept {
  const std::scoped_lock lock(fence_mutex_);
  if (!fence_) fence_ = cause;
  is_fenced_.store(true, std::memory_order_release);
}

error dets_store::fence_for(const error& cause) {
  set_fence(cause);
  return shelf::in_doubt(cause);
}

/// The file's own fence is the table's as well.
result<> dets_store::told(result<> done) {
  if (done || !file_->is_fenced()) return done;
  if (done.error() == errc::replaced) {
    set_fence(done.error());
    return done;
  }
  return std::unexpected(fence_for(done.error()));
}

// --- figures -------------------------------------------------------------------------------------

std::size_t dets_store::expected_entries() const noexcept { return file_->size(); }

file_figures dets_store::figures(const live_figures&) const {
  const auto given = given_.load();
  file_figures f{.unsynced_bytes = given - std::min(given, synced_.load())};
  if (const auto i = file_->info()) {
    f.bytes = i->file_bytes;
    f.garbage_bytes = i->free_bytes;
  }
  return f;
}

bool dets_store::is_mostly_garbage(const live_figures&, std::uint64_t min_bytes,
                                   std::uint32_t factor) const {
  const auto status = file_->status();
  if (!status || status->size < min_bytes) return false;
  const auto i = file_->info();
  return i && i->file_bytes / factor > i->file_bytes - std::min(i->file_bytes, i->free_bytes);
}

}  // namespace shelf::stores
