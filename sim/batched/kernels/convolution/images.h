// The factors of a convolution's axons as images, laid out so that neighbouring positions of a kernel see
// neighbouring bytes.

#pragma once

#include <vector>

#include "../chip.h"

namespace {

// Images of some copies. A plane is a channel with its padding, which is 0; behind the channels comes
// one full of the bias axon's factor. A line of pixels holds first every pixel 0, s, 2 s, ... for the
// stride s, then 1, s + 1, ..., with room for a whole number of fours of positions.
struct Images {
    const Shape shape;
    int part, line, plane, size;  // bytes of a stride's part of a line, of a line, a plane, a copy
    std::vector<int32_t> place;   // of each pixel's axon in its image
    std::vector<int32_t> offset;  // from what a position sees first to what kernel row r joins to it
    std::vector<uint8_t> bytes;   // (copies, size)
    std::vector<uint8_t> alive;   // per kernel row: may its factors be other than 0?

    Images(const Shape &of, int copies) : shape(of) {
        part = (shape.wide + 3) / 4 * 4 + (shape.kernel - 1) / shape.stride + 1;
        line = part * shape.stride;
        plane = line * (shape.in_height + 2 * shape.padding);
        size = plane * (shape.in_channels + shape.bias);
        for (int c = 0; c < shape.in_channels; ++c) {
            for (int y = 0; y < shape.in_height; ++y)
                for (int x = 0; x < shape.in_width; ++x)
                    place.push_back(at(c, y + shape.padding, x + shape.padding));
            for (int a = 0; a < shape.kernel; ++a)
                for (int b = 0; b < shape.kernel; ++b) offset.push_back(at(c, a, b));
        }
        if (shape.bias) offset.push_back(at(shape.in_channels, 0, 0));
        bytes.assign(size_t(copies) * size, 0);
        alive.assign(shape.rows(), 0);
    }

    // The byte of a pixel of the padded image.
    int at(int channel, int y, int x) const {
        return channel * plane + y * line + x % shape.stride * part + x / shape.stride;
    }

    // The byte that position `u` of line `v` sees first, in the image of a copy.
    int seen_first(int copy, int v, int u) const { return copy * size + v * shape.stride * line + u; }

    void forget() { std::fill(alive.begin(), alive.end(), 0); }

    // Takes over the factors of a copy's axons.
    void take(const uint8_t *factors, int copy) {
        uint8_t *to = bytes.data() + int64_t(copy) * size;
        const int pixels = shape.pixels(), area = pixels / shape.in_channels;
        const int square = shape.kernel * shape.kernel;
        for (int a = 0; a < pixels; ++a) to[place[a]] = factors[a];
        for (int c = 0; c < shape.in_channels; ++c) {
            uint8_t any = 0;
            for (int a = 0; a < area; ++a) any |= factors[c * area + a];
            if (any) memset(alive.data() + c * square, 1, square);
        }
        if (!shape.bias) return;
        memset(to + shape.in_channels * plane, factors[pixels], plane);
        alive.back() |= factors[pixels];
    }
};

}  // namespace
