// DETS  api -> engine -> stores -> [dets] -> file
// A bucket: all keys of a slot, each with its objects.
#pragma once

#include "dets/layout.hpp"
#include "dets/object.hpp"
#include "shelf/detail/bytes.hpp"
#include "shelf/error.hpp"
#include "shelf/kind.hpp"

#include <array>
#include <compare>
#include <cstddef>
#include <cstdint>
#include <memory_resource>
#include <span>
#include <string>
#include <vector>

namespace shelf::dets_format {

/// A key and its objects as they stand in the file, each with its 131, oldest first.
struct key_record {
  canonical_term key;
  std::pmr::vector<bytes> objects;

  /// How many bytes it takes in a bucket.
  [[nodiscard]] std::uint64_t size(kind type) const noexcept;
};

using key_records = std::pmr::vector<key_record>;

/// Where one bucket is taken apart and put together: asking the heap for each part costs more than
/// the rest. What does not fit is on the heap.
class bucket_room {
 public:
  [[nodiscard]] std::pmr::memory_resource* get() noexcept { return &memory_; }

 private:
  std::array<std::byte, 4096> room_;
  std::pmr::monotonic_buffer_resource memory_{room_.data(), room_.size()};
};

/// What a file says of its objects.
struct object_format {
  kind type = kind::set;
  std::uint32_t keypos = 1;
  /// Two objects are one only if all but their keys is equal byte by byte: then -0.0 is not 0.0,
  /// which it is by the =:= of OTP 25. Keys are always compared by that.
  bool exact = false;
};

/// Some order of the canonical objects of one key; equivalent are those that are the same object.
[[nodiscard]] std::weak_ordering compare_objects(bytes a, bytes b, object_format format) noexcept;
[[nodiscard]] bool are_identical(bytes a, bytes b, object_format format) noexcept;

/// Checks size and status at the front of a bucket. corrupt: the sentence names path and byte.
[[nodiscard]] result<> check_bucket(bytes content, const std::string& path, std::uint64_t offset);

/// The records of a bucket. They are views of `content`, the whole bucket. corrupt: sizes that do
/// not fit, an object that is none, another status than active; the sentence names path and byte.
/// Of the objects only what stands in front of the key's end is looked at. The records are in
/// `room`.
[[nodiscard]] result<key_records> parse_bucket(bytes content, object_format format,
                                               const std::string& path, std::uint64_t offset,
                                               std::pmr::memory_resource* room);

/// The sizes and objects of a bucket's body, without reading the objects. False: sizes that do not
/// fit. `visit(object, first_of_its_key)` returns whether to go on.
template <class Visit>
bool split_records(bytes body, kind type, Visit visit);

/// The whole bucket of these records, in `room`.
[[nodiscard]] std::pmr::vector<std::byte> compose_bucket(std::span<const key_record> records,
                                                         kind type,
                                                         std::pmr::memory_resource* room);

namespace detail {
/// Cuts off what a length at the front says; empty if it does not fit. Lengths count themselves.
[[nodiscard]] bytes take_sized(bytes& from) noexcept;
}  // namespace detail

template <class Visit>
bool split_records(bytes body, kind type, Visit visit) {
  while (!body.empty()) {
    bytes record = detail::take_sized(body);
    if (record.empty()) return false;
    if (type == kind::set) {
      if (!visit(record, true)) return false;
      continue;
    }
    for (bool first = true; !record.empty(); first = false) {
      const bytes object = detail::take_sized(record);
      if (object.empty() || !visit(object, first)) return false;
    }
  }
  return true;
}

}  // namespace shelf::dets_format
