// UPKEEP  cli -> [upkeep] -> engine -> stores -> journal -> file
// What a file says of itself, read from its first few KiB.
#include "error/sentence.hpp"
#include "file/location.hpp"
#include "journal/file_header.hpp"
#include "journal/frame_reader.hpp"
#include "journal/record.hpp"
#include "shelf/upkeep.hpp"
#include "stores/catalogue.hpp"

#include <vector>

namespace shelf {
namespace {

[[nodiscard]] result<stores::table_description> first_description(journal::frame_reader& reader,
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
  if (!c || c->what != journal::op::table_created) return corrupt("the catalog is missing");
  auto d = stores::decode_description(c->key, c->value);
  if (!d) return std::unexpected(wrong_in(path, d.error()));
  return d;
}

}  // namespace

result<file_description> describe(const std::string& path, const path_options& options) {
  auto& system = options.system != nullptr ? *options.system : file::real_system();
  const auto where = file::location::find(system, path, options.base_directory);
  if (!where) return std::unexpected(where.error());
  const auto file = where->open_to_read();
  if (!file) return std::unexpected(file.error());
  std::vector<std::byte> front(journal::frames_start);
  const auto got = file->read(0, front);
  if (!got) return std::unexpected(got.error());
  front.resize(*got);
  const auto header = journal::decode_header(front, path);
  if (!header) return std::unexpected(header.error());
  const auto status = file->status();
  if (!status) return std::unexpected(status.error());
  journal::frame_reader reader(*file, status->size, header->file_id);
  auto d = first_description(reader, path);
  if (!d) return std::unexpected(d.error());
  return file_description{.what = d->what,
                          .name = std::move(d->name),
                          .key_schema = std::move(d->key_schema),
                          .value_schema = std::move(d->value_schema),
                          .file_bytes = status->size,
                          .closed = header->closed,
                          .sequence = header->sequence,
                          .era = header->era,
                          .held_by = system.lock_holder(file->raw())};
}

}  // namespace shelf
