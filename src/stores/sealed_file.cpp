// STORES  api -> engine -> [stores] -> journal -> file
// Sealed before it is named, so that whoever finds the name finds a closed file.
#include "stores/sealed_file.hpp"

#include "error/sentence.hpp"
#include "journal/batch_copy.hpp"
#include "stores/state_image.hpp"

#include <bit>
#include <cassert>
#include <cerrno>
#include <utility>
#include <vector>

namespace shelf::stores {
namespace {

using journal::frames_start;
using journal::journal_file;

[[nodiscard]] result<journal::file_header> header_of(const file::open_file& file) {
  std::vector<std::byte> front(frames_start);
  const auto got = file.read(0, front);
  if (!got) return std::unexpected(got.error());
  front.resize(*got);
  return journal::decode_header(front, file.path(), journal::file_role::any);
}

[[nodiscard]] result<bool> is_same(const file::open_file& a, const file::open_file& b) {
  const auto one = a.status();
  if (!one) return std::unexpected(one.error());
  const auto other = b.status();
  if (!other) return std::unexpected(other.error());
  return one->device == other->device && one->inode == other->inode;
}

[[nodiscard]] std::unexpected<error> into_itself(const std::string& path) {
  return std::unexpected(
      error(errc::invalid_argument, path + ": this is the file that would be read; choose another "
                                           "target"));
}

}  // namespace

sealed_file::sealed_file(file::location where, bool replaces)
    : where_(std::make_unique<file::location>(std::move(where))), replaces_(replaces) {}

result<sealed_file> sealed_file::claim(file::system& system, const place& at,
                                       std::span<const file::open_file* const> sources) {
  auto where = file::location::find(system, at.path, at.base_directory);
  if (!where) return std::unexpected(where.error());
  sealed_file made(*std::move(where), at.replace);
  const auto there = made.where_->open_to_read();
  if (!there && there.error() == errc::not_found) {
    made.where_->sweep_temporaries();
    return made;
  }
  if (!there) return std::unexpected(there.error());
  for (const auto* s : sources) {
    const auto same = is_same(*there, *s);
    if (!same) return std::unexpected(same.error());
    if (*same) return into_itself(at.path);
  }
  if (auto may = made.look_at(*there); !may) return std::unexpected(may.error());
  made.where_->sweep_temporaries();
  return made;
}

/// What is there: no other program may have it open, and no file of another kind is lost.
result<> sealed_file::look_at(const file::open_file& there) {
  if (!replaces_) {
    return std::unexpected(
        error(errc::file_error, where_->path() + ": the file already exists", {}, EEXIST));
  }
  if (const auto header = header_of(there); !header) return std::unexpected(header.error());
  auto locked = where_->open_to_write();
  if (!locked) return std::unexpected(locked.error());
  old_.emplace(*std::move(locked));
  return {};
}

result<> sealed_file::begin(const std::array<std::byte, 16>& store_id,
                            const journal_file::settings& settings, const file::open_file* like) {
  assert(!journal_ && !settings.write_ahead && !settings.mapped);
  auto made = journal_file::create(*where_, store_id, settings);
  if (!made) return std::unexpected(made.error());
  journal_ = *std::move(made);
  return like != nullptr ? journal_->copy_mode_of(*like) : result<>();
}

result<> sealed_file::verify() const {
  const auto found = journal_->verify();
  if (!found) return std::unexpected(wrong_in(where_->path(), found.error()));
  const bool is_whole = found->end == journal_->end() && found->sealed && found->torn_bytes == 0 &&
                        found->changed == journal_->last_batch();
  if (is_whole) return {};
  return std::unexpected(
      error(errc::corrupt, where_->path() + ": what was written does not read back; the disk or "
                                            "the memory of this machine is faulty"));
}

result<> sealed_file::finish() {
  auto done = journal_->seal_unpublished();
  if (done) done = verify();
  if (done && old_) done = where_->still_names(*old_);
  if (!done) return done;
  done = journal_->publish(old_.has_value());
  if (!done && done.error() == std::errc::file_exists) {
    return std::unexpected(
        error(errc::file_error, where_->path() + ": the file already exists", {}, EEXIST));
  }
  // Named, and not known to last. What others put under the name meanwhile is theirs.
  if (!done && !old_ && journal_->is_fenced() && journal_->still_named()) (void)where_->unlink();
  return done;
}

shelf::position sealed_file::position() const noexcept {
  const auto& last = journal_->last_batch();
  return {.run = journal::run_of(last.of), .version = last.sequence};
}

std::array<std::byte, 16> draw_store_id(file::system& system) {
  const std::array<std::uint64_t, 2> drawn{system.random(), system.random()};
  return std::bit_cast<std::array<std::byte, 16>>(drawn);
}

result<origin> look_at_origin(const file::location& where) {
  auto file = where.open_to_read();
  if (!file) return std::unexpected(file.error());
  const auto header = header_of(*file);
  if (!header) return std::unexpected(header.error());
  return origin{*std::move(file), *header};
}

result<> write_tables(const state_name& as, std::span<const table_image> tables,
                      const progress& tell, sealed_file& to) {
  auto& j = to.journal();
  assert(as.id.sequence > 0 && !tables.empty() && "even an empty database knows its highest id");
  as.id.of == journal::session{} ? j.begin(as.id.sequence) : j.begin_as(as.id);
  auto done = add_to_catalogue(j, tables);
  if (done) done = add_entries(j, tables, tell);
  if (done) done = j.commit();
  return done;
}

result<std::optional<std::uint64_t>> write_increment(journal::trail& from, std::uint64_t end,
                                                     const shelf::position& since, bool is_told,
                                                     sealed_file& to) {
  const journal::batch_id id{.of = journal::session_of(since.run), .sequence = since.version};
  const auto found = from.go_behind(id, end);
  if (!found) return std::unexpected(found.error());
  // A place between two batches would do for a feed; an increment continues a backup, which has it.
  if (*found != journal::standing::kept || from.behind() != id) return std::nullopt;
  const auto header = from.read_header();
  if (!header) return std::unexpected(header.error());
  if (id.of.era > journal::most_era) {
    return std::unexpected(error(errc::corrupt, from.file().path() +
                                                    ": cannot be continued: a session has the "
                                                    "number " +
                                                    std::to_string(id.of.era)));
  }
  auto done = to.begin(header->store_id,
                       {.sync_on_the_way = is_told,
                        .several_tables = header->several_tables,
                        .increment = true,
                        .written_in = {.era = id.of.era + 2, .nonce = 0}},
                       &from.file());
  auto& j = to.journal();
  if (done) done = journal::allow_content_of(*header, j);
  if (!done) return std::unexpected(done.error());
  // The first batch tells what is continued, and nothing else.
  j.begin_as(id);
  done =
      j.add({.what = journal::op::table_dropped, .flags = 0, .table = 0, .key = {}, .value = {}});
  if (done) done = j.commit();
  if (!done) return std::unexpected(done.error());
  const auto copied = journal::copy_changes(from, end, j);
  if (!copied) return std::unexpected(copied.error());
  return *copied;
}

}  // namespace shelf::stores
