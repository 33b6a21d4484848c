// FILE  api -> engine -> stores -> journal -> [file]
// Which process this is, and which descriptors of it a forked child must let go of.
#pragma once

#include "file/system.hpp"

#include <cstdint>
#include <expected>

namespace shelf::file {

/// Descriptors that hold an flock share it with every forked child. The child must never unlock
/// (that would end the parent's lock too) and must not keep them open (that would keep the lock
/// beyond the parent's end): so in the child each is replaced, at the same number, by one that
/// refers to nothing. Thread safety: all functions from any thread.

/// flock(LOCK_EX | LOCK_NB), with the descriptor remembered when it holds.
os_result<> lock_and_remember(int file);
/// close(), forgetting the descriptor in the same step.
os_result<> close_and_forget(int file);
/// Calls `renew` in every forked child, before the child can use the library. For state of the
/// process that a thread of the parent may have been changing: the child does not have that thread,
/// so a lock may be held for good, and what the lock guards may be half changed. `renew` makes such
/// state anew and takes no lock. For initializers of static objects.
/// Always true, so that it can initialize one.
bool renew_in_children(void (*renew)()) noexcept;
/// Notices a child made without fork handlers (raw clone) and lets go of the parent's locks there.
/// One load otherwise.
void settle_in_this_process() noexcept;

}  // namespace shelf::file
