// ENGINE  api -> [engine] -> stores -> journal -> file
// Migrations: which steps lead to the program's types, and what they make of each entry.
#include "engine/converting.hpp"

#include "engine/operation.hpp"
#include "error/printable.hpp"
#include "term/text.hpp"

#include <algorithm>
#include <cassert>
#include <utility>

namespace shelf::engine {
namespace {

constexpr std::size_t failures_told = 3;
constexpr std::size_t key_shown = 64;
constexpr std::size_t told_every = 1024;

[[nodiscard]] bool fits(const detail::entry_types& types, const std::string& stored,
                        const std::string& wanted) {
  return types.compare_schema(stored, wanted, missing_fields::refuse).has_value();
}

/// Takes an entry through the steps from one on.
[[nodiscard]] result<> convert(const conversion_settings& how, std::size_t step,
                               detail::stored_entry e, encoded_batch& made) {
  const auto& of = *how.path[step];
  if (step + 1 == how.path.size()) return of.convert(e, made);
  encoded_batch between(how.entry_limit, how.label);
  if (auto done = of.convert(e, between); !done) return done;
  for (const auto& m : between.entries()) {
    if (auto done = convert(how, step + 1, {m->key(), m->value(), e.until}, made); !done) {
      return done;
    }
  }
  return {};
}

[[nodiscard]] result<std::size_t> convert_one(const conversion_settings& how, const entry& e,
                                              table_loader& to) {
  auto fits = how.path.front()->from.check(e.key(), e.value());
  encoded_batch made(how.entry_limit, how.label);
  if (fits) fits = convert(how, 0, {e.key(), e.value(), e.until()}, made);
  std::size_t count = 0;
  for (auto& m : made.entries()) {
    if (!fits) break;
    give_deadline(m, e.until());
    fits = to.add_converted(std::move(m));
    ++count;
  }
  if (!fits) return std::unexpected(fits.error());
  return count;
}

}  // namespace

void note_failure(detail::migrated_table& in, bytes key, const error& why) {
  if (++in.failed > failures_told) return;
  in.failures.push_back(
      error(why.code(), why.message(), "key " + terms::to_text(key, key_shown), why.os_error()));
}

migration_path find_path(const std::vector<detail::migration_step>& steps,
                         const table_description& as, const detail::entry_types& to) {
  migration_path path;
  if (as.what != to.what || !fits(to, as.key_schema, to.key_schema)) return path;
  const auto* schema = &as.value_schema;
  while (!fits(to, *schema, to.value_schema)) {
    const auto next = std::ranges::find_if(steps, [&](const auto& s) {
      return std::ranges::find(path, &s) == path.end() &&
             fits(s.from, *schema, s.from.value_schema);
    });
    if (next == steps.end()) return {};
    path.push_back(&*next);
    schema = &next->to;
  }
  return path;
}

detail::migrated_table convert_all(const std::shared_ptr<contents>& all,
                                   const conversion_settings& how, table_loader& to) {
  assert(!how.path.empty());
  detail::migrated_table done;
  std::size_t passed = how.from;
  const kinds::held_version held(all);
  const auto walk = held.walk();
  for (auto some = walk->next(); !some.empty(); some = walk->next()) {
    for (const auto* e : some) {
      if (how.tell && ++passed % told_every == 0) how.tell(passed, how.of);
      if (e->is_expired(how.now)) continue;
      ++done.read;
      const auto made = convert_one(how, *e, to);
      if (made)
        done.written += *made;
      else
        note_failure(done, e->key(), made.error());
    }
  }
  if (how.tell) how.tell(passed, how.of);
  return done;
}

error not_converted(const detail::migrated_table& done, const std::string& label) {
  assert(done.failed != 0 && !done.failures.empty());
  std::string first;
  std::string details;
  for (const auto& f : done.failures) {
    first.append(first.empty() ? "" : "; ").append(f.message());
    details.append(details.empty() ? "" : "; ").append(f.details());
  }
  const auto& front = done.failures.front();
  return error(front.code(),
               label + ": " + std::to_string(done.failed) + " of " + std::to_string(done.read) +
                   (done.read == 1 ? " entry" : " entries") + " cannot be migrated: " + first,
               details, front.os_error());
}

// --- while a file is loaded ----------------------------------------------------------------------

result<> table_loader::add_converted(entry::owner made) {
  const auto hash = loaded_->announce(made->key());
  if (!is_bag(description_.what) && is_there(made->key(), hash)) {
    return std::unexpected(error(errc::key_already_present, "two entries would get the same key"));
  }
  stage([&] {
    loaded_->fit(made);
    return loaded_->stage_insert(made, hash);
  });
  return {};
}

/// The file is to be what the program's types say, in one step for all tables.
result<> file_loader::migrate() {
  std::vector<std::pair<loaded_table*, std::shared_ptr<contents>>> all;
  conversion_settings how{
      .path = {}, .now = how_.now, .entry_limit = how_.entry_limit, .label = {}};
  for (auto& [id, t] : tables_) {
    if (t.path.empty()) continue;
    all.emplace_back(&t, t.load->take());
    how.of += all.back().second->size();
  }
  if (how_.tell_migrated != nullptr) how.tell = *how_.tell_migrated;
  for (auto& [t, old] : all) {
    how.path = std::exchange(t->path, {});
    how.label = how_.path + ": " + detail::printable(t->as.name);
    auto as = t->as;
    as.key_schema = t->declared->types->key_schema;
    as.value_schema = t->declared->types->value_schema;
    t->load = std::make_unique<table_loader>(how_, t->declared->types, std::move(as));
    t->load->note_migrated();
    auto done = convert_all(old, how, *t->load);
    how.from += old->size();
    done.name = t->as.name;
    if (done.failed != 0 && !how_.is_trial) return std::unexpected(not_converted(done, how.label));
    migrated_.push_back(std::move(done));
  }
  return {};
}

}  // namespace shelf::engine
