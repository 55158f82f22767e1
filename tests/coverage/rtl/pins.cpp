// Drives the pins of any design, a clock cycle per call, and counts what is reached in it.

#include <cstdint>
#include <cstring>
#include <memory>

#include "Vchip.h"
#include "verilated.h"

namespace {

struct Pins {
    VerilatedContext context;
    std::unique_ptr<Vchip> top;
};

}  // namespace

extern "C" {

Pins *axonloop_pins_create(uint64_t seed) {
    auto pins = std::make_unique<Pins>();
    pins->context.randReset(2);  // what the RTL leaves undefined starts random
    pins->context.randSeed(static_cast<int>(seed & 0x3FFFFFFF) + 1);
    pins->top = std::make_unique<Vchip>(&pins->context, "design");
    pins->top->eval();
    return pins.release();
}

void axonloop_pins_destroy(Pins *pins) {
    pins->top->final();
    delete pins;
}

// Set all inputs, let them settle, look at all outputs; then the clock rises.
void axonloop_pins_cycle(Pins *pins, const uint32_t *given, uint32_t *told) {
    Vchip *top = pins->top.get();
    std::memcpy(&top->given, given, sizeof top->given);
    top->clk = 0;
    top->eval();
    std::memcpy(told, &top->told, sizeof top->told);
    top->clk = 1;
    top->eval();
    pins->context.timeInc(1);
}

}  // extern "C"

#define DESIGN Pins
#include "coverage.h"
