// Step 4 of a tick: the traces of the axons (docs/contract.md, section 5).

#pragma once

#include "chip.h"

namespace {

// Qq and mark of the axons of a run, after `step_traces`; for builds with terms.
void step_term_factors(const Copy &c, const Run &run, const uint8_t *__restrict spikes) {
    const int32_t *set = c.chip.sets + run.set * REGISTERS;
    const int32_t qq_shift = set[Register::QQ_SHIFT], most = c.chip.pq_max;
    const int32_t *__restrict trace_q = c.of_axons(c.state.trace_q);
    int32_t *__restrict trace_qq = c.of_axons(c.state.trace_qq);
    uint8_t *__restrict mark = c.of_axons(c.state.mark);
    const int32_t follows = run.source == PqSource::TRACE ? -1 : 0;
    const int32_t fixed = run.source == PqSource::FIXED ? set[Register::PQ_ON] : 0;
    const uint8_t plastic = run.source == PqSource::ZERO ? 0 : 3;
    const int end = run.end;
    for (int a = run.begin; a < end; ++a) {
        const int32_t factor = trace_q[a] >> qq_shift;
        trace_qq[a] = ((factor > most ? most : factor) & follows) + fixed;
        mark[a] = uint8_t(1 + 2 * spikes[a]) & plastic;
    }
}

// Q, P and Pq of the axons of a run, from the spikes of all axons of the copy.
void step_traces(const Copy &c, const Run &run, const uint8_t *__restrict spikes) {
    const int32_t *set = c.chip.sets + run.set * REGISTERS;
    const int32_t alpha = set[Register::ALPHA_P], beta = set[Register::BETA_P], q_inc = set[Register::Q_INC];
    const int32_t p_shift = set[Register::P_SHIFT], pq_shift = set[Register::PQ_SHIFT];
    const int32_t limit = c.chip.trace_max, most = c.chip.pq_max;
    int32_t *__restrict trace_q = c.of_axons(c.state.trace_q);
    int32_t *__restrict trace_p = c.of_axons(c.state.trace_p);
    int32_t *__restrict trace_pq = c.of_axons(c.state.trace_pq);
    const int32_t follows = run.source == PqSource::TRACE ? -1 : 0;
    const int32_t fixed = run.source == PqSource::FIXED ? set[Register::PQ_ON] : 0;
    int32_t clipped = 0;
    const int end = run.end;
#pragma GCC ivdep
    for (int a = run.begin; a < end; ++a) {
        const int32_t raised = (trace_q[a] * beta >> 12) + (spikes[a] ? q_inc : 0);
        const int32_t q = raised > limit ? limit : raised;
        const int32_t lifted = (trace_p[a] * alpha >> 12) + (q >> p_shift);
        const int32_t p = lifted > limit ? limit : lifted;
        const int32_t factor = p >> pq_shift;
        clipped += (q != raised) + (p != lifted);
        trace_q[a] = q;
        trace_p[a] = p;
        trace_pq[a] = ((factor > most ? most : factor) & follows) + fixed;
    }
    c.counters(run.core)[Counter::SATURATIONS] += clipped;
    if (c.chip.terms) step_term_factors(c, run, spikes);
}

}  // namespace
