// TEST  cluster
// Units one after the other, on a copy of the tables that replaces them at the end.
#include "fake_server.hpp"

#include "shelf/term.hpp"

#include <algorithm>
#include <variant>

namespace shelf::test {

using namespace shelf::cluster;

namespace {

buffer copy_of(std::string_view text) { return {as_bytes(text).begin(), as_bytes(text).end()}; }

/// Another one for every pair.
uuid chained(const uuid& before, const uuid& call) {
  uuid made;
  std::uint64_t mixed = 0x9E3779B97F4A7C15;
  for (std::size_t i = 0; i < made.content.size(); ++i) {
    mixed = (mixed ^ std::to_integer<std::uint64_t>(before.content[i])) * 0xFF51AFD7ED558CCD;
    mixed = (mixed ^ std::to_integer<std::uint64_t>(call.content[i])) * 0xC4CEB9FE1A85EC53;
    mixed ^= mixed >> 33;
    made.content[i] = static_cast<std::byte>(mixed >> 8);
  }
  return made;
}

/// The parts of a counter's step.
struct parsed_step {
  std::int64_t delta = 0;
  std::optional<std::int64_t> initial;
  std::int64_t lowest = 0;
  std::int64_t highest = 0;
};

parsed_step parse(const buffer& content) {
  std::vector<std::string> parts(1);
  for (const char c : as_text(content)) {
    if (c == ',') {
      parts.emplace_back();
    } else {
      parts.back() += c;
    }
  }
  parsed_step s{std::stoll(parts[0]), std::nullopt, std::stoll(parts[2]), std::stoll(parts[3])};
  if (!parts[1].empty()) s.initial = std::stoll(parts[1]);
  return s;
}

}  // namespace

fake_server::fake_server() {
  log_.push_back({.at = {0, random_uuid()}, .changes = {}, .refused = {}});
}

const logged_commit* fake_server::find(std::int64_t seq) const {
  const auto found = std::ranges::find(log_, seq, [](const auto& c) { return c.at.seq; });
  return found == log_.end() ? nullptr : &*found;
}

result<std::vector<catalog_table>> fake_server::catalog(deadline) {
  std::vector<catalog_table> all;
  for (const auto& [id, t] : tables_) {
    if (!t.is_dropped) all.push_back(t.description);
  }
  return all;
}

result<> fake_server::snapshot(snapshot_visitor& to, deadline until) {
  const bool is_old = bug == fake_bug::snapshot_of_the_past && log_.size() > 1;
  const auto at = is_old ? log_[log_.size() - 2].at : log_.back().at;
  if (auto begun = to.begin(at, *catalog(until)); !begun) return begun;
  for (const auto& [id, t] : tables_) {
    if (t.is_dropped) continue;
    for (const auto& [key, several] : t.entries) {
      for (const auto& v : several) {
        const auto term = v.term ? std::optional<bytes>(*v.term) : std::nullopt;
        auto taken = to.entry({.table = id, .key = key, .term = term, .content = v.content});
        if (!taken) return taken;
      }
    }
  }
  return {};
}

result<log_slice> fake_server::since(const log_position& known, std::size_t most, deadline) {
  log_slice slice;
  const auto* const here = find(known.seq);
  if (here == nullptr || here->at != known) {
    const bool is_old = here == nullptr && known.seq < log_.back().at.seq;
    slice.how = is_old ? log_slice::relation::trimmed : log_slice::relation::diverged;
    return slice;
  }
  for (const auto& c : log_) {
    if (c.at.seq > known.seq && slice.commits.size() < most) slice.commits.push_back(c);
  }
  return slice;
}

/// One call under way.
struct fake_server::run {
  const fake_server& of;
  const commit_call& call;
  tables staged;
  logged_commit done;

  [[nodiscard]] bool is_overtaken(const read_check& r) const {
    const auto& t = staged.at(r.table);
    if (of.bug == fake_bug::key_reads_not_checked) return false;
    if (r.what == read_check::scope::key) {
      const auto found = t.entries.find(*r.from);
      const auto count = found == t.entries.end() ? 0 : found->second.size();
      const auto is_newer = [&](const stored_value& v) { return v.version > call.base.seq; };
      return count != static_cast<std::size_t>(r.count) ||
             (count > 0 && std::ranges::any_of(found->second, is_newer));
    }
    const auto touches = [&](const change& c) {
      if (c.table != r.table) return false;
      if (r.what == read_check::scope::table || !c.key) return true;
      return *c.key >= *r.from && (!r.to || *c.key < *r.to);
    };
    const auto has = [&](const logged_commit& c) {
      return std::ranges::any_of(c.changes, touches);
    };
    return std::ranges::any_of(of.log_,
                               [&](const auto& c) { return c.at.seq > call.base.seq && has(c); }) ||
           has(done);
  }

  /// What a conditional change becomes, or why not.
  [[nodiscard]] std::variant<change, refusal> decide(change c) const {
    if (!c.key) return c;
    const auto& t = staged.at(c.table);
    const auto found = t.entries.find(*c.key);
    const auto* const present = found == t.entries.end() ? nullptr : &found->second.front();
    switch (c.code) {
      case change_code::put_new:
        if (present != nullptr) return refusal::key_present;
        c.code = change_code::put;
        return c;
      case change_code::erase_if:
        if (present == nullptr || present->content != *c.content) return refusal::other_value;
        c.code = change_code::erase;
        c.content.reset();
        return c;
      case change_code::add: return count(std::move(c), present);
      default: return c;
    }
  }

  [[nodiscard]] static std::variant<change, refusal> count(change c, const stored_value* present) {
    const auto step = parse(*c.content);
    auto number = step.initial;
    if (present != nullptr) {
      const auto value = or_throw(term::from_encoded(present->content)).as_integer();
      if (!value) return refusal::no_integer;
      number = *value;
    }
    if (!number) return refusal::no_counter;
    const bool is_wide = __builtin_add_overflow(*number, step.delta, &*number);
    if (is_wide || *number < step.lowest || *number > step.highest) return refusal::out_of_bounds;
    const auto made = term::integer(*number);
    c.code = change_code::put;
    c.content = buffer(made.encoded().begin(), made.encoded().end());
    return c;
  }

  void apply(const change& c) {
    auto& t = staged.at(c.table);
    if (c.code == change_code::clear) return t.entries.clear();
    auto& here = t.entries[*c.key];
    const auto is_it = [&](const stored_value& v) { return v.content == *c.content; };
    switch (c.code) {
      case change_code::put: {
        const bool is_old = of.bug == fake_bug::version_not_raised && !here.empty();
        here = {{*c.content, c.term, is_old ? here.front().version : done.at.seq}};
        break;
      }
      case change_code::append:
        if (t.description.what == kind::bag && std::ranges::any_of(here, is_it)) break;
        here.push_back({*c.content, c.term, done.at.seq});
        break;
      case change_code::erase_value: std::erase_if(here, is_it); break;
      default: here.clear();
    }
    if (here.empty()) t.entries.erase(*c.key);
  }

  void add(const unit& u, std::int32_t number) {
    for (const auto& r : u.reads) {
      if (!is_overtaken(r)) continue;
      refuse(number, refusal::overtaken);
      if (of.bug != fake_bug::refused_and_done) return;
      break;
    }
    std::vector<change> decided;
    for (const auto& c : u.changes) {
      auto one = decide(c);
      if (const auto* const why = std::get_if<refusal>(&one)) return refuse(number, *why);
      decided.push_back(std::get<change>(std::move(one)));
    }
    for (const auto& c : decided) {
      apply(c);
      done.changes.push_back(c);
    }
  }
  void refuse(std::int32_t number, refusal why) { done.refused.push_back({number, why}); }
};

std::optional<commit_outcome> fake_server::refuse(const commit_call& call) const {
  const auto* const base = find(call.base.seq);
  if (base == nullptr) {
    return call.base.seq < log_.back().at.seq ? commit_outcome::base_trimmed
                                              : commit_outcome::other_history;
  }
  if (base->at != call.base && bug != fake_bug::base_not_compared)
    return commit_outcome::other_history;
  const auto is_known = [&](std::int32_t id) {
    const auto found = tables_.find(id);
    return found != tables_.end() && !found->second.is_dropped &&
           found->second.since <= call.base.seq;
  };
  for (const auto& wave : call.waves) {
    for (const auto& u : wave) {
      const auto is_fine = [&](const auto& x) { return is_known(x.table); };
      if (!std::ranges::all_of(u.changes, is_fine) || !std::ranges::all_of(u.reads, is_fine)) {
        return commit_outcome::catalog_changed;
      }
    }
  }
  return std::nullopt;
}

result<commit_answer> fake_server::commit(const commit_call& call, deadline) {
  const auto known = answers_.find(call.nonce);
  if (known != answers_.end() && bug != fake_bug::call_forgotten) return known->second;
  const auto head = log_.back().at.seq;
  if (const auto why = refuse(call)) return commit_answer{*why, head, log_.back().at.nonce, {}};
  run r{*this, call, tables_, {}};
  r.done.at = {head + 1, chained(log_.back().at.nonce, call.nonce)};
  r.done.call = call.nonce;
  std::int32_t number = 0;
  for (const auto& wave : call.waves) {
    for (const auto& u : wave) r.add(u, ++number);
  }
  if (r.done.changes.empty())
    return commit_answer{commit_outcome::all_refused, head, log_.back().at.nonce, r.done.refused};
  if (bug == fake_bug::log_lacks_a_change && r.done.changes.size() > 2) r.done.changes.pop_back();
  const commit_answer answer{commit_outcome::committed, head + 1, r.done.at.nonce, r.done.refused};
  tables_ = std::move(r.staged);
  log_.push_back(std::move(r.done));
  answers_.emplace(call.nonce, answer);
  return answer;
}

void fake_server::note(change_code code, std::int32_t of, std::string_view name) {
  logged_commit c{.at = {log_.back().at.seq + 1, random_uuid()}, .changes = {}, .refused = {}};
  c.changes.push_back({.code = code, .table = of, .key = copy_of(name)});
  log_.push_back(std::move(c));
}

result<catalog_table> fake_server::declare(const catalog_table& wanted, deadline) {
  for (const auto& [id, t] : tables_) {
    if (!t.is_dropped && t.description.name == wanted.name) return t.description;
  }
  auto made = wanted;
  made.id = ++last_table_;
  note(change_code::table_created, made.id, made.name);
  tables_[made.id] = {.description = made, .since = log_.back().at.seq, .entries = {}};
  return made;
}

result<> fake_server::drop(std::string_view name, deadline) {
  for (auto& [id, t] : tables_) {
    if (t.is_dropped || t.description.name != name) continue;
    note(change_code::table_dropped, id, name);
    t.is_dropped = true;
    t.since = log_.back().at.seq;
    return {};
  }
  return std::unexpected(error(errc::not_found));
}

}  // namespace shelf::test
