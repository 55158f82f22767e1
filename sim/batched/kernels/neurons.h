// Step 3 of a tick: the neurons (docs/contract.md, section 5).

#pragma once

#include "convolution/pools.h"
#include "noise.h"

namespace {

// I, V, R, countdown, B and S of the neurons of a run, from the sums `acc` of the whole chip, which become
// U - theta. WIDE: products and sums may need more than 32 bits. MODE: ResetMode. NOISY: `noise` is N of all neurons.
template <bool WIDE, int MODE, bool NOISY>
void sweep(const Copy &c, const Run &run, int32_t *__restrict acc,
           const int32_t *__restrict noise) {
    const int32_t *set = c.chip.sets + run.set * REGISTERS;
    const int32_t alpha = set[Register::ALPHA_N], beta = set[Register::BETA_N];
    const int32_t gamma = set[Register::GAMMA], rho = set[Register::RHO];
    const int32_t theta = set[Register::THETA], width = set[Register::BOX];
    const int32_t w_exp = set[Register::W_EXP], i_shift = set[Register::I_SHIFT];
    const int32_t refractory = set[Register::REFRACTORY], limit = c.chip.state_max;
    const int32_t most = (1 << 25) >> w_exp;  // a larger |ACC| saturates I all the same
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
        acc[n] = above;
        const int32_t fired = ~((NOISY ? above + noise[n] : above) >> 31) & free;
        const int32_t lowered = decay<WIDE>(reset[n], gamma) + (rho & fired);
        const int32_t r = clip(lowered, limit);
        const int32_t less = MODE == ResetMode::NONE ? v : MODE == ResetMode::ZERO ? 0 : v - theta;
        const int32_t after = NOISY && less < -limit ? -limit : less;
        clipped += (i != raised) + (((v != drive) & free) | ((after != less) & fired)) + (r != lowered);
        current[n] = i;
        membrane[n] = (after & fired) | (v & ~fired);
        reset[n] = r;
        countdown[n] = ((countdown[n] - 1) & ~free) | (refractory & fired);
        box[n] = (above < 0 ? -above : above) < width;
        spike[n] = fired & 1;
    }
    c.counters(run.core)[Counter::SATURATIONS] += clipped;
}

// The neuron traces Z of a run, from the spikes of this tick; for builds with terms.
void step_neuron_traces(const Copy &c, const Run &run) {
    const int32_t *set = c.chip.sets + run.set * REGISTERS;
    const int32_t zeta = set[Register::ZETA], z_inc = set[Register::Z_INC], limit = c.chip.trace_max;
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
    c.counters(run.core)[Counter::SATURATIONS] += clipped;
}

// N of all neurons in tick `tick`, for builds with noise at the threshold.
[[gnu::noinline]] void draw_noise(const Copy &c, uint32_t tick, int32_t *noise) {
    for (int r = 0; r < c.chip.neuron_run_count; ++r) {
        const Run &run = c.chip.neuron_runs[r];
        const int32_t temperature = c.chip.sets[run.set * REGISTERS + Register::TEMPERATURE];
        const Word word = tick_word(c.state.seeds[c.owner], tick, c.chip.first + run.core);
        const int first = run.core * c.chip.neurons;
        for (int begin = run.begin; begin < run.end; begin += LANES) {
            uint16_t number[LANES], x[LANES], y[LANES];
            for (int k = 0; k < LANES; ++k) number[k] = uint16_t(begin - first + k);
            neuron_words(word, number, Purpose::THRESHOLD, x, y);
            synapse_words(x, y, 0, x, y);
            const int some = run.end - begin < LANES ? run.end - begin : LANES;
            for (int k = 0; k < some; ++k)
                noise[begin + k] = (temperature * LOGISTIC[x[k] & 255]) >> 5;
        }
    }
}

// Step 3 for the neurons of a run, from the sums `acc` of the whole chip, which become U - theta, and, if
// they have any, the `noise` at their thresholds.
void step_neurons(const Copy &c, const Run &run, int32_t *acc, const int32_t *noise) {
    typedef void (*Sweep)(const Copy &, const Run &, int32_t *, const int32_t *);
    static const Sweep sweeps[2][2][3] = {
        {{sweep<false, 0, false>, sweep<false, 1, false>, sweep<false, 2, false>},
         {sweep<true, 0, false>, sweep<true, 1, false>, sweep<true, 2, false>}},
        {{sweep<false, 0, true>, sweep<false, 1, true>, sweep<false, 2, true>},
         {sweep<true, 0, true>, sweep<true, 1, true>, sweep<true, 2, true>}}};
    const int mode = c.chip.sets[run.set * REGISTERS + Register::RESET_MODE];
    sweeps[c.chip.threshold_noise][c.chip.wide][mode](c, run, acc, noise);
    if (c.chip.terms) step_neuron_traces(c, run);
}

}  // namespace
