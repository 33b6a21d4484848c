// ENGINE  api -> [engine] -> stores -> journal -> file
// Following a writer in another process: its batches, as they come into the file, become versions.
#include "engine/followed_batch.hpp"
#include "journal/journal_file.hpp"
#include "term/canonical.hpp"
#include "term/limits.hpp"
#include "term/zero_sign.hpp"

#include <algorithm>
#include <cassert>
#include <cerrno>
#include <new>
#include <utility>
#include <vector>

namespace shelf::engine {
namespace {

using journal::op;

constexpr terms::term_limits widest{.nesting = terms::max_nesting};

[[nodiscard]] std::vector<std::byte> copy_of(bytes b) { return {b.begin(), b.end()}; }

}  // namespace

result<> followed_batch::check(const live_table& in, const journal::change& c) const {
  const bool has_entry = c.what == op::put || c.what == op::append;
  const bool has_value = has_entry || c.what == op::erase_value;
  auto fits = result<>();
  const bool is_sound = (c.what == op::clear || terms::is_canonical(c.key, widest)) &&
                        (!has_value || terms::is_canonical(c.value, widest));
  if (!is_sound) fits = std::unexpected(error(errc::corrupt, "not a term in canonical form"));
  if (fits && has_value) fits = of_.fits_types(in, c.key, c.value);
  if (fits && has_entry && in.types().accept && !in.types().accept(c.key, c.value)) {
    fits = std::unexpected(error(errc::type_mismatch, "rejected by config.check"));
  }
  if (fits) return {};
  return std::unexpected(
      error(errc::type_mismatch, in.label() +
                                     ": an entry that was written by another process does "
                                     "not fit the types: " +
                                     fits.error().message()));
}

/// A record of the catalog that says what indexes the writer has, and no more.
bool followed_batch::is_of_indexes(const journal::change& c) const {
  const auto* const known = of_.table_of(c.table);
  const auto as = stores::decode_description(c.key, c.value);
  if (known == nullptr || !as) return false;
  const auto& was = known->description();
  return as->name == was.name && as->in_memory == was.in_memory && as->what == was.what &&
         as->key_schema == was.key_schema && as->value_schema == was.value_schema;
}

result<> followed_batch::visit(const journal::change& c, std::uint64_t) {
  if (journal::changes_nothing(c) || is_beyond_us_) return {};
  const bool is_of_catalog =
      c.what == op::table_created || c.what == op::table_changed || c.what == op::table_dropped;
  if (c.what == op::table_changed && is_of_indexes(c)) return {};
  auto* const in = is_of_catalog ? nullptr : of_.table_of(c.table);
  const bool is_clear_on_top = c.what == op::clear && in != nullptr && has_changed(*in);
  if (in == nullptr || in->description().in_memory || is_clear_on_top ||
      (c.deadline != journal::no_deadline && in->is_bag_kind())) {
    is_beyond_us_ = true;
    return {};
  }
  if (auto fits = check(*in, c); !fits) return fits;
  changes_.push_back({in, c, copy_of(c.key), copy_of(c.value)});
  auto& kept = changes_.back();
  if (terms::may_hold_negative_zero(kept.key)) terms::drop_zero_signs(kept.key);
  const bool has_entry = c.what == op::put || c.what == op::append;
  return has_entry && in->functions() != nullptr ? derive(kept) : result<>();
}

/// On the housekeeper's thread nobody could catch what the program's function throws.
result<> followed_batch::derive(followed_change& c) {
  try {
    c.derived = derived_keys(c.in->functions());
    return c.in->derive(c.value, c.derived);
  } catch (const std::bad_alloc&) {
    throw;
  } catch (const std::exception& e) {
    return std::unexpected(error(errc::invalid_argument,
                                 c.in->label() + ": a function of an index threw: " + e.what()));
  }
}

bool followed_batch::stage(commit_queue& in) {
  auto& to = in.open_group();
  try {
    for (auto& c : changes_) {
      auto what = c.what;
      what.key = c.key;
      what.value = c.value;
      c.in->replay(what, c.derived, to);
    }
  } catch (...) {
    in.discard();
    throw;
  }
  if (!to.empty()) return true;
  in.discard();
  return false;
}

void live_table::expect_deadlines(group& to) const noexcept {
  of_.clock().note_need();
  to.needs_care = true;
}

/// In the turn. Whether entries clash in a unique index is for their writer to say.
void live_table::replay(const journal::change& c, derived_keys& derived, group& to) {
  std::optional<index_staging> now;
  if (is_indexed_) now.emplace(to, &derived, true);
  switch (c.what) {
    case op::put:
    case op::append: {
      auto made = entry::make(c.key, c.value, c.deadline);
      if (c.deadline != no_deadline) expect_deadlines(to);
      const auto hash = draft().announce(c.key);
      (void)put_with_care(made, hash, to, op::put);
      return;
    }
    case op::expire: {
      const auto hash = draft().announce(c.key);
      const auto* const there = draft().find_staged(c.key, hash);
      if (there == nullptr) return;
      expect_deadlines(to);
      auto made = entry::make(there->key(), there->value(), c.deadline);
      (void)put_with_care(made, hash, to, op::expire);
      return;
    }
    case op::erase:
      (void)drop_with_care(true, c.key, {}, to, c.flags & journal::flag::cause);
      return;
    case op::erase_value: (void)drop_with_care(false, c.key, c.value, to, 0); return;
    case op::clear: clear_all(to); return;
    default: assert(false && "such records are not collected");
  }
}

// --- the file ------------------------------------------------------------------------------------

/// Under life_, or before anybody has the database.
void instance::follow_from(std::shared_ptr<journal::journal_view> view) noexcept {
  followed_ = std::move(view);
  const std::scoped_lock lock(followed_mutex_);
  followed_at_ =
      followed_ ? place_followed{followed_->file_id(), followed_->found().end} : place_followed{};
}

/// What is published as that number is the state behind that batch.
void instance::name_followed(sequence number, const journal::batch_id& as) noexcept {
  followed_to_ = as;
  followed_run_ = journal::run_of(as.of);
  followed_ahead_ = static_cast<std::int64_t>(number - as.sequence);
  observers_->name_from(number == 0 ? 0 : number - 1, followed_run_, followed_ahead_);
}

bool instance::has_trail() const {
  if (const auto file = file_.current()) return file->has_trail();
  const std::scoped_lock lock(followed_mutex_);
  return followed_at_.end != 0;
}

result<std::unique_ptr<journal::trail>> instance::open_trail() const {
  if (const auto file = file_.current()) return file->open_trail();
  const std::scoped_lock lock(followed_mutex_);
  if (followed_at_.end == 0) return std::unexpected(labelled(errc::table_closed));
  auto opened = journal::trail::open(*where_);
  if (!opened || (*opened)->file_id() == followed_at_.file_id) return opened;
  return std::unexpected(error(errc::replaced, label_ + ": the file was replaced just now"));
}

std::uint64_t instance::end_of(const journal::trail& t) const {
  if (const auto file = file_.current()) return file->end_of(t);
  const std::scoped_lock lock(followed_mutex_);
  return t.file_id() == followed_at_.file_id ? followed_at_.end : 0;
}

// --- catching up ---------------------------------------------------------------------------------

result<std::size_t> instance::catch_up() {
  if (is_forked()) return std::unexpected(labelled(errc::forked));
  if (config_.in_memory || writes_file()) {
    return std::unexpected(
        error(errc::invalid_argument, label_ + ": only what was opened read_only can catch up"));
  }
  if (is_checking() || is_in_transaction()) return std::unexpected(labelled(errc::busy));
  const std::scoped_lock lock(life_);
  if (!is_open()) return std::unexpected(labelled(errc::table_closed));
  if (!followed_) {
    return std::unexpected(
        error(errc::invalid_argument, label_ + ": a DETS file has no batches to catch up with"));
  }
  const check_scope checks(checking_);
  return catch_up_locked();
}

result<std::size_t> instance::catch_up_locked() {
  using news = journal::journal_view::news;
  const auto came = followed_->look_for_news(*where_);
  if (!came) return std::unexpected(came.error());
  if (*came == news::none) return 0;
  const auto taken = *came == news::some ? take_batches() : start_over();
  const bool is_new = *came == news::replaced || (taken && *taken != 0);
  if (taken && is_new && observers_->has_durable_readers()) {
    if (auto synced = sync_followed(); !synced) return std::unexpected(synced.error());
  }
  return taken;
}

result<std::size_t> instance::take_batches() {
  for (std::size_t taken = 0;; ++taken) {
    followed_batch b(*this);
    const auto came = followed_->next(b);
    // What looks damaged may be a file that its writer has just replaced, or cut back.
    const bool is_odd = !came && came.error() == errc::corrupt;
    if (!came && !is_odd) return std::unexpected(came.error());
    if (is_odd || b.is_beyond_us()) {
      const auto more = start_over();
      return more ? result<std::size_t>(taken + *more) : more;
    }
    if (!*came) return taken;
    const auto& found = followed_->coming();
    apply(b, found.changed, {followed_->file_id(), found.end});
    followed_->pass();
  }
}

/// Of a file that was replaced, or cut back, or has something that only a whole reading tells.
result<std::size_t> instance::start_over() {
  const auto taken = take_batches_anew();
  if (!taken) return std::unexpected(taken.error());
  if (*taken) return **taken;
  if (auto read = read_again(); !read) return std::unexpected(read.error());
  return 1;
}

/// A compacted file may have the batches behind the one that is shown last: then they are taken as
/// from the file before. Nothing: it has not, or something is wrong with it, and all is to be read
/// anew. After an error, what was taken is remembered, and the next look goes on behind it.
result<std::optional<std::size_t>> instance::take_batches_anew() {
  using journal::journal_view;
  const auto give_up = [](const error& why) -> result<std::optional<std::size_t>> {
    if (why == errc::file_error) return std::unexpected(why);
    return std::nullopt;
  };
  auto view = journal_view::open(*where_);
  if (!view) return give_up(view.error());
  const auto from = journal::trail::open(*where_);
  if (!from) return give_up(from.error());
  const auto& found = (*view)->found();
  if ((*from)->file_id() != (*view)->file_id() || found.sequence > journal::most_sequence) {
    return std::nullopt;
  }
  const auto there = (*from)->go_behind(followed_to_, found.end);
  if (!there) return give_up(there.error());
  if (*there != journal::standing::kept || (*from)->behind() != followed_to_) return std::nullopt;
  for (std::size_t taken = 0;; ++taken) {
    followed_batch b(*this);
    const auto came = (*from)->next(found.sequence, found.end, b);
    if (!came) return give_up(came.error());
    if (b.is_beyond_us()) return std::nullopt;
    if (!*came) {
      follow_from(std::move(*view));
      return taken;
    }
    // Feeds that read the file look into this one from now on, up to what is published.
    apply(b, (*from)->behind(), {(*from)->file_id(), found.end});
  }
}

/// Publishes the batch, under the number that it has in the file as long as numbers here allow.
/// `where`: up to which place the file may be read then.
void instance::apply(followed_batch& b, const journal::batch_id& id, const place_followed& where) {
  const std::scoped_lock lock(commits_);
  const bool changes_something = b.stage(commits_);
  {
    // Before it is published: a feed reads the file up to what is.
    const std::scoped_lock place(followed_mutex_);
    followed_at_ = where;
  }
  followed_to_ = id;
  if (!changes_something) return;
  const auto ahead = static_cast<sequence>(followed_ahead_);
  if (id.sequence + ahead > commits_.last()) commits_.continue_after(id.sequence + ahead - 1);
  const auto number = commits_.last() + 1;
  const bool goes_on = journal::run_of(id.of) == followed_run_ && id.sequence + ahead == number;
  // Before anybody sees it.
  if (!goes_on) name_followed(number, id);
  commits_.publish();
  assert(commits_.last() == number);
}

/// Under life_. Whoever only reads may sync as well: then no power failure takes it.
result<> instance::sync_followed() {
  const auto reached = commits_.board().published();
  auto synced = followed_->sync();
  if (synced) note_on_disk(reached);
  return synced;
}

result<> instance::prepare_durable_feed() {
  if (config_.in_memory || writes_file()) return {};
  if (is_checking()) return std::unexpected(labelled(errc::busy));
  const std::scoped_lock lock(life_);
  return followed_ ? sync_followed() : result<>();
}

/// The housekeeper's visit; when it is to come again.
std::chrono::nanoseconds instance::follow_due() noexcept {
  try {
    const auto done = catch_up();
    if (!done && done.error() != errc::table_closed) {
      report(done.error());
    } else {
      const std::scoped_lock lock(notes_);
      last_error_.reset();
    }
  } catch (const std::bad_alloc&) {
    report(error(errc::file_error, label_ + ": out of memory for following the file", {}, ENOMEM));
  }
  return config_.follow;
}

}  // namespace shelf::engine
