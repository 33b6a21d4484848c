// UPKEEP  cli -> rows -> [upkeep] -> engine -> stores -> journal -> file
// A new file made of what a damaged one still holds.
#include "upkeep/salvaging.hpp"

#include "journal/salvage.hpp"
#include "stores/catalogue.hpp"
#include "stores/new_file.hpp"
#include "term/canonical.hpp"
#include "term/validation.hpp"

#include <algorithm>
#include <map>
#include <optional>

namespace shelf::upkeep {
namespace {

using journal::op;
using stores::decode_description;
using stores::encode_description;
using stores::new_file;
using stores::table_description;

constexpr std::size_t most_listed = 1000;
/// As deep as any table's limits allow.
constexpr terms::term_limits widest{.nesting = terms::max_nesting};

/// ok: there are types as which a table takes this key, or value.
[[nodiscard]] result<> is_storable(bytes term) {
  if (!terms::is_canonical(term, widest)) {
    return std::unexpected(error(errc::corrupt, "not a term in canonical form"));
  }
  return terms::refuse_storage(term);
}

/// Writes what it is given into the new file, behind a catalogue: the file's own, or the one that
/// the caller takes for granted.
class rescue final : public journal::salvager {
 public:
  rescue(new_file& to, const salvage_options& options, schema_judge judge, const progress& tell,
         std::uint64_t size, const std::string& path, bool several_tables)
      : to_(to),
        options_(options),
        judge_(judge),
        tell_(tell),
        size_(size),
        path_(path),
        several_tables_(several_tables) {}

  result<> visit(const journal::change& c, std::uint64_t sequence) override;
  result<> committed(std::uint64_t) override { return to_.commit(); }
  void dropped() override { to_.drop(); }
  void reached(std::uint64_t at) override {
    if (tell_) tell_(at, size_);
  }
  void missing(const journal::gap& g) override {
    ++report_.lost_places;
    report_.lost_bytes += g.to - g.from;
    if (report_.lost.size() == most_listed) return;
    report_.lost.push_back({.from = g.from,
                            .to = g.to,
                            .first_sequence = g.first_sequence,
                            .last_sequence = g.last_sequence,
                            .promised = g.promised});
  }
  void partial(std::uint64_t sequence) override {
    auto& p = report_.partial;
    const bool known = !p.empty() && p.back() == sequence;
    if (!known && p.size() < most_listed) p.push_back(sequence);
  }
  /// A file needs a catalogue even if nothing else is left.
  [[nodiscard]] result<> finish() {
    if (!described_.empty()) return {};
    if (several_tables_) {
      auto done = add({op::table_dropped, 0, 0, {}, {}}, 1);
      return done ? to_.commit() : done;
    }
    auto done = describe_as_told(1);
    return done ? to_.commit() : done;
  }
  [[nodiscard]] salvage_report& report() noexcept { return report_; }

 private:
  [[nodiscard]] result<> describe_as_told(std::uint64_t sequence);
  [[nodiscard]] result<> keep_catalogue(const journal::change& c, std::uint64_t sequence);
  [[nodiscard]] result<> keep_change(const journal::change& c, std::uint64_t sequence);
  [[nodiscard]] result<> describe(const table_description& d, std::uint32_t id,
                                  std::uint64_t sequence);
  [[nodiscard]] result<> is_sound(const journal::change& c) const;
  [[nodiscard]] std::string sound_schema(std::string of, const std::string& as_told,
                                         const char* which, std::uint64_t sequence);
  [[nodiscard]] result<> add(const journal::change& c, std::uint64_t sequence) {
    return to_.add(c, number_of(sequence));
  }
  [[nodiscard]] std::uint64_t number_of(std::uint64_t sequence) noexcept;
  void leave_out(std::uint64_t sequence, std::string why) {
    ++report_.bad_records;
    if (report_.left_out.size() < most_listed) {
      report_.left_out.push_back({.sequence = sequence, .why = std::move(why)});
    }
  }

  new_file& to_;
  const salvage_options& options_;
  schema_judge judge_;
  const progress& tell_;
  std::uint64_t size_;
  const std::string& path_;
  const bool several_tables_;
  std::map<std::uint32_t, table_description> described_;  ///< the tables, by id
  stores::catalogue known_;
  std::uint64_t sequence_ = 0;  ///< of the batch under way, in the old file
  std::uint64_t number_ = 0;    ///< the same in the new one
  salvage_report report_;
};

/// ok: every open takes this change, whatever the types.
result<> rescue::is_sound(const journal::change& c) const {
  const auto refuse = [](const char* why) { return std::unexpected(error(errc::corrupt, why)); };
  if (several_tables_ && !described_.contains(c.table)) {
    return refuse("it belongs to a table whose description is lost");
  }
  if (!several_tables_ && c.table != 1) return refuse("it belongs to another table");
  const auto of = described_.find(c.table);
  if (of != described_.end() && of->second.in_memory) {
    return refuse("it belongs to a table whose entries are not kept on disk");
  }
  const bool has_deadline = c.what == op::expire || (c.flags & journal::flag::deadline) != 0;
  if (has_deadline && of != described_.end() && is_bag(of->second.what)) {
    return refuse("an entry of a bag has a deadline");
  }
  switch (c.what) {
    case op::put:
    case op::append:
    case op::erase_value: {
      auto sound = is_storable(c.key);
      return sound ? is_storable(c.value) : sound;
    }
    case op::erase:
    case op::expire: return is_storable(c.key);
    case op::clear: return {};
    default: return refuse("its operation is not used in files of one table");
  }
}

result<> rescue::visit(const journal::change& c, std::uint64_t sequence) {
  if (journal::changes_nothing(c)) return {};
  if (c.what == op::table_created) return keep_catalogue(c, sequence);
  if (c.what == op::table_dropped && several_tables_) {
    described_.erase(c.table);
    known_.drop(c.table);
    return add(c, sequence);
  }
  if (c.what == op::table_changed && several_tables_) return keep_change(c, sequence);
  if (const auto sound = is_sound(c); !sound) {
    leave_out(sequence, sound.error().message());
    return {};
  }
  if (described_.empty()) {
    if (auto done = describe_as_told(sequence); !done) return done;
  }
  ++report_.changes;
  return add(c, sequence);
}

/// Batches keep their numbers, unless nobody could count on from them.
std::uint64_t rescue::number_of(std::uint64_t sequence) noexcept {
  if (sequence <= journal::most_sequence / 2) {
    number_ = sequence;
  } else if (sequence != sequence_) {
    ++number_;
  }
  sequence_ = sequence;
  return number_;
}

result<> rescue::keep_catalogue(const journal::change& c, std::uint64_t sequence) {
  auto d = decode_description(c.key, c.value);
  result<> fits;
  if (!d) {
    fits = std::unexpected(d.error());
  } else if (!several_tables_ && (!described_.empty() || c.table != 1)) {
    fits = std::unexpected(error(errc::corrupt, "the catalog names a second table"));
  } else {
    fits = known_.create(c.table, d->name);
  }
  if (!fits) {
    leave_out(sequence, fits.error().message());
    return {};
  }
  d->key_schema = sound_schema(std::move(d->key_schema), options_.key_schema, "key", sequence);
  d->value_schema =
      sound_schema(std::move(d->value_schema), options_.value_schema, "value", sequence);
  d->indexes.clear();  // what is lost may have been what kept two entries apart
  return describe(*d, c.table, sequence);
}

/// Another name or storage of a table. What was put aside is not known any more: its types stay.
result<> rescue::keep_change(const journal::change& c, std::uint64_t sequence) {
  const auto d = decode_description(c.key, c.value);
  auto fits = d ? known_.rename(c.table, d->name) : result<>(std::unexpected(d.error()));
  if (!fits) {
    leave_out(sequence, fits.error().message());
    return {};
  }
  auto& known = described_.at(c.table);
  known.name = d->name;
  known.in_memory = d->in_memory;
  report_.of.name = d->name;
  const auto encoded = encode_description(known);
  return add({op::table_changed, 0, c.table, as_bytes(encoded.key), as_bytes(encoded.value)},
             sequence);
}

/// The schema in the file, or the one that was told if no open would read that.
std::string rescue::sound_schema(std::string of, const std::string& as_told, const char* which,
                                 std::uint64_t sequence) {
  const auto sound = judge_(of);
  if (sound) return of;
  leave_out(sequence, "the schema of the " + std::string(which) + "s " + sound.error().message() +
                          "; assuming '" + as_told + "'");
  return as_told;
}

result<> rescue::describe(const table_description& d, std::uint32_t id, std::uint64_t sequence) {
  described_.emplace(id, d);
  report_.of.what = d.what;
  report_.of.name = d.name;
  report_.of.key_schema = d.key_schema;
  report_.of.value_schema = d.value_schema;
  const auto encoded = encode_description(d);
  return add({op::table_created, 0, id, as_bytes(encoded.key), as_bytes(encoded.value)}, sequence);
}

result<> rescue::describe_as_told(std::uint64_t sequence) {
  if (!options_.what) {
    return std::unexpected(error(
        errc::invalid_argument,
        path_ +
            ": the first batch, which describes the table, is lost; specify its kind and types"));
  }
  return describe({.what = *options_.what,
                   .name = "main",
                   .key_schema = options_.key_schema,
                   .value_schema = options_.value_schema},
                  1, sequence);
}

}  // namespace

result<salvage_report> salvage(const std::string& from, const std::string& to,
                               const salvage_options& options, schema_judge judge,
                               const progress& tell) {
  auto& system = options.where.system != nullptr ? *options.where.system : file::real_system();
  const auto source = file::location::find(system, from, options.where.base_directory);
  if (!source) return std::unexpected(source.error());
  const auto target = file::location::find(system, to, options.where.base_directory);
  if (!target) return std::unexpected(target.error());
  const auto file = source->open_to_read();
  if (!file) return std::unexpected(file.error());
  std::vector<std::byte> front(journal::frames_start);
  const auto got = file->read(0, front);
  if (!got) return std::unexpected(got.error());
  front.resize(*got);
  const auto header = journal::decode_header(front, from);
  if (!header) return std::unexpected(header.error());
  const auto status = file->status();
  if (!status) return std::unexpected(status.error());
  auto made = new_file::create(
      *target, tell ? new_file::publishing::is_short : new_file::publishing::may_be_long,
      header->several_tables ? new_file::tables::several : new_file::tables::one);
  if (!made) return std::unexpected(made.error());
  journal::frame_reader reader(*file, status->size, header->file_id);
  rescue all(*made, options, judge, tell, status->size, from, header->several_tables);
  auto done = journal::salvage(reader, *header, all);
  if (!done && done.error() == errc::unsupported_version) {
    return std::unexpected(error(done.error().code(), from + ": " + done.error().message()));
  }
  if (done) done = all.finish();
  if (done) done = made->publish();
  if (!done) return std::unexpected(done.error());
  auto& report = all.report();
  report.batches = made->batches();
  report.of.file_bytes = made->bytes();
  report.of.closed = true;
  return std::move(report);
}

}  // namespace shelf::upkeep
