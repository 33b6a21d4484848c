// TEST  dets
// Files that are damaged or made to harm: an error, or the same contents; never a crash, a hang or
// more memory than a few times the file.
#include "corpus.hpp"

#include "budget.hpp"
#include "cpu_time.hpp"
#include "dets/md5.hpp"
#include "term/counted_heap.hpp"
#include "term/external_format.hpp"

#include <algorithm>
#include <chrono>
#include <cstring>
#include <functional>
#include <random>

namespace shelf {
namespace {

using dets_format::body_start;
using dets_format::header;
using dets_format::storage;
using terms::load_big;
using terms::store_big;
using test::corpus_file;
using test::list_objects;
using test::listing;
using test::object_store;
using test::on;
using test::settings;

using content = std::vector<std::byte>;

constexpr const char* small_files[] = {"set_10_kp1", "bag_order", "dup_10_kp2", "two_keys_moved"};

struct outcome {
  listing objects;
  std::optional<test::repair_report> repaired;
};

/// Opens without touching the file, repairing in memory, and lists.
result<outcome> read(bytes file) {
  const auto disk = test::disk_with(file);
  settings how;
  how.how = settings::opening::read_only;
  const auto s = object_store::open(on(*disk, how));
  if (!s) return std::unexpected(s.error());
  auto objects = list_objects(**s);
  if (!objects) return std::unexpected(objects.error());
  return outcome{std::move(*objects), (*s)->repaired()};
}

std::uint32_t number(const content& file, std::size_t at) {
  return load_big<std::uint32_t>(file.data() + at);
}
void put(content& file, std::size_t at, std::uint32_t value) { store_big(file.data() + at, value); }

/// Makes the header's checksum right again.
void sign(content& file) {
  std::ranges::copy(dets_format::md5(bytes(file).subspan(12, 156)), file.begin() + 168);
}

/// Where in the file objects stand: what no checksum covers.
std::vector<bool> object_bytes(const content& file) {
  const storage from(file, "t.dets");
  const auto h = dets_format::judge_header(bytes(file).first(188), file.size(),
                                           number(file, file.size() - 4), "t.dets")
                     ->fields;
  const auto slots = *dets_format::slot_table::load(from, h, h.free_lists_at);
  std::vector<bool> covered(file.size());
  for (std::uint32_t i = 0; i < slots.slots(); ++i) {
    const auto entry = slots.at(i);
    if (entry.empty()) continue;
    const auto bucket = bytes(file).subspan(entry.pointer, entry.size);
    const auto records = dets_format::parse_bucket(bucket, {h.type, h.keypos}, "t.dets", 0,
                                                   std::pmr::get_default_resource());
    for (const auto& r : *records) {
      for (const auto& object : r.objects) {
        const auto at = object.data() - file.data();
        std::fill_n(covered.begin() + at, object.size(), true);
      }
    }
  }
  return covered;
}

TEST(DetsHostile, AnyFlippedBitEndsInAnErrorOrTheSameContentsButInsideOfAnObject) {
  for (const auto* name : small_files) {
    SCOPED_TRACE(name);
    auto file = corpus_file(std::string(name) + ".dets");
    const auto right = *read(file);
    const auto unprotected = object_bytes(file);
    const auto bits = file.size() * 8;
    // All of them; with the sanitizers, which look for other things, a share of a share.
    const auto step = std::max<std::size_t>(1, bits / test::budgeted(test::budgeted(bits)));
    for (std::size_t bit = 0; bit < bits; bit += step) {
      const auto mask = std::byte{1} << bit % 8;
      file[bit / 8] ^= mask;
      const auto found = read(file);
      file[bit / 8] ^= mask;
      if (!found) {
        EXPECT_TRUE(found.error().message().starts_with("t.dets: ")) << found.error();
      } else if (unprotected[bit / 8]) {
        EXPECT_LE(found->objects.size(), right.objects.size()) << "bit " << bit;
      } else {
        EXPECT_EQ(found->objects, right.objects) << "bit " << bit;
      }
    }
  }
}

TEST(DetsHostile, ATruncationKeepsOnlyWhatWasThereAndSaysHowMuchIsMissing) {
  for (const auto* name : small_files) {
    SCOPED_TRACE(name);
    const auto file = corpus_file(std::string(name) + ".dets");
    const auto right = *read(file);
    const auto step = std::max<std::size_t>(1, file.size() / test::budgeted(file.size()));
    for (std::size_t size = 0; size < file.size(); size += step) {
      const auto found = read(bytes(file).first(size));
      if (!found) continue;
      EXPECT_TRUE(std::ranges::includes(right.objects, found->objects)) << size;
      ASSERT_TRUE(found->repaired) << size;
      EXPECT_EQ(found->repaired->expected, right.objects.size());
      EXPECT_EQ(found->repaired->objects, found->objects.size());
    }
  }
}

TEST(DetsHostile, RandomDamageAndRandomBytesNeverCrash) {
  std::mt19937_64 engine(11);
  const auto below = [&](std::size_t n) { return static_cast<std::size_t>(engine() % n); };
  for (std::size_t round = 0; round < test::budgeted(4000); ++round) {
    auto file = corpus_file(std::string(small_files[below(4)]) + ".dets");
    for (auto i = below(8) + 1; i > 0; --i) {
      const auto at = below(3) == 0 ? below(312) : below(file.size());
      file[at] = static_cast<std::byte>(below(4) == 0 ? 0xff : below(256));
    }
    if (below(2) == 0) sign(file);
    const auto found = read(file);
    EXPECT_TRUE(found || !found.error().message().empty());
  }
}

/// The most heap that a call holds at once.
template <class F>
std::size_t heap_of(F f) {
  const auto before = test::heap_held();
  test::heap_peak_restart();
  f();
  return test::heap_peak() - before;
}

/// A file with one word changed and its checksum right: it cannot be read as if nothing were wrong.
void expect_trouble(const char* what, const std::function<void(content&)>& change) {
  SCOPED_TRACE(what);
  auto file = corpus_file("set_10_kp1.dets");
  const auto right = *read(file);
  change(file);
  sign(file);
  const auto found = read(file);
  if (!found) return;
  EXPECT_TRUE(found->repaired) << "opened as if it were in order";
  EXPECT_EQ(found->objects, right.objects);
}

/// The first slot of set_10_kp1 with a bucket, as a place in the file.
std::size_t a_full_slot(const content& file) {
  const auto segment = number(file, number(file, 312));
  for (std::size_t at = segment;; at += 8) {
    if (number(file, at) != 0) return at;
  }
}

TEST(DetsHostile, AWellSignedLieAboutTheStructureIsFoundOut) {
  const auto word = [](std::size_t at, std::uint32_t value) {
    return [=](content& file) { put(file, at, value); };
  };
  expect_trouble("m is no power of two", word(20, 300));
  expect_trouble("m is huge", word(20, 1u << 31));
  expect_trouble("next is not m + n", word(24, 512));
  expect_trouble("n is odd", word(52, 1));
  expect_trouble("n is all there is", word(52, 256));
  expect_trouble("too few objects", word(32, 3));
  expect_trouble("too many objects", word(32, 4'000'000'000u));
  expect_trouble("no such key position", word(28, 0));
  expect_trouble("a key position no object has", word(28, 7));
  expect_trouble("the part is in the header", word(312, 8));
  expect_trouble("the part is behind the end", word(312, 0xfffffff0u));
  expect_trouble("no part", word(312, 0));
  expect_trouble("the segment is the part", word(body_start, body_start));
  expect_trouble("the segment is odd", word(body_start, 3385));
  expect_trouble("a slot points into the header",
                 [](content& file) { put(file, a_full_slot(file) + 4, 16); });
  expect_trouble("a slot points behind the end",
                 [](content& file) { put(file, a_full_slot(file) + 4, 0x7ffffff8u); });
  expect_trouble("a slot is huge",
                 [](content& file) { put(file, a_full_slot(file), 0xffffffffu); });
  expect_trouble("a slot points between blocks", [](content& file) {
    put(file, a_full_slot(file) + 4, number(file, a_full_slot(file) + 4) + 4);
  });
  expect_trouble("two slots share a bucket", [](content& file) {
    const auto at = a_full_slot(file);
    const auto other = at + 8 * (number(file, at + 8) == 0 ? 1 : 2);
    put(file, other, number(file, at));
    put(file, other + 4, number(file, at + 4));
  });
  expect_trouble("a bucket stands in another slot", [](content& file) {
    const auto at = a_full_slot(file);
    std::size_t other = at + 8;
    while (number(file, other) != 0) other += 8;
    for (const std::size_t i : {0u, 4u}) {
      put(file, other + i, number(file, at + i));
      put(file, at + i, 0);
    }
  });
  expect_trouble("a bucket is forgotten", [](content& file) {
    const auto at = a_full_slot(file);
    put(file, at, 0);
    put(file, at + 4, 0);
  });
  expect_trouble("a block in use is free", [](content& file) {
    const auto lists = number(file, 0);
    put(file, lists + 12, number(file, a_full_slot(file) + 4));
  });
}

TEST(DetsHostile, ManySlotsInOneSegmentDoNotMakeASmallFileLarge) {
  auto file = corpus_file("set_10_kp1.dets");
  // 131072 slots, all in the one segment there is.
  put(file, 20, 131072);
  put(file, 24, 131072);
  const auto part = number(file, 312);
  for (std::size_t i = 0; i < 512; ++i) put(file, part + 4 * i, number(file, part));
  sign(file);
  result<outcome> found;
  EXPECT_LT(heap_of([&] { found = read(file); }), 8u << 20);
  EXPECT_TRUE(!found || found->repaired);
}

/// Buckets within one another, each a list down to the end of the file that lacks its last element.
/// Cells of 32 bytes: bucket, record, 131, a tuple of a list, four short elements, and the head of
/// a binary that holds the front of the next cell.
content nested_buckets(std::size_t cells) {
  auto file = corpus_file("bad_closed_0.dets");
  const auto start = (file.size() - body_start + 15) / 16 * 16 + body_start;
  file.resize(start + cells * 32);
  for (std::size_t i = 0; i < cells; ++i) {
    const auto at = start + 32 * i;
    const auto left = static_cast<std::uint32_t>(file.size() - at);
    put(file, at, left);
    put(file, at + 4, dets_format::status_active);
    put(file, at + 8, left - 8);
    put(file, at + 12, 0x8368016cu);
    put(file, at + 16, static_cast<std::uint32_t>(4 + cells - i));
    constexpr unsigned char rest[] = {97, 0, 97, 0, 97, 0, 106, 109, 0, 0, 0, 27};
    std::memcpy(file.data() + at + 20, rest, sizeof rest);
  }
  return file;
}

TEST(DetsHostile, ARepairDoesNotBelieveMoreSlotsThanTheFileHasRoomFor) {
  for (const auto& [at, value] : {std::pair{36u, 0x1510000u}, {40u, 1u << 25}, {44u, 1u << 25}}) {
    auto file = corpus_file("bad_closed_0.dets");
    put(file, at, value);
    sign(file);
    result<outcome> found;
    EXPECT_LT(heap_of([&] { found = read(file); }), 8u << 20) << "byte " << at;
    ASSERT_TRUE(found) << found.error();
    EXPECT_EQ(found->objects.size(), 10u);
  }
  auto empty = corpus_file("bad_trunc_1336.dets");
  put(empty, 36, 0x1510000u);
  sign(empty);
  EXPECT_LT(heap_of([&] { EXPECT_TRUE(read(empty)); }), 8u << 20);
}

/// Fixed: a header that spoke of four billion objects had room made for as many.
TEST(DetsHostile, AHeaderDoesNotSpeakOfMoreObjectsThanTheFileHasRoomFor) {
  for (const std::uint32_t objects : {1000u, 4'000'000'000u}) {
    auto file = corpus_file("set_10_kp1.dets");
    put(file, 32, objects);
    sign(file);
    const auto disk = test::disk_with(file);
    const auto refused = object_store::open(on(*disk, {.repair = dets::repair_policy::refuse}));
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error(), errc::corrupt) << refused.error();
    const auto found = read(file);
    ASSERT_TRUE(found) << found.error();
    EXPECT_EQ(found->objects.size(), 10u);
  }
}

TEST(DetsHostile, ARepairGivesUpOnAFileThatWouldCostItsSquare) {
  const auto file = nested_buckets(std::size_t{1} << 15);
  const auto began = shelf::test::cpu_time();
  result<outcome> found;
  EXPECT_LT(heap_of([&] { found = read(file); }), 16 * file.size());
  EXPECT_LT(shelf::test::cpu_time() - began, std::chrono::seconds(2));
  ASSERT_FALSE(found);
  EXPECT_EQ(found.error(), errc::corrupt) << found.error();
}

TEST(DetsHostile, ARepairKeepsNoObjectSilentlyBackThatIsTooLargeForTerms) {
  // A set whose only object nests deeper than the limits: no repair, rather than a lost object.
  auto file = corpus_file("set_1.dets");
  const auto at = number(file, a_full_slot(file) + 4);
  content bucket(8 + 4 + 3);
  constexpr std::size_t depth = 600;
  bucket[12] = std::byte{131};
  bucket[13] = std::byte{104};
  bucket[14] = std::byte{2};
  for (const int b : {97, 1}) bucket.push_back(static_cast<std::byte>(b));
  for (std::size_t i = 0; i < depth; ++i) {
    for (const int b : {104, 1}) bucket.push_back(static_cast<std::byte>(b));
  }
  bucket.push_back(std::byte{106});
  put(bucket, 0, static_cast<std::uint32_t>(bucket.size()));
  put(bucket, 4, dets_format::status_active);
  put(bucket, 8, static_cast<std::uint32_t>(bucket.size() - 8));
  file.resize(at);
  file.insert(file.end(), bucket.begin(), bucket.end());
  put(file, 8, 0);
  const auto found = read(file);
  ASSERT_FALSE(found);
  EXPECT_EQ(found.error(), errc::size_limit_exceeded) << found.error();
}

}  // namespace
}  // namespace shelf
