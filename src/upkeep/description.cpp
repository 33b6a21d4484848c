// UPKEEP  cli -> rows -> [upkeep] -> engine -> stores -> journal -> file
// What a file says of its tables: from its first few KiB, or from all of it if there are several.
#include "error/printable.hpp"
#include "error/sentence.hpp"
#include "file/location.hpp"
#include "journal/file_header.hpp"
#include "journal/frame_reader.hpp"
#include "journal/journal_view.hpp"
#include "journal/record.hpp"
#include "shelf/upkeep.hpp"
#include "stores/catalogue.hpp"
#include "upkeep/kept_history.hpp"

#include <algorithm>
#include <limits>
#include <map>
#include <vector>

namespace shelf {
namespace {

using journal::op;
using stores::table_description;

[[nodiscard]] result<table_description> first_description(journal::frame_reader& reader,
                                                          const std::string& path) {
  const auto corrupt = [&](const char* why) {
    return std::unexpected(damage(path, std::string("byte 8192: ") + why));
  };
  const auto first = reader.at(journal::frames_start);
  if (!first) return std::unexpected(first.error());
  if (!*first) return corrupt("damaged: no valid frame here");
  auto records = (*first)->records;
  const auto c = journal::take_record(records);
  if (c && journal::has_unknown_flags(*c)) {
    const auto why = journal::unknown_flags(*c, journal::frames_start);
    return std::unexpected(error(why.code(), path + ": " + why.message()));
  }
  if (!c || c->what != op::table_created) return corrupt("the catalog is missing");
  auto d = stores::decode_description(c->key, c->value);
  if (!d) return std::unexpected(wrong_in(path, d.error()));
  return d;
}

/// The tables that the catalog has at the end, by id.
class catalogue_reader final : public journal::visitor {
 public:
  result<> visit(const journal::change& c, std::uint64_t) override {
    if (c.what == op::table_dropped) {
      tables.erase(c.table);
      known_.drop(c.table);
    }
    if (c.what != op::table_created && c.what != op::table_changed) return {};
    auto d = stores::decode_description(c.key, c.value);
    if (!d) return std::unexpected(d.error());
    if (c.what == op::table_changed) {
      if (auto fits = known_.rename(c.table, d->name); !fits) return fits;
      tables.at(c.table) = *std::move(d);
      return {};
    }
    if (auto fits = known_.create(c.table, d->name); !fits) return fits;
    tables.emplace(c.table, *std::move(d));
    return {};
  }
  result<> committed(std::uint64_t) override { return {}; }

  std::map<std::uint32_t, table_description> tables;

 private:
  stores::catalogue known_;
};

/// Of a file whose header says that it may have several.
[[nodiscard]] result<std::map<std::uint32_t, table_description>> all_descriptions(
    const file::location& where) {
  const auto view = journal::journal_view::open(where);
  if (!view) return std::unexpected(view.error());
  catalogue_reader all;
  if (auto read = (*view)->replay(all); !read) return std::unexpected(read.error());
  return std::move(all.tables);
}

[[nodiscard]] result<journal::file_header> header_of(const file::open_file& file,
                                                     const std::string& path) {
  std::vector<std::byte> front(journal::frames_start);
  const auto got = file.read(0, front);
  if (!got) return std::unexpected(got.error());
  front.resize(*got);
  return journal::decode_header(front, path);
}

[[nodiscard]] error several(const std::string& path, const std::vector<file_description>& all) {
  std::string names;
  for (const auto& d : all) {
    names.append(names.empty() ? "" : ", ").append(detail::printable(d.name));
  }
  return {errc::wrong_kind, path + ": the file holds " + std::to_string(all.size()) + " tables (" +
                                names + "); say which one"};
}

}  // namespace

result<std::vector<file_description>> describe_all(const std::string& path,
                                                   const path_options& options) {
  auto& system = options.system != nullptr ? *options.system : file::real_system();
  const auto where = file::location::find(system, path, options.base_directory);
  if (!where) return std::unexpected(where.error());
  const auto file = where->open_to_read();
  if (!file) return std::unexpected(file.error());
  const auto header = header_of(*file, path);
  if (!header) return std::unexpected(header.error());
  const auto status = file->status();
  if (!status) return std::unexpected(status.error());
  std::map<std::uint32_t, table_description> tables;
  if (header->several_tables) {
    auto all = all_descriptions(*where);
    if (!all) return std::unexpected(all.error());
    tables = *std::move(all);
  } else {
    journal::frame_reader reader(*file, status->size, header->file_id);
    auto d = first_description(reader, path);
    if (!d) return std::unexpected(d.error());
    tables.emplace(1, *std::move(d));
  }
  std::vector<file_description> out;
  for (auto& [id, d] : tables) {
    out.push_back({.what = d.what,
                   .name = std::move(d.name),
                   .key_schema = std::move(d.key_schema),
                   .value_schema = std::move(d.value_schema),
                   .file_bytes = status->size,
                   .closed = header->closed,
                   .sequence = header->sequence,
                   .era = header->era,
                   .held_by = system.lock_holder(file->raw()),
                   .id = id,
                   .in_memory = d.in_memory,
                   .indexes = std::move(d.indexes)});
  }
  return out;
}

result<file_description> describe(const std::string& path, const path_options& options) {
  auto all = describe_all(path, options);
  if (!all) return std::unexpected(all.error());
  if (!options.table.empty()) {
    const auto found = std::ranges::find(*all, options.table, &file_description::name);
    if (found != all->end()) return std::move(*found);
    return std::unexpected(error(
        errc::not_found, path + ": the file has no table " + detail::printable(options.table)));
  }
  if (all->size() == 1) return std::move(all->front());
  return std::unexpected(several(path, *all));
}

result<history> detail::kept_history(const std::string& path) {
  const auto where = file::location::find(file::real_system(), path, std::nullopt);
  if (!where) return std::unexpected(where.error());
  const auto file = where->open_to_read();
  if (!file) return std::unexpected(file.error());
  const auto header = header_of(*file, path);
  if (!header) return std::unexpected(header.error());
  if (!header->history) return history{};
  return history{.bytes = std::numeric_limits<std::uint64_t>::max()};
}

}  // namespace shelf
