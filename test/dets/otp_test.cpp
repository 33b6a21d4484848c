// TEST  dets
// Erlang's own DETS judges what is written here, and what it writes is read here.
#include "corpus.hpp"
#include "dets/bulk.hpp"
#include "file/scratch.hpp"

#include "shelf/term.hpp"
#include "term/canonical.hpp"

#include <sys/wait.h>

#include <cstdio>
#include <sstream>

namespace shelf {
namespace {

using file::scratch;
using test::corpus_lines;
using test::decode_hex;
using test::list_by_key;
using test::list_objects;
using test::object_store;
using test::settings;

/// The output of a command, and how it ended.
std::string output_of(const std::string& command) {
  FILE* const pipe = ::popen((command + " 2>&1").c_str(), "r");
  if (pipe == nullptr) return "cannot run " + command;
  std::string text;
  for (int c = std::fgetc(pipe); c != EOF; c = std::fgetc(pipe)) text += static_cast<char>(c);
  const int status = ::pclose(pipe);
  return status == 0 ? text : text + "\nexit status " + std::to_string(WEXITSTATUS(status));
}

std::string type_name(kind type) { return std::string(to_string(type)); }

/// OTP opens, lists, looks up, compacts and updates a copy; it answers "OK ..." and nothing else.
void expect_accepted(const std::string& path, kind type, std::uint32_t keypos,
                     const std::string& listings = {}) {
  const auto said = output_of("escript " SHELF_OTP_CHECK " " + path + ' ' + type_name(type) + ' ' +
                              std::to_string(keypos) + listings);
  EXPECT_TRUE(said.starts_with("OK ")) << said;
  EXPECT_EQ(said.find('\n'), said.size() - 1) << said;
}

std::string corpus_path(const std::string& name) { return SHELF_TEST_DATA "/dets/" + name; }

std::vector<std::byte> canonical(const std::string& hex) {
  return *terms::canonicalize_enveloped(decode_hex(hex));
}

term object(std::int64_t key, std::string_view value) {
  return term::tuple({term::integer(key), term::binary(value)});
}

std::unique_ptr<object_store> must_open(settings how) {
  auto opened = object_store::open(std::move(how));
  if (!opened) {
    ADD_FAILURE() << opened.error();
    std::abort();
  }
  return std::move(*opened);
}

/// Replays a history of the corpus.
void replay(const std::string& name, const settings& how) {
  auto s = must_open(how);
  for (const auto& line : corpus_lines(name + ".ops")) {
    const auto space = line.find(' ');
    const auto verb = line.substr(0, space);
    const auto argument = space == line.npos ? std::string() : line.substr(space + 1);
    if (verb == "insert") {
      ASSERT_TRUE(s->insert(canonical(argument)));
    } else if (verb == "delete") {
      ASSERT_TRUE(s->erase(canonical(argument)));
    } else if (verb == "delete_object") {
      ASSERT_TRUE(s->erase_object(canonical(argument)));
    } else if (verb == "sync") {
      ASSERT_TRUE(s->save());
    } else if (verb == "reopen") {
      ASSERT_TRUE(s->close());
      s = must_open(how);
      EXPECT_FALSE(s->repaired());
    } else if (verb == "close") {
      ASSERT_TRUE(s->close());
    } else {
      EXPECT_EQ(verb, "flush");
    }
  }
}

TEST(DetsOtp, ReplayedHistoriesHaveOtpsContentsAndAreAcceptedByIt) {
  for (const auto* name : {"ops_set", "ops_bag_kp2", "ops_dup_kp3"}) {
    SCOPED_TRACE(name);
    const auto& c = test::dets_case_named(name);
    const scratch here;
    const settings how{.path = here.path("t.dets"), .type = c.type, .keypos = c.keypos};
    replay(name, how);
    auto s = must_open(how);
    EXPECT_EQ(list_objects(*s), corpus_lines(c.expected));
    if (c.by_key != "-") {
      EXPECT_EQ(list_by_key(*s, c.by_key_mode), corpus_lines(c.by_key));
    }
    ASSERT_TRUE(s->close());
    expect_accepted(how.path, c.type, c.keypos, ' ' + corpus_path(c.expected));
  }
}

TEST(DetsOtp, FilesFilledInOneGoAreAcceptedAndSoAreTheirUpdates) {
  for (const auto type : {kind::set, kind::bag, kind::duplicate_bag}) {
    SCOPED_TRACE(to_string(type));
    const scratch here;
    const settings how{.path = here.path("t.dets"), .type = type};
    auto s = must_open(how);
    std::vector<term> objects;
    for (int i = 0; i < 3000; ++i) {
      objects.push_back(object(i % 900, std::string(static_cast<std::size_t>(i % 97), 'v')));
    }
    std::vector<bytes> views;
    for (const auto& o : objects) views.push_back(o.encoded());
    ASSERT_TRUE(s->replace_all(views));
    for (int i = 0; i < 200; ++i) {
      const auto grown = object(i, std::string(static_cast<std::size_t>(i) * 9, 'w'));
      ASSERT_TRUE(s->insert(grown.encoded()));
      const auto key = term::integer(400 + i);
      ASSERT_TRUE(s->erase(key.encoded()));
    }
    ASSERT_TRUE(s->close());
    expect_accepted(how.path, type, 1);
  }
}

TEST(DetsOtp, AGrownFileAndACompactedOneAreAccepted) {
  const scratch here;
  const settings how{.path = here.path("t.dets")};
  auto s = must_open(how);
  for (int i = 0; i < 2500; ++i) {
    const auto o = object(i, std::string(static_cast<std::size_t>(i % 50), 'x'));
    ASSERT_TRUE(s->insert(o.encoded()));
    const auto key = term::integer(i / 2);
    ASSERT_TRUE(i % 3 != 0 || s->erase(key.encoded()));
  }
  ASSERT_TRUE(s->save());
  expect_accepted(how.path, kind::set, 1);
  ASSERT_TRUE(s->compact());
  ASSERT_TRUE(s->close());
  expect_accepted(how.path, kind::set, 1);
}

TEST(DetsOtp, OlderVariantsOfTheFormatAreUpdatedAndAcceptedEvenWhereOtpsOwnReadingFails) {
  for (const auto* name : {"v9a", "v9b", "v9c"}) {
    SCOPED_TRACE(name);
    const scratch here;
    const settings how{.path = here.path("t.dets")};
    const auto content = test::corpus_file(std::string(name) + ".dets");
    here.write("t.dets", as_text(content));
    auto s = must_open(how);
    const auto added = object(-1, "added");
    ASSERT_EQ(s->insert(added.encoded()), written::added);
    ASSERT_TRUE(s->close());
    expect_accepted(how.path, kind::set, 1);
  }
}

/// All objects in a file that hashes as OTP R8 did.
void write_with_phash(const std::string& path, const std::vector<term>& objects) {
  dets_format::arena all;
  std::vector<dets_format::piece> pieces;
  for (const auto& o : objects) {
    const auto hash = dets_format::slot_hash(dets_format::hash_method::phash,
                                             dets_format::element_at(o.encoded(), 1));
    const auto place = all.add(o.encoded());
    pieces.push_back({place, static_cast<std::uint32_t>(o.encoded().size() + 1), hash, 0, false});
  }
  std::ofstream(path).close();
  dets_format::storage into(*file::place(path).open_to_write());
  const auto counts = dets_format::settle(pieces, {}, all);
  ASSERT_TRUE(counts);
  dets_format::bulk_shape shape;
  shape.method = dets_format::hash_method::phash;
  ASSERT_TRUE(dets_format::write_bulk(into, pieces, shape, *counts, all, {}));
}

TEST(DetsOtp, AFileThatHashesTheOldWayGoesOnDoingSo) {
  const scratch here;
  const settings how{.path = here.path("t.dets")};
  std::vector<term> objects;
  for (int i = 0; i < 200; ++i) objects.push_back(object(i, "old"));
  write_with_phash(how.path, objects);
  auto s = must_open(how);
  EXPECT_FALSE(s->repaired());
  for (int i = 150; i < 400; ++i) {
    const auto o = object(i, "new");
    ASSERT_TRUE(s->insert(o.encoded()));
  }
  EXPECT_EQ(s->info()->slots, 512u);
  EXPECT_EQ(list_objects(*s)->size(), 400u);
  ASSERT_TRUE(s->close());
  expect_accepted(how.path, kind::set, 1);
}

TEST(DetsOtp, AFileWhoseWriterWasKilledIsRepairedByOtpWithoutLoss) {
  const scratch here;
  const settings how{.path = here.path("t.dets"), .type = kind::bag};
  auto s = must_open(how);
  for (int i = 0; i < 1000; ++i) {
    const auto o = object(i % 300, std::string(static_cast<std::size_t>(i % 60), 'x'));
    ASSERT_TRUE(s->insert(o.encoded()));
  }
  const auto size = std::to_string(s->size());
  s->abandon();
  const auto said = output_of("erl -noshell -eval '{ok,t}=dets:open_file(t,[{file,\"" + how.path +
                              "\"},{type,bag}]), io:format(\"~p objects\",[dets:info(t,size)]), "
                              "ok=dets:close(t), halt().'");
  EXPECT_NE(said.find(size + " objects"), said.npos) << said;
}

TEST(DetsOtp, BucketsThatGrewSinceTheLastSaveAreFoundByItsRepair) {
  const scratch here;
  const settings how{.path = here.path("t.dets")};
  auto s = must_open(how);
  for (int i = 0; i < 20; ++i) {
    const auto o = object(i, std::string(3000u * static_cast<unsigned>(i), 'x'));
    ASSERT_TRUE(s->insert(o.encoded()));
  }
  s->abandon();
  const auto said = output_of("erl -noshell -eval '{ok,t}=dets:open_file(t,[{file,\"" + how.path +
                              "\"}]), io:format(\"~p objects\",[dets:info(t,size)]), "
                              "ok=dets:close(t), halt().'");
  EXPECT_NE(said.find("20 objects"), said.npos) << said;
}

TEST(DetsOtp, WhatOtpWritesIsReadAndOtpReadsWhatWasAdded) {
  const scratch here;
  const auto path = here.path("t.dets");
  const auto written = output_of(
      "erl -noshell -eval '{ok,t}=dets:open_file(t,[{file,\"" + path +
      "\"}]), [ok=dets:insert(t,{I,atom_to_list(hello),#{I=>1.5}}) || I <- lists:seq(1,700)],"
      " ok=dets:close(t), halt().'");
  ASSERT_EQ(written, "");
  auto s = must_open({.path = path});
  EXPECT_EQ(s->size(), 700u);
  std::string shown;
  const auto key = term::integer(77);
  EXPECT_EQ(s->lookup(key.encoded(), [&](bytes o) { shown = term::from_canonical(o).to_string(); }),
            1u);
  EXPECT_EQ(shown, "{77,\"hello\",#{77 => 1.5}}");
  const auto added = term::tuple({*term::atom("ours"), term::integer(9)});
  ASSERT_TRUE(s->insert(added.encoded()));
  ASSERT_TRUE(s->close());
  const auto said = output_of("erl -noshell -eval '{ok,t}=dets:open_file(t,[{file,\"" + path +
                              "\"},{repair,false}]), io:format(\"~p "
                              "~p\",[dets:lookup(t,ours),dets:info(t,size)]), halt().'");
  EXPECT_EQ(said, "[{ours,9}] 701");
}

/// A file of a type that Erlang filled, changed and closed: keys k1 to k5, whose buckets moved.
void have_erlang_write(const std::string& path, kind type) {
  const auto said = output_of(
      "erl -noshell -eval '{ok,t}=dets:open_file(t,[{file,\"" + path + "\"},{type," +
      type_name(type) +
      "}]), [begin ok=dets:insert(t,{K,binary:copy(<<\"v\">>,N*9)}), ok=dets:sync(t) end || "
      "N <- lists:seq(1,7), K <- [k1,k2,k3,k4,k5]], ok=dets:close(t), halt().'");
  ASSERT_EQ(said, "");
}

/// Unclosed, and what was freed is no longer marked so.
void revive_freed_buckets(std::string& content) {
  content[11] = 0;
  const std::string freed("\x03\xab\xcd\xef");
  const std::string active("\x12\x34\x56\x78");
  for (std::size_t at = 5432; at + 8 <= content.size(); at += 16) {
    if (content.compare(at + 4, 4, freed) == 0) content.replace(at + 4, 4, active);
  }
}

/// How many objects OTP has in a file, which it repairs if it must.
std::string count_by_otp(const std::string& path, kind type) {
  const auto said =
      output_of("erl -noshell -eval '{ok,t}=dets:open_file(t,[{file,\"" + path + "\"},{type," +
                type_name(type) + "}]), io:format(\"~p\",[dets:info(t,size)]), halt().'");
  return said.substr(said.find_last_of('\n') + 1);
}

/// Revives what was freed in a file: a repair here and one by OTP keep as many objects; how many.
std::size_t repair_revived(const scratch& here, kind type) {
  auto content = here.read("t.dets");
  revive_freed_buckets(content);
  here.write("t.dets", content);
  here.write("otp.dets", content);
  auto s = must_open({.path = here.path("t.dets"), .type = type});
  EXPECT_TRUE(s->repaired());
  const auto kept = s->size();
  EXPECT_EQ(std::to_string(kept), count_by_otp(here.path("otp.dets"), type));
  EXPECT_TRUE(s->close());
  expect_accepted(here.path("t.dets"), type, 1);
  return kept;
}

/// Fixed: of a duplicate_bag 32 objects were kept where OTP keeps all copies.
TEST(DetsOtp, ARepairOfRevivedBucketsKeepsAsManyObjectsAsOtps) {
  for (const auto type : {kind::set, kind::bag, kind::duplicate_bag}) {
    SCOPED_TRACE(to_string(type));
    const scratch here;
    have_erlang_write(here.path("t.dets"), type);
    EXPECT_GE(repair_revived(here, type), type == kind::set ? 5u : 35u);
  }
}

/// A bucket that shelf freed is no bucket any more, whatever its mark says.
TEST(DetsOtp, WhatShelfFreedComesBackInNoRepair) {
  for (const auto type : {kind::set, kind::bag, kind::duplicate_bag}) {
    SCOPED_TRACE(to_string(type));
    const scratch here;
    {
      auto s = must_open({.path = here.path("t.dets"), .type = type});
      for (int i = 1; i <= 7; ++i) {
        for (int key = 1; key <= 5; ++key) {
          const auto o = object(key, std::string(static_cast<std::size_t>(i) * 30, 'v'));
          ASSERT_TRUE(s->insert(o.encoded()));
        }
      }
      s->abandon();
    }
    EXPECT_EQ(repair_revived(here, type), type == kind::set ? 5u : 35u);
  }
}

}  // namespace
}  // namespace shelf
