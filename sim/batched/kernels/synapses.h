// Step 2 of a tick: the sums of weights (docs/contract.md, section 5).

#pragma once

#include "convolution/integrate.h"
#include "noise.h"

namespace {

// Weights are summed in `type` over at most `EVENTS_AT_ONCE` rows, which cannot overflow: for
// accumulators A, int64_t with a mask, where a weight counts up to 256 times.
template <typename W, typename A> struct Sum { typedef int32_t type; };
template <> struct Sum<int8_t, int32_t> { typedef int16_t type; };
constexpr int EVENTS_AT_ONCE = 256;

// Some rows that are added together: where each begins, and with a mask what it leaves of its weights.
template <typename W> struct Rows {
    const W *row[EVENTS_AT_ONCE];
    int32_t parts[EVENTS_AT_ONCE];
    int count;
};

// Weights that are summed in one vector.
template <typename W, typename A> constexpr int WIDTH = BYTES / sizeof(typename Sum<W, A>::type);

// Sums of weights `at`, `at` + 1, ... over rows, UNROLL vectors of them, which stay in registers. ABSENT: some of
// the weights are `none`, where there is no synapse. A: int32_t, or with a mask int64_t, of parts of 256.
template <typename W, typename A, int UNROLL, bool ABSENT> struct RowSums {
    static constexpr int SOME = WIDTH<W, A>;
    typedef typename Vector<W, SOME>::type Weights;
    typedef typename Vector<typename Sum<W, A>::type, SOME>::type Sums;
    typedef typename Vector<A, SOME>::type Wide;
    Sums sums[UNROLL] = {};

    RowSums(const Rows<W> &rows, int64_t at, int32_t none) {
        const Weights absent = Weights{} + W(none);
        for (int k = 0; k < rows.count; ++k)
            for (int u = 0; u < UNROLL; ++u) {
                Weights w = load<Weights>(rows.row[k] + at + u * SOME);
                if (ABSENT) w &= w != absent;
                if constexpr (sizeof(A) == 8) sums[u] += widen<Sums>(w) * rows.parts[k];
                else sums[u] += widen<Sums>(w);
            }
    }

    void add_to(A *acc) const {
        for (int u = 0; u < UNROLL; ++u) {
            A *to = acc + u * SOME;
            const Wide total = load<Wide>(to) + widen<Wide>(sums[u]);
            memcpy(to, &total, sizeof total);
        }
    }
};

// Adds rows to the accumulators begin..end.
template <typename W, typename A, bool ABSENT>
void add_span(const Rows<W> &rows, int begin, int end, int32_t none, A *acc) {
    constexpr int SOME = WIDTH<W, A>;
    int at = begin;
    for (; at + 8 * SOME <= end; at += 8 * SOME)
        RowSums<W, A, 8, ABSENT>(rows, at, none).add_to(acc + at);
    for (; at + SOME <= end; at += SOME) RowSums<W, A, 1, ABSENT>(rows, at, none).add_to(acc + at);
    if (at < end && end >= SOME) {  // the vector that ends there, without what has been added
        const RowSums<W, A, 1, ABSENT> last(rows, end - SOME, none);
        for (; at < end; ++at) acc[at] += last.sums[0][SOME - (end - at)];
    }
    for (; at < end; ++at)
        for (int k = 0; k < rows.count; ++k) {
            const A weight = rows.row[k][at] == none ? 0 : rows.row[k][at];
            acc[at] += sizeof(A) == 8 ? weight * rows.parts[k] : weight;
        }
}

// Copies the weights begin..end of a row of a core; those of synapses that drop the spike of this tick
// become 0. `core` is the tick's word of the core, `axon` the row's number in it. In the hash axon and
// neuron are exchanged.
template <typename W>
void blank_out_row(const W *row, int begin, int end, Word core, int axon, int32_t blank, W *to) {
    const Word word = rounds<10, 13>({uint16_t(core.x ^ axon), uint16_t(core.y ^ Purpose::BLANK_OUT)});
    const Codes &codes = halved_codewords();
    for (int at = begin; at < end; at += LANES) {
        uint16_t low[LANES], high[LANES];
        const uint32_t both = uint32_t(word.y) << 16 | word.x;
        synapse_words(codes.x + at, codes.y + at, both, low, high);
        const int some = end - at < LANES ? end - at : LANES;
        for (int k = 0; k < some; ++k) to[at + k] = low[k] < blank ? W(0) : row[at + k];
    }
}

// The sums of one core, from its events in ascending order; returns the synapses visited. With
// BLANK_OUT, rows may drop spikes: `word` is the tick's of the core, and `kept` has room for
// EVENTS_AT_ONCE rows.
template <typename W, typename A, bool BLANK_OUT>
int64_t sum_rows(const Copy &c, int core, Word word, const int32_t *events, int count, W *kept,
                 A *acc) {
    const Chip &chip = c.chip;
    const W *weights = c.weights<W>();
    const uint8_t *visits_absent = c.visits_absent();
    int64_t visited = 0;
    memset(acc, 0, sizeof(A) * chip.neurons);
    for (int k = 0; k < count;) {  // rows with the same span, together
        const int begin = chip.row_begin[events[k]], end = chip.row_end[events[k]];
        Rows<W> rows;
        int some = 0;
        bool absent = false;
        for (; k < count && some < EVENTS_AT_ONCE; ++k, ++some) {
            const int32_t axon = events[k];
            if (chip.row_begin[axon] != begin || chip.row_end[axon] != end) break;
            rows.row[some] = weights + int64_t(axon) * chip.neurons;
            if (sizeof(A) == 8) rows.parts[some] = chip.row_parts[axon];
            absent |= visits_absent[axon];
            if (BLANK_OUT && chip.blank[axon]) {
                W *to = kept + int64_t(some) * chip.neurons;
                blank_out_row(rows.row[some], begin, end, word, axon - core * chip.axons,
                              chip.blank[axon], to);
                rows.row[some] = to;
            }
        }
        visited += int64_t(some) * (end - begin);
        rows.count = some;
        if (absent) add_span<W, A, true>(rows, begin, end, chip.no_synapse, acc);
        else add_span<W, A, false>(rows, begin, end, chip.no_synapse, acc);
    }
    return visited;
}

// The sums of one core in tick `tick`, as `sum_rows`, with blank-out where the chip has it.
template <typename W, typename A>
int64_t sums(const Copy &c, int core, uint32_t tick, const int32_t *events, int count, W *kept,
             A *acc) {
    if (!c.chip.blank_out) return sum_rows<W, A, false>(c, core, {}, events, count, kept, acc);
    const Word word = tick_word(c.state.seeds[c.owner], tick, c.chip.first + core);
    return sum_rows<W, A, true>(c, core, word, events, count, kept, acc);
}

// ACC of one core in tick `tick`; returns the synapses visited. `kept` and `exact`: see Scratch.
template <typename W>
int64_t integrate(const Copy &c, int core, uint32_t tick, const int32_t *events, int count,
                  W *kept, int64_t *exact, int32_t *acc) {
    if (c.chip.convolutions) return integrate_kernels<W>(c, core, events, count, acc);
    if (!c.chip.mask) return sums(c, core, tick, events, count, kept, acc);
    const int64_t visited = sums(c, core, tick, events, count, kept, exact);
    const int32_t *parts = c.chip.column_parts + int64_t(core) * c.chip.neurons;
    for (int n = 0; n < c.chip.neurons; ++n) acc[n] = int32_t((exact[n] * parts[n] + (1 << 15)) >> 16);
    return visited;
}

}  // namespace
