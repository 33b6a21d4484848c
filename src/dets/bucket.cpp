// DETS  api -> table -> [dets] -> file
// Sizes are checked against what is there before anything is read.
#include "dets/bucket.hpp"

#include "dets/storage.hpp"
#include "term/encode.hpp"
#include "term/tag.hpp"

namespace shelf::dets_format {

using terms::load_big;
using terms::put_big;

namespace detail {

bytes take_sized(bytes& from) noexcept {
  if (from.size() <= 4) return {};
  const auto size = load_big<std::uint32_t>(from.data());
  if (size <= 4 || size > from.size()) return {};
  const bytes taken = from.subspan(4, size - 4);
  from = from.subspan(size);
  return taken;
}

}  // namespace detail

std::uint64_t key_record::size(kind type) const noexcept {
  std::uint64_t size = type == kind::set ? 0 : 4;
  for (const auto& object : objects) size += 4 + object.size();
  return size;
}

result<> check_bucket(bytes content, const std::string& path, std::uint64_t offset) {
  if (content.size() <= bucket_header ||
      load_big<std::uint32_t>(content.data()) != content.size()) {
    return std::unexpected(corrupt_at(path, offset, "a bucket of another size than its slot says"));
  }
  if (load_big<std::uint32_t>(content.data() + 4) != status_active) {
    return std::unexpected(corrupt_at(path, offset, "no bucket where a slot says that one is"));
  }
  return {};
}

result<std::vector<key_record>> parse_bucket(bytes content, object_format format,
                                             const std::string& path, std::uint64_t offset) {
  if (auto framed = check_bucket(content, path, offset); !framed) {
    return std::unexpected(framed.error());
  }
  std::vector<key_record> records;
  result<> failed;
  const auto add = [&](bytes object, bool first) {
    if (first) {
      auto key = key_of_stored(object, format.keypos);
      if (!key) {
        const auto at = static_cast<std::uint64_t>(object.data() - content.data());
        failed = std::unexpected(within(path, offset + at, key.error()));
        return false;
      }
      records.push_back({std::move(*key), {}});
    }
    records.back().objects.push_back(object);
    return true;
  };
  if (!split_records(content.subspan(bucket_header), format.type, add)) {
    if (!failed) return std::unexpected(failed.error());
    return std::unexpected(corrupt_at(path, offset, "a bucket whose sizes do not fit"));
  }
  return records;
}

std::vector<std::byte> compose_bucket(std::span<const key_record> records, kind type) {
  std::uint64_t size = bucket_header;
  for (const auto& record : records) size += record.size(type);
  std::vector<std::byte> out;
  out.reserve(size);
  put_big(out, static_cast<std::uint32_t>(size));
  put_big(out, status_active);
  for (const auto& record : records) {
    if (type != kind::set) put_big(out, static_cast<std::uint32_t>(record.size(type)));
    for (const auto& object : record.objects) {
      put_big(out, static_cast<std::uint32_t>(4 + object.size()));
      terms::put(out, object);
    }
  }
  return out;
}

}  // namespace shelf::dets_format
