// DETS  api -> engine -> stores -> [dets] -> file
// Whole new files in the place of the old one: emptied, filled in one go, or without gaps.
#include "dets/object_store.hpp"
#include "dets/replacement.hpp"
#include "file/sync_pace.hpp"

#include <algorithm>
#include <bit>
#include <limits>
#include <mutex>

namespace shelf::dets_format {
namespace {

/// A bucket on its way into a compacted file.
struct moved {
  std::uint32_t slot;
  slot_entry entry;
};

}  // namespace

result<> object_store::rewrite(std::vector<piece>& pieces, const piece_source& source) {
  auto made = replacement::begin(where_);
  if (!made) return std::unexpected(made.error());
  const auto counts = settle(pieces, format(), source);
  if (!counts) return std::unexpected(counts.error());
  const auto wanted = std::bit_ceil(std::max<std::uint64_t>(counts->keys, header_.min_slots));
  const bulk_shape shape{
      .format = format(),
      .slots = static_cast<std::uint32_t>(std::min<std::uint64_t>(wanted, header_.max_slots)),
      .min_slots = header_.min_slots,
      .max_slots = header_.max_slots};
  if (auto written = write_bulk(made->content(), pieces, shape, *counts, source, {}); !written) {
    return written;
  }
  return take_place(*made);
}

result<std::size_t> object_store::clear() {
  const std::scoped_lock lock(mutex_);
  if (auto ok = writable(); !ok) return std::unexpected(ok.error());
  if (fenced_) return std::unexpected(*fenced_);
  const std::size_t had = header_.objects;
  std::vector<piece> none;
  if (auto done = rewrite(none, arena()); !done) return std::unexpected(done.error());
  return had;
}

result<> object_store::replace_all(std::span<const bytes> objects) {
  std::vector<piece> pieces;
  pieces.reserve(objects.size());
  arena all;
  for (const auto& object : objects) {
    const auto key = key_of(object);
    if (!key) return std::unexpected(key.error());
    if (object.size() >= highest_end) return std::unexpected(errc::size_limit_exceeded);
    const auto place = all.add(object);
    const auto hash = slot_hash(hash_method::phash2, *key);
    pieces.push_back({place, static_cast<std::uint32_t>(object.size() + 1), hash, 0, false});
  }
  const std::scoped_lock lock(mutex_);
  if (auto ok = writable(); !ok) return ok;
  if (fenced_) return std::unexpected(*fenced_);
  return rewrite(pieces, all);
}

result<> object_store::compact(const progress& tell) {
  const std::scoped_lock lock(mutex_);
  if (auto ok = writable(); !ok) return ok;
  if (fenced_) return std::unexpected(*fenced_);
  return compact_now(tell);
}

result<> object_store::compact_now(const progress& tell) {
  auto made = replacement::begin(where_);
  if (!made) return std::unexpected(made.error());
  if (auto copied = copy_blocks(made->content(), tell); !copied) return copied;
  return take_place(*made);
}

/// Blocks whole, with what stands in them behind their buckets: the largest first, in each size in
/// the order in which they stood.
result<> object_store::copy_blocks(storage& into, const progress& tell) const {
  auto table = slot_table::fresh(slots_.slots());
  std::vector<moved> all;
  for (std::uint32_t slot = 0; slot < slots_.slots(); ++slot) {
    if (const auto entry = slots_.at(slot); !entry.empty()) all.push_back({slot, entry});
  }
  std::ranges::sort(all, [](const moved& a, const moved& b) {
    const auto x = a.entry.block(), y = b.entry.block();
    return x.k != y.k ? x.k > y.k : x.address < y.address;
  });
  header h = header_;
  h.counters = slots_.counters();
  h.base = static_cast<std::uint32_t>(table.end());
  constexpr std::size_t write_at_once = std::size_t{1} << 20;
  std::uint64_t end = h.base;
  std::uint64_t flushed = end;
  std::vector<std::byte> buffer;
  std::uint64_t copied = 0;
  file::sync_pace pace;
  for (const auto& [slot, entry] : all) {
    const auto at = buffer.size();
    buffer.resize(at + block_size(entry.block().k));
    const auto got = file_.read_some(entry.pointer, std::span(buffer).subspan(at));
    if (!got) return std::unexpected(got.error());
    // Of the last block only the bucket is in the file.
    std::fill(buffer.begin() + static_cast<std::ptrdiff_t>(at + *got), buffer.end(), std::byte{0});
    const auto framed =
        check_bucket(bytes(buffer).subspan(at, entry.size), file_.path(), entry.pointer);
    if (!framed) return framed;
    table.set(slot, {entry.size, static_cast<std::uint32_t>(end)});
    end += buffer.size() - at;
    ++copied;
    if (buffer.size() < write_at_once) continue;
    if (auto written = into.write(flushed, buffer); !written) return written;
    flushed = end;
    buffer.clear();
    if (!tell) continue;
    tell(copied, all.size());
    if (!pace.is_due(end)) continue;
    if (auto synced = into.sync_data(); !synced) return synced;
  }
  if (auto written = into.write(flushed, buffer); !written) return written;
  if (auto written = table.write_changes(into); !written) return written;
  return write_end(into, end, buddy(h.base, end - h.base), h);
}

}  // namespace shelf::dets_format
