// CLUSTER  [cluster] -> api -> engine -> stores -> journal -> file
// What the server says is checked here, in every field that matters, before memory changes.
#include "cluster/applier.hpp"

#include "cluster/seeded_bug.hpp"
#include "error/printable.hpp"

#include <algorithm>
#include <cassert>

namespace shelf::cluster {
namespace {

constexpr std::size_t commits_at_once = 1000;
constexpr int attempts_to_load = 8;

[[nodiscard]] std::unexpected<error> senseless(const server& from, const std::string& why) {
  return std::unexpected(error(errc::server_error, from.name() + ": " + why));
}

[[nodiscard]] bool is_of_catalog(const change& c) noexcept {
  return c.code == change_code::table_created || c.code == change_code::table_dropped;
}

[[nodiscard]] std::string text_of(const buffer& b) { return std::string(as_text(b)); }

[[nodiscard]] detail::replica_table table_of(const catalog_table& t) {
  return {.number = static_cast<std::uint32_t>(t.id),
          .name = t.name,
          .what = t.what,
          .key_schema = text_of(t.key_schema),
          .value_schema = text_of(t.value_schema)};
}

/// What the engine calls damaged is here what a server has said.
[[nodiscard]] result<> as_said_by(const server& from, result<> done) {
  if (done || done.error() != errc::corrupt) return done;
  return senseless(from, done.error().message());
}

}  // namespace

/// A snapshot on its way into memory.
class applier::loader final : public snapshot_visitor {
 public:
  explicit loader(detail::replica& memory) : image_(memory.begin_image()) {}

  result<> begin(const log_position& at, const std::vector<catalog_table>& tables) override {
    at_ = at;
    for (const auto& t : tables) {
      if (t.id <= 0) {
        return std::unexpected(error(
            errc::corrupt,
            "table '" + detail::printable(t.name) + "' has the number " + std::to_string(t.id)));
      }
      tables_[t.id] = t.what;
      if (auto added = image_->add_table(table_of(t)); !added) return added;
    }
    return {};
  }
  result<> entry(const snapshot_entry& e) override {
    const auto in = tables_.find(e.table);
    if (in == tables_.end() || e.term.has_value() != (in->second == kind::ordered_set)) {
      return std::unexpected(error(errc::corrupt, "an entry that is of no table"));
    }
    return image_->add(static_cast<std::uint32_t>(e.table), e.term.value_or(e.key), e.content);
  }

  [[nodiscard]] detail::replica_image& image() noexcept { return *image_; }
  [[nodiscard]] const log_position& at() const noexcept { return at_; }
  [[nodiscard]] std::map<std::int32_t, kind>& tables() noexcept { return tables_; }

 private:
  std::unique_ptr<detail::replica_image> image_;
  log_position at_;
  std::map<std::int32_t, kind> tables_;
};

result<> applier::load(server& from, deadline until, bool is_same_history) {
  for (int attempt = 1;; ++attempt) {
    loader to(memory_);
    if (auto read = from.snapshot(to, until); !read) return as_said_by(from, std::move(read));
    if (is_same_history && own_ != nullptr && own_->has_call()) follow_to(to.at(), from, until);
    const std::scoped_lock lock(mutex_);
    if (is_same_history && shared_.at().seq > to.at().seq) return {};
    auto shown = to.image().publish([&]() noexcept { shared_.reached(to.at()); });
    if (shown) {
      tables_ = std::move(to.tables());
      skipped_.clear();
      return {};
    }
    if (shown.error() != errc::conflict || attempt == attempts_to_load) {
      return as_said_by(from, std::move(shown));
    }
  }
}

/// What a commit of this node finds is only seen on the way through the log, not in a snapshot. As
/// far as the log goes.
void applier::follow_to(const log_position& end, server& from, deadline until) {
  while (shared_.at().seq < end.seq) {
    const auto came = catch_up(from, until);
    if (!came || *came != news::some) return;
  }
}

result<applier::news> applier::catch_up(server& from, deadline until) {
  const auto known = shared_.at();
  auto slice = from.since(known, commits_at_once, until);
  if (!slice) return std::unexpected(slice.error());
  using relation = log_slice::relation;
  if (slice->how == relation::trimmed && has_bug(seeded_bug::trimmed_taken_for_end)) {
    return news::none;
  }
  if (slice->how == relation::diverged && has_bug(seeded_bug::fork_not_seen)) return news::none;
  if (slice->how == relation::trimmed) return news::too_late;
  if (slice->how == relation::diverged) return news::diverged;
  if (slice->commits.empty()) return news::none;
  shared_.heard_of(slice->commits.back().at.seq);
  const std::scoped_lock lock(mutex_);
  for (const auto& c : slice->commits) {
    const auto at = shared_.at();
    if (c.at.seq <= at.seq) {
      if (c.at.seq == at.seq && c.at != at) return news::diverged;
      continue;  // somebody else has shown it meanwhile
    }
    if (c.at.seq != at.seq + 1) {
      return senseless(
          from, "commit " + std::to_string(c.at.seq) + " follows commit " + std::to_string(at.seq));
    }
    if (auto done = apply(c, from, until); !done) {
      return std::unexpected(as_said_by(from, std::move(done)).error());
    }
    assert(shared_.at() == c.at);
  }
  return news::some;
}

/// Under the lock.
result<> applier::apply(const logged_commit& c, server& from, deadline until) {
  std::vector<detail::replica_change> changes;
  for (const auto& one : c.changes) {
    if (is_of_catalog(one)) {
      if (auto done = apply_to_catalog(one, c.at.seq, from, until); !done) return done;
      continue;
    }
    if (skipped_.contains(one.table)) continue;
    const auto in = tables_.find(one.table);
    if (in == tables_.end()) {
      return senseless(from, "commit " + std::to_string(c.at.seq) + " changes table " +
                                 std::to_string(one.table) + ", which is not there");
    }
    const bool is_clear = one.code == change_code::clear;
    const bool is_ordered = in->second == kind::ordered_set;
    const bool is_single = one.code == change_code::put;
    const bool is_several = one.code == change_code::append || one.code == change_code::erase_value;
    if ((!is_clear && one.term.has_value() != is_ordered) || (is_single && is_bag(in->second)) ||
        (is_several && !is_bag(in->second))) {
      return senseless(from, "commit " + std::to_string(c.at.seq) + " has a change of code " +
                                 std::to_string(static_cast<int>(one.code)) +
                                 " that does not fit its table");
    }
    using verb = detail::replica_change::verb;
    auto& made = changes.emplace_back();
    made.table = static_cast<std::uint32_t>(one.table);
    made.what = is_clear                               ? verb::clear
                : is_single                            ? verb::put
                : one.code == change_code::append      ? verb::append
                : one.code == change_code::erase_value ? verb::erase_value
                                                       : verb::erase;
    if (!is_clear) made.key = is_ordered ? bytes(*one.term) : bytes(*one.key);
    if (one.content) made.value = *one.content;
  }
  const bool is_own = own_ != nullptr && own_->is_own(c);
  const struct ends_showing {
    ~ends_showing() { of.is_showing_next(false); }
    progress& of;
  } whatever_comes{shared_};
  return memory_.apply(
      changes,
      [&](detail::replica_trial& t) {
        if (is_own) own_->decide(t, c);
        shared_.is_showing_next(true);
      },
      [&]() noexcept {
        shared_.reached(c.at);
        if (is_own) own_->shown(c);
      });
}

result<> applier::apply_next(const logged_commit& c, server& from, deadline until) {
  const std::scoped_lock lock(mutex_);
  const bool is_blind = has_bug(seeded_bug::gap_not_seen) && c.at.seq > shared_.at().seq;
  if (c.at.seq != shared_.at().seq + 1 && !is_blind) return {};
  return as_said_by(from, apply(c, from, until));
}

result<> applier::start_anew(news why, server& from, deadline until) {
  if (why == news::diverged) {
    const auto lost = shared_.at().seq;
    shared_.note_divergence();
    events_.add({.what = event::kind::diverged, .seq = lost, .why = {}});
  }
  if (auto loaded = load(from, until, why != news::diverged); !loaded) return loaded;
  shared_.note_resync();
  events_.add({.what = event::kind::resynced, .seq = shared_.at().seq, .why = {}});
  return {};
}

result<> applier::try_writes(
    detail::function_ref<void(detail::replica_trial&, const tables&, const log_position&)> f) {
  const std::scoped_lock lock(mutex_);
  return memory_.try_writes([&](detail::replica_trial& t) { f(t, tables_, shared_.at()); });
}

result<> applier::apply_to_catalog(const change& c, std::int64_t seq, server& from,
                                   deadline until) {
  if (c.code == change_code::table_dropped) {
    memory_.drop_table(static_cast<std::uint32_t>(c.table));
    tables_.erase(c.table);
  } else if (!tables_.contains(c.table)) {
    if (auto added = add_table(c, from, until); !added) return added;
  }
  events_.add({.what = event::kind::table_changed, .seq = seq, .why = {}});
  return {};
}

/// The log has the name alone; what else there is to a table is in the catalog, unless it has been
/// dropped since.
result<> applier::add_table(const change& c, server& from, deadline until) {
  const auto all = from.catalog(until);
  if (!all) return std::unexpected(all.error());
  const auto found = std::ranges::find(*all, c.table, &catalog_table::id);
  if (found == all->end()) {
    skipped_.insert(c.table);
    return {};
  }
  if (auto added = memory_.add_table(table_of(*found)); !added) return added;
  tables_[c.table] = found->what;
  return {};
}

}  // namespace shelf::cluster
