// Step 4 of a tick: the traces of the axons (docs/contract.md, section 5).

#pragma once

#include "chip.h"

namespace {

// Q and P of the axons of a run, from the spikes of all axons of the copy.
void step_traces(const Copy &c, const Run &run, const uint8_t *__restrict spikes) {
    const int32_t *set = c.chip.sets + run.set * REGISTERS;
    const int32_t alpha = set[Register::ALPHA_P], beta = set[Register::BETA_P], q_inc = set[Register::Q_INC];
    const int32_t p_shift = set[Register::P_SHIFT], limit = c.chip.trace_max;
    int32_t *__restrict trace_q = c.of_axons(c.state.trace_q);
    int32_t *__restrict trace_p = c.of_axons(c.state.trace_p);
    int32_t clipped = 0;
    const int end = run.end;
#pragma GCC ivdep
    for (int a = run.begin; a < end; ++a) {
        const int32_t raised = (trace_q[a] * beta >> 12) + (spikes[a] ? q_inc : 0);
        const int32_t q = raised > limit ? limit : raised;
        const int32_t lifted = (trace_p[a] * alpha >> 12) + (q >> p_shift);
        const int32_t p = lifted > limit ? limit : lifted;
        clipped += (q != raised) + (p != lifted);
        trace_q[a] = q;
        trace_p[a] = p;
    }
    c.counters(run.core)[Counter::SATURATIONS] += clipped;
}

// The factor of axons that traces `trace` give by a shift, or what takes its place.
void take_factors(const Copy &c, const Run &run, int shift, const int32_t *__restrict trace,
                  int32_t *__restrict factors) {
    const int32_t on = c.chip.sets[run.set * REGISTERS + Register::PQ_ON], most = c.chip.pq_max;
    const int32_t follows = run.source == PqSource::TRACE ? -1 : 0;
    const int32_t fixed = run.source == PqSource::FIXED ? on : 0;
    const int end = run.end;
    for (int a = run.begin; a < end; ++a) {
        const int32_t factor = trace[a] >> shift;
        factors[a] = ((factor > most ? most : factor) & follows) + fixed;
    }
}

// Pq of the axons of a run, and in builds with terms Qq and mark, after `step_traces`. Only learning
// and the host see them, ticks do not.
void step_factors(const Copy &c, const Run &run, const uint8_t *__restrict spikes) {
    const int32_t *set = c.chip.sets + run.set * REGISTERS;
    const int32_t *traces = c.of_axons(c.state.trace_p);
    take_factors(c, run, set[Register::PQ_SHIFT], traces, c.of_axons(c.state.trace_pq));
    if (!c.chip.terms) return;
    traces = c.of_axons(c.state.trace_q);
    take_factors(c, run, set[Register::QQ_SHIFT], traces, c.of_axons(c.state.trace_qq));
    uint8_t *__restrict mark = c.of_axons(c.state.mark);
    const uint8_t plastic = run.source == PqSource::ZERO ? 0 : 3;
    const int end = run.end;
    for (int a = run.begin; a < end; ++a) mark[a] = uint8_t(1 + 2 * spikes[a]) & plastic;
}

}  // namespace
