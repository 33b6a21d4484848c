// DETS  api -> engine -> stores -> [dets] -> file
// Every choice is OTP's: lowest address first, the lower half kept, buddies joined at once.
#include "dets/buddy.hpp"

#include "dets/storage.hpp"
#include "term/external_format.hpp"
#include "term/scalar_output.hpp"

#include <bit>
#include <cassert>

namespace shelf::dets_format {
namespace {

using terms::load_big;
using terms::put_big;

constexpr std::uint32_t end_mark = 12345;
constexpr std::size_t chunk_header = 12;
constexpr std::size_t most_in_chunk = 1021;

std::unexpected<error> bad_list(const std::string& path, std::uint64_t at, std::string_view why) {
  return std::unexpected(corrupt_at(path, at, why));
}

}  // namespace

buddy::buddy(std::uint32_t base, std::uint64_t reserved) : base_(base) {
  assert(reserved % block_size(smallest_class) == 0 && reserved < block_size(largest_class));
  if (reserved == 0) free_[largest_class].insert(base);
  for (auto at = reserved; at != 0 && at < block_size(largest_class);) {
    const auto k = static_cast<unsigned>(std::countr_zero(at));
    free_[k].insert(base + static_cast<std::uint32_t>(at));
    at += block_size(k);
  }
}

result<buddy> buddy::decode(bytes lists, std::uint64_t offset, std::uint32_t base,
                            const std::string& path) {
  buddy found(base);
  found.free_[largest_class].clear();
  std::size_t at = 0;
  while (true) {
    const auto here = offset + at;
    if (lists.size() - at < chunk_header)
      return bad_list(path, here, "the free lists are not terminated");
    const auto size = load_big<std::uint32_t>(lists.data() + at);
    const auto status = load_big<std::uint32_t>(lists.data() + at + 4);
    const auto number = load_big<std::uint32_t>(lists.data() + at + 8);
    if (status != status_free) return bad_list(path, here, "a free list is missing");
    if (number == end_mark) return found;
    // OTP counts classes from 1, and has none below 16 bytes in practice.
    if (number < smallest_class + 1 || number > largest_class + 1) {
      return bad_list(path, here, "a free list has an unknown block size");
    }
    if (size < chunk_header || size % 4 != 0 || size > lists.size() - at) {
      return bad_list(path, here, "a free list has an impossible length");
    }
    auto& blocks = found.free_[number - 1];
    for (std::size_t i = chunk_header; i < size; i += 4) {
      const auto address = load_big<std::uint32_t>(lists.data() + at + i);
      if (!blocks.empty() && address <= *blocks.rbegin()) {
        return bad_list(path, here + i, "the free blocks are not in ascending order");
      }
      blocks.insert(blocks.end(), address);
    }
    at += size;
  }
}

std::vector<std::byte> buddy::encode() const {
  std::vector<std::byte> out;
  for (unsigned k = smallest_class; k <= largest_class; ++k) {
    auto left = free_[k].size();
    for (auto next = free_[k].begin(); left > 0;) {
      const auto count = left < most_in_chunk ? left : most_in_chunk;
      put_big(out, static_cast<std::uint32_t>(chunk_header + 4 * count));
      put_big(out, status_free);
      put_big(out, std::uint32_t{k + 1});
      for (std::size_t i = 0; i < count; ++i) put_big(out, *next++);
      left -= count;
    }
  }
  put_big(out, static_cast<std::uint32_t>(chunk_header));
  put_big(out, status_free);
  put_big(out, end_mark);
  return out;
}

void buddy::reserve(std::size_t releases) {
  // A block that is split leaves one of each class on the way.
  const auto wanted = releases + largest_class;
  if (spare_.size() >= wanted) return;
  // Nodes that are removed come back here: room for all that one call can remove.
  spare_.reserve(2 * wanted);
  addresses one;
  while (spare_.size() < wanted) {
    one.insert(0);
    spare_.push_back(one.extract(one.begin()));
  }
}

void buddy::add(unsigned k, std::uint32_t address) noexcept {
  assert(!spare_.empty() && "reserve() comes first");
  auto node = std::move(spare_.back());
  spare_.pop_back();
  node.value() = address;
  free_[k].insert(std::move(node));
}

bool buddy::remove(unsigned k, std::uint32_t address) noexcept {
  auto node = free_[k].extract(address);
  if (node.empty()) return false;
  // What does not fit is not needed.
  if (spare_.size() < spare_.capacity()) spare_.push_back(std::move(node));
  return true;
}

std::optional<std::uint32_t> buddy::allocate(unsigned k) noexcept {
  assert(k >= smallest_class);
  auto from = k;
  while (from <= largest_class && free_[from].empty()) ++from;
  if (from > largest_class) return std::nullopt;
  const std::uint32_t address = *free_[from].begin();
  if (address + block_size(k) > limit_) return std::nullopt;
  static_cast<void>(remove(from, address));
  shrink({address, from}, k);
  return address;
}

void buddy::shrink(block from, unsigned to) noexcept {
  assert(to <= from.k);
  for (auto k = from.k; k-- > to;) add(k, from.address + static_cast<std::uint32_t>(block_size(k)));
}

void buddy::release(block freed) noexcept {
  assert(freed.k >= smallest_class && freed.address >= base_);
  assert(!free_[freed.k].contains(freed.address) && "freed once");
  for (; freed.k < largest_class; ++freed.k) {
    const auto size = static_cast<std::uint32_t>(block_size(freed.k));
    const bool upper = ((freed.address - base_) & size) != 0;
    const auto other = upper ? freed.address - size : freed.address + size;
    if (!remove(freed.k, other)) break;
    if (upper) freed.address = other;
  }
  add(freed.k, freed.address);
}

std::vector<block> buddy::free_blocks() const {
  std::vector<block> blocks;
  for (unsigned k = smallest_class; k <= largest_class; ++k) {
    for (const auto address : free_[k]) blocks.push_back({address, k});
  }
  return blocks;
}

}  // namespace shelf::dets_format
