// DETS  api -> engine -> stores -> [dets] -> file
// Opening: judge the header, load the slots and free lists, or repair; or create.
#include "dets/object_store.hpp"
#include "dets/replacement.hpp"

#include "error/sentence.hpp"
#include "file/sync_pace.hpp"
#include "term/external_format.hpp"

#include <algorithm>
#include <array>
#include <bit>
#include <cerrno>
#include <mutex>
#include <utility>

namespace shelf::dets_format {
namespace {

/// Another process may create the file between our looks at it.
constexpr int tries = 10;
constexpr std::string_view kept_suffix = ".unrepaired";

std::unexpected<error> invalid(std::string what) {
  return std::unexpected(error(errc::invalid_argument, std::move(what)));
}

result<> check(const settings& how) {
  if (how.path.empty()) return invalid("config.path is empty");
  if (how.type == kind::ordered_set) {
    return std::unexpected(
        error(errc::wrong_kind, how.path + ": a DETS file cannot hold an ordered_set"));
  }
  if (how.keypos == 0u) return invalid("config.keypos must be at least 1");
  const auto too_many = [](std::uint32_t slots) { return slots > most_slots; };
  if (too_many(how.min_slots) || too_many(how.max_slots) || how.min_slots > how.max_slots) {
    return invalid("config.min_slots and max_slots must ascend, up to 33554432");
  }
  return {};
}

std::uint32_t whole_slots(std::uint32_t asked) {
  return std::bit_ceil(std::max(asked, slots_per_segment));
}

result<std::vector<std::byte>> read_front(const storage& from) {
  std::vector<std::byte> front(fields_size);
  const auto got = from.read_some(0, front);
  if (!got) return std::unexpected(got.error());
  front.resize(*got);
  return front;
}

}  // namespace

object_store::object_store(settings how, std::shared_ptr<file::location> where)
    : settings_(std::move(how)),
      system_(where->system()),
      place_(std::move(where)),
      where_(*place_) {}

result<std::unique_ptr<object_store>> object_store::open(settings how) {
  if (auto valid = check(how); !valid) return std::unexpected(valid.error());
  auto& system = how.system != nullptr ? *how.system : file::real_system();
  auto where = file::location::find(system, how.path, how.base_directory);
  if (!where) return std::unexpected(where.error());
  if (!how.any_file_system) {
    if (auto local = where->refuse_network_file_system(); !local) {
      return std::unexpected(local.error());
    }
  }
  return open(std::move(how), std::make_shared<file::location>(std::move(*where)));
}

result<std::unique_ptr<object_store>> object_store::open(settings how,
                                                         std::shared_ptr<file::location> where) {
  if (auto valid = check(how); !valid) return std::unexpected(valid.error());
  std::unique_ptr<object_store> made(new object_store(std::move(how), std::move(where)));
  if (auto opened = made->open_file(); !opened) return std::unexpected(opened.error());
  made->open_ = true;
  if (made->settings_.repair == dets::repair_policy::force) {
    if (auto forced = made->force(made->header_); !forced) return std::unexpected(forced.error());
  }
  if (!made->settings_.waits_for_accept) {
    if (auto done = made->accept(); !done) return std::unexpected(done.error());
  }
  return made;
}

/// The repaired file has been whole for long, and waits under a temporary name.
result<> object_store::accept() {
  const std::scoped_lock lock(mutex_);
  const bool forced = settings_.repair == dets::repair_policy::force;
  if (!original_.in_memory()) {
    const auto tell = forced ? shelf::detail::step_of(settings_.tell_repair, 3, 4)
                             : shelf::detail::step_of(settings_.tell_repair, 1, 2);
    if (auto kept = keep_original(original_, tell); !kept) return kept;
    if (auto named = take_name(true); !named) return named;
    original_ = storage();
    return where_.sync_directory();
  }
  if (!std::exchange(compacts_when_accepted_, false)) return {};
  return compact_now(shelf::detail::step_of(settings_.tell_repair, 1, 2));
}

result<> object_store::open_file() {
  result<> opened;
  for (int i = 0; i < tries; ++i) {
    if (settings_.how == settings::opening::read_only) return open_alongside();
    if (settings_.how != settings::opening::create_new) {
      opened = open_existing();
      const bool may_create = settings_.how == settings::opening::create_if_missing;
      if (opened || opened.error() != errc::not_found || !may_create) return opened;
    }
    opened = create();
    if (opened || opened.error() != std::errc::file_exists) return opened;
    if (settings_.how == settings::opening::create_new) {
      return std::unexpected(
          error(errc::file_error, settings_.path + ": the file already exists", {}, EEXIST));
    }
  }
  return opened;
}

result<> object_store::create() {
  auto made = replacement::begin(where_);
  if (!made) return std::unexpected(made.error());
  const bulk_shape shape{
      .format = {settings_.type.value_or(kind::set), settings_.keypos.value_or(1)},
      .slots = whole_slots(settings_.min_slots),
      .min_slots = whole_slots(settings_.min_slots),
      .max_slots = whole_slots(settings_.max_slots)};
  std::vector<piece> none;
  if (auto written = write_bulk(made->content(), none, shape, {}, arena(), {}); !written)
    return written;
  // All memory it takes, before the file has a name.
  auto ready = adopt(*made, storage(), false);
  open_ = false;  // until open() says so
  if (ready) ready = take_name(false);
  if (!ready) {
    discard_unpublished();
    return ready;
  }
  auto synced = where_.sync_directory();
  // Nobody shall find a name that a crash may take back.
  if (!synced) static_cast<void>(where_.unlink());
  return synced;
}

result<judged_header> object_store::read_header(const storage& from) const {
  const auto front = read_front(from);
  if (!front) return std::unexpected(front.error());
  const auto size = from.size();
  if (!size) return std::unexpected(size.error());
  std::array<std::byte, 4> trailer{};
  if (*size >= trailer.size()) {
    if (auto read = from.read(*size - trailer.size(), trailer, "its size"); !read) {
      return std::unexpected(read.error());
    }
  }
  return judge_header(*front, *size, terms::load_big<std::uint32_t>(trailer.data()), from.path());
}

result<> object_store::check_wanted(const header& h) const {
  if (settings_.type && *settings_.type != h.type) {
    return std::unexpected(
        error(errc::wrong_kind, where_.path() + ": byte 12: the file holds " + in_words(h.type) +
                                    ", the program opens it as " + in_words(*settings_.type)));
  }
  if (settings_.keypos && *settings_.keypos != h.keypos) {
    return std::unexpected(error(
        errc::type_mismatch, where_.path() + ": byte 28: its keys are at position " +
                                 std::to_string(h.keypos) + ", but it was opened with position " +
                                 std::to_string(*settings_.keypos)));
  }
  return {};
}

result<> object_store::open_existing() {
  where_.sweep_temporaries();
  auto opened = where_.open_to_write();
  if (!opened) return std::unexpected(opened.error());
  if (auto loaded = open_judged(storage(std::move(*opened))); !loaded) return loaded;
  if (repaired_) return {};
  // Whoever gave a closed file its name may have been killed before the name was on the disk.
  auto synced = where_.sync_directory();
  // A directory that may only be searched cannot be synced: others have made that name.
  return !synced && synced.error().os_error() == EBADF ? result<>() : synced;
}

/// What the header says, if that is what was asked for.
result<judged_header> object_store::judge(const storage& from) const {
  auto judged = read_header(from);
  if (!judged) return judged;
  if (!judged->damage.empty() && settings_.repair == dets::repair_policy::refuse) {
    return std::unexpected(
        error(errc::corrupt, from.path() + ": " + judged->damage + "; it needs a repair"));
  }
  if (auto wanted = check_wanted(judged->fields); !wanted) return std::unexpected(wanted.error());
  return judged;
}

/// Loads the file, or what a repair makes of it.
result<> object_store::open_judged(storage&& from) {
  const auto judged = judge(from);
  if (!judged) return std::unexpected(judged.error());
  if (!judged->damage.empty()) {
    return open_damaged(std::move(from), judged->fields, judged->damage, settings_.tell_repair);
  }
  auto loaded = load(std::move(from), judged->fields, true);
  const bool refuses = settings_.repair == dets::repair_policy::refuse;
  if (loaded || refuses || loaded.error() != errc::corrupt) return loaded;
  return open_damaged(std::move(file_), judged->fields, loaded.error().message(),
                      settings_.tell_repair);
}

/// Leaves `from` in file_ whatever happens.
result<> object_store::load(storage&& from, header h, bool reopened) {
  file_ = std::move(from);
  const auto size = file_.size();
  if (!size) return std::unexpected(size.error());
  if (h.free_lists_at < body_start || h.free_lists_at > *size) {
    return std::unexpected(corrupt_at(file_.path(), 0, "the free lists are not in the file"));
  }
  // A free block has 16 bytes and takes 4 in the lists; but for a few behind the end of the file.
  constexpr std::uint64_t few = 4096;
  const auto longest = std::uint64_t{h.free_lists_at} / 4 + few;
  std::vector<std::byte> lists(std::min(*size - h.free_lists_at, longest));
  if (auto read = file_.read(h.free_lists_at, lists, "the free lists"); !read) return read;
  // OTP forgets the base when it opens a file again; so the numbers stay those that it would write.
  if (reopened) h.base = 0;
  const auto base = h.base == 0 ? static_cast<std::uint32_t>(body_start) : h.base;
  auto free = buddy::decode(lists, h.free_lists_at, base, file_.path());
  if (!free) return std::unexpected(free.error());
  auto slots = slot_table::load(file_, h, h.free_lists_at);
  if (!slots) return std::unexpected(slots.error());
  if (auto wrong = find_overlap(slots->blocks(), free->free_blocks()); !wrong.empty()) {
    return std::unexpected(error(errc::corrupt, file_.path() + ": " + wrong));
  }
  header_ = h;
  free_ = std::move(*free);
  free_.limit_to(settings_.highest_end);
  slots_ = std::move(*slots);
  end_ = h.free_lists_at;
  unclosed_ = tail_written_ = false;
  objects_ = h.objects;
  cannot_grow_ = false;
  if (settings_.mapped) file_.map(settings_.how != settings::opening::read_only);
  if (open_) return {};  // a new file in the place of the old one has the same
  type_ = h.type;
  keypos_ = h.keypos;
  return {};
}

result<> object_store::open_damaged(storage&& from, const header& h, std::string cause,
                                    const progress& tell) {
  return settings_.how == settings::opening::read_only
             ? repair_in_memory(from, h, std::move(cause), tell)
             : repair_beside(std::move(from), h, std::move(cause), tell);
}

result<> object_store::repair_in_memory(const storage& from, const header& h, std::string cause,
                                        const progress& tell) {
  storage image({}, from.path());
  auto found = repair(from, h, format_of(h), image, tell);
  if (!found) return std::unexpected(found.error());
  repaired_ = std::move(*found);
  repaired_->cause = std::move(cause);
  const auto judged = read_header(image);
  if (!judged) return std::unexpected(judged.error());
  return load(std::move(image), judged->fields, true);
}

/// The original keeps its name, and its lock, until accept().
result<> object_store::repair_beside(storage&& from, const header& h, std::string cause,
                                     const progress& tell) {
  auto made = replacement::begin(where_);
  if (!made) return std::unexpected(made.error());
  auto found = repair(from, h, format_of(h), made->content(), shelf::detail::step_of(tell, 0, 2));
  if (!found) return std::unexpected(found.error());
  repaired_ = std::move(*found);
  repaired_->cause = std::move(cause);
  repaired_->kept_as = settings_.path + std::string(kept_suffix);
  original_ = std::move(from);
  const bool was_open = open_.exchange(false);
  auto ready = adopt(*made, original_, true);
  open_ = was_open;
  return ready;
}

/// An original that is there already is nearer to the last clean close than this one: it stays.
result<> object_store::keep_original(storage& from, const progress& tell) {
  const auto kept = settings_.path + std::string(kept_suffix);
  const auto place = file::location::find(system_, kept, settings_.base_directory);
  if (!place) return std::unexpected(place.error());
  place->sweep_temporaries();
  if (const auto there = place->open_to_read(); there || there.error() != errc::not_found)
    return {};
  auto copy = replacement::begin(*place);
  if (!copy) return std::unexpected(copy.error());
  const auto size = from.size();
  if (!size) return std::unexpected(size.error());
  std::vector<std::byte> portion(std::min<std::uint64_t>(*size + 1, std::uint64_t{1} << 20));
  file::sync_pace pace;
  for (std::uint64_t at = 0;;) {
    const auto got = from.read_some(at, portion);
    if (!got) return std::unexpected(got.error());
    if (*got == 0) break;
    const auto read = bytes(portion).first(*got);
    // Holes stay holes.
    const bool empty = std::ranges::all_of(read, [](auto b) { return b == std::byte{0}; });
    const auto put = empty ? result<>() : copy->content().write(at, read);
    if (!put) return put;
    at += *got;
    if (!tell) continue;
    tell(at, *size);
    if (!pace.is_due(at)) continue;
    if (auto synced = copy->content().sync_data(); !synced) return synced;
  }
  if (auto cut = copy->content().file().truncate(*size); !cut) return cut;
  const auto whole = copy->publish(&from.file(), false);
  // Before the original loses its name: a directory may keep its entries in any order.
  return whole ? place->sync_directory() : std::unexpected(whole.error());
}

/// With what a repair left that was cut off and turned out not to be needed.
void object_store::forget_original() noexcept try {
  const auto kept = settings_.path + std::string(kept_suffix);
  const auto place = file::location::find(system_, kept, settings_.base_directory);
  if (!place) return;
  static_cast<void>(place->unlink());
  place->sweep_temporaries();
} catch (...) {  // out of memory: it stays, and the next close removes it
}

/// A file that is well is compacted; any other is repaired.
result<> object_store::force(const header& h) {
  if (repaired_) return {};
  const auto tell_read = shelf::detail::step_of(settings_.tell_repair, 0, 2);
  std::uint64_t seen = 0;
  const auto read = for_each([&](bytes) {
    if ((++seen & 0xFFF) == 0 && tell_read) tell_read(seen, size());
    return true;
  });
  const bool damaged = !read && read.error() == errc::corrupt;
  if (!read && !damaged) return read;
  if (!damaged) {
    compacts_when_accepted_ = settings_.how != settings::opening::read_only;
    return {};
  }
  const auto fields = h;
  return open_damaged(std::move(file_), fields, read.error().message(),
                      shelf::detail::step_of(settings_.tell_repair, 1, 2));
}

result<> recognise_file(file::system& system, const std::string& path,
                        const std::optional<std::string>& base_directory) {
  const auto where = file::location::find(system, path, base_directory);
  if (!where) return std::unexpected(where.error());
  auto opened = where->open_to_read();
  if (!opened) return std::unexpected(opened.error());
  const storage from(std::move(*opened));
  const auto front = read_front(from);
  if (!front) return std::unexpected(front.error());
  return recognise(*front, from.path());
}

}  // namespace shelf::dets_format
