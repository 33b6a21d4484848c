// DETS  api -> engine -> stores -> [dets] -> file
// Sizes are checked against what is there before anything is read.
#include "dets/bucket.hpp"

#include "dets/storage.hpp"
#include "term/external_format.hpp"
#include "term/order.hpp"

#include <algorithm>

namespace shelf::dets_format {

using terms::load_big;

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

std::weak_ordering compare_objects(bytes a, bytes b, object_format format) noexcept {
  if (!format.exact) return terms::compare_exact(a, b);
  const auto compare = [](bytes x, bytes y) {
    return std::lexicographical_compare_three_way(x.begin(), x.end(), y.begin(), y.end());
  };
  const auto key = element_at(a, format.keypos);
  const auto other = element_at(b, format.keypos);
  const auto before = compare({a.data(), key.data()}, {b.data(), other.data()});
  if (before != 0) return before;
  return compare({key.data() + key.size(), a.data() + a.size()},
                 {other.data() + other.size(), b.data() + b.size()});
}

bool are_identical(bytes a, bytes b, object_format format) noexcept {
  return same_bytes(a, b) || compare_objects(a, b, format) == 0;
}

result<> check_bucket(bytes content, const std::string& path, std::uint64_t offset) {
  if (content.size() <= bucket_header ||
      load_big<std::uint32_t>(content.data()) != content.size()) {
    return std::unexpected(
        corrupt_at(path, offset, "the size of a bucket differs from the size in its slot"));
  }
  if (load_big<std::uint32_t>(content.data() + 4) != status_active) {
    return std::unexpected(
        corrupt_at(path, offset, "a slot points to a place that holds no bucket"));
  }
  return {};
}

result<key_records> parse_bucket(bytes content, object_format format, const std::string& path,
                                 std::uint64_t offset, std::pmr::memory_resource* room) {
  if (auto framed = check_bucket(content, path, offset); !framed) {
    return std::unexpected(framed.error());
  }
  key_records records(room);
  result<> failed;
  const auto add = [&](bytes object, bool first) {
    if (first) {
      auto key = key_of_stored(object, format.keypos);
      if (!key) {
        const auto at = static_cast<std::uint64_t>(object.data() - content.data());
        failed = std::unexpected(within(path, offset + at, key.error()));
        return false;
      }
      records.push_back({std::move(*key), std::pmr::vector<bytes>(room)});
    }
    records.back().objects.push_back(object);
    return true;
  };
  if (!split_records(content.subspan(bucket_header), format.type, add)) {
    if (!failed) return std::unexpected(failed.error());
    return std::unexpected(corrupt_at(path, offset, "the sizes inside a bucket are inconsistent"));
  }
  return records;
}

std::pmr::vector<std::byte> compose_bucket(std::span<const key_record> records, kind type,
                                           std::pmr::memory_resource* room) {
  std::uint64_t size = bucket_header;
  for (const auto& record : records) size += record.size(type);
  std::pmr::vector<std::byte> out(size, room);
  auto* at = out.data();
  const auto put_size = [&at](std::uint64_t counted) {
    terms::store_big(at, static_cast<std::uint32_t>(counted));
    at += 4;
  };
  put_size(size);
  put_size(status_active);
  for (const auto& record : records) {
    if (type != kind::set) put_size(record.size(type));
    for (const auto& object : record.objects) {
      put_size(4 + object.size());
      at = std::ranges::copy(object, at).out;
    }
  }
  return out;
}

}  // namespace shelf::dets_format
