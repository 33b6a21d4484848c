// TEST  crash
// The program that is killed: storm_writer TABLE MODE BOARD.
#include "crash/storm.hpp"

#include <cstdio>
#include <string_view>

int main(int count, char** arguments) {
  using namespace shelf;
  if (count != 4) return 2;
  const std::string_view mode = arguments[2];
  return crash::write_until_killed(arguments[1],
                                   mode == "back"      ? write_mode::back
                                   : mode == "durable" ? write_mode::durable
                                                       : write_mode::through,
                                   *crash::map_board(arguments[3], false));
}
