// TEST  dets
// What a repair keeps, drops and brings back, and that it says so.
#include "corpus.hpp"
#include "dets/bucket.hpp"
#include "term/external_format.hpp"

#include "shelf/term.hpp"

#include <algorithm>

namespace shelf {
namespace {

using dets_format::status_active;
using dets_format::status_free;
using test::list_objects;
using test::listing;
using test::object_store;
using test::on;

constexpr std::size_t start = 5432;  // behind the one segment

term object(std::int64_t key, std::string_view value) {
  return term::tuple({term::integer(key), term::binary(value)});
}

/// Who left a file unclosed: shelf takes the checksum out of the header before its first change.
enum class writer { otp, shelf };

/// An unclosed file of a type, to which buckets are added.
class unclosed_file {
 public:
  explicit unclosed_file(kind type, writer who = writer::otp) : type_(type) {
    content_ = dets_format::encode({.type = type, .objects = 9});
    content_.resize(start);
    if (who == writer::shelf) std::fill_n(content_.begin() + 168, 16, std::byte{0});
  }
  /// A bucket of one key; its address.
  std::size_t add(const std::vector<term>& objects, std::uint32_t status = status_active) {
    dets_format::key_record record;
    std::vector<std::vector<std::byte>> stored;
    for (const auto& o : objects) stored.push_back(dets_format::to_stored(o.encoded()));
    for (const auto& o : stored) record.objects.emplace_back(o);
    const auto bucket =
        dets_format::compose_bucket(std::span(&record, 1), type_, std::pmr::get_default_resource());
    const auto at = content_.size();
    content_.insert(content_.end(), bucket.begin(), bucket.end());
    terms::store_big(content_.data() + at + 4, status);
    content_.resize(at + dets_format::block_size(dets_format::class_of(bucket.size())));
    return at;
  }
  std::vector<std::byte>& content() { return content_; }

  struct outcome {
    listing objects;
    dets_format::repair_report report;
  };
  [[nodiscard]] outcome repaired() const {
    const auto disk = test::disk_with(content_);
    const auto s = *object_store::open(on(*disk));
    EXPECT_TRUE(s->repaired());
    return {*list_objects(*s), *s->repaired()};
  }

 private:
  kind type_;
  std::vector<std::byte> content_;
};

listing lines(const std::vector<term>& objects) {
  listing all;
  for (const auto& o : objects) all.push_back(test::line_of(o.encoded()));
  std::ranges::sort(all);
  return all;
}

TEST(DetsRepair, OfTwoObjectsOfASetTheOneFurtherBackWins) {
  unclosed_file file(kind::set);
  file.add({object(1, "older")});
  file.add({object(2, "other")});
  file.add({object(1, "newer")});
  const auto r = file.repaired();
  EXPECT_EQ(r.objects, lines({object(1, "newer"), object(2, "other")}));
  EXPECT_EQ(r.report.objects, 2u);
  EXPECT_EQ(r.report.superseded, 1u);
  EXPECT_EQ(r.report.buckets, 3u);
  EXPECT_EQ(r.report.expected, 9u);
}

TEST(DetsRepair, ABucketThatShelfLeftInTwoStatesCountsOnceWhicheverComesFirst) {
  for (const auto type : {kind::bag, kind::duplicate_bag}) {
    SCOPED_TRACE(to_string(type));
    const std::vector<term> before{object(1, "a"), object(1, "b")};
    const std::vector<term> after{object(1, "a"), object(1, "b"), object(1, "c")};
    for (const bool moved_back : {false, true}) {
      unclosed_file file(type, writer::shelf);
      file.add(moved_back ? after : before);
      file.add(moved_back ? before : after);
      const auto r = file.repaired();
      EXPECT_EQ(r.objects, lines(after));
      EXPECT_EQ(r.report.doubled, 2u);
    }
  }
}

/// Fixed: OTP frees a bucket before it writes the next, so of what it left both states count for
/// its repair; ours dropped one.
TEST(DetsRepair, ABucketThatOtpLeftInTwoStatesCountsTwiceInADuplicateBag) {
  const std::vector<term> before{object(1, "a"), object(1, "b")};
  const std::vector<term> after{object(1, "a"), object(1, "b"), object(1, "c")};
  unclosed_file duplicates(kind::duplicate_bag, writer::otp);
  duplicates.add(before);
  duplicates.add(after);
  const auto all = duplicates.repaired();
  EXPECT_EQ(all.objects, lines({object(1, "a"), object(1, "b"), object(1, "a"), object(1, "b"),
                                object(1, "c")}));
  EXPECT_EQ(all.report.doubled, 0u);
  unclosed_file bag(kind::bag, writer::otp);
  bag.add(before);
  bag.add(after);
  EXPECT_EQ(bag.repaired().objects, lines(after));
}

TEST(DetsRepair, TwoBucketsOfOneKeyThatDoNotContainEachOtherAreBothKept) {
  unclosed_file file(kind::duplicate_bag, writer::shelf);
  file.add({object(1, "a"), object(1, "b")});
  file.add({object(1, "b"), object(1, "c")});
  const auto r = file.repaired();
  EXPECT_EQ(r.objects, lines({object(1, "a"), object(1, "b"), object(1, "b"), object(1, "c")}));
  EXPECT_EQ(r.report.doubled, 0u);
}

/// An object whose value has the image at a place where the scan looks.
term object_around(bytes image) {
  const std::string text(as_text(image));
  for (std::size_t shift = 0;; ++shift) {
    const auto o = object(300, std::string(shift, '-') + text);
    unclosed_file file(kind::set);
    const auto at = file.add({o});
    const auto found = std::ranges::search(file.content(), image);
    if ((static_cast<std::size_t>(found.begin() - file.content().begin()) - at) % 16 == 0) return o;
  }
}

TEST(DetsRepair, ABucketInsideOfADeletedOneComesBackAndIsCounted) {
  unclosed_file inner(kind::set);
  const auto at = inner.add({object(5, "image")});
  const auto around = object_around(bytes(inner.content()).subspan(at));
  unclosed_file file(kind::set);
  file.add({around}, status_free);
  file.add({object(7, "alive")});
  const auto r = file.repaired();
  EXPECT_EQ(r.objects, lines({object(5, "image"), object(7, "alive")}));
  EXPECT_EQ(r.report.resurrected, 1u);
  unclosed_file living(kind::set);
  living.add({around});
  EXPECT_EQ(living.repaired().objects, lines({around}));
}

TEST(DetsRepair, APlaceMarkedAsABucketThatHoldsNoneIsCounted) {
  unclosed_file file(kind::set);
  const auto broken = file.add({object(1, "broken")});
  file.add({object(2, "whole")});
  terms::store_big(file.content().data() + broken + 8, std::uint32_t{3});  // its record's size
  const auto r = file.repaired();
  EXPECT_EQ(r.objects, lines({object(2, "whole")}));
  EXPECT_EQ(r.report.damaged, 1u);
  EXPECT_EQ(r.report.objects, 1u);
}

TEST(DetsRepair, AnOriginalThatWasKeptBeforeIsNotOverwritten) {
  unclosed_file first(kind::set), second(kind::set);
  first.add({object(1, "first")});
  second.add({object(2, "second")});
  const auto disk = test::disk_with(first.content());
  (*object_store::open(on(*disk)))->abandon();
  EXPECT_EQ(disk->read_all("t.dets.unrepaired"), first.content());
  disk->put("t.dets", second.content());
  (*object_store::open(on(*disk)))->abandon();
  EXPECT_EQ(disk->read_all("t.dets.unrepaired"), first.content());
  EXPECT_TRUE((*object_store::open(on(*disk)))->close());
  EXPECT_EQ(disk->files(), std::vector<std::string>{"t.dets"});
}

TEST(DetsRepair, WhatAKilledRepairLeftBehindIsSweptByTheNext) {
  unclosed_file file(kind::set);
  file.add({object(1, "value")});
  const auto disk = test::disk_with(file.content());
  disk->put(".t.dets.shelf-00000001.tmp", {});
  disk->put(".t.dets.unrepaired.shelf-00000002.tmp", {});
  EXPECT_TRUE((*object_store::open(on(*disk)))->close());
  EXPECT_EQ(disk->files(), std::vector<std::string>{"t.dets"});
}

TEST(DetsRepair, ARepairThatFailsLeavesTheFileAsItWas) {
  unclosed_file file(kind::set);
  for (int i = 0; i < 20; ++i) file.add({object(i, "value")});
  for (std::uint64_t nth = 1;; ++nth) {
    const auto disk = test::disk_with(file.content());
    disk->inject({.kind = simulation::call::changing, .nth = nth, .error = 28});
    const auto opened = object_store::open(on(*disk));
    if (disk->faults_met() == 0) return;
    if (opened) continue;  // a name that could not be removed is no failure
    const auto again = object_store::open(on(*disk));
    ASSERT_TRUE(again) << again.error() << " nth " << nth;
    EXPECT_EQ((*again)->size(), 20u);
  }
}

}  // namespace
}  // namespace shelf
