// CLI  [cli] -> rows -> upkeep -> engine -> stores -> journal -> file
// The untyped core, opened with the types its file names.
#include "cli/files/native_table.hpp"

#include "upkeep/described_types.hpp"

#include <algorithm>
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

}  // namespace

result<native_table> native_table::open(const std::string& path, const std::string& table,
                                        file_description d, opening how, progress_bar bar,
                                        write_mode mode, std::chrono::milliseconds follow) {
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
  detail::core_config config;
  config.path = path;
  config.table = table;
  config.opening = how;
  config.mode = mode;
  config.follow = follow;
  config.tell_checked = [count](std::uint64_t done, std::uint64_t of) {
    count->tell_checked(done, of);
  };
  if (how == opening::read_only) config.file_system = file_system::any;
  auto core = detail::open_core(std::move(config), *std::move(wanted));
  count->bar.clear();
  if (!core) return std::unexpected(core.error());
  return native_table(std::move(d), *std::move(t), *std::move(core));
}

result<native_table> native_table::read(const std::string& path, const std::string& table,
                                        progress_bar bar) {
  auto d = describe(path, {.table = table});
  if (!d) return std::unexpected(d.error());
  auto opened = open(path, table, *std::move(d), opening::read_only, std::move(bar));
  if (opened) leave_to_exit(opened->core_);
  return opened;
}

result<native_table> native_table::follow(const std::string& path, const std::string& table,
                                          progress_bar bar) {
  constexpr std::chrono::milliseconds between_looks{50};
  auto d = describe(path, {.table = table});
  if (!d) return std::unexpected(d.error());
  return open(path, table, *std::move(d), opening::read_only, std::move(bar), write_mode::through,
              between_looks);
}

result<native_table> native_table::write(const std::string& path, const std::string& table,
                                         progress_bar bar) {
  auto d = describe(path, {.table = table});
  if (!d) return std::unexpected(d.error());
  return open(path, table, *std::move(d), opening::existing, std::move(bar));
}

result<native_table> native_table::write_back(const std::string& path, const std::string& table,
                                              progress_bar bar) {
  auto d = describe(path, {.table = table});
  if (!d) return std::unexpected(d.error());
  return open(path, table, *std::move(d), opening::existing, std::move(bar), write_mode::back);
}

result<native_table> native_table::create(const std::string& path, const file_description& as) {
  return open(path, {}, as, opening::create_new, progress_bar::none());
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
  if (stats.expiring != 0) all.push_back({"expiring", {}, stats.expiring});
  if (described_.held_by != 0) {
    all.push_back({"held_by", {}, static_cast<std::uint64_t>(described_.held_by)});
  }
  if (stats.recovery_cut_bytes != 0) all.push_back({"torn_bytes", {}, stats.recovery_cut_bytes});
  return all;
}

result<std::size_t> native_table::get(const term& key, detail::function_ref<void(bytes)> f) const {
  return moment_->lookup(key.encoded(), f);
}

result<> native_table::for_each(const key_bounds& range, detail::function_ref<bool(bytes, bytes)> f,
                                const progress& tell) const {
  const bool ordered = described_.what == kind::ordered_set;
  std::unique_ptr<detail::snapshot_core::walk> walk;
  auto looked_at = moment_->size();
  if (ordered) {
    const auto from = range.from ? moment_->rank(range.from->encoded(), false) : 0;
    const auto to = range.to ? moment_->rank(range.to->encoded(), false) : moment_->size();
    if (range.backwards) {
      walk_back(from, to, f, tell);
      return {};
    }
    if (from >= to) return {};
    walk = moment_->entries(from, to);
    looked_at = to - from;
  } else {
    walk = moment_->entries();
  }
  const bool bounded = !ordered && (range.from || range.to);
  walk_count count(tell, looked_at);
  for (auto some = walk->next(); !some.empty(); some = walk->next()) {
    for (const auto& e : some) {
      count.one_more();
      if (bounded) {
        const auto key = term::from_canonical(e.key);
        if (range.from && (key <=> *range.from) < 0) continue;
        if (range.to && (key <=> *range.to) >= 0) continue;
      }
      if (!f(e.key, e.value)) return {};
    }
  }
  return {};
}

/// A walk goes forwards only, so the way back is made of short pieces.
void native_table::walk_back(std::size_t from, std::size_t to,
                             detail::function_ref<bool(bytes, bytes)> f,
                             const progress& tell) const {
  constexpr std::size_t piece = 256;
  walk_count count(tell, to > from ? to - from : 0);
  while (to > from) {
    const auto start = to - from > piece ? to - piece : from;
    std::vector<std::pair<term, term>> entries;
    const auto walk = moment_->entries(start, to);
    for (auto some = walk->next(); !some.empty(); some = walk->next()) {
      for (const auto& e : some) {
        entries.emplace_back(term::from_canonical(e.key), term::from_canonical(e.value));
      }
    }
    for (auto e = entries.rbegin(); e != entries.rend(); ++e) {
      count.one_more();
      if (!f(e->first.encoded(), e->second.encoded())) return;
    }
    to = start;
  }
}

}  // namespace shelf::cli
