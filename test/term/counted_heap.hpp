// TEST  term
// How much heap the program holds by way of new. Linking counted_heap.cpp replaces operator new.
#pragma once

#include <cstddef>

namespace shelf::test {

/// Bytes held now.
std::size_t heap_held();
/// The most held at once since heap_peak_restart().
std::size_t heap_peak();
void heap_peak_restart();

}  // namespace shelf::test
