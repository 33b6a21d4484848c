// The ten lines that somebody else writes against the installed package.
#include <shelf/error.hpp>
#include <shelf/version.hpp>

#include <iostream>

int main() {
  std::cout << shelf::version << ' ' << shelf::to_string(shelf::errc::not_found) << '\n';
  return shelf::to_string(shelf::errc::not_found) == "not_found" ? 0 : 1;
}
