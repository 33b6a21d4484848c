// ERROR  vocabulary of every room
// Codes, sentences, the category and the exception.
#include "shelf/error.hpp"

#include "error/printable.hpp"

#include <array>
#include <cassert>
#include <ostream>

namespace shelf {
namespace {

struct code_text {
  std::string_view name;
  std::string_view sentence;
};

constexpr std::array<code_text, 32> texts{{
    {"ok", "no error"},
    {"not_found", "no such key"},
    {"key_already_present", "the key is already present"},
    {"table_closed", "the table is closed"},
    {"not_owner", "only the thread that owns this one_writer table may write or close it"},
    {"already_open", "the file is already open for writing"},
    {"invalid_path", "the path is not allowed"},
    {"file_error", "the operating system reported an error"},
    {"no_space", "no space left for the file"},
    {"size_limit_exceeded", "a size limit was exceeded"},
    {"type_mismatch", "the stored data does not match the C++ types"},
    {"wrong_kind", "the file holds a table of another kind"},
    {"not_a_table", "the file is not a shelf table"},
    {"unsupported_version", "the file needs a newer version of shelf"},
    {"corrupt", "the file is damaged"},
    {"read_only", "the table was opened read-only"},
    {"fenced", "an earlier failure stopped all writing to this table"},
    {"indeterminate", "the write could not be synced and may or may not be on disk"},
    {"replaced", "the table's file was replaced by another"},
    {"forked", "the table belongs to the parent process"},
    {"overflow", "the counter would overflow its type"},
    {"busy", "a callback of this table is still running on this thread"},
    {"cursor_lost", "the cursor's position no longer exists"},
    {"invalid_argument", "the argument is not valid here"},
    {"conflict", "the transaction met other writes in every attempt"},
    {"unavailable", "the server was not reached in time"},
    {"denied", "the server refused the login or the privilege"},
    {"unsafe_engine", "the server promises less than was asked for"},
    {"server_error", "the server reported an error"},
    {"table_full", "the table is as large as it may be"},
    {"stale", "what this process knows of the cluster is older than it may be"},
    {"overloaded", "the writes that wait for the cluster's server are too many"},
}};

const code_text& text_of(errc code) noexcept {
  const auto index = static_cast<std::size_t>(code);
  assert(index > 0 && index < texts.size());
  return texts[index < texts.size() ? index : 0];
}

class shelf_category final : public std::error_category {
 public:
  const char* name() const noexcept override { return "shelf"; }
  std::string message(int value) const override {
    if (value <= 0 || value >= static_cast<int>(texts.size())) return "unknown error";
    return std::string(texts[static_cast<std::size_t>(value)].sentence);
  }
};

/// Lives as long as the process: errors may be told while statics are torn down.
union only_category {
  constexpr only_category() noexcept : there() {}
  constexpr ~only_category() {}
  shelf_category there;
};
constinit only_category category;

}  // namespace

struct error::text {
  std::string message;
  std::string details;
};

namespace {

/// Paths, names and schemas come from outside: what stands in a sentence steers no terminal and
/// forges no line of a log.
[[nodiscard]] std::string safe(std::string sentence) {
  return detail::is_printable(sentence) ? std::move(sentence) : detail::printable(sentence);
}

}  // namespace

error::error(errc code, std::string message, std::string details, int os_error)
    : text_(std::make_shared<const text>(safe(std::move(message)), safe(std::move(details)))),
      os_error_(os_error),
      code_(code) {}

// The sentence of a bare code is a literal, so it ends in a zero byte as c_str() does.
const char* error::sentence() const noexcept {
  return text_ ? text_->message.c_str() : text_of(code_).sentence.data();
}

std::string error::message() const {
  return text_ ? text_->message : std::string(text_of(code_).sentence);
}

std::string error::details() const {
  if (!text_ || text_->details.empty()) return message();
  return text_->message + ": " + text_->details;
}

std::ostream& operator<<(std::ostream& out, const error& e) { return out << e.message(); }

std::string_view to_string(errc code) noexcept { return text_of(code).name; }

const std::error_category& error_category() noexcept { return category.there; }

std::error_code make_error_code(errc code) noexcept {
  return {static_cast<int>(code), error_category()};
}

exception::exception(error e)
    : std::system_error(make_error_code(e.code())), reason_(std::move(e)) {}

const char* exception::what() const noexcept { return reason_.sentence(); }

void detail::fail(const error& e) { throw exception(e); }

void detail::fail_empty_call() {
  fail(error(errc::invalid_argument, "an empty shelf::function cannot be called"));
}

}  // namespace shelf
