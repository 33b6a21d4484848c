// TABLE  api -> [table] -> journal -> file
// A new file with the live entries alone: compact while writers go on, recover after the disk
// failed.
#include "table/epoch.hpp"
#include "table/loader.hpp"
#include "table/store.hpp"

#include <algorithm>
#include <optional>

namespace shelf::tables {
namespace {

constexpr std::uint64_t least_journal_to_compact = std::uint64_t{64} << 20;
constexpr std::uint64_t garbage_factor =
    2;  ///< compact when the file is more than twice what is live
constexpr std::uint64_t record_overhead = 8;
constexpr std::uint64_t small_tail = std::uint64_t{64} << 10;
constexpr int most_rounds = 16;

/// Copies the batches of the old file behind the pinned version, one by one, sequence numbers kept.
class tail_copy final : public journal::visitor {
 public:
  explicit tail_copy(journal::journal_file& to) : to_(to) {}
  result<> visit(const journal::change& c, std::uint64_t number) override {
    if (c.what == journal::op::note || c.what == journal::op::seal) return {};
    if (!in_batch_) to_.begin(number);
    in_batch_ = true;
    return to_.add(c);
  }
  result<> committed(std::uint64_t) override {
    if (!std::exchange(in_batch_, false)) return {};
    return to_.commit();
  }

 private:
  journal::journal_file& to_;
  bool in_batch_ = false;
};

}  // namespace

bool store::wants_compaction() const {
  const auto end = journal_->end();
  if (end < least_journal_to_compact) return false;
  const epoch_guard guard;
  const auto* c = current_.load(std::memory_order_acquire);
  if (c == nullptr) return false;
  const auto live = c->payload_bytes() + record_overhead * c->size() + journal::frames_start;
  return end > garbage_factor * live;
}

result<std::unique_ptr<journal::journal_file>> store::write_whole(
    const held_version& from, sequence number, const table_description& as) const {
  auto made = journal::journal_file::create(*where_, journal_->store_id(), journal_settings());
  if (!made) return made;
  if (auto like = (*made)->copy_mode_of(*journal_); !like) return std::unexpected(like.error());
  auto& j = **made;
  j.begin(number);
  const auto d = encode_description(as);
  auto done = j.add({journal::op::table_created, 0, 1, as_bytes(d.key), as_bytes(d.value)});
  const auto what = is_bag(as.what) ? journal::op::append : journal::op::put;
  const auto walk = from.walk();
  for (auto some = walk->next(); done && !some.empty(); some = walk->next()) {
    for (const auto* e : some) {
      done = j.add({what, 0, 1, e->key(), e->value()});
      if (!done) break;
    }
  }
  if (done) done = j.commit();
  // Most of the file is synced here, outside the turn; take_up syncs the little that follows.
  if (done) done = j.sync_unpublished();
  if (!done) return std::unexpected(done.error());
  return made;
}

/// In the turn: the fresh file takes the table's name, and the journal goes on in it.
result<> store::take_up(std::unique_ptr<journal::journal_file> fresh) {
  // All memory it takes, before the rename.
  std::shared_ptr<journal::journal_file> next = std::move(fresh);
  auto published = next->publish(true);
  // An error before the rename leaves the old file in place and in use.
  if (!published && !next->is_fenced()) return published;
  const std::scoped_lock lock(notes_);
  journal_ = std::move(next);
  return published;
}

result<> store::compact() {
  if (auto can = may_manage(); !can) return can;
  if (is_checking()) return std::unexpected(labelled(errc::busy));
  const std::scoped_lock lock(life_);
  if (!journal_) return std::unexpected(labelled(errc::table_closed));
  if (auto why = journal_->fence()) return std::unexpected(*why);
  if (auto named = check_name(); !named) return named;
  return compact_locked();
}

result<> store::compact_locked() {
  if (auto alone = check_only_name(); !alone) return alone;
  if (config_.mode == write_mode::back) return compact_saved_state();
  std::uint64_t mark = 0;
  auto from = [&] {
    const std::scoped_lock lock(turn_);
    mark = journal_->end();
    return std::optional<held_version>(std::in_place, owned_);
  }();
  auto fresh = write_whole(*from, std::max<sequence>(from->at(), 1), description_);
  from.reset();
  if (!fresh) return std::unexpected(fresh.error());
  tail_copy copy(**fresh);
  for (int round = 0; round < most_rounds && journal_->end() - mark > small_tail; ++round) {
    const auto end = journal_->end();
    if (auto copied = journal_->replay(mark, end, copy); !copied) return copied;
    if (auto synced = (*fresh)->sync_unpublished(); !synced) return synced;
    mark = end;
  }
  const std::scoped_lock lock(turn_);
  if (auto why = journal_->fence()) return std::unexpected(*why);
  if (auto copied = journal_->replay(mark, journal_->end(), copy); !copied) return copied;
  return take_up(std::move(*fresh));
}

/// Write-back: what is compacted is what was saved last; unsaved changes stay unsaved.
result<> store::compact_saved_state() {
  loader load(
      types_, config_.missing_fields, config_.path, [this](sequence s) { return make_contents(s); },
      0);
  load.trust();
  if (auto read = journal_->replay(journal::frames_start, journal_->end(), load); !read) {
    return read;
  }
  const auto saved = load.finish();
  if (!saved) return std::unexpected(saved.error());
  auto fresh = write_whole(held_version(*saved), std::max<sequence>(journal_->last_sequence(), 1),
                           description_);
  if (!fresh) return std::unexpected(fresh.error());
  const std::scoped_lock lock(turn_);
  return take_up(std::move(*fresh));
}

/// At open, when nobody else has the table yet: the file becomes what memory is.
result<> store::rewrite_from_memory() {
  if (auto alone = check_only_name(); !alone) return alone;
  auto fresh = write_whole(held_version(owned_), ++sequence_, description_);
  if (!fresh) return std::unexpected(fresh.error());
  return take_up(std::move(*fresh));
}

result<> store::check_only_name() const {
  const auto status = journal_->file().status();
  if (!status) return std::unexpected(status.error());
  if (status->links <= 1) return {};
  return std::unexpected(
      error(errc::invalid_path, label_ + ": the file has several names (hard links); a new file "
                                         "would take one of them only"));
}

result<> store::recover() {
  if (auto can = may_manage(); !can) return can;
  if (is_checking()) return std::unexpected(labelled(errc::busy));
  const std::scoped_lock lock(life_);
  if (!journal_) return std::unexpected(labelled(errc::table_closed));
  if (!journal_->is_fenced()) return {};
  // The fence keeps writers out; memory is what was acknowledged, no more and no less.
  const std::scoped_lock in_turn(turn_);
  const bool named = journal_->still_named().has_value();
  const auto number = ++sequence_;
  auto fresh = write_whole(held_version(owned_), number, description_);
  if (!fresh) return std::unexpected(fresh.error());
  std::shared_ptr<journal::journal_file> next = std::move(*fresh);
  auto published = next->publish(named);
  if (!published && published.error() == std::errc::file_exists) {
    return std::unexpected(error(errc::replaced, label_ + ": another file stands under this name; "
                                                          "move it away, then recover() again"));
  }
  if (!published && !next->is_fenced()) return published;
  {
    const std::scoped_lock notes(notes_);
    journal_ = std::move(next);
  }
  if (!published) return published;
  (void)owned_->take_unsaved();
  owned_->settle_unsaved();
  cleared_ = false;
  return {};
}

}  // namespace shelf::tables
