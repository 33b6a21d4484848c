// TEST  dets
// libFuzzer: no bytes make opening, repairing, reading or changing a DETS file go wrong.
#include "dets/md5.hpp"
#include "dets/object_store.hpp"
#include "simulation/simulated_disk.hpp"
#include "term/external_format.hpp"

#include <algorithm>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <source_location>
#include <vector>

namespace {

using namespace shelf;
using namespace shelf::dets_format;

constexpr const char* name = "t.dets";

void require(bool holds, std::source_location where = std::source_location::current()) {
  if (holds) return;
  std::fprintf(stderr, "line %u does not hold\n", static_cast<unsigned>(where.line()));
  std::abort();
}

template <class T>
T sure(result<T> r, std::source_location where = std::source_location::current()) {
  if (!r) std::fprintf(stderr, "%s\n", r.error().message().c_str());
  require(r.has_value(), where);
  if constexpr (!std::is_void_v<T>) return std::move(*r);
}

/// What the first byte of the input decides.
struct choices {
  explicit choices(std::uint8_t first)
      : sign((first & 1) != 0),
        repair(static_cast<dets::repair_policy>((first >> 1) % 3)),
        verbs(first >> 3) {}
  bool sign;  ///< the header's checksum and the word with the file's size are made right
  dets::repair_policy repair;
  unsigned verbs;  ///< above 23: what is written; else only a look, which is eight times as fast
};

std::vector<std::byte> file_of(bytes input, const choices& c) {
  std::vector<std::byte> file(input.begin(), input.end());
  if (!c.sign || file.size() < fields_size + 4) return file;
  terms::store_big(file.data() + file.size() - 4, static_cast<std::uint32_t>(file.size()));
  std::ranges::copy(md5(bytes(file).subspan(12, 156)), file.begin() + 168);
  return file;
}

settings at(simulation::simulated_disk& disk, settings::opening how, dets::repair_policy repair) {
  settings s;
  s.path = name;
  s.how = how;
  s.repair = repair;
  s.system = &disk;
  return s;
}

/// How many objects a walk finds; nothing if it meets damage.
std::optional<std::uint64_t> count(const object_store& s) {
  std::uint64_t found = 0;
  const auto walked = s.for_each([&](bytes) {
    ++found;
    return true;
  });
  if (!walked) return std::nullopt;
  require(found == s.size());
  return found;
}

/// {K, K, ...} as long as the key's position asks.
std::vector<std::byte> object_with(std::uint8_t key, std::uint32_t keypos) {
  const auto arity = std::min<std::uint32_t>(keypos + 1, 255);
  std::vector<std::byte> object{std::byte{104}, static_cast<std::byte>(arity)};
  for (std::uint32_t i = 0; i < arity; ++i) {
    object.insert(object.end(), {std::byte{97}, std::byte{key}});
  }
  return object;
}

/// A file whose buckets are all in order takes changes, and is in order when it was closed.
void change_and_read_again(simulation::simulated_disk& disk, const choices& c) {
  std::uint64_t expected = 0;
  {
    const auto s = object_store::open(at(disk, settings::opening::existing, c.repair));
    if (!s || !count(**s) || (*s)->keypos() > 250) return;
    for (unsigned i = 0; i < 3; ++i) {
      const auto key = static_cast<std::uint8_t>(c.verbs * 3 + i);
      (void)sure((*s)->insert(object_with(key, (*s)->keypos())));
    }
    const std::byte last[] = {std::byte{97}, static_cast<std::byte>(c.verbs * 3)};
    require(sure((*s)->erase(last)) >= 1);
    if (c.verbs % 4 == 1) sure((*s)->compact());
    if (c.verbs % 4 == 2) sure((*s)->save());
    const auto left = count(**s);
    require(left.has_value());
    expected = *left;
    sure((*s)->close());
  }
  const auto again =
      sure(object_store::open(at(disk, settings::opening::existing, dets::repair_policy::refuse)));
  require(again->size() == expected && count(*again) == expected);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0) return 0;
  const choices c(data[0]);
  const auto content = file_of(std::as_bytes(std::span(data, size)).subspan(1), c);
  simulation::simulated_disk disk;
  disk.put(name, content);
  {
    const auto s = object_store::open(at(disk, settings::opening::read_only, c.repair));
    if (s) static_cast<void>(count(**s));
    if (!s) require(s.error().message().starts_with("t.dets: "));
  }
  require(*disk.read_all(name) == content && disk.open_descriptors() == 0);
  if (c.verbs >= 24) change_and_read_again(disk, c);
  return 0;
}
