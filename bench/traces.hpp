// BENCH  what is measured: traces of a cache
// Which keys programs ask for, one after the other. A trace is the same in each run.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

namespace bench {

/// Keys below `keys`, in the order of the requests.
using trace = std::vector<std::uint64_t>;

/// Requests for the i-th most popular key are in proportion to i^-exponent, for all time.
[[nodiscard]] trace zipf_trace(std::size_t keys, double exponent, std::size_t length);
/// The same, but what is popular changes: every 100 requests the most popular key becomes the least
/// popular one, and all others move up by one place.
[[nodiscard]] trace drifting_trace(std::size_t keys, double exponent, std::size_t length);
/// A fifth of the keys is read in order, again and again, between as many others by Zipf.
[[nodiscard]] trace scanning_trace(std::size_t keys, double exponent, std::size_t length);

}  // namespace bench
