// The package is whole if this builds, links and prints.
#include <shelf/error.hpp>
#include <shelf/version.hpp>

#include <iostream>

int main() {
  std::cout << shelf::version << ' ' << shelf::to_string(shelf::errc::not_found) << '\n';
}
