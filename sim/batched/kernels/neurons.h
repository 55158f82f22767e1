// Step 3: neurons (docs/contract.md, section 5).

#pragma once

#include "chip.h"

namespace {

template <bool WIDE, int MODE>
void sweep(const Copy &c, const Run &run, const int32_t *__restrict acc) {
    const int32_t *set = c.chip.sets + run.set * REGISTERS;
    const int32_t alpha = set[ALPHA_N], beta = set[BETA_N], gamma = set[GAMMA], rho = set[RHO];
    const int32_t theta = set[THETA], width = set[BOX], w_exp = set[W_EXP], i_shift = set[I_SHIFT];
    const int32_t refractory = set[REFRACTORY], limit = c.chip.state_max;
    const int32_t most = (1 << 25) >> w_exp;  // what is beyond saturates all the same
    int32_t unused = 32;
    for (int32_t left = limit; left; left >>= 1) --unused;
    --unused;  // 32 - state_bits
    int32_t *__restrict current = c.of_neurons(c.state.current);
    int32_t *__restrict membrane = c.of_neurons(c.state.membrane);
    int32_t *__restrict reset = c.of_neurons(c.state.reset);
    int32_t *__restrict countdown = c.of_neurons(c.state.countdown);
    uint8_t *__restrict box = c.of_neurons(c.state.box);
    uint8_t *__restrict spike = c.of_neurons(c.state.spike);
    const int32_t *__restrict bias = c.chip.bias;
    int32_t clipped = 0;
    const int end = run.end;
#pragma GCC ivdep
    for (int n = run.begin; n < end; ++n) {
        const int32_t sum = WIDE ? clip(acc[n], most) : acc[n];
        const int32_t raised = decay<WIDE>(current[n], beta) + sum * (1 << w_exp);
        const int32_t i = clip(raised, limit);
        const int32_t free = -(countdown[n] == 0);  // masks: 0 or -1
        const int32_t drive = decay<WIDE>(membrane[n], alpha) + (i >> i_shift) + bias[n];
        const int32_t v = (clip(drive, limit) & free) | (membrane[n] & ~free);
        const int32_t above = v - reset[n] - theta;
        const int32_t fired = ~(above >> 31) & free;
        const int32_t lowered = decay<WIDE>(reset[n], gamma) + (rho & fired);
        const int32_t r = clip(lowered, limit);
        const int32_t less = int32_t(uint32_t(v - theta) << unused) >> unused;
        const int32_t after = MODE == 0 ? v : MODE == 1 ? 0 : less;
        clipped += (i != raised) + ((v != drive) & free) + (r != lowered);
        current[n] = i;
        membrane[n] = (after & fired) | (v & ~fired);
        reset[n] = r;
        countdown[n] = ((countdown[n] - 1) & ~free) | (refractory & fired);
        box[n] = (above < 0 ? -above : above) < width;
        spike[n] = fired & 1;
    }
    c.counters(run.core)[SATURATIONS] += clipped;
}

// Z of the neurons of a run, which follows their spikes of this tick.
void step_trails(const Copy &c, const Run &run) {
    const int32_t *set = c.chip.sets + run.set * REGISTERS;
    const int32_t zeta = set[ZETA], z_inc = set[Z_INC], limit = c.chip.trace_max;
    int32_t *__restrict trace_z = c.of_neurons(c.state.trace_z);
    const uint8_t *__restrict spike = c.of_neurons(c.state.spike);
    int32_t clipped = 0;
    const int end = run.end;
    for (int n = run.begin; n < end; ++n) {
        const int32_t raised = (trace_z[n] * zeta >> 12) + (spike[n] ? z_inc : 0);
        const int32_t z = raised > limit ? limit : raised;
        clipped += z != raised;
        trace_z[n] = z;
    }
    c.counters(run.core)[SATURATIONS] += clipped;
}

// The neurons of a run, from the sums `acc` of the whole chip.
void step_neurons(const Copy &c, const Run &run, const int32_t *acc) {
    typedef void (*Sweep)(const Copy &, const Run &, const int32_t *);
    static const Sweep ways[2][3] = {{sweep<false, 0>, sweep<false, 1>, sweep<false, 2>},
                                     {sweep<true, 0>, sweep<true, 1>, sweep<true, 2>}};
    ways[c.chip.wide][c.chip.sets[run.set * REGISTERS + RESET_MODE]](c, run, acc);
    if (c.chip.terms) step_trails(c, run);
}

}  // namespace
