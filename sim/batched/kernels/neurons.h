// Step 3 of a tick: the neurons (docs/contract.md, section 5).

#pragma once

#include "convolution/pools.h"
#include "noise.h"

namespace {

// I, V, R, countdown, B and S of the neurons of a run, from the sums `acc` of the whole chip, which become
// U - theta. WIDE: products and sums may need more than 32 bits. MODE: ResetMode. NOISY: `noise` is N of all
// neurons. RESTS: R and countdown are 0 and stay so.
template <int MODE, bool WIDE, bool NOISY, bool RESTS>
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
    for (int begin = run.begin; begin < run.end; begin += TOGETHER) {
        const int end = begin + TOGETHER < run.end ? begin + TOGETHER : run.end;
        int32_t spiked[TOGETHER];
#pragma GCC ivdep
        for (int n = begin; n < end; ++n) {
            const int32_t sum = WIDE ? clip(acc[n], most) : acc[n];
            const int32_t raised = decay<WIDE>(current[n], beta) + sum * (1 << w_exp);
            const int32_t i = clip(raised, limit);
            const int32_t free = RESTS ? -1 : -(countdown[n] == 0);  // masks: 0 or -1
            const int32_t drive = decay<WIDE>(membrane[n], alpha) + (i >> i_shift) + bias[n];
            const int32_t v = (clip(drive, limit) & free) | (membrane[n] & ~free);
            const int32_t above = v - (RESTS ? 0 : reset[n]) - theta;
            acc[n] = above;
            const int32_t fired = ~((NOISY ? above + noise[n] : above) >> 31) & free;
            const int32_t less = MODE == ResetMode::NONE ? v : MODE == ResetMode::ZERO ? 0 : v - theta;
            const int32_t after = NOISY && less < -limit ? -limit : less;
            clipped += (i != raised) + (((v != drive) & free) | ((after != less) & fired));
            current[n] = i;
            membrane[n] = (after & fired) | (v & ~fired);
            spiked[n - begin] = fired;
            if (RESTS) continue;
            const int32_t lowered = decay<WIDE>(reset[n], gamma) + (rho & fired);
            const int32_t r = clip(lowered, limit);
            clipped += r != lowered;
            reset[n] = r;
            countdown[n] = ((countdown[n] - 1) & ~free) | (refractory & fired);
        }
        for (int n = begin; n < end; ++n) {
            box[n] = (acc[n] < 0 ? -acc[n] : acc[n]) < width;
            spike[n] = spiked[n - begin] & 1;
        }
    }
    c.counters(run.core)[Counter::SATURATIONS] += clipped;
}

typedef void (*Sweep)(const Copy &, const Run &, int32_t *, const int32_t *);
template <bool... OPTIONS>
constexpr Sweep SWEEPS[] = {sweep<0, OPTIONS...>, sweep<1, OPTIONS...>, sweep<2, OPTIONS...>};

// Is R or the countdown of any neuron of a run not 0, or will be?
bool holds_back(const Copy &c, const Run &run) {
    const int32_t *set = c.chip.sets + run.set * REGISTERS;
    const int32_t *__restrict reset = c.of_neurons(c.state.reset);
    const int32_t *__restrict countdown = c.of_neurons(c.state.countdown);
    int32_t any = set[Register::RHO] | set[Register::REFRACTORY];
    const int end = any ? run.begin : run.end;
    for (int n = run.begin; n < end; ++n) any |= reset[n] | countdown[n];
    return any;
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
    static const Sweep *const by_mode[2][2][2] = {
        {{SWEEPS<false, false, false>, SWEEPS<false, false, true>},
         {SWEEPS<false, true, false>, SWEEPS<false, true, true>}},
        {{SWEEPS<true, false, false>, SWEEPS<true, false, true>},
         {SWEEPS<true, true, false>, SWEEPS<true, true, true>}}};
    const int mode = c.chip.sets[run.set * REGISTERS + Register::RESET_MODE];
    by_mode[c.chip.wide][c.chip.threshold_noise][!holds_back(c, run)][mode](c, run, acc, noise);
    if (c.chip.terms) step_neuron_traces(c, run);
}

}  // namespace
