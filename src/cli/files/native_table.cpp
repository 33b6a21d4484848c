// CLI  [cli] -> rows -> upkeep -> engine -> stores -> journal -> file
// The untyped core, opened with the types its file names.
#include "cli/files/native_table.hpp"

#include "error/sentence.hpp"
#include "upkeep/described_indexes.hpp"
#include "upkeep/described_types.hpp"
#include "upkeep/kept_history.hpp"

#include <algorithm>
#include <chrono>
#include <memory>
#include <vector>

namespace shelf::cli {

result<types> types_of(const file_description& d) {
  auto key = schema::parse(d.key_schema);
  auto value = schema::parse(d.value_schema);
  if (!key) return std::unexpected(key.error());
  if (!value) return std::unexpected(value.error());
  return types{*std::move(key), *std::move(value)};
}

namespace {

/// Keeps what was only read until the process ends: then the system takes its memory back in one
/// step. Millions of entries freed one by one would let somebody wait who has the answer already.
void leave_to_exit(std::shared_ptr<detail::core> table) {
  using kept_tables = std::vector<std::shared_ptr<detail::core>>;
  static auto* const kept = std::make_unique<kept_tables>().release();
  kept->push_back(std::move(table));
}

/// Of a file that is there: what the program that wrote it says of its indexes stays true.
[[nodiscard]] result<> take_indexes(detail::entry_types& into, const file_description& d,
                                    unique_indexes how) {
  into.recorded = {.found = d.indexes, .kept = d.indexes};
  if (how == unique_indexes::given_up) into.recorded->kept = detail::without_unique(d.indexes);
  if (how != unique_indexes::kept) return {};
  auto all = detail::unique_indexes(d);
  if (!all) return std::unexpected(all.error());
  into.indexes = *std::move(all);
  return {};
}

}  // namespace

result<native_table> native_table::open(const std::string& path, const std::string& table,
                                        file_description d, const manner& how, progress_bar bar) {
  auto t = types_of(d);
  if (!t) return std::unexpected(error(t.error().code(), path + ": " + t.error().message()));
  // The core keeps the functions, so what they count with is shared.
  struct counter {
    progress_bar bar;
    std::uint64_t of;
    std::uint64_t entries = 0;
    std::uint64_t bytes = 0;
    progress tell = told_to(bar);
    // The checksums take a small part of the time that the entries take.
    progress tell_checked = detail::step_of(tell, 0, 16);
    progress tell_read = detail::step_of(tell, 1, 16, 15);
  };
  const auto count = std::make_shared<counter>(std::move(bar), d.file_bytes);
  const auto one_seen = [count](std::uint64_t size) {
    count->bytes += size;
    if ((++count->entries & 0xFF) == 0) count->tell_read(count->bytes, count->of);
  };
  auto wanted = detail::described_types(d, detail::scrutiny::terms, one_seen);
  if (!wanted) return std::unexpected(wanted.error());
  if (how.opening == opening::create_new) wanted->recorded = {.found = {}, .kept = d.indexes};
  // Whoever follows a file may see another program take over.
  if (how.opening != opening::create_new && how.follow.count() == 0) {
    if (auto may = take_indexes(*wanted, d, how.indexes); !may) {
      return std::unexpected(wrong_in(path, may.error()));
    }
  }
  detail::core_config config;
  config.path = path;
  config.table = table;
  config.opening = how.opening;
  config.mode = how.mode;
  config.follow = how.follow;
  config.clock = how.clock;
  config.history = how.history;
  config.tell_checked = [count](std::uint64_t done, std::uint64_t of) {
    count->tell_checked(done, of);
  };
  if (config.opening == opening::read_only) config.file_system = file_system::any;
  auto core = detail::open_core(std::move(config), *std::move(wanted));
  count->bar.clear();
  if (!core) return std::unexpected(core.error());
  return native_table(std::move(d), *std::move(t), *std::move(core));
}

result<native_table> native_table::read(const std::string& path, const std::string& table,
                                        progress_bar bar) {
  auto d = describe(path, {.table = table});
  if (!d) return std::unexpected(d.error());
  auto opened = open(path, table, *std::move(d), {.opening = opening::read_only}, std::move(bar));
  if (opened) leave_to_exit(opened->core_);
  return opened;
}

result<native_table> native_table::follow(const std::string& path, const std::string& table,
                                          progress_bar bar) {
  constexpr std::chrono::milliseconds between_looks{50};
  auto d = describe(path, {.table = table});
  if (!d) return std::unexpected(d.error());
  return open(path, table, *std::move(d), {.opening = opening::read_only, .follow = between_looks},
              std::move(bar));
}

result<native_table> native_table::read_expired(const std::string& path, const std::string& table,
                                                progress_bar bar) {
  // By this clock nothing has expired yet, so that everything is there to be shown.
  static const manual_clock before_all{expiry::time{}};
  auto d = describe(path, {.table = table});
  if (!d) return std::unexpected(d.error());
  auto opened = open(path, table, *std::move(d),
                     {.opening = opening::read_only, .clock = &before_all}, std::move(bar));
  if (!opened) return opened;
  leave_to_exit(opened->core_);
  const auto now = std::chrono::system_clock::now().time_since_epoch();
  opened->expired_by_ = static_cast<rows::deadline>(
      std::chrono::duration_cast<std::chrono::milliseconds>(now).count());
  return opened;
}

result<native_table> native_table::write(const std::string& path, const std::string& table,
                                         unique_indexes indexes, progress_bar bar) {
  const auto kept = detail::kept_history(path);
  if (!kept) return std::unexpected(kept.error());
  auto d = describe(path, {.table = table});
  if (!d) return std::unexpected(d.error());
  return open(path, table, *std::move(d), {.history = *kept, .indexes = indexes}, std::move(bar));
}

result<native_table> native_table::write(const std::string& path, const std::string& table,
                                         const history& kept, progress_bar bar) {
  auto d = describe(path, {.table = table});
  if (!d) return std::unexpected(d.error());
  return open(path, table, *std::move(d), {.history = kept}, std::move(bar));
}

result<native_table> native_table::write_back(const std::string& path, const std::string& table,
                                              unique_indexes indexes, progress_bar bar) {
  auto d = describe(path, {.table = table});
  if (!d) return std::unexpected(d.error());
  const auto kept = detail::kept_history(path);
  if (!kept) return std::unexpected(kept.error());
  return open(path, table, *std::move(d),
              {.mode = write_mode::back, .history = *kept, .indexes = indexes}, std::move(bar));
}

result<native_table> native_table::create(const std::string& path, const file_description& as) {
  return open(path, {}, as, {.opening = opening::create_new}, progress_bar::none());
}

std::vector<source::fact> native_table::facts() const {
  const auto stats = core_->stats().value_or(table_stats{});
  const auto live = stats.payload_bytes + 8 * stats.entries + 8192;
  const auto garbage = described_.file_bytes - std::min<std::uint64_t>(described_.file_bytes, live);
  std::vector<fact> all{
      {"kind", std::string(to_string(described_.what)), {}},
      {"key", described_.key_schema, {}},
      {"value", described_.value_schema, {}},
      {"entries", {}, stats.entries},
      {"file_bytes", {}, described_.file_bytes},
      {"payload_bytes", {}, stats.payload_bytes},
      {"garbage_bytes", {}, garbage},
      {"batches", {}, stats.recovered_batches},
      {"sequence", {}, described_.sequence},
      {"state",
       described_.held_by != 0 ? "open"
       : described_.closed     ? "closed"
                               : "not closed",
       {}},
  };
  if (!described_.indexes.empty()) all.push_back({"indexes", {}, {}, described_.indexes});
  if (stats.expiring != 0) all.push_back({"expiring", {}, stats.expiring});
  if (stats.expired != 0) all.push_back({"expired", {}, stats.expired});
  if (described_.held_by != 0) {
    all.push_back({"held_by", {}, static_cast<std::uint64_t>(described_.held_by)});
  }
  if (stats.recovery_cut_bytes != 0) all.push_back({"torn_bytes", {}, stats.recovery_cut_bytes});
  return all;
}

result<std::size_t> native_table::get(const term& key, detail::function_ref<void(bytes)> f) const {
  return moment_->lookup(key.encoded(), f);
}

std::uint64_t native_table::expiring() const {
  return core_->stats().value_or(table_stats{}).expiring;
}

result<rows::deadline> native_table::expires_at(const term& key) const {
  if (is_bag(described_.what)) return source::expires_at(key);
  return core_->expires_at(key.encoded());
}

/// All that a hashed table has under one key.
result<std::uint64_t> native_table::look_up(const term& key, rows::entry_function f) const {
  auto until = rows::no_deadline;
  if (!is_bag(described_.what)) {
    const auto at = core_->expires_at(key.encoded());
    if (!at && at.error() != errc::not_found) return std::unexpected(at.error());
    if (at) until = *at;
  }
  bool goes_on = true;
  const auto show = [&](bytes value) { goes_on = goes_on && f(key.encoded(), value, until); };
  return moment_->lookup(key.encoded(), show);
}

result<std::uint64_t> native_table::walk(const key_bounds& range, rows::entry_function f,
                                         const progress& tell) const {
  const bool ordered = described_.what == kind::ordered_set;
  if (!ordered && range.is_one_key() && !expired_by_) return look_up(*range.from, f);
  std::unique_ptr<detail::snapshot_core::walk> walk;
  auto looked_at = moment_->size();
  if (ordered) {
    const auto from = range.from ? moment_->rank(range.from->encoded(), range.leaves_from) : 0;
    const auto to = range.to ? moment_->rank(range.to->encoded(), range.takes_to) : moment_->size();
    if (range.backwards) return walk_back(from, to, f, tell);
    if (from >= to) return 0;
    walk = moment_->entries(from, to);
    looked_at = to - from;
  } else {
    walk = moment_->entries();
  }
  const bool bounded = !ordered && (range.from || range.to);
  walk_count count(tell, looked_at);
  std::uint64_t seen = 0;
  for (auto some = walk->next(); !some.empty(); some = walk->next()) {
    for (const auto& e : some) {
      count.one_more();
      ++seen;
      if (bounded) {
        const auto key = term::from_canonical(e.key);
        if (range.from && (key <=> *range.from) < 0) continue;
        if (range.to && (key <=> *range.to) >= 0) continue;
      }
      if (shows(e.until) && !f(e.key, e.value, e.until)) return seen;
    }
  }
  return seen;
}

/// A walk goes forwards only, so the way back is made of short pieces.
std::uint64_t native_table::walk_back(std::size_t from, std::size_t to, rows::entry_function f,
                                      const progress& tell) const {
  struct kept_entry {
    term key;
    term value;
    rows::deadline until;
  };
  constexpr std::size_t piece = 256;
  walk_count count(tell, to > from ? to - from : 0);
  std::uint64_t seen = 0;
  while (to > from) {
    const auto start = to - from > piece ? to - piece : from;
    std::vector<kept_entry> entries;
    const auto walk = moment_->entries(start, to);
    for (auto some = walk->next(); !some.empty(); some = walk->next()) {
      for (const auto& e : some) {
        entries.push_back({term::from_canonical(e.key), term::from_canonical(e.value), e.until});
      }
    }
    for (auto e = entries.rbegin(); e != entries.rend(); ++e) {
      count.one_more();
      ++seen;
      if (shows(e->until) && !f(e->key.encoded(), e->value.encoded(), e->until)) return seen;
    }
    to = start;
  }
  return seen;
}

}  // namespace shelf::cli
