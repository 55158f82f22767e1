// Convolutions, and what an axon reaches through them (docs/contract.md, section 12).

#pragma once

#include <cstdint>

// A convolution: its descriptor, and how many positions it has. `axon`, `neuron` and `row` are where its
// axons, neurons and kernel rows begin in its core.
struct Shape {
    int32_t core, in_channels, in_height, in_width, kernel, stride, padding, channels, bias, pool;
    int32_t axon, neuron, row, high, wide;
    int pixels() const { return in_channels * in_height * in_width; }
    int rows() const { return in_channels * kernel * kernel + bias; }
    int positions() const { return high * wide; }
};

// What an axon reaches: `high` x `wide` positions of `channels` neurons. `row` is the row of weights for
// the first position, `neuron` its first neuron, both counted in the core; a position further down
// or to the right they are as much further as the others say. An axon of no convolution is all 0.
struct Reach {
    int32_t row, neuron, high, wide, row_down, row_right, neuron_down, channels;
};
