// ERROR  vocabulary of every room
// Sentences made of other sentences: each names the file once.
#pragma once

#include "shelf/error.hpp"
#include "shelf/kind.hpp"

#include <cstdint>
#include <string>
#include <string_view>

namespace shelf {

/// `message` without the "path: " that it begins with, if it does.
[[nodiscard]] std::string_view without_path(std::string_view message,
                                            std::string_view path) noexcept;

/// The error of every write after `cause` has stopped writing to this file; `cure` says what helps.
[[nodiscard]] error fenced_by(const error& cause, const std::string& path, std::string_view cure);

/// fenced: what a write to the table at `path` is told after `cause` stopped all of them.
[[nodiscard]] error writing_stopped(const std::string& path, const error& cause);

/// indeterminate: a write that failed of `cause` and may be on disk all the same.
[[nodiscard]] error in_doubt(const error& cause);

/// replaced: the file is shorter than what was written to it.
[[nodiscard]] error cut_short(const std::string& path, std::uint64_t is, std::uint64_t was);

/// A kind of table by the names that Erlang and C++ have for it: "a set (shelf::map)".
[[nodiscard]] std::string in_words(kind what);

/// Damage that was found in a file: "path: what was found; ...", and how to save the rest.
[[nodiscard]] error damage(const std::string& path, std::string_view what);
/// What was found wrong in a file by a reader that may not know its name.
[[nodiscard]] error wrong_in(const std::string& path, const error& why);

}  // namespace shelf
