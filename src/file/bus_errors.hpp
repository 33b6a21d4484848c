// FILE  api -> engine -> stores -> journal -> [file]
// Copies to and from mapped files that end in false where the file does not.
#pragma once

#include <cstddef>

namespace shelf::file {

/// Sets up what copy_mapped() needs: a handler of SIGBUS for the process, once. A signal that is
/// none of ours goes on to the handler that was there before. False if the system refuses.
[[nodiscard]] bool catch_bus_errors() noexcept;

/// memcpy(to, from, size), of which the side `mapped` lies in a mapped file. False if a page of it
/// cannot be had: the file was cut there, the disk is full or fails. Some bytes may be copied then.
/// Eight bytes at a multiple of eight, or four at one of four, are written in one store. The thread
/// must not block SIGBUS.
[[nodiscard]] bool copy_mapped(std::byte* to, const std::byte* from, std::size_t size,
                               const std::byte* mapped) noexcept;

}  // namespace shelf::file
