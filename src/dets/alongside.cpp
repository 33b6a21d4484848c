// DETS  api -> engine -> stores -> [dets] -> file
// Reading without a lock: what was read counts only if nobody changed the file meanwhile.
#include "dets/object_store.hpp"
#include "term/external_format.hpp"

#include <algorithm>
#include <chrono>
#include <limits>
#include <mutex>
#include <shared_mutex>
#include <thread>
#include <utility>

namespace shelf::dets_format {
namespace {

using namespace std::chrono_literals;

/// How often a file is looked at before it is busy, and for how long at most; three times always.
constexpr int most_looks = 200;
constexpr int least_looks = 3;
constexpr std::chrono::nanoseconds longest_look = 2s;
constexpr int most_reads = 20;
constexpr std::size_t portion = std::size_t{1} << 20;

/// In a closed file nothing changes: the first change marks it as unclosed.
bool says_closed(bytes header) noexcept {
  return terms::load_big<std::uint32_t>(header.data() + closed_at) == 1;
}

}  // namespace

error object_store::changed_meanwhile() const {
  return error(errc::busy, where_.path() +
                               ": another process is changing the file: try again, or open it "
                               "again");
}

void object_store::pause(int times) const {
  // A simulated system has no time of its own.
  if (!system_.has_background_threads()) return;
  if (times < 8) return std::this_thread::yield();
  std::this_thread::sleep_for(std::min<std::chrono::nanoseconds>(5ms, 20us * (times - 7)));
}

/// Opens again and again until the file was the same before and after.
result<> object_store::open_alongside() {
  const auto began = system_.now();
  for (int i = 0; i < most_looks; ++i) {
    if (i >= least_looks && system_.now() - began > longest_look) break;
    if (i > 0) pause(i);
    auto opened = where_.open_to_read();
    if (!opened) return std::unexpected(opened.error());
    repaired_.reset();
    storage from(std::move(*opened));
    const auto before = front_of(from);
    if (!before) return std::unexpected(before.error());
    if (!says_closed(*before)) {
      const auto size = from.size();
      const auto judged = judge(from);
      if (!judged) {
        // Damage stays where it is; a file that is cut or grown meanwhile only looks damaged.
        const auto size_now = from.size();
        const auto now = front_of(from);
        const bool changed = !size || !size_now || *size != *size_now || !now || *now != *before;
        if (!changed && i >= least_looks - 1) return std::unexpected(judged.error());
        continue;
      }
      auto image = read_at_one_moment(from.file());
      if (!image) return std::unexpected(image.error());
      if (!*image) continue;
      return open_judged(std::move(**image));
    }
    // What is repaired in memory lets go of its file.
    auto asked = where_.open_to_read();
    if (!asked) return std::unexpected(asked.error());
    const auto one = asked->status();
    const auto other = from.file().status();
    if (!one || !other) return std::unexpected(one ? other.error() : one.error());
    if (!one->same_file(*other)) continue;  // a new one has taken the name
    auto done = open_judged(std::move(from));
    const auto after = front_of(storage(std::move(*asked)));
    if (!after) return std::unexpected(after.error());
    if (*before != *after) continue;
    opened_at_ = *after;
    return done;
  }
  return std::unexpected(changed_meanwhile());
}

/// All of an unclosed file; nothing if it changed meanwhile. What is the same in both of two
/// readings was there between them: a place that shelf has written in between bears another number
/// (see mark_free).
result<std::optional<storage>> object_store::read_at_one_moment(const file::open_file& from) const {
  const auto status = from.status();
  if (!status) return std::unexpected(status.error());
  // Addresses have 32 bits: what is behind cannot be meant.
  constexpr std::uint64_t most = std::numeric_limits<std::uint32_t>::max();
  std::vector<std::byte> image(std::min(status->size, most));
  const auto got = from.read(0, image);
  if (!got) return std::unexpected(got.error());
  image.resize(*got);
  std::vector<std::byte> again(std::min<std::size_t>(portion, image.size() + 1));
  for (std::size_t at = 0; at <= image.size();) {
    const auto read = from.read(at, again);
    if (!read) return std::unexpected(read.error());
    const auto here = bytes(image).subspan(at, std::min(*read, image.size() - at));
    const bool longer = *read > here.size() && image.size() < most;
    const bool shorter = *read < again.size() && at + *read < image.size();
    if (longer || shorter || !same_bytes(bytes(again).first(here.size()), here)) {
      return std::nullopt;
    }
    at += again.size();
  }
  return storage(std::move(image), from.path());
}

/// What the header says.
result<object_store::front_bytes> object_store::front_of(const storage& from) {
  front_bytes front{};
  const auto got = from.read_some(0, front);
  if (!got) return std::unexpected(got.error());
  return front;
}

result<> object_store::check_unchanged() const {
  if (!reads_alongside()) return {};
  const auto m = front_of(file_);
  if (!m) return std::unexpected(m.error());
  return *m == opened_at_ ? result<>() : std::unexpected(changed_meanwhile());
}

/// Whether header and slot say what they said when the file was opened.
result<bool> object_store::is_as_opened(std::uint32_t slot) const {
  std::array<std::byte, sizeof(slot_entry)> raw;
  if (auto read = file_.read(slots_.place_of(slot), raw, "a slot"); !read) {
    return std::unexpected(read.error());
  }
  const slot_entry entry{terms::load_big<std::uint32_t>(raw.data()),
                         terms::load_big<std::uint32_t>(raw.data() + 4)};
  const auto m = front_of(file_);
  if (!m) return std::unexpected(m.error());
  return entry == slots_.at(slot) && *m == opened_at_;
}

/// An object that is found in a bucket that counts is right, if it was read whole. That there is
/// none is right only if header and slot still are what they were.
result<std::size_t> object_store::lookup_alongside(
    bytes key, shelf::detail::function_ref<void(bytes)> visit) const {
  const std::shared_lock lock(mutex_);
  if (auto ok = usable(); !ok) return std::unexpected(ok.error());
  const auto slot = slot_of(key);
  const auto entry = slots_.at(slot);
  std::pmr::vector<std::byte> content, again;
  for (int i = 0; i < most_reads && !entry.empty(); ++i) {
    if (i > 0) pause(i);
    const auto read = read_bucket(entry, content);
    std::array<std::byte, 4> closed{};
    if (auto asked = file_.read(closed_at, closed, "the header"); !asked) {
      return std::unexpected(asked.error());
    }
    if (terms::load_big<std::uint32_t>(closed.data()) != 1) {
      const auto twice = read_bucket(entry, again);
      if (!read || !twice || again != content) continue;
    }
    auto found = read ? find_in_bucket(content, entry.pointer, key, [](bytes) {})
                      : std::unexpected(read.error());
    if (found && *found > 0) return find_in_bucket(content, entry.pointer, key, visit);
    const auto same = is_as_opened(slot);
    if (!same) return std::unexpected(same.error());
    return *same ? found : std::unexpected(changed_meanwhile());
  }
  const auto same = is_as_opened(slot);
  if (!same) return std::unexpected(same.error());
  if (*same && entry.empty()) return 0;
  return std::unexpected(changed_meanwhile());
}

/// Whether a walk met damage, or a file that was changed and closed again since it was opened.
result<> object_store::blame(const error& cause) const {
  const std::shared_lock lock(mutex_);
  if (auto ok = usable(); !ok) return ok;
  if (auto same = check_unchanged(); !same) return same;
  const auto slots = slot_table::load(file_, header_, end_);
  if (!slots || !slots->same_entries(slots_)) return std::unexpected(changed_meanwhile());
  return std::unexpected(cause);
}

}  // namespace shelf::dets_format
