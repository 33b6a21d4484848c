// ENGINE  api -> [engine] -> stores -> journal -> file
// A backup of an open database: one pinned moment of it, or what changed since an earlier one.
#include "shelf/backup.hpp"
#include "engine/instance.hpp"
#include "stores/file_backup.hpp"
#include "stores/sealed_file.hpp"
#include "stores/state_image.hpp"

#include <deque>
#include <optional>
#include <utility>
#include <vector>

namespace shelf::engine {
namespace {

using stores::sealed_file;

constexpr int tries = 10;  ///< a compaction may replace the file between our looks at it

}  // namespace

/// A moment, and what the batch is called that leads to it.
struct instance::backup_moment {
  table_images all;
  std::deque<stores::table_description> descriptions = {};  ///< as they are at the moment
  stores::state_name as;
  bool is_named = true;  ///< in the file
};

result<> instance::may_be_backed_up() const {
  if (is_forked()) return std::unexpected(labelled(errc::forked));
  if (auto has = has_file(); !has) return has;
  if (!is_open()) return std::unexpected(labelled(errc::table_closed));
  if (is_checking()) return std::unexpected(labelled(errc::busy));
  if (config_.format == file_format::native) return {};
  return std::unexpected(
      error(errc::invalid_argument,
            label_ + ": a DETS file has no backups; copy it while it is closed, or convert it"));
}

result<backup_report> instance::backup_to(const std::string& path, const backup_options& how) {
  if (auto can = may_be_backed_up(); !can) return std::unexpected(can.error());
  // A close on another thread lets go of it.
  const auto where = [this] {
    const std::scoped_lock lock(commits_);
    return where_;
  }();
  if (!where) return std::unexpected(labelled(errc::table_closed));
  if (!writes_file()) {
    // The writer is another process, and what it has written is in the file.
    return stores::back_up_file(*where, path, how);
  }
  {
    const std::scoped_lock lock(life_);
    if (file_ && !file_->is_fenced()) (void)file_.check_name();
  }
  // A fenced database may have lost its file: it can be backed up all the same.
  auto source = stores::look_at_origin(*where);
  if (!source && !file_is_lost()) return std::unexpected(source.error());
  std::vector<const file::open_file*> sources;
  if (source) sources.push_back(&source->file);
  auto to = sealed_file::claim(system_, {path, how.base_directory, how.replace}, sources);
  if (!to) return std::unexpected(to.error());
  if (how.since) {
    auto made = back_up_changes(how, *to);
    if (!made) return std::unexpected(made.error());
    if (*made) return **made;
  }
  return back_up_whole(source ? &*source : nullptr, how, *to);
}

bool instance::file_is_lost() const {
  const auto f = file_.current();
  return f && f->is_fenced();
}

/// Nothing, if the file does not have all of it.
result<std::optional<backup_report>> instance::back_up_changes(const backup_options& how,
                                                               sealed_file& to) {
  result<std::unique_ptr<journal::trail>> from;
  std::uint64_t end = 0;
  for (int i = 0; i < tries && end == 0; ++i) {
    from = open_trail();
    if (!from && from.error() == errc::replaced) continue;
    if (!from) return std::unexpected(from.error());
    end = end_of(**from);
  }
  if (end == 0 || file_is_lost()) return std::nullopt;
  const auto batches =
      stores::write_increment(**from, end, *how.since, static_cast<bool>(how.tell), to);
  if (!batches) return std::unexpected(batches.error());
  if (!*batches) return std::nullopt;
  if (auto done = to.finish(); !done) return std::unexpected(done.error());
  return backup_report{.extent = backup_extent::increment,
                       .position = to.position(),
                       .batches = **batches,
                       .bytes = to.bytes()};
}

/// The present moment. In write_mode::back it is saved first: a backup holds what the file has.
result<instance::backup_moment> instance::moment_to_back_up() {
  const std::scoped_lock lock(life_);
  if (!file_) return std::unexpected(labelled(errc::table_closed));
  backup_moment m;
  const auto keep_descriptions = [&m] {
    for (auto& t : m.all.tables) {
      if (t.as != nullptr) t.as = &m.descriptions.emplace_back(*t.as);
    }
  };
  if (config_.mode == write_mode::back && !file_->is_fenced()) {
    if (auto whole = may_write_file(); !whole) return std::unexpected(whole.error());
    if (auto saved = save_locked(&m.all); !saved) return std::unexpected(saved.error());
    const std::scoped_lock in_turn(commits_);
    m.as = file_->same_state();
    keep_descriptions();
    return m;
  }
  const std::scoped_lock in_turn(commits_);
  m.is_named = !file_->is_fenced();
  m.as = m.is_named ? file_->same_state() : file_->new_state(commits_.draw());
  m.all = images();
  keep_descriptions();
  return m;
}

result<backup_report> instance::back_up_whole(const stores::origin* source,
                                              const backup_options& how, sealed_file& to) {
  auto m = moment_to_back_up();
  if (!m) return std::unexpected(m.error());
  auto settings =
      journal::journal_file::settings{.sync_on_the_way = static_cast<bool>(how.tell),
                                      .several_tables = stores::are_several(m->all.tables),
                                      .written_in = m->as.written_in};
  // Sealed in a session of its own: of batches that the database writes from here on in the present
  // one, a restored file knows that they were rolled back.
  if (m->is_named) settings.written_in = {.era = m->as.id.of.era + 2, .nonce = 0};
  auto id =
      m->is_named && source != nullptr ? source->header.store_id : stores::draw_store_id(system_);
  auto done = to.begin(id, settings, source != nullptr ? &source->file : nullptr);
  if (done) done = stores::write_tables(m->as, m->all.tables, how.tell, to);
  if (!done) return std::unexpected(done.error());
  m->all = {};
  if (done = to.finish(); !done) return std::unexpected(done.error());
  return backup_report{
      .extent = backup_extent::whole, .position = to.position(), .batches = 1, .bytes = to.bytes()};
}

}  // namespace shelf::engine
