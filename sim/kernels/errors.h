// Errors of neurons, and their products with the factors of axons, summed over copies.

#pragma once

#include <vector>

#ifdef __AVX512VNNI__
#include <immintrin.h>
#endif

#include "noise.h"

namespace {

constexpr int BLOCK = 64;  // neurons whose updates are computed together

// The neurons of a core that are in error, ascending, and what rounding needs to know of them.
struct Errors {
    std::vector<int32_t> neuron, shift, mask, half;
    std::vector<uint16_t> x, y;
    std::vector<int32_t> before;  // how many of them lie before a neuron of the core
    int count = 0;
    explicit Errors(const Chip &chip) : before(chip.neurons + 1) {
        const int room = chip.neurons + BLOCK;
        for (auto *each : {&neuron, &shift, &mask, &half}) each->assign(room, 0);
        x.assign(room, 0);
        y.assign(room, 0);
    }

    // Takes over those of the core's neurons whose `wrong` is not 0.
    void gather(const Chip &chip, int core, Word word, const uint8_t *wrong) {
        count = 0;
        for (int n = 0; n < chip.neurons; ++n) {
            before[n] = count;
            if (!wrong[n]) continue;
            const int32_t *set =
                chip.sets + chip.neuron_set[int64_t(core) * chip.neurons + n] * REGISTERS;
            const Word own = rounds<10, 13>(mix(word, uint32_t(n)));
            const int32_t one = 1 << set[ETA_SHIFT];
            neuron[count] = n;
            shift[count] = set[ETA_SHIFT];
            mask[count] = set[ROUNDING] ? 0 : one - 1;
            half[count] = set[ROUNDING] ? one >> 1 : 0;
            x[count] = own.x;
            y[count] = own.y;
            ++count;
        }
        before[chip.neurons] = count;
    }
};

// E of a core's neurons, 0 where there is none; the sums are then 0. Is there any?
bool take_errors(const Copy &c, int core, int8_t *values) {
    const int64_t at = int64_t(core) * c.chip.neurons;
    const int32_t limit = c.chip.error_max;
    int32_t *__restrict gated = c.of_neurons(c.state.gated) + at;
    int32_t *__restrict ungated = c.of_neurons(c.state.ungated) + at;
    const uint8_t *__restrict box = c.of_neurons(c.state.box) + at;
    int32_t any = 0;
    for (int n = 0; n < c.chip.neurons; ++n) {
        const int32_t sum = clip(gated[n], limit) * box[n] + clip(ungated[n], limit);
        const int32_t error = clip(sum, limit);
        values[n] = int8_t(error);
        any |= error;
        gated[n] = ungated[n] = 0;
    }
    return any != 0;
}

// The errors of all copies, for the neurons in error in any of them, and their factors.
//
// Copies go by fours, because that is what machines multiply and add at once:
// error (block, copy / 4, neuron of the block, copy % 4); factor (axon of the core, copy).
struct Shares {
    int fours;
    std::vector<int8_t> error;
    std::vector<uint8_t> factor, active;  // active: has any copy a factor?
    Shares(const Chip &chip, int copies)
        : fours((copies + 3) / 4), factor(size_t(chip.axons) * fours * 4), active(chip.axons) {}

    void take_values(const Errors &errors, const std::vector<int8_t> &values, int copies, int neurons) {
        const int blocks = (errors.count + BLOCK - 1) / BLOCK;
        error.assign(size_t(blocks) * fours * BLOCK * 4, 0);
        for (int copy = 0; copy < copies; ++copy) {
            const int8_t *own = values.data() + int64_t(copy) * neurons;
            for (int k = 0; k < errors.count; ++k) {
                const size_t four = size_t(k / BLOCK) * fours + copy / 4;
                error[(four * BLOCK + k % BLOCK) * 4 + copy % 4] = own[errors.neuron[k]];
            }
        }
    }

    void take_factors(const Chip &chip, const State &state, int core) {
        const int64_t axons = int64_t(chip.cores) * chip.axons, at = int64_t(core) * chip.axons;
        memset(active.data(), 0, active.size());
        for (int copy = 0; copy < state.copies; ++copy) {
            const int32_t *own = state.trace_pq + copy * axons + at;
            for (int a = 0; a < chip.axons; ++a) {
                factor[size_t(a) * fours * 4 + copy] = uint8_t(own[a]);
                active[a] |= uint8_t(own[a]);
            }
        }
    }

    // Sums over the copies of E x Pq, for an axon and the neurons of a block.
    void sum(int block, int axon, int32_t *products) const {
        const int8_t *errors = error.data() + size_t(block) * fours * BLOCK * 4;
        const uint8_t *factors = factor.data() + size_t(axon) * fours * 4;
#ifdef __AVX512VNNI__
        __m512i sums[4] = {};
        for (int four = 0; four < fours; ++four) {
            const __m512i four_factors = _mm512_set1_epi32(load<int32_t>(factors + 4 * four));
            const int8_t *from = errors + size_t(four) * BLOCK * 4;
            for (int u = 0; u < 4; ++u)
                sums[u] = _mm512_dpbusd_epi32(sums[u], four_factors, load<__m512i>(from + 64 * u));
        }
        memcpy(products, sums, sizeof sums);
#else
        memset(products, 0, sizeof(int32_t) * BLOCK);
        for (int copy = 0; copy < 4 * fours; ++copy) {
            if (!factors[copy]) continue;
            const int8_t *from = errors + size_t(copy / 4) * BLOCK * 4 + copy % 4;
            for (int k = 0; k < BLOCK; ++k) products[k] += from[4 * k] * factors[copy];
        }
#endif
    }
};

}  // namespace
