// TEST  dets
// Every file of the corpus: read as OTP reads it, refused as OTP refuses it.
#include "corpus.hpp"

namespace shelf {
namespace {

using test::corpus_file;
using test::corpus_lines;
using test::dets_case;
using test::disk_with;
using test::list_by_key;
using test::list_objects;
using test::object_store;
using test::on;
using test::settings;

/// Where shelf differs on purpose: OTP skips such a bucket in walks.
bool is_read_better_than_by_otp(const dets_case& c) { return c.name == "bad_bucket_status"; }

errc code_for(const std::string& reason) {
  if (reason == "type_mismatch") return errc::wrong_kind;
  if (reason == "keypos_mismatch") return errc::type_mismatch;
  if (reason == "format_8_no_longer_supported" || reason == "bad_hash_bif") {
    return errc::unsupported_version;
  }
  return reason == "invalid_type_code" ? errc::corrupt : errc::not_a_table;
}

void expect_contents(const object_store& s, const dets_case& c) {
  const auto objects = list_objects(s);
  ASSERT_TRUE(objects) << objects.error();
  EXPECT_EQ(*objects, corpus_lines(c.expected));
  EXPECT_EQ(s.size(), c.objects);
  EXPECT_EQ(s.info()->keys, c.keys);
  if (c.by_key == "-") return;
  const auto by_key = list_by_key(s, c.by_key_mode);
  ASSERT_TRUE(by_key) << by_key.error();
  EXPECT_EQ(*by_key, corpus_lines(c.by_key));
}

settings wanted(const dets_case& c) { return {.path = {}, .type = c.type, .keypos = c.keypos}; }

TEST(DetsCorpus, WhatOtpOpensHasTheSameContentsHere) {
  ASSERT_EQ(test::dets_cases().size(), 92u);
  for (const auto& c : test::dets_cases()) {
    if (c.with_repair != "ok" || is_read_better_than_by_otp(c)) continue;
    SCOPED_TRACE(c.name);
    const auto disk = disk_with(corpus_file(c.name + ".dets"));
    auto opened = object_store::open(on(*disk, wanted(c)));
    ASSERT_TRUE(opened) << opened.error();
    EXPECT_EQ((*opened)->repaired().has_value(), c.repaired);
    expect_contents(**opened, c);
    EXPECT_TRUE((*opened)->close());
  }
}

TEST(DetsCorpus, AReadOnlyOpenShowsTheSameAndLeavesEveryFileUntouched) {
  for (const auto& c : test::dets_cases()) {
    if (c.with_repair != "ok" || is_read_better_than_by_otp(c)) continue;
    SCOPED_TRACE(c.name);
    const auto content = corpus_file(c.name + ".dets");
    const auto disk = disk_with(content);
    auto how = on(*disk, wanted(c));
    how.how = settings::opening::read_only;
    auto opened = object_store::open(how);
    ASSERT_TRUE(opened) << opened.error();
    expect_contents(**opened, c);
    EXPECT_TRUE((*opened)->close());
    EXPECT_EQ(disk->read_all("t.dets"), content);
    EXPECT_EQ(disk->files(), std::vector<std::string>{"t.dets"});
  }
}

TEST(DetsCorpus, WhatOtpRefusesIsRefusedWithPathAndPlaceAndNothingChanged) {
  for (const auto& c : test::dets_cases()) {
    if (c.with_repair == "ok") continue;
    SCOPED_TRACE(c.name);
    const auto content = corpus_file(c.name + ".dets");
    const auto disk = disk_with(content);
    const auto opened = object_store::open(on(*disk, wanted(c)));
    ASSERT_FALSE(opened);
    const bool damaged = c.name == "bad_closed_2" || c.name == "bad_md5";
    EXPECT_EQ(opened.error(), damaged ? errc::corrupt : code_for(c.with_repair)) << opened.error();
    EXPECT_TRUE(opened.error().message().starts_with("t.dets: ")) << opened.error();
    EXPECT_EQ(disk->read_all("t.dets"), content);
    EXPECT_EQ(disk->files(), std::vector<std::string>{"t.dets"});
  }
}

TEST(DetsCorpus, WhatNeedsARepairIsRefusedUntouchedIfRepairsAreRefused) {
  std::size_t tried = 0;
  for (const auto& c : test::dets_cases()) {
    if (!c.repaired) continue;
    SCOPED_TRACE(c.name);
    const auto content = corpus_file(c.name + ".dets");
    const auto disk = disk_with(content);
    auto how = on(*disk, wanted(c));
    how.repair = dets::repair_policy::refuse;
    const auto opened = object_store::open(how);
    ASSERT_FALSE(opened);
    EXPECT_EQ(opened.error(), errc::corrupt) << opened.error();
    EXPECT_EQ(disk->read_all("t.dets"), content);
    EXPECT_EQ(disk->files(), std::vector<std::string>{"t.dets"});
    ++tried;
  }
  EXPECT_GT(tried, 15u);
}

TEST(DetsCorpus, ABucketWithoutItsMarkIsAnErrorAndAForcedRepairKeepsTheOthers) {
  const auto& c = test::dets_case_named("bad_bucket_status");
  const auto disk = disk_with(corpus_file("bad_bucket_status.dets"));
  {
    const auto opened = object_store::open(on(*disk, wanted(c)));
    ASSERT_TRUE(opened) << opened.error();
    const auto objects = list_objects(**opened);
    ASSERT_FALSE(objects);
    EXPECT_EQ(objects.error(), errc::corrupt) << objects.error();
  }
  auto how = on(*disk, wanted(c));
  how.repair = dets::repair_policy::force;
  const auto forced = object_store::open(how);
  ASSERT_TRUE(forced) << forced.error();
  EXPECT_EQ(list_objects(**forced), corpus_lines(c.expected));
}

TEST(DetsCorpus, ARepairGivesTheBytesThatOtpsRepairGives) {
  auto content = corpus_file("deleted_set.dets");
  content[11] = std::byte{0};  // unclosed
  const auto disk = disk_with(content);
  auto opened = object_store::open(on(*disk));
  ASSERT_TRUE(opened) << opened.error();
  EXPECT_TRUE((*opened)->repaired());
  EXPECT_EQ(disk->read_all("t.dets"), corpus_file("repaired_by_otp.dets"));
  EXPECT_EQ(disk->read_all("t.dets.unrepaired"), content);
  EXPECT_TRUE((*opened)->close());
  EXPECT_EQ(disk->files(), std::vector<std::string>{"t.dets"});
}

TEST(DetsCorpus, ACompactionGivesTheBytesThatOtpsCompactionGives) {
  const auto disk = disk_with(corpus_file("deleted_set.dets"));
  auto opened = object_store::open(on(*disk));
  ASSERT_TRUE(opened) << opened.error();
  const auto compacted = (*opened)->compact();
  ASSERT_TRUE(compacted) << compacted.error();
  EXPECT_EQ(disk->read_all("t.dets"), corpus_file("compacted_by_otp.dets"));
  EXPECT_EQ(list_objects(**opened), corpus_lines("deleted_set.expected"));
}

TEST(DetsCorpus, OpeningAndClosingChangesNoByteOfAClosedFile) {
  for (const auto& c : test::dets_cases()) {
    if (c.with_repair != "ok" || c.repaired) continue;
    SCOPED_TRACE(c.name);
    const auto content = corpus_file(c.name + ".dets");
    const auto disk = disk_with(content);
    auto opened = object_store::open(on(*disk, wanted(c)));
    ASSERT_TRUE(opened) << opened.error();
    EXPECT_TRUE((*opened)->close());
    EXPECT_EQ(disk->read_all("t.dets"), content);
  }
}

TEST(DetsCorpus, OnlyFilesOfVersionNineAreRecognised) {
  const auto judge = [](const std::string& name) {
    const auto disk = disk_with(corpus_file(name + ".dets"));
    return dets_format::recognise_file(*disk, "t.dets", {});
  };
  EXPECT_TRUE(judge("set_1"));
  EXPECT_TRUE(judge("bad_trunc_1336"));
  EXPECT_EQ(judge("bad_cookie").error(), errc::not_a_table);
  EXPECT_EQ(judge("bad_zero_length").error(), errc::not_a_table);
  EXPECT_EQ(judge("bad_version_10").error(), errc::not_a_table);
  EXPECT_EQ(judge("bad_version_8").error(), errc::unsupported_version);
}

TEST(DetsCorpus, AFileWithoutTheMarkIsNoDetsFileWhateverItWouldSayOfItsVersion) {
  for (const unsigned version : {0u, 8u, 9u}) {
    auto content = corpus_file("set_1.dets");
    content[4] = std::byte{0x52};
    content[19] = static_cast<std::byte>(version);
    const auto disk = disk_with(content);
    EXPECT_EQ(dets_format::recognise_file(*disk, "t.dets", {}).error(), errc::not_a_table);
    EXPECT_EQ(object_store::open(on(*disk)).error(), errc::not_a_table);
  }
}

}  // namespace
}  // namespace shelf
