// ENGINE  api -> [engine] -> stores -> journal -> file
// An open database becomes what a backup holds.
#include "engine/instance.hpp"
#include "engine/loader.hpp"
#include "error/printable.hpp"
#include "journal/journal_view.hpp"
#include "stores/backup_chain.hpp"
#include "stores/sealed_file.hpp"

#include <algorithm>
#include <cassert>
#include <limits>
#include <utility>
#include <vector>

namespace shelf::engine {
namespace {

/// A table as it is to be.
struct coming_table {
  live_table* into = nullptr;  ///< null: it is added
  std::unique_ptr<live_table> added;
  std::shared_ptr<contents> all;
};

[[nodiscard]] bool is_described_alike(const table_description& a, const table_description& b) {
  return a.what == b.what && a.key_schema == b.key_schema && a.value_schema == b.value_schema;
}

}  // namespace

/// What becomes of each table. Nothing has happened yet.
class instance::restored_tables {
 public:
  restored_tables(instance& of, file_loader& loaded, std::string path)
      : of_(of), loaded_(loaded), path_(std::move(path)) {}

  /// `is_own`: the backup is one of this database, so what it lacks did not exist then.
  [[nodiscard]] result<> check(bool is_own) const;
  /// In the turn. Throws std::bad_alloc.
  [[nodiscard]] result<> prepare();
  [[nodiscard]] std::vector<table_image> images() const;
  /// In the turn, in a group that is open: from here on only publishing is left.
  void stage(group& to);
  void add(sequence number) noexcept;

 private:
  [[nodiscard]] table_loader* loader_of(const live_table& t) const noexcept {
    for (auto& [id, l] : loaded_.tables()) {
      if (l.load->description().name == t.description().name) return l.load.get();
    }
    return nullptr;
  }
  [[nodiscard]] std::unexpected<error> refused(errc code, const std::string& name,
                                               const char* why) const {
    return std::unexpected(error(code, path_ + ": table " + detail::printable(name) + ": " + why));
  }
  void join(contents& c) const {
    c.join(of_.commits_.shared_board());
    if (c.indexes) c.indexes->join(of_.commits_.shared_board());
  }

  instance& of_;
  file_loader& loaded_;
  const std::string path_;
  std::vector<coming_table> coming_;
  std::uint32_t highest_ = 0;
};

result<> instance::restored_tables::check(bool is_own) const {
  for (const auto& t : of_.tables_) {
    if (t->held() == nullptr) continue;
    const auto& as = t->description();
    const auto* const l = loader_of(*t);
    const bool is_wanted = t->is_typed();
    if (l == nullptr) {
      if (is_own || !is_wanted || as.in_memory) continue;
      return refused(errc::not_found, as.name, "the backup is of another database and lacks it");
    }
    if (l->description().in_memory != as.in_memory) {
      return refused(errc::invalid_argument, as.name, "it is kept in memory in one of the two");
    }
    if (!is_wanted && !is_described_alike(l->description(), as)) {
      return refused(errc::type_mismatch, as.name,
                     "it has other types in the backup, and the program has not declared it");
    }
  }
  if (!of_.is_lone_ || of_.tables_.size() != 1) return {};
  const auto& only = of_.tables_.front()->description().name;
  for (auto& [id, l] : loaded_.tables()) {
    if (l.load->description().name == only) continue;
    return refused(errc::wrong_kind, l.load->description().name,
                   "the file to restore into has one table, which is another one");
  }
  return {};
}

result<> instance::restored_tables::prepare() {
  highest_ = of_.highest_id_;
  for (const auto& t : of_.tables_) {
    if (t->held() == nullptr || t->description().in_memory) continue;
    coming_table c{.into = t.get(), .added = nullptr, .all = nullptr};
    if (auto* const l = loader_of(*t)) {
      c.all = l->take();
      of_.commits_.continue_after(l->version());
      join(*c.all);
    } else {
      c.all = t->make_contents();
    }
    coming_.push_back(std::move(c));
  }
  for (auto& [id, l] : loaded_.tables()) {
    const auto& as = l.load->description();
    if (auto* const known = of_.find(as.name); known != nullptr && known->held() != nullptr) {
      continue;
    }
    if (highest_ == std::numeric_limits<std::uint32_t>::max()) {
      return refused(errc::size_limit_exceeded, as.name, "the file has used the last table id");
    }
    coming_table c{.into = nullptr,
                   .added = of_.make_table(++highest_, as, types_of(as)),
                   .all = l.load->take()};
    of_.commits_.continue_after(l.load->version());
    join(*c.all);
    coming_.push_back(std::move(c));
  }
  const auto room = of_.tables_.size() + coming_.size();
  of_.commits_.expect_tables(room);
  const std::scoped_lock names(of_.names_);
  of_.tables_.reserve(room);
  return {};
}

std::vector<table_image> instance::restored_tables::images() const {
  std::vector<table_image> all;
  for (const auto& t : of_.tables_) {
    if (t->held() == nullptr || !t->description().in_memory) continue;
    all.push_back({.id = t->id(), .as = &t->description()});
  }
  for (const auto& c : coming_) {
    const auto& t = c.into != nullptr ? *c.into : *c.added;
    const auto* const entries = t.description().in_memory ? nullptr : c.all.get();
    all.push_back({.id = t.id(),
                   .as = &t.description(),
                   .all = entries,
                   .at = entries != nullptr ? entries->published() : 0});
  }
  const auto is_highest = [&](const table_image& t) { return t.id == highest_; };
  if (all.empty() || std::ranges::none_of(all, is_highest)) all.push_back({.id = highest_});
  std::ranges::sort(all, {}, &table_image::id);
  return all;
}

void instance::restored_tables::stage(group& to) {
  to.noted.reserve(to.noted.size() + coming_.size());
  for (auto& c : coming_) {
    if (c.into == nullptr) continue;
    c.into->stage_fresh(std::move(c.all), table_event::reset, to);
    c.into->unsaved_bytes() = 0;
  }
}

void instance::restored_tables::add(sequence number) noexcept {
  for (auto& c : coming_) {
    if (c.into != nullptr) continue;
    c.all->since = number;
    of_.keep(std::move(c.added)).install(std::move(c.all));
  }
}

result<> instance::may_be_restored() const {
  if (is_forked()) return std::unexpected(labelled(errc::forked));
  if (auto can = may_take_life(); !can) return can;
  if (is_in_callback()) return std::unexpected(labelled(errc::busy));
  if (!writes_file()) return std::unexpected(labelled(errc::read_only));
  if (config_.format == file_format::native) return {};
  return std::unexpected(
      error(errc::invalid_argument, label_ + ": nothing is restored into a DETS file"));
}

result<> instance::restore_from(const std::string& path, const restore_from_options& how) {
  if (auto can = may_be_restored(); !can) return can;
  const std::scoped_lock lock(life_);
  if (auto can = may_write_file(); !can) return can;
  const auto own = stores::look_at_origin(*where_);
  if (!own) return std::unexpected(own.error());
  const auto from =
      stores::backup_chain::open(system_, path, how.increments, std::nullopt, how.tell);
  if (!from) return std::unexpected(from.error());
  for (const auto& p : from->parts()) {
    if (p.header.file_id != own->header.file_id) continue;
    return std::unexpected(
        error(errc::invalid_argument, p.path + ": this is the file of the database itself"));
  }
  const check_scope checks(checking_);
  auto settings = how_to_load(from->have_several_tables());
  settings.path = path;
  auto known = known_tables();
  for (auto& k : known) k.id = 0;  // of the same name, whatever its id in the backup
  file_loader load(std::move(settings), std::move(known));
  if (auto read = from->replay(load); !read) return read;
  if (auto fits = load.judge(); !fits) return fits;
  if (auto built = load.build_indexes(); !built) return built;
  restored_tables tables(*this, load, path);
  if (auto can = tables.check(from->whole().header.store_id == own->header.store_id); !can)
    return can;
  if (auto done = put_in_place(tables, from->last_step(how.tell)); !done) return done;
  for (const auto& t : tables_) {
    if (t->held() == nullptr) continue;
    if (auto trimmed = t->trim(); !trimmed) return trimmed;
  }
  return {};
}

/// In the turn, so that no writer comes between the file and memory.
result<> instance::put_in_place(restored_tables& tables, const progress& tell) {
  const std::scoped_lock lock(commits_);
  if (auto why = file_->fence()) return std::unexpected(*why);
  if (auto alone = file_.check_only_name(); !alone) return alone;
  if (auto ready = tables.prepare(); !ready) return ready;
  const auto number = commits_.last() + 1;
  auto fresh = file_->write_whole(file_->new_state(number), tables.images(), tell);
  if (!fresh) return std::unexpected(fresh.error());
  auto& group = commits_.open_group();
  assert(group.empty() && "between groups");
  try {
    tables.stage(group);
    if (auto named = file_.take_up(*std::move(fresh)); !named) {
      commits_.discard();
      return named;
    }
  } catch (...) {
    commits_.discard();
    throw;
  }
  name_batches(number);
  commits_.publish();
  assert(commits_.last() == number && "the file knows it under this number");
  tables.add(number);
  note_on_disk(number);
  return {};
}

}  // namespace shelf::engine
