// API  [api] -> table -> journal -> file
// How long calls say how far they are.
#pragma once

#include <cstdint>
#include <functional>

namespace shelf {

/// Told how far a long call is, now and then, on the thread that called it: how much of how much is
/// done (bytes, entries or blocks, as the call says); `of` 0: nobody knows. It must not call the
/// table or file that it is told about.
using progress = std::function<void(std::uint64_t done, std::uint64_t of)>;

}  // namespace shelf
