// CLUSTER  [cluster] -> api -> engine -> stores -> journal -> file
// The test of the tests: mistakes that a build with SHELF_SEEDED_CLUSTER_BUGS can switch on, to see
// them caught.
#pragma once

#include <atomic>
#include <cstdint>

namespace shelf::cluster {

/// Mistakes that followers of a log make. Each must be caught by the histories
/// (test/cluster/seeded_cluster_bugs_test.cpp).
enum class seeded_bug : std::uint8_t {
  none,
  // Of calls.
  other_nonce_when_sent_again,  ///< the server does not know the call any more, and does it twice
  lost_answer_taken_for_no,     ///< a call without an answer is made anew
  lost_answer_is_unavailable,   ///< its writers are told that nothing has happened
  lost_call_done_again,         ///< a call that the log has forgotten is made anew
  acknowledged_when_sent,       ///< writers do not wait for the answer
  refused_taken_for_done,       ///< a unit that was refused is acknowledged
  key_reads_not_sent,           ///< the server cannot tell that a read was overtaken
  first_write_kept_in_merge,    ///< of two puts of one key, the first one is sent
  idle_answered_from_memory,    ///< what would change nothing is not asked of the server
  // Of following.
  gap_not_seen,              ///< an own commit is shown on top of a state that is too old
  fork_not_seen,             ///< who is of another history waits for it for ever
  trimmed_taken_for_end,     ///< who has missed commits waits for them for ever
  resent_call_answers_sync,  ///< sync is content with a commit that was made before it
  sync_without_waiting,      ///< sync returns before the replica has caught up
};

#ifdef SHELF_SEEDED_CLUSTER_BUGS
inline std::atomic<seeded_bug> active_bug{seeded_bug::none};
[[nodiscard]] inline bool has_bug(seeded_bug b) noexcept { return active_bug.load() == b; }
#else
/// Always false in a real build, so that the compiler drops the branch.
[[nodiscard]] constexpr bool has_bug(seeded_bug) noexcept { return false; }
#endif

}  // namespace shelf::cluster
