// Step 2 of a tick for kernels: each spike walks the positions that see it.

#pragma once

#include "../chip.h"

namespace {

// Adds a kernel row of N channels; where it is `none` there is no synapse.
template <typename W, int N> inline void add_channels(const W *row, int32_t none, int32_t *acc) {
    typedef typename Vector<W, N>::type Weights;
    typedef typename Vector<int32_t, N>::type Sums;
    Weights w = load<Weights>(row);
    w &= w != Weights{} + W(none);
    const Sums sums = load<Sums>(acc) + __builtin_convertvector(w, Sums);
    memcpy(acc, &sums, sizeof sums);
}

template <typename W>
inline void add_kernel_row(const W *row, int channels, int32_t none, int32_t *acc) {
    int at = 0;
    for (; at + WORDS <= channels; at += WORDS) add_channels<W, WORDS>(row + at, none, acc + at);
    for (; at < channels; ++at) acc[at] += row[at] == none ? 0 : row[at];
}

// ACC of one core, from its events; returns the pairs visited.
template <typename W>
int64_t integrate_kernels(const Copy &c, int core, const int32_t *events, int count, int32_t *acc) {
    const Chip &chip = c.chip;
    const W *weights = c.weights<W>() + int64_t(core) * chip.rows * chip.columns;
    int64_t visited = 0;
    memset(acc, 0, sizeof(int32_t) * chip.neurons);
    for (int k = 0; k < count; ++k) {
        const Reach reach = chip.reach[events[k]];
        for (int v = 0; v < reach.high; ++v) {
            const W *row = weights + int64_t(reach.row + v * reach.row_down) * chip.columns;
            int32_t *to = acc + reach.neuron + v * reach.neuron_down;
            for (int u = 0; u < reach.wide; ++u) {
                add_kernel_row(row, reach.channels, chip.no_synapse, to);
                row += reach.row_right * chip.columns;
                to += reach.channels;
            }
        }
        visited += int64_t(reach.high) * reach.wide * reach.channels;
    }
    return visited;
}

}  // namespace
