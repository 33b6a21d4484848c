// TEST  crash
// The program that is killed: storm_writer TABLE MODE KIND FORMAT IO BOARD.
#include "crash/storm.hpp"

int main(int count, char** arguments) {
  using namespace shelf;
  if (count != crash::storm_arguments) return 2;
  return crash::write_until_killed(crash::table_of(arguments),
                                   *crash::map_board(arguments[count - 1], false));
}
