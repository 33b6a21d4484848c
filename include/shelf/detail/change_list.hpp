// API  [api] -> engine -> stores -> journal -> file
// The changes of a batch, encoded, in the order in which they happen.
#pragma once

#include "shelf/detail/bytes.hpp"
#include "shelf/error.hpp"

#include <cstdint>
#include <vector>

namespace shelf::detail {

/// What a batch does to one key.
enum class change_verb : std::uint8_t {
  insert,
  erase,        ///< the key with all its values
  erase_value,  ///< the key with this value
};

/// One change of a list, which owns the bytes.
struct listed_change {
  change_verb what = change_verb::insert;
  bytes key;
  bytes value;
};

/// Changes, their bytes one behind the other in one block: a batch of many small changes costs few
/// allocations. Thread safety: as a std::vector.
class change_list {
 public:
  /// Copies the bytes. Throws std::bad_alloc, with nothing added.
  void add(change_verb what, bytes key, bytes value = {});
  /// The same with a value whose bytes lie in several places.
  void add_pieces(change_verb what, bytes key, std::span<const bytes> value);
  [[nodiscard]] listed_change operator[](std::size_t index) const noexcept {
    const auto from = index == 0 ? 0 : ends_[index - 1].value;
    const auto& end = ends_[index];
    const bytes all = content_;
    return {end.what, all.subspan(from, end.key - from), all.subspan(end.key, end.value - end.key)};
  }
  [[nodiscard]] std::size_t size() const noexcept { return ends_.size(); }
  void clear() noexcept {
    content_.clear();
    ends_.clear();
  }

 private:
  /// Where the bytes of a change end; they begin where those of the one before end.
  struct extent {
    change_verb what;
    std::size_t key;
    std::size_t value;
  };

  std::vector<std::byte> content_;
  std::vector<extent> ends_;
};

/// size_limit_exceeded if a key or value of the list nests deeper than `most` levels.
[[nodiscard]] result<> check_nesting(const change_list& changes, std::uint32_t most);

}  // namespace shelf::detail
