// JOURNAL  api -> table -> [journal] -> file
// Any bytes as a file: looked at, opened to write, written to, closed and read again; nothing may
// break.
#include "file/location.hpp"
#include "journal/journal_file.hpp"
#include "journal/journal_view.hpp"
#include "simulation/simulated_disk.hpp"

#define XXH_INLINE_ALL
#include "journal/little_endian.hpp"

#include <xxhash.h>

#include <algorithm>
#include <cstdlib>
#include <cstring>
#include <vector>

namespace {

using namespace shelf;
using namespace shelf::journal;

void require(bool holds) {
  if (!holds) std::abort();
}

class counter final : public visitor {
 public:
  result<> visit(const change& c, std::uint64_t) override {
    if (c.what != op::note && c.what != op::seal) ++changes;
    return {};
  }
  result<> committed(std::uint64_t) override { return {}; }
  std::uint64_t changes = 0;
};

/// The first byte decides: the rest as it is, or with its checksums made right, so that more of it
/// is believed.
std::vector<std::byte> file_of(bytes input) {
  std::vector<std::byte> out(input.begin() + 1, input.end());
  if ((input[0] & std::byte{1}) == std::byte{0}) return out;
  std::vector<std::byte> whole(frames_start);
  for (std::size_t slot = 0; slot < 2; ++slot) {
    const auto encoded = encode_slot({}, slot);
    std::memcpy(whole.data() + slot_offsets[slot], encoded.data(), encoded.size());
    if (out.size() < 200) continue;
    auto* const at = whole.data() + slot_offsets[slot];
    std::memcpy(at + 13, out.data() + 13, 1);
    std::memcpy(at + 64, out.data() + 64, 28);
    store_le(at + 504, std::uint64_t{XXH3_64bits_withSeed(at, 504, slot_offsets[slot])});
  }
  const auto skip = std::min<std::size_t>(out.size(), 92);
  whole.insert(whole.end(), out.begin() + static_cast<std::ptrdiff_t>(skip), out.end());
  for (auto at = frames_start; at + frame_header_size < whole.size();) {
    const auto header = read_frame_header(bytes(whole).subspan(at));
    if (!header || padded(header->size) > whole.size() - at || header->durable_up_to > at) break;
    seal_frame(std::span(whole).subspan(at, padded(header->size)), *header, 0, at);
    at += padded(header->size);
  }
  return whole;
}

void write_and_read_again(const file::location& where) {
  auto opened = journal_file::open(where, {});
  require(opened.has_value());
  auto& j = **opened;
  require(j.recover().has_value());
  counter before;
  const auto read = j.replay(frames_start, j.end(), before);
  require(read.has_value());
  j.begin(j.last_sequence() + 1);
  require(j.add({.what = op::put, .flags = 0, .table = 1, .key = {}, .value = {}}).has_value());
  require(j.commit().has_value() && j.seal().has_value());
  opened->reset();
  const auto again = journal_file::open(where, {});
  // A forged header may stand one session before the end of what can be counted: that one is the
  // last.
  if (!again && again.error().message().find("the limit is") != std::string::npos) return;
  require(again.has_value() && (*again)->recovered().clean);
  require((*again)->recovered().found.changes == before.changes + 1);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0) return 0;
  simulation::simulated_disk disk;
  const auto content = file_of(std::as_bytes(std::span(data, size)));
  disk.put("f", content);
  const auto where = file::location::find(disk, "f", std::nullopt);
  require(where.has_value());
  const auto view = journal_view::open(*where);
  counter seen;
  if (view) require((*view)->replay(seen).has_value());
  bool opens = false;
  {
    const auto opened = journal_file::open(*where, {});
    opens = opened.has_value();
    require(!opens || view.has_value());
    require(*disk.read_all("f") == content);
    if (opens) require((*opened)->recovered().found.changes == seen.changes);
  }
  if (opens) write_and_read_again(*where);
  return 0;
}
