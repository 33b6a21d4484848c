// CLI  [cli] -> rows -> upkeep -> engine -> stores -> journal -> file
// DETS files changed in place, and checked; dumps of ETS tables checked.
#include "cli/commands/commands.hpp"
#include "cli/commands/listing.hpp"
#include "cli/files/object_source.hpp"
#include "cli/files/open_source.hpp"
#include "cli/terminal/progress_bar.hpp"
#include "dets/object.hpp"
#include "rows/text/notation.hpp"
#include "shelf/dets.hpp"

#include <fmt/format.h>

namespace shelf::cli {
namespace {

[[nodiscard]] const schema& any_term() {
  static const auto any = *schema::parse("any");
  return any;
}

/// To be changed. A file that needs a repair is not repaired by the way.
[[nodiscard]] result<dets::file> open_to_write(const request& r) {
  auto opened = dets::file::open(
      {.path = r.file, .opening = opening::existing, .repair = dets::repair_policy::refuse});
  if (opened || opened.error() != errc::corrupt) return opened;
  return std::unexpected(error(errc::corrupt, opened.error().message() + "; run `shelf compact`"));
}

[[nodiscard]] result<term> key_of(const request& r) {
  auto key = read_argument(any_term(), r.how, r.key, "KEY");
  return key ? as_key(*std::move(key)) : key;
}

/// An object on the command line, and its element that must be the key.
[[nodiscard]] result<term> object_of(const request& r, std::uint32_t keypos, const term& key) {
  if (!r.value) {
    return std::unexpected(error(errc::invalid_argument, "VALUE: the object is missing"));
  }
  auto object = read_argument(any_term(), r.how, *r.value, "VALUE");
  if (!object) return object;
  if (is_key(dets_format::element_at(object->encoded(), keypos), key.encoded())) return object;
  return std::unexpected(
      error(errc::invalid_argument, fmt::format("VALUE: expected the whole object, a tuple whose "
                                                "element {} is KEY; use --term to write tuples",
                                                keypos)));
}

void answer(const request& r, console& out, const std::string& json, const std::string& words) {
  out.write((wants_json(r, out) ? json : words) + "\n");
}

}  // namespace

outcome put_object(const request& r, console& out) {
  if (r.expires) {
    return std::unexpected(
        error(errc::invalid_argument, "--expires: a DETS file keeps no deadlines"));
  }
  auto file = open_to_write(r);
  if (!file) return std::unexpected(file.error());
  const auto info = file->info();
  if (!info) return std::unexpected(info.error());
  const auto key = key_of(r);
  if (!key) return std::unexpected(key.error());
  const auto object = object_of(r, info->keypos, *key);
  if (!object) return std::unexpected(object.error());
  result<written> done = written::added;
  if (r.only_new) {
    const auto put = file->insert_new(*object);
    if (!put && put.error() == errc::key_already_present) {
      return std::unexpected(
          error(errc::key_already_present, r.file + ": the key " + r.key + " already exists"));
    }
    if (!put) return std::unexpected(put.error());
  } else {
    done = file->insert(*object);
    if (!done) return std::unexpected(done.error());
  }
  if (auto closed = file->close(); !closed) return std::unexpected(closed.error());
  const std::string what = *done == written::added      ? "added"
                           : *done == written::replaced ? "replaced"
                                                        : "unchanged";
  answer(r, out, "{\"result\":\"" + what + "\"}", what);
  return exit_status::ok;
}

outcome erase_object(const request& r, console& out) {
  auto file = open_to_write(r);
  if (!file) return std::unexpected(file.error());
  const auto info = file->info();
  if (!info) return std::unexpected(info.error());
  const auto key = key_of(r);
  if (!key) return std::unexpected(key.error());
  result<std::size_t> gone = 0;
  if (r.value) {
    const auto object = object_of(r, info->keypos, *key);
    if (!object) return std::unexpected(object.error());
    gone = file->erase_object(*object);
  } else {
    gone = file->erase(*key);
  }
  if (!gone) return std::unexpected(gone.error());
  if (auto closed = file->close(); !closed) return std::unexpected(closed.error());
  if (*gone == 0) {
    return std::unexpected(error(errc::not_found, r.file + ": there is no key " + r.key +
                                                      (r.value ? " with this object" : "")));
  }
  answer(r, out, fmt::format("{{\"deleted\":{}}}", *gone), fmt::format("{} deleted", *gone));
  return exit_status::ok;
}

outcome take_object(const request& r, console& out) {
  auto file = open_to_write(r);
  if (!file) return std::unexpected(file.error());
  const auto key = key_of(r);
  if (!key) return std::unexpected(key.error());
  const auto objects = file->lookup(*key);
  if (!objects && objects.error() == errc::not_found) {
    return std::unexpected(error(errc::not_found, r.file + ": there is no key " + r.key));
  }
  if (!objects) return std::unexpected(objects.error());
  if (auto gone = file->erase(*key); !gone) return std::unexpected(gone.error());
  if (auto closed = file->close(); !closed) return std::unexpected(closed.error());
  for (const auto& object : *objects) out.write(printed_value(r, out, any_term(), object));
  return exit_status::ok;
}

outcome check_objects(const request& r, console& out) {
  std::uint64_t seen = 0;
  progress_bar bar("checking " + r.file, out.errors_are_seen());
  if (recognise(r.file) == stored_format::dets) {
    const auto file = dets::file::open({.path = r.file,
                                        .opening = opening::read_only,
                                        .repair = dets::repair_policy::refuse,
                                        .file_system = file_system::any});
    const auto tell = told_to(bar);
    walk_count count(tell, file ? file->size() : 0);
    const auto look = [&](const term&) {
      ++seen;
      count.one_more();
    };
    auto read = file ? file->for_each(look) : result<>(std::unexpected(file.error()));
    bar.clear();
    if (!read && read.error() == errc::corrupt) {
      return std::unexpected(error(errc::corrupt, read.error().message() +
                                                      "; `shelf convert` writes what a repair "
                                                      "recovers to a new file"));
    }
    if (!read) return std::unexpected(read.error());
  } else {
    const auto dump = open_source(r.file, r.table, out);
    if (!dump) return std::unexpected(dump.error());
    if (auto read = (*dump)->look_through(); !read) return std::unexpected(read.error());
    seen = (*dump)->size();
  }
  answer(r, out, fmt::format("{{\"sound\":true,\"objects\":{}}}", seen),
         out.in(tone::good, "sound") + fmt::format(": {} objects", seen));
  return exit_status::ok;
}

/// Repairs as well: what needs a repair comes out of it without gaps.
outcome compact_objects(const request& r, console& out) {
  progress_bar repairing("repairing " + r.file, out.errors_are_seen());
  auto file = dets::file::open(
      {.path = r.file, .opening = opening::existing, .tell_repair = told_to(repairing)});
  repairing.clear();
  if (!file) return std::unexpected(file.error());
  progress_bar writing("compacting " + r.file, out.errors_are_seen());
  const auto before = file->info();
  if (!before) return std::unexpected(before.error());
  const auto repaired = file->repaired();
  if (repaired) {
    auto sentence = fmt::format("{}: repaired: {}; {} objects recovered", r.file, repaired->cause,
                                repaired->objects);
    if (repaired->damaged != 0) {
      sentence += fmt::format("; {} damaged places lost", repaired->damaged);
    }
    out.complain(tone::warning, sentence);
  } else if (auto done = file->compact(told_to(writing)); !done) {
    return std::unexpected(done.error());
  }
  const auto after = file->info();
  if (!after) return std::unexpected(after.error());
  if (auto closed = file->close(); !closed) return std::unexpected(closed.error());
  writing.clear();
  answer(r, out,
         fmt::format("{{\"bytes_before\":{},\"bytes_after\":{}}}", before->file_bytes,
                     after->file_bytes),
         fmt::format("compacted: {} -> {} bytes", before->file_bytes, after->file_bytes));
  return exit_status::ok;
}

}  // namespace shelf::cli
