// DETS  api -> engine -> stores -> [dets] -> file
// The allocator: blocks of powers of two, free ones in lists that stand in the file when it is
// closed.
#pragma once

#include "dets/layout.hpp"
#include "shelf/detail/bytes.hpp"
#include "shelf/error.hpp"

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <set>
#include <string>
#include <vector>

namespace shelf::dets_format {

/// A piece of the file. Classes are exponents: 2^k bytes.
struct block {
  std::uint32_t address;
  unsigned k;
};

/// Which blocks are free. Addresses are those of the file; buddies are found relative to a base.
/// Invariant: free blocks and those handed out tile the range from the base to base + 2^31.
class buddy {
 public:
  /// All is free from `base` on but the first `reserved` bytes, a multiple of 16.
  explicit buddy(std::uint32_t base, std::uint64_t reserved = 0);

  /// Reads free lists; `lists` is the file from there to its end. corrupt: what OTP would not read,
  /// or blocks that cannot be.
  [[nodiscard]] static result<buddy> decode(bytes lists, std::uint64_t offset, std::uint32_t base,
                                            const std::string& path);
  /// As OTP writes them, with the end marker, without the trailer.
  [[nodiscard]] std::vector<std::byte> encode() const;

  /// Takes the memory for one allocate() and so many calls of release(), or for one shrink() in
  /// place of the allocate(): these never allocate. Throws std::bad_alloc, with nothing changed.
  void reserve(std::size_t releases);
  /// The lowest of the smallest free blocks that hold 2^k bytes, split as needed; nothing if it
  /// would end above the limit, with nothing changed. After reserve().
  [[nodiscard]] std::optional<std::uint32_t> allocate(unsigned k) noexcept;
  /// Where no block may end above; highest_end unless told.
  void limit_to(std::uint64_t end) noexcept { limit_ = end; }
  /// The block is free again, and joins its buddies. After reserve().
  void release(block freed) noexcept;
  /// A block shrinks where it stands; the rest of it is free. After reserve().
  void shrink(block from, unsigned to) noexcept;

  [[nodiscard]] std::vector<block> free_blocks() const;

 private:
  using addresses = std::set<std::uint32_t>;

  void add(unsigned k, std::uint32_t address) noexcept;
  [[nodiscard]] bool remove(unsigned k, std::uint32_t address) noexcept;

  std::uint32_t base_;
  std::uint64_t limit_ = highest_end;
  std::array<addresses, largest_class + 1> free_;
  std::vector<addresses::node_type> spare_;  // nodes of free_ that are not in use
};

}  // namespace shelf::dets_format
