// The factors of terms: coefficients c of neurons and factors a of axons (docs/contract.md, sections 4
// and 5, learn).

#pragma once

#include <algorithm>

#include "noise.h"

namespace {

// What a learning step counts.
struct Tally {
    int64_t visits = 0, updates = 0, writes = 0;
};

// Writes E of a core's neurons to `values`, and zeroes their error sums. Returns whether any E is
// not 0.
bool take_errors(const Copy &c, int core, int8_t *__restrict values) {
    const int64_t at = int64_t(core) * c.chip.neurons;
    const int32_t limit = c.chip.error_max;
    int32_t *__restrict gated = c.of_neurons(c.state.gated) + at;
    int32_t *__restrict ungated = c.of_neurons(c.state.ungated) + at;
    const uint8_t *__restrict box = c.of_neurons(c.state.box) + at;
    int32_t any = 0;
    for (int begin = 0; begin < c.chip.neurons; begin += TOGETHER) {
        const int some = std::min(TOGETHER, c.chip.neurons - begin);
        int32_t in_box[TOGETHER], errors[TOGETHER];
        for (int k = 0; k < some; ++k) in_box[k] = box[begin + k];
        for (int k = 0; k < some; ++k) {
            const int32_t sum = clip(gated[begin + k], limit) * in_box[k] + clip(ungated[begin + k], limit);
            errors[k] = clip(sum, limit);
            any |= errors[k];
        }
        for (int k = 0; k < some; ++k) values[begin + k] = int8_t(errors[k]);
    }
    for (int32_t *sums : {gated, ungated}) memset(sums, 0, sizeof(int32_t) * c.chip.neurons);
    return any != 0;
}

// Writes c of the neurons of a run, by one term, to `values`; `errors` and `values` are those of the
// core. Returns whether any c is not 0.
bool coefficients(const Copy &c, int core, const int32_t *set, Term term, const Run &run,
                  const int8_t *errors, int8_t *values) {
    const int64_t at = int64_t(core) * c.chip.neurons;
    int begin = int(run.begin - at);
    const int end = int(run.end - at);
    const int32_t limit = c.chip.error_max, scale = term.scale(), shift = set[Register::Z_SHIFT];
    const int32_t modulation = term.third() == ThirdFactor::MODULATION ? c.state.modulation[c.copy] : 1;
    if (!modulation) {
        memset(values + begin, 0, end - begin);
        return false;
    }
    const uint8_t *spike = c.of_neurons(c.state.spike) + at, *box = c.of_neurons(c.state.box) + at;
    const bool traced = term.neuron() == NeuronFactor::ZQ;
    const int32_t *trace = traced ? c.of_neurons(c.state.trace_z) + at : nullptr;
    int32_t any = 0, products[LANES];
    for (; begin < end; begin += LANES) {
        const int some = end - begin < LANES ? end - begin : LANES;
        for (int k = 0; k < some; ++k) products[k] = modulation;
        if (term.neuron() == NeuronFactor::SPIKE)
            for (int k = 0; k < some; ++k) products[k] *= spike[begin + k];
        if (term.neuron() == NeuronFactor::BOX)
            for (int k = 0; k < some; ++k) products[k] *= box[begin + k];
        if (trace) for (int k = 0; k < some; ++k) {
            const int32_t z = trace[begin + k] >> shift;
            products[k] *= z > limit ? limit : z;
        }
        if (term.third() == ThirdFactor::ERROR)
            for (int k = 0; k < some; ++k) products[k] *= errors[begin + k];
        for (int k = 0; k < some; ++k) {
            const int32_t x = products[k], size = (x < 0 ? -x : x) >> scale;
            const int32_t value = clip(x < 0 ? -size : size, limit);
            any |= value;
            values[begin + k] = int8_t(term.rise() ? -value : value);
        }
    }
    return any != 0;
}

// Writes a of all axons of a core: their factor of this `kind`, an AxonFactor.
void axon_factors(const Copy &c, int core, int kind, uint8_t *__restrict factors) {
    const int64_t at = int64_t(core) * c.chip.axons;
    const int count = c.chip.axons;
    if (kind == AxonFactor::QQ || kind == AxonFactor::PQ) {
        int32_t *traces = kind == AxonFactor::QQ ? c.state.trace_qq : c.state.trace_pq;
        const int32_t *__restrict from = c.of_axons(traces) + at;
        for (int a = 0; a < count; ++a) factors[a] = uint8_t(from[a]);
        return;
    }
    const uint8_t *__restrict mark = c.of_axons(c.state.mark) + at;
    const int bit = kind == AxonFactor::SPIKE;
    for (int a = 0; a < count; ++a) factors[a] = mark[a] >> bit & 1;
}

}  // namespace
