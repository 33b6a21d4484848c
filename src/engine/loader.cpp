// ENGINE  api -> [engine] -> stores -> journal -> file
// Loading: every change goes through stage and publish, as a live write does.
#include "engine/loader.hpp"

#include "engine/converting.hpp"
#include "error/printable.hpp"
#include "error/sentence.hpp"
#include "file/seeded_bug.hpp"
#include "kinds/index_set.hpp"
#include "term/canonical.hpp"
#include "term/limits.hpp"
#include "term/text.hpp"
#include "term/zero_sign.hpp"

#include <algorithm>
#include <cassert>

namespace shelf::engine {
namespace {

using journal::op;

constexpr std::size_t bad_entries_told = 3;
constexpr std::size_t announced_ahead = 16;
constexpr std::size_t content_shown = 64;
constexpr std::string_view any_term = "any";  // the schema of shelf::term
/// As deep as any table's limits allow.
constexpr terms::term_limits widest{.nesting = terms::max_nesting};

[[nodiscard]] kinds::deadline deadline_of(const journal::change& c) noexcept {
  return file::has_bug(file::seeded_bug::deadline_ignored) ? kinds::no_deadline : c.deadline;
}

[[nodiscard]] bool is_catalogue(op what) noexcept {
  return what == op::table_created || what == op::table_changed || what == op::table_dropped;
}

}  // namespace

table_loader::table_loader(const load_settings& how, const detail::entry_types* types,
                           table_description as)
    : how_(how),
      types_(types),
      description_(std::move(as)),
      loaded_(how.make(types != nullptr ? types->what : description_.what,
                       types != nullptr ? types->bounds : size_bounds{})),
      trusted_(how.trusted),
      has_schema_(how.has_schema) {
  note_label();
  if (trusted_ || has_schema_) return;
  schema_differs_ = how.policy == missing_fields::use_defaults;
  first_counts_ = description_.what == kind::set;
}

void table_loader::note_label() {
  label_ = how_.names_tables ? how_.path + ": " + detail::printable(description_.name) : how_.path;
}

void table_loader::change_description(const table_description& as) {
  if (as.in_memory && !description_.in_memory) clear();
  description_.name = as.name;
  description_.in_memory = as.in_memory;
  description_.indexes = as.indexes;
  note_label();
}

result<> table_loader::take_over(table_loader& from) {
  from.publish();
  const auto what = is_bag(description_.what) ? op::append : op::put;
  const kinds::held_version all(from.loaded_);
  const auto walk = all.walk();
  for (auto some = walk->next(); !some.empty(); some = walk->next()) {
    for (const auto* e : some) {
      const auto until = e->until();
      const auto taken =
          visit({what, journal::flags_for(until), 0, e->key(), e->value(), until}, 0);
      if (!taken) return taken;
    }
  }
  return {};
}

void table_loader::trust() noexcept {
  trusted_ = true;
  first_counts_ = false;
}

result<> table_loader::visit(const journal::change& c, std::uint64_t number) {
  if (!terms::may_hold_negative_zero(c.key) || !terms::is_canonical(c.key)) {
    return visit_sound(c, number);
  }
  // Erlang's files hold such keys, and those of earlier versions: as live writes, they lose the
  // sign.
  std::vector<std::byte> key(c.key.begin(), c.key.end());
  terms::drop_zero_signs(key);
  auto same = c;
  same.key = key;
  return visit_sound(same, number);
}

/// Of a table that the program does not know, every sound term fits.
result<> table_loader::check_entry(bytes key, bytes value) const {
  if (types_ != nullptr) return types_->check(key, value);
  if (terms::is_canonical(key, widest) && terms::is_canonical(value, widest)) return {};
  return std::unexpected(error(errc::corrupt, "not a term in canonical form"));
}

result<> table_loader::visit_sound(const journal::change& c, std::uint64_t number) {
  // What was written while the file was read comes behind what stood in it.
  if (first_counts_ && number != 0) {
    insert_announced();
    first_counts_ = false;
  }
  if (c.what == op::clear) {
    clear();
    return {};
  }
  if (c.what == op::expire) return expire(c);
  const bool has_entry = c.what == op::put || c.what == op::append;
  const bool fits = trusted_ || (has_entry && check_entry(c.key, c.value).has_value());
  // From here on keys are compared as terms.
  if (!fits && !terms::is_canonical(c.key)) {
    note_bad(c.key, error(errc::corrupt, "the key is not a term in canonical form"));
    return {};
  }
  if (has_entry) {
    const auto hash = loaded_->announce(c.key);
    announced_.push_back({make_entry(c, fits), hash});
    if (announced_.size() == announced_ahead) insert_announced();
    return {};
  }
  insert_announced();
  stage([&] {
    return c.what == op::erase ? loaded_->stage_erase(c.key)
                               : loaded_->stage_erase_value(c.key, c.value);
  });
  return {};
}

bool table_loader::is_there(bytes key, std::uint64_t hash) {
  return loaded_->find_staged(key, hash) != nullptr;
}

/// An entry that does not fit is kept as it is, to be judged at the end: a later change may replace
/// it.
entry::owner table_loader::make_entry(const journal::change& c, bool fits) {
  if (fits && schema_differs_ && !trusted_ && types_ != nullptr) {
    if (const auto value = types_->reencode(c.value)) {
      values_differ_ = values_differ_ || !same_bytes(c.value, *value);
      return entry::make(c.key, *value, deadline_of(c));
    }
    fits = false;
  }
  has_doubts_ = has_doubts_ || !fits;
  return entry::make(c.key, c.value, deadline_of(c));
}

/// The same value with another deadline.
result<> table_loader::expire(const journal::change& c) {
  if (file::has_bug(file::seeded_bug::deadline_ignored)) return {};
  if (!trusted_ && !terms::is_canonical(c.key)) {
    note_bad(c.key, error(errc::corrupt, "the key is not a term in canonical form"));
    return {};
  }
  insert_announced();
  const auto* const there = loaded_->find_staged(c.key);
  if (there == nullptr) return {};  // as an erase; salvage may have lost what put it there
  auto made = entry::make(there->key(), there->value(), c.deadline);
  const auto hash = loaded_->announce(made->key());
  stage([&] {
    loaded_->fit(made);
    return loaded_->stage_insert(made, hash);
  });
  return {};
}

void table_loader::insert_announced() {
  assert(announced_.size() <= announced_ahead);
  for (auto& [e, hash] : announced_) {
    if (first_counts_ && is_there(e->key(), hash)) continue;
    stage([&] {
      loaded_->fit(e);
      return loaded_->stage_insert(e, hash);
    });
  }
  announced_.clear();
}

void table_loader::publish() {
  insert_announced();
  if (loaded_->staged_count() != 0) loaded_->publish(++version_);
}

void table_loader::clear() {
  announced_.clear();
  loaded_->discard();
  loaded_ = how_.make(types_ != nullptr ? types_->what : description_.what,
                      types_ != nullptr ? types_->bounds : size_bounds{});
}

/// A schema may differ where that is allowed. The file then gets the one that new entries keep,
/// unless the program takes any term: it knows less than the file does.
result<> table_loader::check_schema(std::string& stored, const std::string& wanted,
                                    std::string_view which, missing_fields policy) {
  auto same = types_->compare_schema(stored, wanted, policy);
  if (!same) {
    auto sentence = label_ + ": ";
    if (same.error() == errc::type_mismatch) {
      sentence.append("the ").append(which).append(" type differs: ");
    } else {
      sentence.append("byte 8192: ").append(which).append(": ");
    }
    sentence += same.error().message();
    if (which == "value" && types_->compare_schema(stored, wanted, missing_fields::use_defaults)) {
      sentence +=
          "; set .missing_fields = shelf::missing_fields::use_defaults to use its default value";
    }
    return std::unexpected(error(same.error().code(), std::move(sentence)));
  }
  if (stored != wanted && wanted != any_term) {
    stored = wanted;
    schema_differs_ = true;
  }
  return {};
}

void table_loader::note_bad(bytes key, const error& why) {
  if (++bad_entries_ > bad_entries_told) return;
  if (bad_entries_ > 1) {
    first_bad_ += "; ";
    first_bad_details_ += "; ";
  }
  first_bad_ += why.message();
  first_bad_details_ += "key " + terms::to_text(key, content_shown) + ": " + why.details();
}

/// Judges what is left when every change has been applied: by the types if a change did not fit
/// them, then by the user's predicate, which sees only what fits.
void table_loader::check_live() {
  const bool has_predicate = types_ != nullptr && types_->accept;
  if (trusted_ || (!has_doubts_ && !has_predicate)) return;
  const kinds::held_version all(loaded_);
  const auto walk = all.walk();
  for (auto some = walk->next(); !some.empty(); some = walk->next()) {
    for (const auto* e : some) {
      const auto fits = has_doubts_ ? check_entry(e->key(), e->value()) : result<>();
      if (!fits) {
        note_bad(e->key(), fits.error());
      } else if (has_predicate && !types_->accept(e->key(), e->value())) {
        note_bad(e->key(), error(errc::type_mismatch, "rejected by config.check"));
      }
    }
  }
}

std::shared_ptr<contents> table_loader::take() {
  publish();
  assert(loaded_->staged_count() == 0 && announced_.empty() && "all that was read is in it");
  return std::move(loaded_);
}

result<> table_loader::judge() {
  publish();
  check_live();
  if (bad_entries_ == 0) return trusted_ ? result<>() : build_indexes();
  const auto count = std::to_string(bad_entries_);
  return std::unexpected(error(errc::type_mismatch,
                               label_ + ": " + count +
                                   (bad_entries_ == 1 ? " entry does" : " entries do") +
                                   " not fit the types: " + first_bad_,
                               first_bad_details_));
}

result<> table_loader::build_indexes() {
  if (types_ == nullptr || !types_->indexes || loaded_->indexes) return {};
  publish();
  const kinds::held_version all(loaded_);
  auto made = kinds::make_indexes(all, types_->indexes, version_, how_.now, label_);
  if (!made) return std::unexpected(made.error());
  loaded_->indexes.set(*std::move(made));
  return {};
}

result<> table_loader::check_description() {
  if (types_ == nullptr || trusted_) return {};
  if (description_.what != types_->what) {
    return std::unexpected(
        error(errc::wrong_kind, label_ + ": the file holds " + in_words(description_.what) +
                                    ", the program opens it as " + in_words(types_->what)));
  }
  if (types_->recorded && types_->recorded->found != description_.indexes) {
    return std::unexpected(
        error(errc::type_mismatch, label_ + ": the indexes in the file changed while it was read"));
  }
  // A key that lacks fields would be another key than the one the program looks up.
  auto same =
      check_schema(description_.key_schema, types_->key_schema, "key", missing_fields::refuse);
  if (!same) return same;
  return check_schema(description_.value_schema, types_->value_schema, "value", how_.policy);
}

// --- the tables of a file ------------------------------------------------------------------------

file_loader::file_loader(load_settings how, std::vector<declared_table> declared)
    : how_(std::move(how)), declared_(std::move(declared)) {}

const declared_table* file_loader::declared_as(std::uint32_t id,
                                               const std::string& name) const noexcept {
  for (const auto& d : declared_) {
    if (d.id != 0 ? d.id == id : d.name.empty() || d.name == name) return &d;
  }
  return nullptr;
}

result<> file_loader::visit(const journal::change& c, std::uint64_t number) {
  if (journal::changes_nothing(c)) return {};
  if (is_catalogue(c.what)) return visit_catalogue(c);
  if (!catalogue_seen_) {
    return std::unexpected(error(errc::corrupt, "a change precedes the catalog"));
  }
  if (c.table != last_id_ || last_ == nullptr) {
    const auto found = tables_.find(c.table);
    if (found == tables_.end()) {
      return std::unexpected(error(errc::corrupt, "a change is for table " +
                                                      std::to_string(c.table) +
                                                      ", which the catalog does not have"));
    }
    if (found->second.load->description().in_memory) {
      return std::unexpected(error(errc::corrupt, "a change is for table " +
                                                      std::to_string(c.table) +
                                                      ", whose entries are not kept on disk"));
    }
    last_ = &found->second;
    last_id_ = c.table;
  }
  if (c.value.size() > entry::longest_value) {
    return std::unexpected(error(errc::corrupt, "a value is longer than 2 GiB"));
  }
  const bool is_deadline = c.what == op::expire || (c.flags & journal::flag::deadline) != 0;
  if (is_deadline && is_bag(last_->load->description().what)) {
    return std::unexpected(error(errc::corrupt, "an entry of a bag has a deadline"));
  }
  return last_->load->visit(c, number);
}

result<> file_loader::visit_catalogue(const journal::change& c) {
  last_ = nullptr;
  catalogue_seen_ = true;
  if (c.what == op::table_dropped) {
    drop(c.table);
    return {};
  }
  is_of_several_ =
      is_of_several_ || c.what == op::table_changed || c.table != 1 || !tables_.empty();
  if (is_of_several_ && !how_.may_have_several) return std::unexpected(too_many());
  auto stored = stores::decode_description(c.key, c.value);
  if (!stored) return std::unexpected(stored.error());
  if (c.what == op::table_changed) return change(c.table, *std::move(stored));
  if (auto known = catalogue_.create(c.table, stored->name); !known) return known;
  return create(c.table, *std::move(stored));
}

/// Of a table that is not there, too: a rewrite keeps the record of the highest id.
void file_loader::drop(std::uint32_t id) {
  tables_.erase(id);
  catalogue_.drop(id);
  highest_id_ = std::max(highest_id_, id);
}

/// A loader for a table of that description, as the program declares it. A table that does not fit
/// may be dropped or renamed further on: until then its entries are loaded as they are.
result<file_loader::loaded_table> file_loader::bind(std::uint32_t id, table_description as) {
  const auto* declared = declared_as(id, as.name);
  const auto* const types = declared != nullptr ? declared->types : nullptr;
  const bool may_migrate = declared != nullptr && declared->migrate != nullptr &&
                           !declared->migrate->empty() && !how_.trusted;
  if (may_migrate) {
    if (auto path = find_path(*declared->migrate, as, *types); !path.empty()) {
      auto load = std::make_unique<table_loader>(how_, nullptr, as);
      return loaded_table{declared, std::move(load), std::move(as), {}, std::move(path)};
    }
  }
  loaded_table t{declared, std::make_unique<table_loader>(how_, types, as), std::move(as), {}};
  const auto same = t.load->check_description();
  if (same) return t;
  const bool may_be_another = declared->name.empty();
  // That there are several tables is the better answer than that this one is damaged.
  if (same.error() == errc::corrupt && !may_be_another) return std::unexpected(same.error());
  t.load = std::make_unique<table_loader>(how_, nullptr, t.as);
  t.wrong = same.error();
  if (may_migrate && same.error() == errc::type_mismatch) {
    t.wrong =
        error(errc::type_mismatch,
              same.error().message() + "; no migration leads from these types to the program's");
  }
  return t;
}

result<> file_loader::create(std::uint32_t id, table_description as) {
  const bool is_first = tables_.empty();
  auto made = bind(id, std::move(as));
  if (!made) return std::unexpected(made.error());
  if (expected_ != 0 && is_first) made->load->reserve(expected_);
  highest_id_ = std::max(highest_id_, id);
  tables_.emplace(id, *std::move(made));
  return {};
}

result<> file_loader::change(std::uint32_t id, table_description as) {
  if (auto known = catalogue_.rename(id, as.name); !known) return known;
  auto& t = tables_.at(id);
  const bool is_same = as.what == t.as.what && as.key_schema == t.as.key_schema &&
                       as.value_schema == t.as.value_schema;
  if (!is_same) {
    return std::unexpected(
        error(errc::unsupported_version,
              how_.path + ": the types of a table were changed by a newer version of shelf"));
  }
  if (declared_as(id, as.name) == t.declared && !t.wrong) {
    t.load->change_description(as);
    t.as = std::move(as);
    return {};
  }
  // The program knows it by another name, or only by this one.
  t.load->change_description(as);
  auto next = bind(id, std::move(as));
  if (!next) return std::unexpected(next.error());
  if (auto taken = next->load->take_over(*t.load); !taken) return taken;
  t = *std::move(next);
  return {};
}

error file_loader::too_many() {
  return {errc::corrupt, "the catalog has several tables, the header allows for one"};
}

error file_loader::several_tables() const {
  std::string names;
  for (const auto& [id, t] : tables_) {
    names.append(names.empty() ? "" : ", ").append(detail::printable(t.load->description().name));
  }
  return error(errc::wrong_kind, how_.path + ": the file holds " + std::to_string(tables_.size()) +
                                     " tables (" + names + "); say which one with config.table");
}

result<> file_loader::judge() {
  if (!catalogue_seen_) {
    return std::unexpected(damage(how_.path, "byte 8192: the catalog is missing"));
  }
  if (is_of_several_ && !how_.may_have_several) {
    return std::unexpected(damage(how_.path, "byte 8192: " + too_many().message()));
  }
  const bool wants_only = declared_.size() == 1 && declared_.front().name.empty();
  if (tables_.empty() && !how_.may_have_several) {
    return std::unexpected(damage(how_.path, "byte 8192: the catalog has no table"));
  }
  if (wants_only && tables_.empty()) {
    return std::unexpected(error(errc::wrong_kind, how_.path + ": the file holds no table; say "
                                                               "which one with config.table"));
  }
  if (wants_only && tables_.size() > 1) return std::unexpected(several_tables());
  for (const auto& [id, t] : tables_) {
    if (!t.wrong) continue;
    return std::unexpected(*t.wrong == errc::corrupt ? wrong_in(how_.path, *t.wrong) : *t.wrong);
  }
  if (auto done = migrate(); !done) return done;
  for (auto& [id, t] : tables_) {
    if (auto fits = t.load->judge(); !fits) return fits;
  }
  return {};
}

result<> file_loader::build_indexes() {
  for (auto& [id, t] : tables_) {
    if (auto built = t.load->build_indexes(); !built) return built;
  }
  return {};
}

void file_loader::trust() noexcept {
  how_.trusted = true;
  for (auto& [id, t] : tables_) t.load->trust();
}

bool file_loader::brought_up_to_date() const noexcept {
  return std::ranges::any_of(tables_,
                             [](const auto& t) { return t.second.load->brought_up_to_date(); });
}

}  // namespace shelf::engine
