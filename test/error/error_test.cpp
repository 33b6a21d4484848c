// The error vocabulary: names, sentences, comparison, the standard's category, the exception.
#include "shelf/error.hpp"

#include "error/sentence.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cerrno>
#include <set>
#include <sstream>
#include <string>
#include <thread>
#include <vector>

namespace shelf {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

std::vector<errc> all_codes() {
  std::vector<errc> codes;
  for (auto i = 1; i <= static_cast<int>(errc::overloaded); ++i)
    codes.push_back(static_cast<errc>(i));
  return codes;
}

TEST(ErrorCode, EveryCodeHasANameAndASentenceOfItsOwn) {
  std::set<std::string> names;
  std::set<std::string> sentences;
  for (const auto code : all_codes()) {
    names.emplace(to_string(code));
    sentences.insert(error(code).message());
  }
  EXPECT_EQ(names.size(), all_codes().size());
  EXPECT_EQ(sentences.size(), all_codes().size());
  EXPECT_FALSE(names.contains("ok"));
}

TEST(ErrorCode, TheNamesAreThoseOfTheEnumFromFirstToLast) {
  EXPECT_EQ(to_string(errc::not_found), "not_found");
  EXPECT_EQ(to_string(errc::size_limit_exceeded), "size_limit_exceeded");
  EXPECT_EQ(to_string(errc::invalid_argument), "invalid_argument");
  EXPECT_EQ(to_string(errc::conflict), "conflict");
  EXPECT_EQ(to_string(errc::server_error), "server_error");
}

TEST(ErrorCode, AStandardErrorCodeCarriesItWithCategoryAndSentence) {
  const std::error_code code = errc::fenced;
  EXPECT_STREQ(code.category().name(), "shelf");
  EXPECT_EQ(code.message(), error(errc::fenced).message());
  EXPECT_EQ(error_category().message(0), "unknown error");
  EXPECT_EQ(error_category().message(200), "unknown error");
}

TEST(Error, TheMessageIsTheSentenceGivenAndTheDetailsFollowIt) {
  const error e(errc::corrupt, "ages.shelf: byte 4096: bad checksum", "key \"alice\"");
  EXPECT_EQ(e.message(), "ages.shelf: byte 4096: bad checksum");
  EXPECT_EQ(e.details(), "ages.shelf: byte 4096: bad checksum: key \"alice\"");
  EXPECT_THAT(e.message(), Not(HasSubstr("alice")));
}

TEST(Error, WhatComesFromOutsideSteersNoTerminalAndForgesNoLine) {
  const error e(errc::corrupt, "a\x1b[2J\nshelf: all is well.shelf: damaged",
                "key \x9b\xff\t\xe2\x80\xae gr\xc3\xbcn \xc2\x85");
  EXPECT_EQ(e.message(), "a\\x1b[2J\\nshelf: all is well.shelf: damaged");
  EXPECT_EQ(e.details(), e.message() + ": key \\x9b\\xff\\t\\xe2\\x80\\xae gr\xc3\xbcn \\xc2\\x85");
  EXPECT_EQ(error(errc::corrupt, e.message()).message(), e.message()) << "escaped once only";
}

TEST(Error, WithoutDetailsTheDetailsAreTheMessage) {
  EXPECT_EQ(error(errc::busy).details(), error(errc::busy).message());
  EXPECT_EQ(error(errc::file_error, "disk gone").details(), "disk gone");
}

TEST(Error, ComparesWithItsCodeAndWithTheErrnoItCarries) {
  const error full(errc::no_space, "ages.shelf: cannot write", {}, ENOSPC);
  EXPECT_TRUE(full == errc::no_space);
  EXPECT_FALSE(full == errc::file_error);
  EXPECT_TRUE(full == std::errc::no_space_on_device);
  EXPECT_FALSE(full == std::errc::io_error);
  EXPECT_EQ(full.os_error(), ENOSPC);
}

TEST(Error, ABareCodeEqualsNoErrno) {
  EXPECT_FALSE(error(errc::not_found) == std::errc{});
  EXPECT_EQ(error(errc::not_found).os_error(), 0);
}

TEST(Error, PrintsItsMessage) {
  std::ostringstream out;
  out << error(errc::read_only, "ages.shelf: opened to read");
  EXPECT_EQ(out.str(), "ages.shelf: opened to read");
}

TEST(OrThrow, GivesTheValueOrThrowsTheErrorWithItsSentence) {
  EXPECT_EQ(or_throw(result<int>(7)), 7);
  EXPECT_NO_THROW(or_throw(result<>()));
  try {
    or_throw(result<int>(std::unexpected(error(errc::replaced, "ages.shelf: replaced"))));
    FAIL() << "no exception";
  } catch (const exception& e) {
    EXPECT_TRUE(e.reason() == errc::replaced);
    EXPECT_EQ(e.code(), make_error_code(errc::replaced));
    EXPECT_STREQ(e.what(), "ages.shelf: replaced");
  }
}

TEST(Exception, SaysWhatItsErrorSaysAndNothingTwice) {
  for (const auto code : all_codes()) {
    EXPECT_STREQ(exception(code).what(), error(code).message().c_str());
  }
  const error e(errc::file_error, "ages.shelf: cannot open: Permission denied", "key 1", EACCES);
  const exception thrown(e);
  const auto copy = thrown;  // NOLINT: copies of exceptions are what handlers may hold
  EXPECT_STREQ(copy.what(), "ages.shelf: cannot open: Permission denied");
  const std::system_error& base = thrown;
  EXPECT_STREQ(base.what(), thrown.what());
}

TEST(Sentence, OfAFenceNamesTheFileOnceAndTheCause) {
  const error cause(errc::file_error, "a.shelf: cannot sync: Input/output error", {}, EIO);
  const auto fence = fenced_by(cause, "a.shelf", "; recover() helps");
  EXPECT_EQ(fence.message(),
            "a.shelf: writing stopped: cannot sync: Input/output error; recover() helps");
  EXPECT_TRUE(fence == errc::fenced);
  EXPECT_TRUE(fence == std::errc::io_error);
  // Of a fence that was a fence already the first cause counts.
  EXPECT_EQ(fenced_by(fenced_by(cause, "a.shelf", ""), "a.shelf", "").message(),
            "a.shelf: writing stopped: cannot sync: Input/output error");
  const error removed(errc::replaced, "a.shelf: the file was removed or renamed");
  EXPECT_EQ(fenced_by(removed, "a.shelf", "").message(),
            "a.shelf: writing stopped: the file was removed or renamed");
}

TEST(Sentence, OfAFileWhoseNameBeginsAsTheMessageDoesIsLeftWhole) {
  EXPECT_EQ(without_path("a.shelf: gone", "a.shelf"), "gone");
  EXPECT_EQ(without_path("a.shelf.old: gone", "a.shelf"), "a.shelf.old: gone");
  EXPECT_EQ(without_path("gone", ""), "gone");
  EXPECT_EQ(without_path("a.shelf", "a.shelf"), "a.shelf");
}

TEST(Sentence, OfDamageSaysHowToSaveTheRest) {
  EXPECT_EQ(damage("a.shelf", "byte 8192: no valid record").message(),
            "a.shelf: byte 8192: no valid record; recover what is readable with `shelf salvage "
            "FILE NEW` or shelf::salvage");
}

TEST(Sentence, OfTwoFailuresNamesTheFileOnceAndKeepsTheDetails) {
  const error first(errc::no_space, "a.shelf: cannot write", "key 1", ENOSPC);
  const error closing(errc::fenced, "a.shelf: writing stopped");
  const auto both = detail::and_closing_failed(first, closing);
  EXPECT_EQ(both.message(), "a.shelf: cannot write; and closing failed: writing stopped");
  EXPECT_THAT(both.details(), HasSubstr("key 1"));
  EXPECT_TRUE(both == errc::no_space);
  EXPECT_EQ(both.os_error(), ENOSPC);
}

TEST(Error, CopiesOfOneErrorMayBeReadAndDroppedByManyThreads) {
  const error e(errc::file_error, "ages.shelf: cannot read", "page 7", EIO);
  std::vector<std::jthread> threads;
  for (auto i = 0; i < 4; ++i) {
    threads.emplace_back([copy = e] {
      for (auto round = 0; round < 1000; ++round) {
        const auto another = copy;
        EXPECT_EQ(another.details(), "ages.shelf: cannot read: page 7");
      }
    });
  }
}

}  // namespace
}  // namespace shelf
