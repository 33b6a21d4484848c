// ERROR  vocabulary of every room
// Sentences made of other sentences: each names the file once.
#include "error/sentence.hpp"

#include <algorithm>

namespace shelf {
namespace {

constexpr std::string_view stopped = "writing stopped: ";

}  // namespace

std::string_view without_path(std::string_view message, std::string_view path) noexcept {
  if (path.empty() || !message.starts_with(path)) return message;
  const auto rest = message.substr(path.size());
  return rest.starts_with(": ") ? rest.substr(2) : message;
}

error fenced_by(const error& cause, const std::string& path, std::string_view cure) {
  const auto whole = cause.message();
  auto why = without_path(whole, path);
  if (why.starts_with(stopped)) why.remove_prefix(stopped.size());
  std::string sentence = path + ": ";
  sentence += stopped;
  sentence += why;
  sentence += cure;
  return error(errc::fenced, std::move(sentence), {}, cause.os_error());
}

error writing_stopped(const std::string& path, const error& cause) {
  return fenced_by(cause, path, "; recover() writes a new file from memory");
}

error in_doubt(const error& cause) {
  return error(errc::indeterminate,
               cause.message() + "; whether this write is on disk is unknown until recover()", {},
               cause.os_error());
}

error cut_short(const std::string& path, std::uint64_t is, std::uint64_t was) {
  return error(errc::replaced, path +
                                   ": another program truncated the file: " + std::to_string(is) +
                                   " of " + std::to_string(was) + " bytes are left");
}

std::string in_words(kind what) {
  switch (what) {
    case kind::set: return "a set (shelf::map)";
    case kind::ordered_set: return "an ordered_set (shelf::ordered_map)";
    case kind::bag: return "a bag (shelf::bag)";
    case kind::duplicate_bag: return "a duplicate_bag (shelf::duplicate_bag)";
  }
  return "a table of an unknown kind";
}

error damage(const std::string& path, std::string_view what) {
  std::string sentence = path + ": ";
  sentence += what;
  sentence += "; recover what is readable with `shelf salvage FILE NEW` or shelf::salvage";
  return error(errc::corrupt, std::move(sentence));
}

error wrong_in(const std::string& path, const error& why) {
  const auto whole = why.message();
  const auto what = without_path(whole, path);
  if (why == errc::corrupt) return damage(path, what);
  return error(why.code(), std::string(path).append(": ").append(what));
}

namespace detail {

error and_closing_failed(const error& first, const error& closing) {
  const auto sentence = first.message();
  auto details = first.details();
  details.erase(0, std::min(details.size(), sentence.size() + 2));
  const auto second = closing.message();
  const auto path = std::string_view(sentence).substr(0, sentence.find(": "));
  return error(first.code(),
               sentence + "; and closing failed: " + std::string(without_path(second, path)),
               std::move(details), first.os_error());
}

}  // namespace detail
}  // namespace shelf
