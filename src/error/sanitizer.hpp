// ERROR  vocabulary of every room
// Which sanitizer this is compiled for: GCC says it by a macro, Clang by a feature.
#pragma once

#if defined(__has_feature)
#define SHELF_HAS_FEATURE(name) __has_feature(name)
#else
#define SHELF_HAS_FEATURE(name) 0
#endif

#if defined(__SANITIZE_ADDRESS__) || SHELF_HAS_FEATURE(address_sanitizer)
#define SHELF_ADDRESS_SANITIZER 1
#else
#define SHELF_ADDRESS_SANITIZER 0
#endif

#if defined(__SANITIZE_THREAD__) || SHELF_HAS_FEATURE(thread_sanitizer)
#define SHELF_THREAD_SANITIZER 1
#else
#define SHELF_THREAD_SANITIZER 0
#endif

#undef SHELF_HAS_FEATURE
