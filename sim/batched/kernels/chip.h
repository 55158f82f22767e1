// A chip and the state of its copies, as state.py and tables.py declare them, and what all parts use.
//
// Axons and neurons are numbered through the chip, core by core. State arrays have the copies in
// front: (copies, cores x n), contiguous. Copies share nothing but, if so told, their weights. All
// that is not C's interface is local to each source.

#pragma once

#include <cstdint>
#include <cstring>

extern "C" {

// Neighbouring neurons or axons of one core that share a parameter set (and a Factor).
struct Run {
    int32_t core, begin, end, set, factor;
};

// The terms of a number that take one factor of the axons: a core does them at once.
struct Pass {
    int32_t number, factor;
};

struct Chip {
    int32_t cores, axons, neurons, slots, first;  // axons and neurons of one core
    int32_t weight_bytes, no_synapse, weight_max, state_max, trace_max, pq_max, error_max;
    int32_t wide;  // do products or sums need more than 32 bits?
    int32_t terms, blanks;  // terms of a set; does any row drop spikes?
    int32_t neuron_run_count, axon_run_count;
    const int32_t *sets;  // (sets, REGISTERS); a set without terms has the plain rule as term 0
    const Run *neuron_runs, *axon_runs;
    const int32_t *neuron_set;            // per neuron
    const int32_t *blank;                 // per axon
    const int32_t *pass_first;            // passes of a core: pass_first[core]..pass_first[core + 1]
    const Pass *passes;
    const int32_t *row_begin, *row_end;   // per axon: the neurons of its core that it visits
    const uint8_t *always_on, *report;    // per axon; per neuron
    const int32_t *bias;                  // per neuron
    const int32_t *fan_first, *fan_axon, *fan_delay;  // entries of neuron n: first[n]..first[n + 1]
    const int32_t *way_first, *way_counter;           // counters that an entry's way moves
};

struct State {
    int32_t copies, shared;
    void *weights;                // (copies, or 1 if shared; axons; neurons of a core)
    uint8_t *holes;               // the same copies x axons: is a visited synapse absent?
    uint8_t *gaps;                // ... : is one absent between those at its ends?
    int32_t *extent;              // ... x 2: the neurons of its core that its synapses lie between
    int32_t *current, *membrane, *reset, *countdown;
    uint8_t *box, *spike;
    int32_t *trace_q, *trace_p, *trace_pq;
    int32_t *trace_z, *trace_qq;  // these and mark: only with terms
    uint8_t *mark;
    int32_t *modulation;          // (copies)
    int32_t *gated, *ungated;
    uint8_t *pending;             // (slots, copies, axons)
    int64_t *counters;            // (copies, cores, COUNTERS)
    const uint32_t *seeds;        // one per weight memory
};

}  // extern "C"

namespace {

constexpr int COUNTERS = 17;
enum Counter { TICKS, SPIKES, EVENTS, SYNOPS, ERRORS, VISITS, UPDATES, SATURATIONS, COLLISIONS };
enum Register {
    ALPHA_N, BETA_N, GAMMA, RHO, THETA, BOX, W_EXP, I_SHIFT, RESET_MODE, REFRACTORY,
    ALPHA_P, BETA_P, Q_INC, P_SHIFT, PQ_SHIFT, PQ_ON, ETA_SHIFT, ROUNDING,
    QQ_SHIFT, BLANK, ZETA, Z_INC, Z_SHIFT, TERM = 24, REGISTERS = 28
};
enum Factor { NEVER, ALWAYS, FOLLOWS };  // Pq of a row: 0, pq_on, from P

// Vectors of the compiler: it maps them onto whatever the machine has.
template <typename T, int N> struct Vector { typedef T type __attribute__((vector_size(sizeof(T) * N))); };
template <typename V, typename T> inline V load(const T *from) {
    V v;
    memcpy(&v, from, sizeof v);
    return v;
}

inline int32_t clip(int32_t x, int32_t limit) { return x < -limit ? -limit : x > limit ? limit : x; }

// Toward zero. Split, because a 24-bit x times a factor does not fit in 32 bits.
template <bool WIDE> inline int32_t decay(int32_t x, int32_t factor) {
    const int32_t size = x < 0 ? -x : x;
    const int32_t kept = WIDE ? (size >> 12) * factor + (((size & 4095) * factor) >> 12)
                              : (size * factor) >> 12;
    return x < 0 ? -kept : kept;
}

// A chip's arrays and one copy of its state.
struct Copy {
    const Chip &chip;
    const State &state;
    int64_t copy;
    int64_t axons = int64_t(chip.cores) * chip.axons, neurons = int64_t(chip.cores) * chip.neurons;
    int64_t owner = state.shared ? 0 : copy;  // of the weights

    template <typename T> T *of_neurons(T *all) const { return all + copy * neurons; }
    template <typename T> T *of_axons(T *all) const { return all + copy * axons; }
    template <typename W> W *weights() const {
        return static_cast<W *>(state.weights) + owner * axons * chip.neurons;
    }
    const uint8_t *holes() const { return state.holes + owner * axons; }
    const int32_t *extent() const { return state.extent + owner * axons * 2; }
    uint8_t *slot(uint32_t tick) const {
        return state.pending + (tick % chip.slots * state.copies + copy) * axons;
    }
    int64_t *counters(int core) const {
        return state.counters + (copy * chip.cores + core) * COUNTERS;
    }
};

// Calls `visit(k)` for every k in 0..count whose byte is not 0.
template <typename Visit> inline void each_byte(const uint8_t *bytes, int count, Visit visit) {
    for (int at = 0; at < count; at += 8)
        if (at + 8 > count || load<uint64_t>(bytes + at))
            for (int k = at; k < count && k < at + 8; ++k)
                if (bytes[k]) visit(k);
}

// Calls `visit(k)` for every k in begin..end whose byte, 0 or 1, is set.
template <typename Visit> inline void each_set(const uint8_t *bytes, int begin, int end, Visit visit) {
    int k = begin;
    for (; k + 8 <= end; k += 8)
        for (uint64_t word = load<uint64_t>(bytes + k); word; word &= word - 1)
            visit(k + __builtin_ctzll(word) / 8);
    for (; k < end; ++k)
        if (bytes[k]) visit(k);
}

}  // namespace
