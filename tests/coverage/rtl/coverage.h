// What forgets and writes the counts of Verilator's coverage, for a driver with the struct DESIGN.

#include "verilated_cov.cpp"

extern "C" {

void axonloop_forget_coverage(DESIGN *design) { design->context.coveragep()->zero(); }

void axonloop_write_coverage(DESIGN *design, const char *path) {
    design->context.coveragep()->write(path);
}

}  // extern "C"
