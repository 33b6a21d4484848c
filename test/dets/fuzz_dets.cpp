// TEST  dets
// libFuzzer: any bytes as a DETS file. Read, then written, and what was written is read again.
#include "dets/md5.hpp"
#include "dets/store.hpp"
#include "file/simulated_disk.hpp"
#include "shelf/term.hpp"

#include <algorithm>
#include <cstdlib>

namespace {

using shelf::bytes;
using shelf::term;
using shelf::dets_format::settings;
using shelf::dets_format::store;

void must(bool holds) {
  if (!holds) std::abort();
}

std::size_t count(const store& s) {
  std::size_t objects = 0;
  const auto read = s.for_each([&](bytes) { return ++objects < 100'000; });
  return read ? objects : 0;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  std::vector<std::byte> content(size);
  std::ranges::copy(std::as_bytes(std::span(data, size)), content.begin());
  // With a right checksum more of the header is believed.
  if (size >= 188) {
    std::ranges::copy(shelf::dets_format::md5(bytes(content).subspan(12, 156)),
                      content.begin() + 168);
  }
  shelf::file::simulated_disk disk;
  disk.put("t.dets", content);
  settings how{.path = "t.dets"};
  how.system = &disk;
  how.how = settings::opening::read_only;
  if (const auto reader = store::open(how)) count(**reader);
  must(disk.read_all("t.dets") == content);

  how.how = settings::opening::existing;
  const auto writer = store::open(how);
  if (!writer) return 0;
  auto& s = **writer;
  std::vector<term> elements(s.keypos() < 300 ? s.keypos() : 1, term::integer(7));
  const auto object = term::tuple(elements);
  const bool written = s.insert(object.encoded()).has_value();
  const auto before = count(s);
  must(s.close().has_value());
  const auto again = store::open(how);
  must(again.has_value());
  if (before > 0) must(count(**again) == before);
  if (!written) return 0;
  const auto key = term::integer(7);
  const auto found = (*again)->lookup(key.encoded(), [](bytes) {});
  must(found && *found > 0);
  return 0;
}
