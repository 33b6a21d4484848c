// CLI  [cli] -> rows -> upkeep -> engine -> stores -> journal -> file
// A table of one format made into a new file of another: all of it or nothing.
#include "cli/commands/commands.hpp"
#include "cli/files/native_table.hpp"
#include "cli/files/object_source.hpp"
#include "cli/files/open_source.hpp"
#include "cli/files/pending_file.hpp"
#include "cli/files/twin_finder.hpp"
#include "cli/terminal/display_text.hpp"
#include "dets/object.hpp"
#include "rows/text/notation.hpp"
#include "shelf/dets.hpp"
#include "upkeep/described_types.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <filesystem>
#include <string>

namespace shelf::cli {
namespace {

/// DETS takes so much at a time: all of a table need not be in memory as objects.
constexpr std::size_t most_objects = 16384;
constexpr std::size_t most_bytes = std::size_t{16} << 20;
constexpr std::uint64_t most_slots = 33'554'432;

[[nodiscard]] std::unexpected<error> refuse(const std::string& why) {
  return std::unexpected(error(errc::invalid_argument, why));
}

[[nodiscard]] result<target_format> format_of_target(const request& r) {
  if (r.to != target_format::by_name) return r.to;
  const auto ending = std::filesystem::path(r.other).extension();
  if (ending == ".dets") return target_format::dets;
  if (ending == ".shelf") return target_format::native;
  if (ending == ".sqlite" || ending == ".sqlite3" || ending == ".db") return target_format::sqlite;
  return refuse(r.other + ": the name does not show the format; specify --to");
}

/// How the one is the other: what stands in the answer.
struct plan {
  bool pairs = true;            ///< {Key, Value} is an entry
  std::uint32_t keypos = 1;     ///< of the objects
  bool with_deadlines = false;  ///< {Value, DeadlineMs} stands in place of the value
};

/// Whether all are {Key, Value}: then each is an entry, else each is the value of its key.
[[nodiscard]] result<plan> plan_from_objects(const request& r, const source& from,
                                             const progress& tell) {
  plan p{.pairs = r.shape == object_shape::pairs, .keypos = from.keypos()};
  if (r.shape == object_shape::objects) return p;
  bool all = p.keypos == 1;
  const auto look = [&](bytes, bytes object, deadline) {
    return all = all && term::from_canonical(object).size() == 2;
  };
  const auto read = from.for_each({}, look, tell);
  if (!read) return std::unexpected(read.error());
  if (p.pairs && !all)
    return refuse("--as pairs: " + r.file + " has objects other than {Key, Value}");
  p.pairs = all;
  return p;
}

/// The first position at which every value has its key; 0 if there is none.
[[nodiscard]] result<std::uint32_t> common_position(const source& from, const progress& tell) {
  std::vector<std::uint32_t> left;
  bool first = true;
  const auto look = [&](bytes key, bytes value, deadline) {
    if (first) {
      const auto whole = term::from_canonical(value);
      const auto size = whole.what() == term::type::tuple ? whole.size() : 0;
      constexpr std::size_t looked_at = 255;
      for (std::uint32_t p = 1; p <= std::min(size, looked_at); ++p) left.push_back(p);
    }
    first = false;
    std::erase_if(left,
                  [&](std::uint32_t p) { return !is_key(dets_format::element_at(value, p), key); });
    return !left.empty();
  };
  const auto read = from.for_each({}, look, tell);
  if (!read) return std::unexpected(read.error());
  return left.empty() ? 0 : left.front();
}

/// Whether each value of an untyped table has its key in it: then the values are the objects.
[[nodiscard]] result<plan> plan_from_entries(const request& r, const source& from,
                                             const progress& tell) {
  const bool untyped = from.schemas().key.text() == "any" && from.schemas().value.text() == "any";
  const bool may_be = r.shape == object_shape::objects || r.keypos != 0 ||
                      (r.shape == object_shape::by_content && untyped);
  if (r.lost == lost_deadlines::field) {
    if (r.shape != object_shape::objects && r.keypos == 0) return plan{.with_deadlines = true};
    return refuse("--expiry field: a deadline has no place in a whole object; use --as pairs");
  }
  if (r.shape == object_shape::pairs && r.keypos != 0) {
    return refuse("--keypos: the key of a pair is its first element");
  }
  if (!may_be) return plan{};
  if (r.keypos != 0) return plan{.pairs = false, .keypos = r.keypos};
  const auto position = common_position(from, tell);
  if (!position) return std::unexpected(position.error());
  if (*position != 0) return plan{.pairs = false, .keypos = *position};
  if (r.shape != object_shape::objects || from.size() == 0) return plan{};
  return refuse("--as objects: not every value of " + r.file + " is a tuple that contains its key");
}

/// Gathers objects and inserts them portion by portion.
class dets_filler {
 public:
  dets_filler(dets::file& into, const pending_file& target) : into_(into), target_(target) {}

  [[nodiscard]] result<> add(term object) {
    bytes_ += object.encoded().size();
    portion_.push_back(std::move(object));
    ++added_;
    return portion_.size() < most_objects && bytes_ < most_bytes ? result<>() : flush();
  }
  [[nodiscard]] result<> flush() {
    const auto done = into_.insert_range(portion_);
    portion_.clear();
    unsynced_ += std::exchange(bytes_, 0);
    if (!done) return std::unexpected(done.error());
    if (unsynced_ < most_unsynced) return {};
    unsynced_ = 0;
    return target_.sync();
  }
  [[nodiscard]] std::uint64_t added() const noexcept { return added_; }

 private:
  dets::file& into_;
  const pending_file& target_;
  std::vector<term> portion_;
  std::size_t bytes_ = 0;
  std::size_t unsynced_ = 0;
  std::uint64_t added_ = 0;
};

/// {Value, DeadlineMs}, or {Value, infinity}.
[[nodiscard]] term with_deadline(term value, deadline until) {
  auto when = until == no_deadline ? *term::atom("infinity")
                                   : term::integer(static_cast<std::int64_t>(until));
  return term::tuple({std::move(value), std::move(when)});
}

/// The object that an entry is in DETS.
[[nodiscard]] result<term> object_of(const source& from, const plan& p, bytes key, bytes value,
                                     deadline until) {
  auto whole = term::from_canonical(value);
  if (from.keypos() != 0) return whole;
  if (p.with_deadlines) whole = with_deadline(std::move(whole), until);
  if (p.pairs) return term::tuple({term::from_canonical(key), std::move(whole)});
  if (is_key(dets_format::element_at(value, p.keypos), key)) return whole;
  return refuse(
      fmt::format("element {} of a value is not its key, so the value cannot be an object in DETS; "
                  "use --as pairs to store {{Key, Value}}",
                  p.keypos));
}

[[nodiscard]] result<std::uint64_t> write_dets(const pending_file& target, const source& from,
                                               const plan& p, const progress& tell) {
  const auto slots = std::clamp<std::uint64_t>(from.size(), 256, most_slots);
  auto made = dets::file::open({.path = target.path(),
                                .type = from.what() == kind::ordered_set ? kind::set : from.what(),
                                .keypos = p.keypos,
                                .opening = opening::create_new,
                                .min_slots = static_cast<std::uint32_t>(slots),
                                .auto_save = std::chrono::milliseconds(0)});
  if (!made) return std::unexpected(made.error());
  dets_filler filler(*made, target);
  result<> done;
  const auto add = [&](bytes key, bytes value, deadline until) {
    auto object = object_of(from, p, key, value, until);
    done = object ? filler.add(*std::move(object)) : std::unexpected(object.error());
    return done.has_value();
  };
  const auto read = from.for_each({}, add, tell);
  if (done) done = read;
  if (done) done = filler.flush();
  if (done && made->size() != filler.added()) {
    done = std::unexpected(error(
        errc::type_mismatch,
        fmt::format(
            "{} entries would become {} objects, because a DETS set or bag holds no duplicates",
            filler.added(), made->size())));
  }
  if (!done) {
    made->abandon();
    return std::unexpected(done.error());
  }
  if (auto closed = made->close(); !closed) return std::unexpected(closed.error());
  return filler.added();
}

/// An object as an entry.
struct entry_terms {
  term key;
  term value;
};

[[nodiscard]] result<entry_terms> entry_of(const plan& p, bytes own, bytes object) {
  auto key = as_key(term::from_canonical(own));
  auto value = term::from_canonical(p.pairs ? dets_format::element_at(object, 2) : object);
  auto done = key ? check_value(value) : std::unexpected(key.error());
  if (done) return entry_terms{*std::move(key), std::move(value)};
  constexpr std::size_t shown = 64;
  return std::unexpected(error(done.error().code(), done.error().message(),
                               term::from_canonical(object).to_string(shown)));
}

/// Errors if two objects would be one entry.
[[nodiscard]] result<> refuse_twins(const source& from, const plan& p, twin_finder& twins,
                                    std::uint64_t count, const progress& tell) {
  if (!twins.suspects()) return {};
  std::uint64_t entries = 0;
  result<> done;
  const auto look = [&](bytes key, bytes object, deadline) {
    const auto e = entry_of(p, key, object);
    if (!e) done = std::unexpected(e.error());
    if (e && twins.is_first(e->key.encoded(), e->value.encoded())) ++entries;
    return done.has_value();
  };
  const auto read = from.for_each({}, look, tell);
  if (!done || !read) return done ? read : done;
  if (entries == count) return {};
  return std::unexpected(error(
      errc::type_mismatch,
      fmt::format("{} objects would become {} entries, because some are equal in a shelf table",
                  count, entries)));
}

[[nodiscard]] result<std::uint64_t> write_native(const pending_file& target, const source& from,
                                                 const plan& p, const progress& tell) {
  file_description d;
  d.what = from.what();
  d.key_schema = d.value_schema = "any";
  const auto types = detail::described_types(d, detail::scrutiny::terms);
  if (!types) return std::unexpected(types.error());
  detail::core_config config;
  config.path = target.path();
  const auto made = detail::build_file(config, *types);
  if (!made) return std::unexpected(made.error());
  twin_finder twins(d.what, from.size());
  std::uint64_t count = 0;
  result<> done;
  const auto add = [&](bytes key, bytes object, deadline) {
    ++count;
    const auto e = entry_of(p, key, object);
    done = e ? (*made)->add(e->key.encoded(), e->value.encoded())
             : result<>(std::unexpected(e.error()));
    if (e) twins.see(e->key.encoded(), e->value.encoded());
    return done.has_value();
  };
  const auto read = from.for_each({}, add, tell);
  if (done) done = read;
  if (done) done = refuse_twins(from, p, twins, count, tell);
  if (done) done = (*made)->publish();
  if (!done) return std::unexpected(done.error());
  return count;
}

void answer(const request& r, console& out, const source& from, const plan& p, bool to_dets,
            std::uint64_t count) {
  if (wants_json(r, out)) {
    out.write(fmt::format("{{\"converted\":{},\"as\":\"{}\",\"keypos\":{}}}\n", count,
                          p.pairs ? "pairs" : "objects", p.keypos));
    return;
  }
  const bool objects_stay = to_dets && from.keypos() != 0;
  out.write(fmt::format("converted {} {}", count,
                        from.keypos() != 0 ? (count == 1 ? "object" : "objects")
                                           : (count == 1 ? "entry" : "entries")));
  if (!objects_stay && p.pairs) out.write(": each {Key, Value} is an entry");
  if (!objects_stay && !p.pairs) {
    out.write(fmt::format(": each value is a whole object, whose element {} is its key", p.keypos));
  }
  out.write("\n");
  if (to_dets && from.what() == kind::ordered_set) {
    out.write("DETS keeps no order: the ordered_set is a set there\n");
  }
}

/// What goes wrong is told with the name of the file that it is about. That an object does not fit
/// is no fault of the command line.
[[nodiscard]] error named(const request& r, const pending_file& target, const error& e) {
  auto sentence = e.details();
  const auto shown = printable(target.path());  // as sentences have it
  if (const auto at = sentence.find(shown); at != std::string::npos) {
    sentence.replace(at, shown.size(), r.other);
  } else if (!sentence.starts_with(printable(r.file))) {
    sentence.insert(0, r.file + ": ");
  }
  const auto code = e == errc::invalid_argument ? errc::type_mismatch : e.code();
  return {code, sentence + "; nothing was written", {}, e.os_error()};
}

/// SQLite gets all tables of a shelf file, or a shelf file all of SQLite's.
[[nodiscard]] outcome convert_sqlite(const request& r, console& out, stored_format from,
                                     target_format to) {
  if (r.keypos != 0 || r.shape != object_shape::by_content || r.lost != lost_deadlines::refuse ||
      !r.table.empty()) {
    return refuse("--as, --keypos, --expiry and --table: all tables are converted, with deadlines");
  }
  if (from == stored_format::native && to == target_format::sqlite) {
    return convert_to_sqlite(r, out);
  }
  if (from == stored_format::sqlite && to == target_format::native) {
    return convert_from_sqlite(r, out);
  }
  return refuse("SQLite databases are made of shelf tables, and become shelf tables: convert " +
                r.file + " to a shelf table first");
}

}  // namespace

outcome convert(const request& r, console& out) {
  const auto format = format_of_target(r);
  if (!format) return std::unexpected(format.error());
  const auto stored = recognise(r.file);
  if (stored == stored_format::sqlite || *format == target_format::sqlite) {
    return convert_sqlite(r, out, stored, *format);
  }
  const bool to_dets = *format == target_format::dets;
  const auto from = open_source(r.file, r.table, out);
  if (!from) return std::unexpected(from.error());
  const bool objects = (*from)->keypos() != 0;
  if (!objects && !to_dets) return refuse(r.file + " is already a shelf table; use `shelf copy`");
  if (r.keypos != 0 && (objects || !to_dets)) {
    return refuse("--keypos: the objects of " + r.file + " have a fixed key position");
  }
  if (r.lost != lost_deadlines::refuse && (objects || !to_dets)) {
    return refuse(
        "--expiry: only entries of a shelf table that become DETS objects have deadlines");
  }
  if (const auto count = (*from)->expiring(); count != 0 && r.lost == lost_deadlines::refuse) {
    return refuse(fmt::format(
        "{}: entries with a deadline, which DETS cannot keep: {}; use --expiry drop to leave the "
        "deadlines out, or --expiry field to store {{Value, DeadlineMs}}",
        r.file, count));
  }
  if (auto other = refuse_same_file(r.other, r.file); !other) {
    return std::unexpected(other.error());
  }
  auto target = pending_file::beside(r.other, r.force);
  if (!target) return std::unexpected(target.error());
  if (auto sound = (*from)->look_through(); !sound) return std::unexpected(sound.error());
  progress_bar looking("scanning " + r.file, out.errors_are_seen());
  const auto make_plan = objects ? plan_from_objects : plan_from_entries;
  const auto p = make_plan(r, **from, told_to(looking));
  looking.clear();
  if (!p) return std::unexpected(p.error());
  progress_bar bar("writing " + r.other, out.errors_are_seen());
  const auto write = to_dets ? write_dets : write_native;
  const auto count = write(*target, **from, *p, told_to(bar));
  bar.clear();
  if (!count) return std::unexpected(named(r, *target, count.error()));
  if (auto published = target->publish(); !published) return std::unexpected(published.error());
  answer(r, out, **from, *p, to_dets, *count);
  return exit_status::ok;
}

}  // namespace shelf::cli
