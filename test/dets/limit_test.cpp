// TEST  dets
// The 2 GiB of a DETS file, less the 50 MB that OTP keeps back: reached in sparse files.
#include "corpus.hpp"
#include "dets/bulk.hpp"
#include "file/scratch.hpp"

#include "shelf/term.hpp"
#include "term/external_format.hpp"

#include <sys/wait.h>

#include <cstdio>
#include <set>
#include <sstream>

namespace shelf {
namespace {

using dets_format::block_size;
using dets_format::buddy;
using dets_format::header;
using dets_format::highest_end;
using dets_format::object_store;
using dets_format::piece;
using dets_format::piece_source;
using dets_format::slot_table;
using dets_format::storage;
using file::scratch;
using test::settings;

constexpr std::uint32_t base = 5432;  // of a file with 256 slots

/// The allocator alone: blocks of a size, until it refuses.
TEST(DetsLimit, TheLastBlockEndsWhereOtpsDoes) {
  buddy free(base);
  std::uint64_t end = 0;
  free.reserve(0);
  while (const auto address = free.allocate(20)) {
    end = *address + block_size(20);
    free.reserve(0);
  }
  EXPECT_LE(end, 2'097'483'648u);
  EXPECT_GT(end + block_size(20), 2'097'483'648u);
  // Smaller blocks find room still, and the lowest they can have.
  const auto small = free.allocate(4);
  ASSERT_TRUE(small);
  EXPECT_EQ(*small, end);
}

/// A closed file whose first slots have huge buckets, nothing but holes, up to `room` bytes below
/// the limit.
void make_full(const std::string& path, std::uint64_t room) {
  const auto used = (highest_end - room - base) / 16 * 16;
  header h{.objects = 0, .base = base};
  auto slots = slot_table::fresh(256);
  std::uint64_t address = base;
  std::uint32_t slot = 0;
  for (unsigned k = dets_format::largest_class; k-- > dets_format::smallest_class;) {
    if ((used & block_size(k)) == 0) continue;
    const auto size = static_cast<std::uint32_t>(block_size(k));
    slots.set(slot++, {size, static_cast<std::uint32_t>(address)});
    address += size;
  }
  h.objects = h.keys = slot;
  h.counters = slots.counters();
  std::ofstream(path).close();
  storage into(*file::place(path).open_to_write());
  ASSERT_TRUE(slots.write_changes(into));
  ASSERT_TRUE(write_end(into, address, buddy(base, used), h));
}

term object(std::int64_t key) {
  return term::tuple({term::integer(key), term::binary(std::string_view())});
}

/// Keys of one byte whose slots are behind those of the huge buckets, and each their own.
std::vector<std::int64_t> lone_keys() {
  std::vector<std::int64_t> keys;
  std::set<std::uint32_t> taken;
  for (std::int64_t i = 0; i < 256; ++i) {
    const auto key = term::integer(i);
    const auto slot = dets_format::phash2(key.encoded()) & 255;
    if (slot >= 32 && taken.insert(slot).second) keys.push_back(i);
  }
  return keys;
}

TEST(DetsLimit, AFullFileRefusesTheWriteThatWouldPassItAndGoesOnReadingAndErasing) {
  const scratch here;
  const settings how{.path = here.path("t.dets")};
  make_full(how.path, 20 * 32);
  auto opened = object_store::open(how);
  ASSERT_TRUE(opened) << opened.error();
  object_store& s = **opened;
  EXPECT_FALSE(s.repaired());
  std::vector<term> in;
  const auto keys = lone_keys();
  ASSERT_GT(keys.size(), 40u);
  for (const auto key : keys) {
    const auto o = object(key);
    const auto put = s.insert(o.encoded());
    if (!put) {
      EXPECT_EQ(put.error(), errc::size_limit_exceeded) << put.error();
      break;
    }
    in.push_back(o);
  }
  EXPECT_GE(in.size(), 18u);
  EXPECT_LE(in.size(), 21u);
  const auto count_of = [&](const term& o) {
    const auto key = o.elements()->at(0);
    return (*opened)->lookup(key.encoded(), [](bytes) {});
  };
  for (const auto& o : in) EXPECT_EQ(count_of(o), 1u);
  const auto first = in.front().elements()->at(0);
  EXPECT_EQ(s.erase(first.encoded()), 1u);
  EXPECT_EQ(s.insert(in.front().encoded()), written::added);
  const auto size = s.size();
  ASSERT_TRUE(s.close());
  opened = object_store::open(how);
  ASSERT_TRUE(opened) << opened.error();
  EXPECT_FALSE((*opened)->repaired());
  EXPECT_EQ((*opened)->size(), size);
  for (const auto& o : in) EXPECT_EQ(count_of(o), 1u);

  // As many as OTP gets in.
  const auto other = here.path("o.dets");
  make_full(other, 20 * 32);
  std::ostringstream list;
  for (std::size_t i = 0; i < keys.size(); ++i) list << (i == 0 ? "" : ",") << keys[i];
  const auto command =
      "erl -noshell -eval 'logger:set_primary_config(level,none), process_flag(trap_exit,true),"
      "{ok,t}=dets:open_file(t,[{file,\"" +
      other +
      "\"},{repair,false}]),"
      "Put=fun(K)->ok==dets:insert(t,{K,<<>>}) andalso is_integer(dets:info(t,size)) andalso "
      "ok==dets:sync(t) end,"
      "io:format(\"~p\",[length(lists:takewhile(Put,[" +
      list.str() + "]))]), halt().'";
  FILE* const pipe = ::popen(command.c_str(), "r");
  ASSERT_NE(pipe, nullptr);
  std::size_t count = 0;
  EXPECT_EQ(std::fscanf(pipe, "%zu", &count), 1);
  EXPECT_EQ(::pclose(pipe), 0);
  EXPECT_EQ(count, in.size());
}

TEST(DetsLimit, ASlotOfMoreThanTwoGiBIsNoneAndItsFileCostsNoMemory) {
  const scratch here;
  const auto path = here.path("t.dets");
  constexpr std::uint64_t end = 0xa0000000u;
  header h{.objects = 1, .keys = 1, .base = base};
  auto slots = slot_table::fresh(256);
  std::ofstream(path).close();
  storage into(*file::place(path).open_to_write());
  ASSERT_TRUE(slots.write_changes(into));
  std::byte entry[8];
  terms::store_big(entry, 0x90000000u);
  terms::store_big(entry + 4, base);
  ASSERT_TRUE(into.write(dets_format::body_start + 2048 + 8, entry));
  ASSERT_TRUE(write_end(into, end, buddy(base), h));
  into = storage();
  settings how{.path = path};
  how.repair = dets::repair_policy::refuse;
  const auto opened = object_store::open(how);
  ASSERT_FALSE(opened);
  EXPECT_EQ(opened.error(), errc::corrupt);
  EXPECT_NE(opened.error().message().find("a slot points outside"), std::string::npos)
      << opened.error();
}

TEST(DetsLimit, MoreThanFitsIsRefusedBeforeTheFirstByteIsWritten) {
  struct zeros final : piece_source {
    [[nodiscard]] result<bytes> fetch(const piece& p, std::vector<std::byte>& room) const override {
      room.assign(p.size, std::byte{0});
      return bytes(room);
    }
  } source;
  std::vector<piece> pieces;
  for (std::uint32_t i = 0; i < 32; ++i) pieces.push_back({i, 60u << 20, i, 0, false});
  storage into(std::vector<std::byte>(), "t.dets");
  const auto counts = settle(pieces, {}, source);
  ASSERT_TRUE(counts);
  const auto refused = write_bulk(into, pieces, {}, *counts, source, {});
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error(), errc::size_limit_exceeded) << refused.error();
  EXPECT_EQ(into.size(), 0u);
}

}  // namespace
}  // namespace shelf
