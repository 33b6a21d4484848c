// CLUSTER  [cluster] -> api -> engine -> stores -> journal -> file
// The log is read before and after the entries, so it covers what changed meanwhile.
#include "cluster/tool/checking.hpp"

#include "cluster/sort_key.hpp"
#include "cluster/tool/space_log.hpp"
#include "error/printable.hpp"
#include "upkeep/described_types.hpp"

#include <algorithm>
#include <map>
#include <set>
#include <string>

namespace shelf::cluster {
namespace {

constexpr std::size_t commits_at_once = 500;
constexpr std::size_t most_told = 10;

/// What was found.
class findings {
 public:
  void add(const std::string& what) {
    if (++count_ <= most_told) text_ += "\n  " + what;
  }
  [[nodiscard]] result<> outcome() const {
    if (count_ == 0) return {};
    auto text = count_of(count_, "fault", "faults") + ":" + text_;
    if (count_ > most_told) text += "\n  and more";
    return std::unexpected(error(errc::corrupt, text));
  }

 private:
  std::uint64_t count_ = 0;
  std::string text_;
};

/// A table, and how its entries are judged.
struct judged_table {
  std::string name;
  kind what = kind::set;
  detail::entry_types types;
};

[[nodiscard]] result<judged_table> judged(const std::string& name, kind what,
                                          std::string key_schema, std::string value_schema) {
  file_description d;
  d.what = what;
  d.name = name;
  d.key_schema = std::move(key_schema);
  d.value_schema = std::move(value_schema);
  auto types = detail::described_types(d, detail::scrutiny::types);
  if (!types) {
    return std::unexpected(error(
        errc::corrupt, "table '" + detail::printable(name) + "': " + types.error().message()));
  }
  return judged_table{.name = name, .what = what, .types = *std::move(types)};
}

/// The term that a key is, or what is wrong with its sort key.
[[nodiscard]] result<bytes> term_of_key(const judged_table& in, bytes key,
                                        const std::optional<bytes>& term) {
  const bool is_ordered = in.what == kind::ordered_set;
  if (term.has_value() != is_ordered) {
    return std::unexpected(error(errc::corrupt, "a key has no term, or one too many"));
  }
  if (!is_ordered) return key;
  const auto expected = sort_key(*term);
  if (!expected) return std::unexpected(expected.error());
  if (!std::ranges::equal(*expected, key)) {
    return std::unexpected(error(errc::corrupt, "a sort key is not the one of its term"));
  }
  return *term;
}

/// Judges the entries of a snapshot.
class entry_check final : public snapshot_visitor {
 public:
  explicit entry_check(findings& found) : found_(found) {}

  result<> begin(const log_position& at, const std::vector<catalog_table>& tables) override {
    at_ = at;
    for (const auto& t : tables) {
      auto j = judged(t.name, t.what, std::string(as_text(t.key_schema)),
                      std::string(as_text(t.value_schema)));
      if (j) {
        tables_.emplace(t.id, *std::move(j));
      } else {
        found_.add(j.error().message());
      }
    }
    return {};
  }
  result<> entry(const snapshot_entry& e) override {
    ++entries_;
    if (std::exchange(current_, e.table) != e.table) seen_.clear();
    const auto in = tables_.find(e.table);
    if (in == tables_.end()) return {};  // its types are no types, which was told
    const auto& t = in->second;
    const auto tell = [&](const std::string& why) {
      found_.add("table '" + detail::printable(t.name) + "': " + why);
    };
    const auto key = term_of_key(t, e.key, e.term);
    if (!key) {
      tell(key.error().message());
    } else if (auto sound = t.types.check(*key, e.content); !sound) {
      tell(sound.error().message());
    }
    if (t.what == kind::duplicate_bag) return {};
    std::string id(as_text(e.key));
    if (t.what == kind::bag) id += as_text(e.content);
    if (!seen_.insert(std::move(id)).second) tell("an entry is there twice");
    return {};
  }
  [[nodiscard]] const log_position& at() const noexcept { return at_; }
  [[nodiscard]] std::uint64_t entries() const noexcept { return entries_; }
  [[nodiscard]] std::size_t tables() const noexcept { return tables_.size(); }

 private:
  findings& found_;
  log_position at_;
  std::map<std::int32_t, judged_table> tables_;
  std::int32_t current_ = 0;
  std::set<std::string> seen_;  ///< of the current table
  std::uint64_t entries_ = 0;
};

/// Judges the commits of a log.
class log_check {
 public:
  log_check(space_log& log, findings& found) : log_(log), found_(found) {}

  /// Those after `from`, up to `to`. Errors: those of the server.
  [[nodiscard]] result<> run(log_position from, const log_position& to, deadline until) {
    while (from.seq < to.seq) {
      const auto slice = log_.session().since(from, commits_at_once, until);
      if (!slice) return std::unexpected(slice.error());
      if (slice->how == log_slice::relation::trimmed) {
        return std::unexpected(error(errc::conflict, "the log was trimmed while it was checked"));
      }
      if (slice->how == log_slice::relation::diverged || slice->commits.empty()) {
        found_.add("the log ends after commit " + std::to_string(from.seq) +
                   ", and the space is at commit " + std::to_string(to.seq));
        return {};
      }
      for (const auto& c : slice->commits) {
        if (c.at.seq > to.seq) return {};
        if (auto done = judge(c, until); !done) return done;
        from = c.at;
      }
    }
    if (from != to) found_.add("the last commit of the log is not the last one of the space");
    return {};
  }

 private:
  [[nodiscard]] result<> judge(const logged_commit& c, deadline until) {
    for (const auto& one : c.changes) {
      const auto tell = [&](const std::string& why) {
        found_.add("commit " + std::to_string(c.at.seq) + ": " + why);
      };
      const auto* const t = table(one.table, until);
      if (t == nullptr) {
        if (failure_) return std::unexpected(*failure_);
        tell("it is about table " + std::to_string(one.table) + ", which is not there");
        continue;
      }
      using enum change_code;
      if (one.code == table_created || one.code == table_dropped || one.code == clear) continue;
      if (!one.key) {
        tell("a change has no key");
        continue;
      }
      const auto key =
          term_of_key(*t, *one.key, one.term ? std::optional<bytes>(*one.term) : std::nullopt);
      if (!key) {
        tell(key.error().message());
      } else if (one.code != erase) {
        if (!one.content) {
          tell("a change has no value");
        } else if (auto sound = t->types.check(*key, *one.content); !sound) {
          tell("table '" + detail::printable(t->name) + "': " + sound.error().message());
        }
      }
    }
    return {};
  }

  [[nodiscard]] const judged_table* table(std::int32_t id, deadline until) {
    const auto known = tables_.find(id);
    if (known != tables_.end()) return &known->second;
    const auto asked = log_.table(id, until);
    if (!asked) {
      failure_ = asked.error();
      return nullptr;
    }
    if (*asked == nullptr) return nullptr;
    auto j = judged((*asked)->name, (*asked)->what, (*asked)->types.key.text(),
                    (*asked)->types.value.text());
    if (!j) {
      failure_ = j.error();
      return nullptr;
    }
    return &tables_.emplace(id, *std::move(j)).first->second;
  }

  space_log& log_;
  findings& found_;
  std::map<std::int32_t, judged_table> tables_;
  std::optional<error> failure_;
};

}  // namespace

result<std::string> check_space(const request& r) {
  const auto until = deadline_of(r);
  auto log = space_log::open(r, until);
  if (!log) return std::unexpected(log.error());
  findings found;
  const auto extent = log->bounds(until);
  if (!extent) return std::unexpected(extent.error());
  const auto expected = extent->last.seq - extent->first.seq + 1;
  if (extent->kept != expected) {
    found.add("the log has " + std::to_string(extent->kept) + " commits from " +
              std::to_string(extent->first.seq) + " to " + std::to_string(extent->last.seq) +
              ", which should be " + std::to_string(expected));
  }
  if (extent->kept == expected) {
    log_check commits(*log, found);
    if (auto read = commits.run(extent->first, extent->last, until); !read) {
      return std::unexpected(read.error());
    }
  }
  entry_check entries(found);
  if (auto read = log->session().snapshot(entries, until); !read) {
    return std::unexpected(read.error());
  }
  if (extent->kept == expected) {
    log_check later(*log, found);
    if (auto read = later.run(extent->last, entries.at(), until); !read) {
      return std::unexpected(read.error());
    }
  }
  if (auto sound = found.outcome(); !sound) return std::unexpected(sound.error());
  return "sound: " + count_of(entries.entries(), "entry", "entries") + " of " +
         count_of(entries.tables(), "table", "tables") + ", " +
         count_of(static_cast<std::uint64_t>(entries.at().seq - extent->first.seq + 1), "commit",
                  "commits") +
         " of the log, up to commit " + std::to_string(entries.at().seq) + "\n";
}

}  // namespace shelf::cluster
