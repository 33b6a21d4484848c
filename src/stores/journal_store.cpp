// STORES  api -> engine -> [stores] -> journal -> file
// What a table asks of its file, put to a journal.
#include "stores/journal_store.hpp"

#include "file/seeded_bug.hpp"
#include "journal/journal_view.hpp"
#include "journal/record.hpp"
#include "stores/sealed_file.hpp"
#include "stores/state_image.hpp"

#include <algorithm>
#include <cassert>
#include <chrono>
#include <utility>
#include <vector>

namespace shelf::stores {
namespace {

using journal::frames_start;
using journal::journal_file;
using journal::op;

constexpr std::uint64_t record_overhead = 8;

[[nodiscard]] journal_file::settings settings_of(const file_options& o) {
  return {.write_ahead = o.config.mode == write_mode::durable,
          .mapped = o.config.io == file_io::mapped};
}

/// Copies the batches of another file, one by one, sequence numbers kept.
class tail_copy final : public journal::visitor {
 public:
  explicit tail_copy(journal_file& to) : to_(to) {}
  result<> visit(const journal::change& c, std::uint64_t number) override {
    if (c.what == op::note || c.what == op::seal) return {};
    // No table is made, dropped or renamed meanwhile: it tells the indexes, which the catalog of
    // the new file has already.
    if (c.what == op::table_changed) return {};
    assert((!in_batch_ || number == number_) && number >= number_ && "batch by batch, in order");
    number_ = number;
    if (!in_batch_) to_.begin(number);
    in_batch_ = true;
    return to_.add(c);
  }
  result<> committed(std::uint64_t) override {
    if (!std::exchange(in_batch_, false)) return {};
    return to_.commit();
  }

 private:
  journal_file& to_;
  bool in_batch_ = false;
  std::uint64_t number_ = 0;  ///< of the last batch
};

[[nodiscard]] std::uint64_t live_bytes(const live_figures& live) noexcept {
  return live.payload_bytes + record_overhead * live.entries + frames_start;
}

}  // namespace

class journal_store::journal_reading final : public reading {
 public:
  journal_reading(const journal_file& of, std::uint64_t mark) : of_(of), mark_(mark) {}
  std::uint64_t waiting() const noexcept override { return of_.end() - mark_; }
  result<> next(journal::visitor& out) override {
    const auto end = of_.end();
    assert(mark_ <= end && "committed batches stay");
    auto read = of_.replay(mark_, end, out);
    if (read) mark_ = end;
    return read;
  }

 private:
  const journal_file& of_;
  std::uint64_t mark_;
};

journal_store::journal_store(std::shared_ptr<file::location> where, journal_file::settings settings,
                             const history& kept, bool saves_later,
                             std::unique_ptr<journal_file> file)
    : where_(std::move(where)),
      settings_(settings),
      file_(std::move(file)),
      marks_(kept),
      saves_later_(saves_later) {
  const auto& r = file_->recovered();
  marks_.begin(r.found.parts, r.found.marks);
  found_ = {.batches = r.found.batches,
            .cut_bytes = r.found.torn_bytes,
            .clean = r.clean || r.found.batches == 0,
            .repaired = {}};
}

result<std::shared_ptr<file_store>> journal_store::open(const file_options& o) {
  o.where->sweep_temporaries();
  const auto settings = settings_of(o);
  auto opened = journal_file::open(*o.where, settings, o.config.tell_checked);
  if (!opened) return std::unexpected(opened.error());
  return std::make_shared<journal_store>(o.where, settings, o.config.history,
                                         o.config.mode == write_mode::back, std::move(*opened));
}

result<std::shared_ptr<file_store>> journal_store::create(
    const file_options& o, std::span<const table_description> tables) {
  auto settings = settings_of(o);
  settings.several_tables = tables.size() != 1;
  auto made = journal_file::create(*o.where, draw_store_id(o.where->system()), settings);
  if (!made) return std::unexpected(made.error());
  // All memory it takes, before the file has a name.
  auto ready = std::make_shared<journal_store>(o.where, settings, o.config.history,
                                               o.config.mode == write_mode::back, std::move(*made));
  auto& j = *ready->file_;
  j.begin(1);
  result<> done;
  for (std::uint32_t id = 1; done && id <= tables.size(); ++id) {
    done = add_to_catalogue(j, id, &tables[id - 1]);
  }
  if (done && tables.empty()) done = add_to_catalogue(j, 0, nullptr);
  if (done) done = j.commit();
  ready->marks_.begin({j.end(), j.end(), j.end()}, {});
  // After the rename only: a name whose directory could not be synced must not be found and
  // believed by the next open. What others put under it meanwhile is theirs.
  const auto withdraw = [&] {
    if (j.is_fenced() && j.still_named()) (void)o.where->unlink();
  };
  try {
    if (done) done = j.publish(false);
  } catch (...) {
    withdraw();
    throw;
  }
  if (done) return ready;
  withdraw();
  return std::unexpected(done.error());
}

result<found_at_open> journal_store::read(const file_options& o, journal::visitor& out) {
  auto view = journal::journal_view::open(*o.where, o.config.tell_checked);
  if (!view) return std::unexpected(view.error());
  if (auto read = (*view)->replay(out); !read) return std::unexpected(read.error());
  const auto& found = (*view)->found();
  return found_at_open{.batches = found.batches,
                       .cut_bytes = found.torn_bytes,
                       .clean = found.torn_bytes == 0,
                       .several_tables = (*view)->has_several_tables(),
                       .repaired = {},
                       .view = std::move(*view)};
}

result<> journal_store::read_all(journal::visitor& out) const {
  return file_->replay(frames_start, file_->end(), out);
}

std::size_t journal_store::expected_entries() const noexcept {
  const auto& found = file_->recovered().found;
  return std::min<std::size_t>(found.changes, found.end / 32);
}

result<> journal_store::verify() const {
  const auto whole = file_->verify();
  return whole ? result<>() : std::unexpected(whole.error());
}

result<std::unique_ptr<reading>> journal_store::follow(start from) {
  const auto mark = from == start::now ? file_->end() : frames_start;
  return std::make_unique<journal_reading>(*file_, mark);
}

/// The records in front of the changes of a batch.
result<> journal_store::begin_batch(sequence number, bool declares) {
  file_->begin(number);
  auto done = marks_.are_wanted() ? add_moment() : result<>();
  if (!declares) [[likely]]
    return done;
  for (const auto& d : declared_) {
    const auto text = encode_description(d.as);
    if (done) {
      done = file_->add({op::table_changed, 0, d.id, as_bytes(text.key), as_bytes(text.value)});
    }
  }
  return done;
}

result<> journal_store::append(sequence number, std::span<const journal::change> changes) {
  assert(!changes.empty() && number > file_->last_sequence() && "each batch has its own number");
  // In write-back mode the file is not yet what the indexes were built over.
  const bool declares = !declared_.empty() && !saves_later_;
  if (declares) {
    if (auto allowed = file_->allow_several_tables(); !allowed) return allowed;
  }
  journal::unfinished_batch batch(*file_);
  auto done = begin_batch(number, declares);
  for (const auto& c : changes) {
    if (!done) break;
    done = file_->add_in_place(c);
  }
  if (done) done = file_->commit();
  batch.ended();
  if (!done) return std::unexpected(file_->roll_back(done.error()));
  if (declares) declared_.clear();
  return {};
}

/// In front of the changes of a batch, once per second. A batch that fails takes its moment with
/// it: those that follow within the second do without.
result<> journal_store::add_moment() {
  const auto now = wall_time();
  if (!marks_.is_due(now)) return {};
  const auto encoded = journal::encode_time(now);
  auto done = file_->add({.what = op::moment, .flags = 0, .table = 0, .key = {}, .value = encoded});
  if (done) marks_.note(now, file_->end());
  return done;
}

std::uint64_t journal_store::wall_time() const {
  using ms = std::chrono::milliseconds;
  const auto now = std::chrono::duration_cast<ms>(where_->system().wall_clock()).count();
  return static_cast<std::uint64_t>(std::max<ms::rep>(now, 0));
}

/// One batch: its cost follows the change, not the table.
result<std::shared_ptr<file_store>> journal_store::save(const unsaved_state& state) {
  if (state.compact) return write_whole(next_state(state.number), state.all, {});
  assert(state.number > file_->last_sequence());
  const bool declares = !declared_.empty();
  if (declares) {
    if (auto allowed = file_->allow_several_tables(); !allowed) {
      return std::unexpected(allowed.error());
    }
  }
  journal::unfinished_batch batch(*file_);
  auto done = begin_batch(state.number, declares);
  for (const auto& t : state.changed) {
    if (done && t.cleared) done = file_->add({op::clear, 0, t.id, {}, {}});
    for (const auto& u : t.changes) {
      if (!done) break;
      const bool has_value = u.what != op::erase;
      const auto until = u.which->until();
      done = file_->add_in_place({u.what, journal::flags_for(until), t.id, u.which->key(),
                                  has_value ? u.which->value() : bytes{}, until});
    }
  }
  if (done) done = file_->commit();
  batch.ended();
  if (!done) return std::unexpected(file_->roll_back(done.error()));
  if (declares) declared_.clear();
  if (auto synced = file_->sync(); !synced) return std::unexpected(synced.error());
  return nullptr;
}

result<std::shared_ptr<file_store>> journal_store::write_whole(const state_name& wanted,
                                                               std::span<const table_image> tables,
                                                               const progress& tell) const {
  auto as = wanted;
  if (file::has_bug(file::seeded_bug::position_reset_by_compaction)) {
    as = {{{}, wanted.id.sequence}, {.era = 1, .nonce = 0}};
  }
  auto settings = settings_;
  settings.sync_on_the_way = static_cast<bool>(tell);
  settings.several_tables = are_several(tables);
  settings.written_in = as.written_in;
  auto made = journal_file::create(*where_, file_->store_id(), settings);
  if (!made) return std::unexpected(made.error());
  auto ready = std::make_shared<journal_store>(where_, settings_, marks_.kept(), saves_later_,
                                               std::move(*made));
  assert(as.id.sequence > 0 && !tables.empty() && "even an empty database knows its highest id");
  if (auto like = ready->file_->copy_mode_of(*file_); !like) return std::unexpected(like.error());
  auto retained = find_retained(as.changes_end);
  if (!retained) return std::unexpected(retained.error());
  auto done = result<>();
  // History may be about deadlines when no entry has one any more.
  if (*retained && file_->has_deadlines()) done = ready->file_->allow_deadlines();
  if (done) done = ready->write_state(as, tables, tell, retained->get());
  // Most of the file is synced here, outside the turn; publish syncs the little that follows.
  if (done) done = ready->file_->sync_unpublished();
  if (!done) return std::unexpected(done.error());
  return ready;
}

/// The changes that are to be kept of those that lead to the state; null if there are none.
result<std::unique_ptr<journal::trail>> journal_store::find_retained(std::uint64_t end) const {
  if (!marks_.are_wanted() || end == 0) return nullptr;
  auto t = open_trail();
  if (!t) return t;
  if (auto there = go_to_retained(**t, marks_.limits_at(wall_time()), end); !there) {
    return std::unexpected(there.error());
  }
  const auto first = (*t)->look(end);
  if (!first) return std::unexpected(first.error());
  if (!*first) return nullptr;
  return t;
}

/// The first batches of a new file.
result<> journal_store::write_state(const state_name& as, std::span<const table_image> tables,
                                    const progress& tell, journal::trail* retained) {
  auto& j = *file_;
  const auto begin = [&](const journal::batch_id& id) {
    id.of == journal::session{} ? j.begin(id.sequence) : j.begin_as(id);
  };
  begin(retained != nullptr ? retained->behind() : as.id);
  auto done = add_to_catalogue(j, tables);
  journal::layout parts;
  std::vector<journal::time_mark> marks;
  if (done && retained != nullptr) {
    done = j.commit();
    parts.first_end = j.end();
    auto copied = done ? copy_retained(*retained, as.changes_end, j)
                       : result<std::vector<journal::time_mark>>();
    if (done && !copied) done = std::unexpected(copied.error());
    if (done) marks = std::move(*copied);
    parts.history_end = j.end();
    begin(as.id);
    // A batch has a record, also if no table has an entry.
    if (done && count_entries(tables) == 0) done = j.add(journal::change{});
  }
  if (done) done = add_entries(j, tables, tell);
  if (done) done = j.commit();
  parts.state_end = j.end();
  if (retained == nullptr) parts.first_end = parts.history_end = parts.state_end;
  marks_.begin(parts, std::move(marks));
  return done;
}

result<> journal_store::catch_up(reading& from) {
  tail_copy copy(*file_);
  return from.next(copy);
}

result<std::uint64_t> journal_store::names() const {
  const auto status = file_->file().status();
  if (!status) return std::unexpected(status.error());
  return status->links;
}

result<std::unique_ptr<journal::trail>> journal_store::open_trail() const {
  auto opened = journal::trail::open(*where_);
  if (!opened) return opened;
  if (end_of(**opened) != 0) return opened;
  return std::unexpected(
      error(errc::replaced, where_->path() + ": another file has taken its name"));
}

file_figures journal_store::figures(const live_figures& live) const {
  const auto end = file_->end();
  // What the library noted for itself behind the last change is nobody's loss.
  const auto synced = file_->is_durable() ? end : std::min(end, file_->durable_up_to());
  assert(end >= frames_start);
  const auto kept = marks_.bytes_at(wall_time(), end);
  return {.bytes = end,
          .garbage_bytes = end - std::min<std::uint64_t>(end, live_bytes(live) + kept),
          .history_bytes = kept,
          .unsynced_bytes = end - synced,
          .era = file_->era()};
}

bool journal_store::is_mostly_garbage(const live_figures& live, std::uint64_t min_bytes,
                                      std::uint32_t factor) const {
  const auto end = file_->end();
  // Divided, not multiplied: any factor may be asked for.
  return end >= min_bytes && end / factor > live_bytes(live) + marks_.bytes_at(wall_time(), end);
}

}  // namespace shelf::stores
