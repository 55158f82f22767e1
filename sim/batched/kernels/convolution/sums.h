// The exact sums of kernels over positions and copies: of coefficient x factor, and of their pairs.

#pragma once

#include <algorithm>
#include <vector>

#include "dots.h"
#include "images.h"

namespace {

constexpr int MOST_PRODUCTS = 1 << 16;  // c x a whose sum fits into 32 bits; a core has no more positions
constexpr int IMAGE_BYTES = 1 << 18;  // of the images that are kept at once
constexpr int ROWS = sizeof(Dots) * 8 <= 512 ? 8 : 4;  // kernel rows that are summed together: sums stay in registers
constexpr int STRIP = DOTS;           // channels that are summed together

// Sums of a convolution, over as many positions and copies as are taken before they are added up.
//
// Positions of a line go by fours, because machines multiply and add four bytes at once.
struct KernelSums {
    Images images;
    int strips, across, capacity;   // strips of channels, fours of a line, fours of all copies
    int fours = 0;                  // fours of positions that have a coefficient
    std::vector<int32_t> place;     // what each sees first
    std::vector<int8_t> value;      // c: (strip, four, channel of the strip, position of the four)
    std::vector<uint8_t> is_factor; // 1 where a byte of `images` is not 0
    std::vector<int8_t> is_value;   // as `value`
    std::vector<int64_t> total;     // of c x a: (kernel row, channel up to a whole number of strips)
    std::vector<int64_t> pairs;     // of c and a that are not 0

    KernelSums(const Shape &shape, int copies)
        : images(shape, copies), strips((shape.channels + STRIP - 1) / STRIP),
          across((shape.wide + 3) / 4), capacity(copies * shape.high * across), place(capacity),
          value(size_t(strips) * capacity * STRIP * 4), is_factor(images.bytes.size()),
          is_value(value.size()), total(size_t(shape.rows()) * strips * STRIP), pairs(total.size()) {}

    const Shape &shape() const { return images.shape; }
    int64_t first(int row) const { return int64_t(row) * strips * STRIP; }

    // Forgets all sums.
    void clear() {
        std::fill(total.begin(), total.end(), 0);
        std::fill(pairs.begin(), pairs.end(), 0);
    }

    // Takes over the coefficients of a copy's neurons. Returns whether any is not 0.
    bool take_values(const int8_t *values, int copy) {
        const int before = fours, channels = shape().channels;
        for (int v = 0; v < shape().high; ++v)
            for (int u = 0; u < shape().wide; u += 4) {
                const int some = std::min(4, shape().wide - u);
                const int8_t *from = values + int64_t(v * shape().wide + u) * channels;
                int8_t any = 0;
                for (int k = 0; k < some * channels; ++k) any |= from[k];
                if (!any) continue;
                place[fours] = images.seen_first(copy, v, u);
                for (int strip = 0; strip < strips; ++strip) pack(from, some, strip);
                ++fours;
            }
        return fours > before;
    }

    // The coefficients of `some` positions, a strip of them, channel by channel.
    void pack(const int8_t *from, int some, int strip) {
        const int channels = shape().channels, first = strip * STRIP;
        uint8_t own[4][STRIP] = {};
        for (int q = 0; q < some; ++q)
            memcpy(own[q], from + q * channels + first, std::min(STRIP, channels - first));
        uint32_t packed[STRIP];
        for (int o = 0; o < STRIP; ++o)
            packed[o] = own[0][o] | own[1][o] << 8 | own[2][o] << 16 | uint32_t(own[3][o]) << 24;
        memcpy(value.data() + (int64_t(strip) * capacity + fours) * sizeof packed, packed, sizeof packed);
    }

    // Adds all that was taken to the sums.
    void add_up() {
        for (size_t k = 0; k < is_factor.size(); ++k) is_factor[k] = images.bytes[k] != 0;
        for (int strip = 0; strip < strips; ++strip) {
            const size_t begin = size_t(strip) * capacity * STRIP * 4, end = begin + fours * STRIP * 4;
            for (size_t k = begin; k < end; ++k) is_value[k] = value[k] != 0;
        }
        int rows[ROWS], count = 0;
        for (int row = 0; row < shape().rows(); ++row) {
            if (images.alive[row]) rows[count++] = row;
            if (count < ROWS && row < shape().rows() - 1) continue;
            if (count) add_rows(rows, count);
            count = 0;
        }
        images.forget();
        fours = 0;
    }

    // Adds to the sums of `count` kernel rows.
    void add_rows(const int *rows, int count) {
        int32_t offset[ROWS];
        for (int r = 0; r < ROWS; ++r) offset[r] = images.offset[rows[std::min(r, count - 1)]];
        for (int strip = 0; strip < strips; ++strip) {
            const int64_t at = int64_t(strip) * capacity * STRIP * 4;
            int32_t products[ROWS][STRIP], both[ROWS][STRIP];
            sum(images.bytes.data(), value.data() + at, offset, products);
            sum(is_factor.data(), is_value.data() + at, offset, both);
            for (int r = 0; r < count; ++r)
                for (int o = 0; o < STRIP; ++o) {
                    total[first(rows[r]) + strip * STRIP + o] += products[r][o];
                    pairs[first(rows[r]) + strip * STRIP + o] += both[r][o];
                }
        }
    }

    // Sums over all fours, for ROWS kernel rows that see the bytes `offset` further and a strip of channels.
    void sum(const uint8_t *factors, const int8_t *values, const int32_t *offset,
             int32_t (*sums)[STRIP]) const {
        Dots parts[ROWS];
        for (int four = 0; four < fours; ++four) {
            const int8_t *own = values + int64_t(four) * STRIP * 4;
            for (int r = 0; r < ROWS; ++r)
                parts[r].add(Dots::Factors(factors + place[four] + offset[r]), own);
        }
        for (int r = 0; r < ROWS; ++r) parts[r].store(sums[r]);
    }
};

}  // namespace
