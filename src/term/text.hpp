// TERM  vocabulary of every room
// Terms as Erlang text, for people.
#pragma once

#include "shelf/detail/bytes.hpp"

#include <cstddef>
#include <string>

namespace shelf::terms {

/// Erlang text in UTF-8, on one line: `{user,<<"alice">>,42}`. At most `limit` bytes: what is
/// longer is cut between characters and ends in `...`. Text in binaries is shown as such
/// (<<"grün"/utf8>> when not ASCII), other binaries as numbers; lists of printable Latin-1 as
/// strings; integers of more than 256 bytes in hexadecimal. pids and the like, which have no source
/// form, as `#Pid<node.id.serial>`. `input` should be canonical but may be anything: damage shows
/// as `...` where it begins. Time linear in the smaller of term and limit.
[[nodiscard]] std::string to_text(bytes input, std::size_t limit = std::string::npos);

}  // namespace shelf::terms
