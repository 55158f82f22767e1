// The driver of the chip, with the counts of Verilator's coverage.

#include "../../../sim/cosim/chip_driver.cpp"
#define DESIGN Chip
#include "coverage.h"
