// What terms make of the state: coefficients of neurons, factors of axons (docs/contract.md,
// sections 4 and 5, learn).

#pragma once

#include "noise.h"

namespace {

enum AxonFactor { OFF, PRESENT, SPIKED, FROM_Q, FROM_P };
enum NeuronFactor { UNIT, SPIKE, BOXED, FROM_Z };
enum ThirdFactor { NOTHING, ERROR, MODULATION };

// A term of a parameter set: a word of fields.
struct Term {
    int32_t word;
    int axon() const { return word & 7; }
    int neuron() const { return word >> 3 & 3; }
    int third() const { return word >> 5 & 3; }
    bool rises() const { return word >> 7 & 1; }
    int scale() const { return word >> 8 & 7; }
};

// E of a core's neurons, 0 where there is none; the sums are then 0. Is there any?
bool take_errors(const Copy &c, int core, int8_t *__restrict values) {
    const int64_t at = int64_t(core) * c.chip.neurons;
    const int32_t limit = c.chip.error_max;
    int32_t *__restrict gated = c.of_neurons(c.state.gated) + at;
    int32_t *__restrict ungated = c.of_neurons(c.state.ungated) + at;
    const uint8_t *__restrict box = c.of_neurons(c.state.box) + at;
    int32_t any = 0;
    for (int n = 0; n < c.chip.neurons; ++n) {
        const int32_t sum = clip(gated[n], limit) * box[n] + clip(ungated[n], limit);
        const int32_t error = clip(sum, limit);
        values[n] = int8_t(error);
        any |= error;
        gated[n] = ungated[n] = 0;
    }
    return any != 0;
}

// c of the neurons of a run by one term; `errors` and `values` are the core's. Is any not 0?
bool coefficients(const Copy &c, int core, const int32_t *set, Term term, const Run &run,
                  const int8_t *errors, int8_t *values) {
    const int64_t at = int64_t(core) * c.chip.neurons;
    int begin = int(run.begin - at);
    const int end = int(run.end - at);
    const int32_t limit = c.chip.error_max, scale = term.scale(), shift = set[Z_SHIFT];
    const int32_t modulation = term.third() == MODULATION ? c.state.modulation[c.copy] : 1;
    if (!modulation) {
        memset(values + begin, 0, end - begin);
        return false;
    }
    const uint8_t *spike = c.of_neurons(c.state.spike) + at, *box = c.of_neurons(c.state.box) + at;
    const int32_t *trace = term.neuron() == FROM_Z ? c.of_neurons(c.state.trace_z) + at : nullptr;
    int32_t any = 0, products[LANES];
    for (; begin < end; begin += LANES) {
        const int some = end - begin < LANES ? end - begin : LANES;
        for (int k = 0; k < some; ++k) products[k] = modulation;
        if (term.neuron() == SPIKE) for (int k = 0; k < some; ++k) products[k] *= spike[begin + k];
        if (term.neuron() == BOXED) for (int k = 0; k < some; ++k) products[k] *= box[begin + k];
        if (trace) for (int k = 0; k < some; ++k) {
            const int32_t z = trace[begin + k] >> shift;
            products[k] *= z > limit ? limit : z;
        }
        if (term.third() == ERROR) for (int k = 0; k < some; ++k) products[k] *= errors[begin + k];
        for (int k = 0; k < some; ++k) {
            const int32_t x = products[k], size = (x < 0 ? -x : x) >> scale;
            const int32_t value = clip(x < 0 ? -size : size, limit);
            any |= value;
            values[begin + k] = int8_t(term.rises() ? -value : value);
        }
    }
    return any != 0;
}

// a of all axons of a core.
void axon_factors(const Copy &c, int core, int kind, uint8_t *__restrict factors) {
    const int64_t at = int64_t(core) * c.chip.axons;
    const int count = c.chip.axons;
    if (kind == FROM_Q || kind == FROM_P) {
        const int32_t *__restrict from = c.of_axons(kind == FROM_Q ? c.state.trace_qq : c.state.trace_pq) + at;
        for (int a = 0; a < count; ++a) factors[a] = uint8_t(from[a]);
        return;
    }
    const uint8_t *__restrict mark = c.of_axons(c.state.mark) + at;
    const int bit = kind == SPIKED;
    for (int a = 0; a < count; ++a) factors[a] = mark[a] >> bit & 1;
}

}  // namespace
