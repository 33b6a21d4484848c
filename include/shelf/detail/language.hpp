// API  [api] -> engine -> stores -> journal -> file
// The language that every header needs. Included first, so that an older one is told in a sentence.
#pragma once

#if __cplusplus < 202100L
#error "shelf needs C++23: compile with -std=c++23, or in CMake with CMAKE_CXX_STANDARD 23."
// A file that is not there ends the compilation here, before hundreds of errors that say less.
#include "shelf/needs_cxx23"
#endif
