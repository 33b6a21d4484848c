// TABLE  api -> [table] -> journal -> file
// A new file made of what a damaged one still holds.
#include "journal/salvage.hpp"
#include "shelf/upkeep.hpp"
#include "table/catalogue.hpp"
#include "table/new_file.hpp"
#include "term/canonical.hpp"

#include <optional>

namespace shelf {
namespace {

using journal::op;

constexpr std::size_t most_listed = 1000;

/// Writes what it is given into the new file, behind a catalogue: the file's own, or the one that
/// the caller takes for granted.
class rescue final : public journal::salvager {
 public:
  rescue(tables::new_file& to, const salvage_options& options, const progress& tell,
         std::uint64_t size, const std::string& path)
      : to_(to), options_(options), tell_(tell), size_(size), path_(path) {}

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
    if (described_) return {};
    auto done = describe_as_told(1);
    return done ? to_.commit() : done;
  }
  [[nodiscard]] salvage_report& report() noexcept { return report_; }

 private:
  [[nodiscard]] result<> describe_as_told(std::uint64_t sequence);
  [[nodiscard]] result<> keep_catalogue(const journal::change& c, std::uint64_t sequence);

  tables::new_file& to_;
  const salvage_options& options_;
  const progress& tell_;
  std::uint64_t size_;
  const std::string& path_;
  bool described_ = false;
  salvage_report report_;
};

result<> rescue::visit(const journal::change& c, std::uint64_t sequence) {
  if (c.what == op::note || c.what == op::seal) return {};
  if (c.what == op::table_created) return keep_catalogue(c, sequence);
  const bool has_value = c.what == op::put || c.what == op::append || c.what == op::erase_value;
  const bool has_key = has_value || c.what == op::erase;
  const bool sound = (!has_key || terms::is_canonical(c.key)) &&
                     (!has_value || terms::is_canonical(c.value)) &&
                     (has_key || c.what == op::clear);
  if (!sound) {
    ++report_.bad_records;
    return {};
  }
  if (!described_) {
    if (auto done = describe_as_told(sequence); !done) return done;
  }
  ++report_.changes;
  return to_.add(c, sequence);
}

result<> rescue::keep_catalogue(const journal::change& c, std::uint64_t sequence) {
  const auto d = tables::decode_description(c.key, c.value);
  if (!d || described_) {
    ++report_.bad_records;
    return {};
  }
  described_ = true;
  report_.of.what = d->what;
  report_.of.name = d->name;
  report_.of.key_schema = d->key_schema;
  report_.of.value_schema = d->value_schema;
  return to_.add(c, sequence);
}

result<> rescue::describe_as_told(std::uint64_t sequence) {
  if (!options_.what) {
    return std::unexpected(
        error(errc::invalid_argument, path_ + ": the first batch, which says what the table is, is "
                                              "lost; its kind and types must be told"));
  }
  described_ = true;
  const tables::table_description d{.what = *options_.what,
                                    .name = "main",
                                    .key_schema = options_.key_schema,
                                    .value_schema = options_.value_schema};
  report_.of.what = d.what;
  report_.of.name = d.name;
  report_.of.key_schema = d.key_schema;
  report_.of.value_schema = d.value_schema;
  const auto encoded = tables::encode_description(d);
  return to_.add({op::table_created, 0, 1, as_bytes(encoded.key), as_bytes(encoded.value)},
                 sequence);
}

}  // namespace

result<salvage_report> salvage(const std::string& from, const std::string& to,
                               const salvage_options& options, const progress& tell) {
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
  auto made = tables::new_file::create(*target, tell ? tables::new_file::publishing::is_short
                                                     : tables::new_file::publishing::may_be_long);
  if (!made) return std::unexpected(made.error());
  journal::frame_reader reader(*file, status->size, header->file_id);
  rescue all(*made, options, tell, status->size, from);
  auto done = journal::salvage(reader, *header, all);
  if (done) done = all.finish();
  if (done) done = made->publish();
  if (!done) return std::unexpected(done.error());
  auto& report = all.report();
  report.batches = made->batches();
  report.of.file_bytes = made->bytes();
  report.of.closed = true;
  return std::move(report);
}

}  // namespace shelf
