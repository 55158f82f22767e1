// The driver of the chip, with what forgets and writes the counts of Verilator's coverage.

#include "../../sim/cosim/chip_driver.cpp"
#include "verilated_cov.cpp"

extern "C" {

void axonloop_forget_coverage(Chip *chip) { chip->context.coveragep()->zero(); }

void axonloop_write_coverage(Chip *chip, const char *path) {
    chip->context.coveragep()->write(path);
}

}  // extern "C"
