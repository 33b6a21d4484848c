// DETS  api -> engine -> stores -> [dets] -> file
// The checks stand in OTP's order, so that of several faults the same one is told.
#include "dets/header.hpp"

#include "dets/md5.hpp"
#include "term/external_format.hpp"

#include <algorithm>
#include <bit>

namespace shelf::dets_format {
namespace {

using terms::load_big;
using terms::store_big;

constexpr std::size_t version_end = 20;
constexpr std::size_t summed_from = 12;
constexpr std::size_t counters_at = 56;
constexpr std::size_t base_at = 184;
/// What no object takes less than, its size and its 131 included.
constexpr std::uint64_t smallest_object = 8;

std::unexpected<error> refuse(const std::string& path, errc code, std::string_view what) {
  return std::unexpected(error(code, path + ": " + std::string(what)));
}

std::uint32_t field(bytes front, std::size_t at) {
  return load_big<std::uint32_t>(front.data() + at);
}

result<> check_version(bytes front, const std::string& path) {
  if (front.size() < version_end) {
    return refuse(path, errc::not_a_table,
                  front.empty() ? "the file is empty, not a DETS file"
                                : "byte " + std::to_string(front.size()) +
                                      ": the file ends here, too short for a DETS file");
  }
  const auto found = field(front, 16);
  if (found < version && found != 0) {  // there never was a version 0
    return refuse(path, errc::unsupported_version,
                  "byte 16: version " + std::to_string(found) +
                      " of DETS files is not supported, only version 9");
  }
  if (found != version) {
    return refuse(path, errc::not_a_table,
                  "byte 16: version " + std::to_string(found) + ", not a DETS file of version 9");
  }
  return {};
}

bool all_zero(bytes content) noexcept {
  return std::ranges::all_of(content, [](auto b) { return b == std::byte{0}; });
}

header read_fields(bytes front) {
  header h;
  h.free_lists_at = field(front, 0);
  h.type = field(front, 12) == 1   ? kind::set
           : field(front, 12) == 2 ? kind::bag
                                   : kind::duplicate_bag;
  h.m = field(front, 20);
  h.next = field(front, 24);
  h.keypos = field(front, 28);
  h.objects = field(front, 32);
  h.keys = field(front, 36);
  h.min_slots = field(front, 40);
  h.max_slots = field(front, 44);
  h.n = field(front, 52);
  for (std::size_t i = 0; i < h.counters.size(); ++i) {
    h.counters[i] = field(front, counters_at + 4 * i);
  }
  h.base = field(front, base_at);
  return h;
}

/// What the numbers of the hash must keep to; nothing else may index by them.
bool has_shape(const header& h) noexcept {
  return std::has_single_bit(h.m) && h.m >= slots_per_segment && h.m <= most_slots &&
         h.n % slots_per_segment == 0 && h.n < h.m && h.next == h.m + h.n && h.next <= most_slots;
}

/// What a repair takes from the header of an unclosed file, made sane.
void settle_bounds(header& h) noexcept {
  const auto sane = [](std::uint32_t slots) {
    return std::has_single_bit(slots) && slots >= slots_per_segment && slots <= most_slots;
  };
  if (!sane(h.max_slots)) h.max_slots = most_slots;
  if (!sane(h.min_slots) || h.min_slots > h.max_slots) h.min_slots = slots_per_segment;
}

}  // namespace

result<> recognise(bytes front, const std::string& path) {
  // The mark comes first: what the version would be in a file of another kind means nothing.
  if (front.size() >= 8 && field(front, 4) != cookie) {
    return refuse(path, errc::not_a_table, "byte 4: the magic number of a DETS file is missing");
  }
  return check_version(front, path);
}

result<judged_header> judge_header(bytes front, std::uint64_t file_size, std::uint32_t trailer,
                                   const std::string& path) {
  if (auto known = recognise(front, path); !known) return std::unexpected(known.error());
  if (front.size() < fields_size) {
    return refuse(path, errc::not_a_table,
                  "byte " + std::to_string(front.size()) +
                      ": the file ends here, too short for the header of a DETS file");
  }
  if (field(front, 12) < 1 || field(front, 12) > 3) {
    return refuse(path, errc::corrupt,
                  "byte 12: type " + std::to_string(field(front, 12)) + " is unknown");
  }
  const bytes sum = front.subspan(sum_at, sum_size);
  if (!all_zero(sum) &&
      !std::ranges::equal(sum, md5(front.subspan(summed_from, sum_at - summed_from)))) {
    return refuse(path, errc::corrupt, "byte 168: bad checksum of the header");
  }
  judged_header judged{.fields = read_fields(front), .damage = {}};
  header& h = judged.fields;
  h.summed = !all_zero(sum);
  if (std::uint64_t{trailer} + h.base != file_size) {
    judged.damage = "byte " + std::to_string(file_size < 4 ? 0 : file_size - 4) +
                    ": the size recorded at the end differs from the file's size";
  }
  if (field(front, 48) > 1) {
    return refuse(path, errc::unsupported_version,
                  "byte 48: hash method " + std::to_string(field(front, 48)) + " is unknown");
  }
  h.method = static_cast<hash_method>(field(front, 48));
  if (field(front, closed_at) > 1) {
    return refuse(path, errc::corrupt, "byte 8: the closed flag has an unknown value");
  }
  if (h.keypos == 0) return refuse(path, errc::corrupt, "byte 28: key position 0");
  h.closed = field(front, closed_at) == 1;
  if (!h.closed) judged.damage = "byte 8: the file was not closed properly";
  if (judged.damage.empty() && !has_shape(h))
    judged.damage = "byte 20: impossible numbers of slots";
  if (judged.damage.empty() && (h.objects > file_size / smallest_object || h.keys > h.objects))
    judged.damage = "byte 32: more objects or keys than the file has room for";
  settle_bounds(h);
  return judged;
}

std::vector<std::byte> encode(const header& h) {
  std::vector<std::byte> out(header_size);
  const auto put = [&](std::size_t at, std::uint32_t value) { store_big(out.data() + at, value); };
  put(0, h.free_lists_at);
  put(4, cookie);
  put(closed_at, h.closed ? 1 : 0);
  put(12, h.type == kind::set ? 1 : h.type == kind::bag ? 2 : 3);
  put(16, version);
  put(20, h.m);
  put(24, h.next);
  put(28, h.keypos);
  put(32, h.objects);
  put(36, h.keys);
  put(40, h.min_slots);
  put(44, h.max_slots);
  put(48, static_cast<std::uint32_t>(h.method));
  put(52, h.n);
  for (std::size_t i = 0; i < h.counters.size(); ++i) put(counters_at + 4 * i, h.counters[i]);
  const auto sum = md5(bytes(out).subspan(summed_from, sum_at - summed_from));
  std::ranges::copy(sum, out.begin() + sum_at);
  put(base_at, h.base);
  return out;
}

}  // namespace shelf::dets_format
