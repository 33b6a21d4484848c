// API  [api] -> engine -> stores -> journal -> file
// Durations and clocks: <chrono> without calendars, time zones and streams, where it can be had so.
#pragma once

#include "shelf/detail/language.hpp"

#if __has_include(<bits/chrono.h>)
#include <bits/chrono.h>
#else
#include <chrono>
#endif
