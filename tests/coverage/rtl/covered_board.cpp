// The driver of the board, with the counts of Verilator's coverage.

#include "../../../sim/cosim/board_driver.cpp"
#define DESIGN Board
#include "coverage.h"
