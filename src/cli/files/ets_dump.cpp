// CLI  [cli] -> rows -> upkeep -> engine -> stores -> journal -> file
// A dump is a log of disk_log with a header in front and, if it was asked for, sums behind.
//   dump   := 01 02 03 04 "cXM" 0B  item(header)  item(object)*  [item(ending)]
//   item   := size:u32be "bWLA" [md5(size):u8[16] if size >= 65528] data:u8[size]
//   header := {{name, N}, {size, N}, {type, T}, {keypos, P}, {major_version, 1},
//              {extended_info, [object_count | md5sum]}, ..}    in any order, others are read over
//   ending := ['$end_of_table', [{count, N}, {md5, <<S:128>>}]]   if extended_info is not []
// Data are terms with their 131. S is the MD5 of the data of all items in front of the ending.
#include "cli/files/ets_dump.hpp"

#include "dets/md5.hpp"
#include "dets/object.hpp"

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <filesystem>
#include <limits>

namespace shelf::cli {
namespace {

constexpr std::array<unsigned char, 4> log_mark{1, 2, 3, 4};
constexpr std::array<unsigned char, 4> closed_mark{'c', 'X', 'M', 0x0B};
constexpr std::array<unsigned char, 4> opened_mark{6, 7, 8, 9};
constexpr std::array<unsigned char, 4> item_mark{'b', 'W', 'L', 'A'};
constexpr std::size_t file_header = 8;
constexpr std::size_t item_header = 8;
/// From this size on the size itself has a sum.
constexpr std::uint32_t large_item = 65528;

[[nodiscard]] bool starts_with(const std::byte* at, const std::array<unsigned char, 4>& mark) {
  return std::memcmp(at, mark.data(), mark.size()) == 0;
}

[[nodiscard]] std::uint32_t size_at(const std::byte* at) {
  std::uint32_t n = 0;
  for (std::size_t i = 0; i < 4; ++i) n = n << 8 | std::to_integer<std::uint32_t>(at[i]);
  return n;
}

/// The value of a pair {name, value} among terms; nullopt if there is none.
[[nodiscard]] std::optional<term> find_pair(const std::vector<term>& among, std::string_view name) {
  for (const auto& t : among) {
    if (t.what() != term::type::tuple || t.size() != 2) continue;
    auto both = *t.elements();
    if (both[0].as_atom() == name) return std::move(both[1]);
  }
  return std::nullopt;
}

[[nodiscard]] std::optional<kind> kind_called(const std::optional<term>& name) {
  if (!name) return std::nullopt;
  for (const auto k : {kind::set, kind::ordered_set, kind::bag, kind::duplicate_bag}) {
    if (name->as_atom() == to_string(k)) return k;
  }
  return std::nullopt;
}

[[nodiscard]] bool has_atom(const std::vector<term>& list, std::string_view name) {
  return std::ranges::any_of(list, [&](const term& t) { return t.as_atom() == name; });
}

}  // namespace

bool is_disk_log(const std::string& path) {
  std::error_code failed;
  if (!std::filesystem::is_regular_file(path, failed)) return false;
  const std::unique_ptr<std::FILE, int (*)(std::FILE*)> f(std::fopen(path.c_str(), "rbe"),
                                                          std::fclose);
  std::array<std::byte, file_header> start{};
  if (!f || std::fread(start.data(), 1, start.size(), f.get()) != start.size()) return false;
  return starts_with(start.data(), log_mark) &&
         (starts_with(start.data() + 4, closed_mark) || starts_with(start.data() + 4, opened_mark));
}

result<ets_dump> ets_dump::read(const std::string& path, progress_bar bar) {
  std::error_code failed;
  const auto size = std::filesystem::file_size(path, failed);
  std::FILE* const f = failed ? nullptr : std::fopen(path.c_str(), "rbe");
  if (f == nullptr) {
    const int cause = failed ? failed.value() : errno;
    return std::unexpected(error(errc::file_error, path + ": " + std::strerror(cause), {}, cause));
  }
  ets_dump dump(f, path, size, std::move(bar));
  if (auto read = dump.read_header(); !read) return std::unexpected(read.error());
  return dump;
}

std::unexpected<error> ets_dump::damaged(const std::string& why) const {
  return std::unexpected(
      error(errc::corrupt, path_ + ": byte " + std::to_string(item_at_) + ": " + why));
}

result<> ets_dump::read_bytes(std::byte* into, std::size_t count) const {
  if (std::fread(into, 1, count, file_.get()) == count) {
    at_ += count;
    return {};
  }
  if (std::ferror(file_.get()) == 0) return damaged("the file ends in the middle of an item");
  const int cause = errno;
  return std::unexpected(error(errc::file_error, path_ + ": " + std::strerror(cause), {}, cause));
}

/// False at the end of the file. Leaves the data in item_.
result<bool> ets_dump::next_item() const {
  item_at_ = at_;
  if (at_ == bytes_) return false;
  std::array<std::byte, item_header> start{};
  if (auto read = read_bytes(start.data(), start.size()); !read) {
    return std::unexpected(read.error());
  }
  if (!starts_with(start.data() + 4, item_mark)) return damaged("not the start of a log item");
  const auto size = size_at(start.data());
  if (size >= large_item) {
    std::array<std::byte, 16> sum{};
    if (auto read = read_bytes(sum.data(), sum.size()); !read) return std::unexpected(read.error());
    if (sum != dets_format::md5(bytes(start).first(4)))
      return damaged("bad checksum of an item's size");
  }
  if (size > bytes_ - at_) return damaged("the file ends in the middle of an item");
  item_.resize(size);
  if (auto read = read_bytes(item_.data(), size); !read) return std::unexpected(read.error());
  return true;
}

result<> ets_dump::read_header() {
  std::array<std::byte, file_header> start{};
  if (auto read = read_bytes(start.data(), start.size()); !read) return read;
  if (starts_with(start.data() + 4, opened_mark)) {
    return damaged("the log was not closed: its writer did not finish");
  }
  const auto there = next_item();
  if (!there) return std::unexpected(there.error());
  const auto header = *there ? term::decode(item_) : result<term>(term::nil());
  if (!header) return damaged("the header is not a term: " + header.error().message());
  return take_header(*header);
}

result<> ets_dump::take_header(const term& header) {
  const auto pairs = header.what() == term::type::tuple ? *header.elements() : std::vector<term>{};
  const auto major = find_pair(pairs, "major_version");
  const auto keypos = find_pair(pairs, "keypos");
  const auto size = find_pair(pairs, "size");
  const auto type = kind_called(find_pair(pairs, "type"));
  if (!major || !find_pair(pairs, "type")) {
    return std::unexpected(
        error(errc::not_a_table, path_ + ": a disk_log file, but not written by ets:tab2file"));
  }
  if (major->as_unsigned() != 1u) {
    return std::unexpected(
        error(errc::unsupported_version,
              path_ + ": written by a newer ets:tab2file, of version " + major->to_string(20)));
  }
  const auto position = keypos ? keypos->as_unsigned().value_or(0) : 0;
  const auto objects = size ? size->as_unsigned() : std::nullopt;
  if (!type) return damaged("the header lacks the table's type");
  if (position == 0 || position > std::numeric_limits<std::uint32_t>::max()) {
    return damaged("the header lacks the key position");
  }
  if (!objects) return damaged("the header lacks the number of objects");
  type_ = *type;
  keypos_ = static_cast<std::uint32_t>(position);
  objects_ = *objects;
  if (const auto name = find_pair(pairs, "name")) name_ = name->to_string(255);
  const auto extended = find_pair(pairs, "extended_info").value_or(term::nil());
  const auto said = extended.elements().value_or(std::vector<term>{});
  has_count_ = has_atom(said, "object_count");
  has_sum_ = has_atom(said, "md5sum");
  return {};
}

std::vector<source::fact> ets_dump::facts() const {
  std::string guards = "none";
  if (has_count_ && has_sum_)
    guards = "object_count, md5sum";
  else if (has_count_ || has_sum_)
    guards = has_count_ ? "object_count" : "md5sum";
  return {{"format", "ets:tab2file", {}},
          {"name", name_, {}},
          {"kind", std::string(to_string(type_)), {}},
          {"keypos", {}, keypos_},
          {"objects", {}, objects_},
          {"file_bytes", {}, bytes_},
          {"extended", guards, {}}};
}

result<ets_dump::ending> ets_dump::ending_of(const term& list) const {
  const auto all = list.elements().value_or(std::vector<term>{});
  if (all.size() != 2 || all[0].as_atom() != "$end_of_table" || (!has_count_ && !has_sum_)) {
    return damaged("not an object: objects are tuples");
  }
  if (at_ != bytes_) return damaged("unexpected data after the end of the table");
  const auto pairs = all[1].elements().value_or(std::vector<term>{});
  ending end;
  if (const auto count = find_pair(pairs, "count")) end.objects = count->as_unsigned();
  if (const auto sum = find_pair(pairs, "md5")) {
    const auto content = sum->as_binary();
    if (!content || content->size() != 16) return damaged("a malformed MD5 sum");
    std::ranges::copy(*content, end.md5.emplace().begin());
  }
  return end;
}

result<> ets_dump::check_ending(const ending& end, std::uint64_t seen,
                                const std::array<std::byte, 16>& sum) const {
  if (has_count_ && !end.objects) return damaged("the count of the objects is missing at the end");
  if (has_sum_ && !end.md5) return damaged("the MD5 sum is missing at the end");
  const auto said = end.objects.value_or(objects_);
  if (said != seen) {
    return damaged("the dump counts " + std::to_string(said) + " objects, but " +
                   std::to_string(seen) + " were found");
  }
  if (end.md5 && *end.md5 != sum) return damaged("the MD5 sum does not match the objects");
  return {};
}

result<> ets_dump::for_each_object(detail::function_ref<bool(bytes)> f,
                                   const progress& tell) const {
  // The header is read again: the sum covers it.
  if (std::fseek(file_.get(), file_header, SEEK_SET) != 0) {
    return std::unexpected(error(errc::file_error, path_ + ": cannot be read from its start"));
  }
  at_ = file_header;
  dets_format::md5_sum sum;
  ending end;
  std::uint64_t items = 0;
  for (;; ++items) {
    const auto there = next_item();
    if (!there) return std::unexpected(there.error());
    if (!*there) break;
    if (items > 0) {
      const auto object = term::decode(item_);
      if (!object) return damaged("not an object: " + object.error().message());
      if (object->what() != term::type::tuple) {
        auto found = ending_of(*object);
        if (!found) return std::unexpected(found.error());
        end = *found;
        break;
      }
      if (object->size() < keypos_) return damaged("an object is too short to contain its key");
      if (!f(object->encoded())) return {};
    }
    if (has_sum_) sum.add(item_);
    if ((items & 0xFF) == 0 && tell) tell(at_, bytes_);
  }
  return check_ending(end, items - 1, sum.finish());
}

result<> ets_dump::look_through() {
  std::uint64_t seen = 0;
  const auto count = [&](bytes) {
    ++seen;
    return true;
  };
  auto whole = for_each_object(count, told_to(bar_));
  bar_.clear();
  if (whole) objects_ = seen;  // the header knows what there was when the dump began
  return whole;
}

/// A dump has no index: every object is looked at. Those found wait, so that what `f` shows does
/// not meet the bar.
result<std::size_t> ets_dump::get(const term& key, detail::function_ref<void(bytes)> f) const {
  std::vector<term> found;
  const auto look = [&](bytes object) {
    const auto own = term::from_canonical(dets_format::element_at(object, keypos_));
    const bool same =
        type_ == kind::ordered_set ? (own <=> key) == 0 : is_key(own.encoded(), key.encoded());
    if (same) found.push_back(term::from_canonical(object));
    return true;
  };
  const auto read = for_each_object(look, told_to(bar_));
  bar_.clear();
  if (!read) return std::unexpected(read.error());
  for (const auto& object : found) f(object.encoded());
  return found.size();
}

}  // namespace shelf::cli
