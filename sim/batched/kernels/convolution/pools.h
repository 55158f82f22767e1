// Pools: of each, the first neuron with the largest U keeps its box.

#pragma once

#include "../chip.h"

namespace {

// Takes the box from all neurons of N pools, one beside the other in as many channels, but the first
// largest of `above`. Neurons lie `down` and `right` apart.
template <int N>
inline void keep_largest(const int32_t *above, uint8_t *box, int side, int down, int right) {
    typedef typename Vector<int32_t, N>::type Words;
    typedef typename Vector<int8_t, N>::type Flags;
    Words best = load<Words>(above), open = Words{} - 1;  // masks: 0 or -1
    for (int v = 0; v < side; ++v)
        for (int u = 0; u < side; ++u) {
            const Words x = load<Words>(above + v * down + u * right), more = x > best;
            best = (x & more) | (best & ~more);
        }
    for (int v = 0; v < side; ++v)
        for (int u = 0; u < side; ++u) {
            const int at = v * down + u * right;
            const Words won = (load<Words>(above + at) == best) & open;
            const Flags kept = load<Flags>(box + at) & __builtin_convertvector(won, Flags);
            open &= ~won;
            memcpy(box + at, &kept, sizeof kept);
        }
}

// Takes the box from all neurons of a convolution but the first with the largest `above`, U - theta of all
// neurons of the chip, of each pool. Neurons in no pool lose it.
void pool_boxes(const Copy &c, const Shape &shape, const int32_t *above) {
    const int64_t first = int64_t(shape.core) * c.chip.neurons + shape.neuron;
    const int right = shape.channels, down = shape.wide * right, side = shape.pool;
    const int high = shape.high / side * side, wide = shape.wide / side * side;
    uint8_t *box = c.of_neurons(c.state.box) + first;
    above += first;
    for (int v = 0; v < high; v += side) {
        for (int u = 0; u < wide; u += side) {
            int at = v * down + u * right, left = shape.channels;
            for (; left >= WORDS; left -= WORDS, at += WORDS)
                keep_largest<WORDS>(above + at, box + at, side, down, right);
            for (; left; --left, ++at) keep_largest<1>(above + at, box + at, side, down, right);
        }
        for (int row = v; row < v + side; ++row)
            memset(box + row * down + wide * right, 0, (shape.wide - wide) * right);
    }
    memset(box + high * down, 0, (shape.high - high) * down);
}

}  // namespace
