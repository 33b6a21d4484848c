// ENGINE  api -> [engine] -> stores -> journal -> file
// Loading: every change goes through stage and publish, as a live write does.
#include "engine/loader.hpp"

#include "error/sentence.hpp"
#include "term/canonical.hpp"
#include "term/text.hpp"
#include "term/zero_sign.hpp"

#include <algorithm>

namespace shelf::engine {
namespace {

using journal::op;

constexpr std::size_t bad_entries_told = 3;
constexpr std::size_t publish_after = 64;
constexpr std::size_t announced_ahead = 16;
/// Nobody looks before all is loaded: whoever then takes the contents shows them under a version of
/// their own.
constexpr sequence only_version = 0;
constexpr std::size_t content_shown = 64;
constexpr std::string_view any_term = "any";  // the schema of shelf::term

[[nodiscard]] bool is_catalogue(op what) noexcept {
  return what == op::table_created || what == op::table_changed || what == op::table_dropped;
}

}  // namespace

loader::loader(const detail::entry_types& types, missing_fields policy, std::string path,
               contents_factory make)
    : types_(types),
      policy_(policy),
      path_(std::move(path)),
      make_(std::move(make)),
      loaded_(make_()) {}

result<> loader::visit(const journal::change& c, std::uint64_t number) {
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

result<> loader::visit_sound(const journal::change& c, std::uint64_t number) {
  // What was written while the file was read comes behind what stood in it.
  if (first_counts_ && number != 0) {
    insert_announced();
    first_counts_ = false;
  }
  if (c.what == op::note || c.what == op::seal) return {};
  if (is_catalogue(c.what) || c.table != 1) return check_catalogue(c);
  if (!catalogue_seen_) {
    return std::unexpected(error(errc::corrupt, "a change precedes the catalog"));
  }
  if (c.what == op::clear) {
    clear();
    return {};
  }
  const bool has_entry = c.what == op::put || c.what == op::append;
  const bool fits = trusted_ || (has_entry && types_.check(c.key, c.value).has_value());
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

void loader::expect_no_schema() noexcept {
  has_schema_ = false;
  schema_differs_ = policy_ == missing_fields::use_defaults;
  first_counts_ = types_.what == kind::set;
}

bool loader::is_there(bytes key, std::uint64_t hash) {
  return loaded_->find_staged(key, hash) != nullptr;
}

/// An entry that does not fit is kept as it is, to be judged at the end: a later change may replace
/// it.
entry::owner loader::make_entry(const journal::change& c, bool fits) {
  if (fits && schema_differs_ && !trusted_) {
    if (const auto value = types_.reencode(c.value)) {
      values_differ_ = values_differ_ || !same_bytes(c.value, *value);
      return entry::make(c.key, *value);
    }
    fits = false;
  }
  has_doubts_ = has_doubts_ || !fits;
  return entry::make(c.key, c.value);
}

template <class Change>
void loader::stage(Change change) {
  (void)change();
  if (loaded_->staged_count() >= publish_after) loaded_->publish(only_version);
}

void loader::insert_announced() {
  for (auto& [e, hash] : announced_) {
    if (first_counts_ && is_there(e->key(), hash)) continue;
    stage([&] { return loaded_->stage_insert(e, hash); });
  }
  announced_.clear();
}

void loader::publish() {
  insert_announced();
  if (loaded_->staged_count() != 0) loaded_->publish(only_version);
}

void loader::clear() {
  announced_.clear();
  loaded_->discard();
  loaded_ = make_();
}

result<> loader::check_catalogue(const journal::change& c) {
  if (c.what != op::table_created || catalogue_seen_ || c.table != 1) {
    return std::unexpected(
        error(errc::unsupported_version,
              path_ + ": the file holds several tables; this version of shelf reads only one"));
  }
  auto stored = stores::decode_description(c.key, c.value);
  if (!stored) return std::unexpected(stored.error());
  description_ = *std::move(stored);
  if (description_.what != types_.what) {
    return std::unexpected(
        error(errc::wrong_kind, path_ + ": the file holds " + in_words(description_.what) +
                                    ", the program opens it as " + in_words(types_.what)));
  }
  // A key that lacks fields would be another key than the one the program looks up.
  auto same =
      check_schema(description_.key_schema, types_.key_schema, "key", missing_fields::refuse);
  if (same) same = check_schema(description_.value_schema, types_.value_schema, "value", policy_);
  catalogue_seen_ = same.has_value();
  return same;
}

/// A schema may differ where that is allowed. The file then gets the one that new entries keep,
/// unless the program takes any term: it knows less than the file does.
result<> loader::check_schema(std::string& stored, const std::string& wanted,
                              std::string_view which, missing_fields policy) {
  auto same = types_.compare_schema(stored, wanted, policy);
  if (!same) {
    auto sentence = path_ + ": ";
    if (same.error() == errc::type_mismatch) {
      sentence.append("the ").append(which).append(" type differs: ");
    } else {
      sentence.append("byte 8192: ").append(which).append(": ");
    }
    sentence += same.error().message();
    if (which == "value" && types_.compare_schema(stored, wanted, missing_fields::use_defaults)) {
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

void loader::note_bad(bytes key, const error& why) {
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
void loader::check_live() {
  if (trusted_ || (!has_doubts_ && !types_.accept)) return;
  const held_version all(loaded_);
  const auto walk = all.walk();
  for (auto some = walk->next(); !some.empty(); some = walk->next()) {
    for (const auto* e : some) {
      const auto fits = has_doubts_ ? types_.check(e->key(), e->value()) : result<>();
      if (!fits) {
        note_bad(e->key(), fits.error());
      } else if (types_.accept && !types_.accept(e->key(), e->value())) {
        note_bad(e->key(), error(errc::type_mismatch, "rejected by config.check"));
      }
    }
  }
}

result<std::shared_ptr<contents>> loader::finish() {
  if (auto fits = judge(); !fits) return std::unexpected(fits.error());
  return std::move(loaded_);
}

result<> loader::judge() {
  publish();
  if (!catalogue_seen_) {
    return std::unexpected(damage(path_, "byte 8192: the catalog is missing"));
  }
  check_live();
  if (bad_entries_ != 0) {
    const auto count = std::to_string(bad_entries_);
    return std::unexpected(error(errc::type_mismatch,
                                 path_ + ": " + count +
                                     (bad_entries_ == 1 ? " entry does" : " entries do") +
                                     " not fit the types: " + first_bad_,
                                 first_bad_details_));
  }
  return {};
}

}  // namespace shelf::engine
