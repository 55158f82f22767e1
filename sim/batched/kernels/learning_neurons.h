// Neurons that learn, and their products with the factors of axons, summed over copies.

#pragma once

#include <vector>

#ifdef __AVX512VNNI__
#include <immintrin.h>
#endif

#include "terms.h"

namespace {

constexpr int BLOCK = 64;  // neurons whose updates are computed together

// The neurons of a core that learn by a term, ascending, and what rounding needs to know of them.
struct Lines {
    std::vector<int32_t> neuron, shift, mask, half;
    std::vector<uint16_t> number, x, y;  // number: neuron once more, as hashing takes it
    std::vector<int32_t> before;  // how many of them lie before a neuron of the core
    int count = 0;
    explicit Lines(const Chip &chip) : before(chip.neurons + 1) {
        const int room = chip.neurons + BLOCK;
        for (auto *each : {&neuron, &shift, &mask, &half}) each->assign(room, 0);
        for (auto *each : {&number, &x, &y}) each->assign(room, 0);
    }

    // Takes over those of the core's neurons whose `learns` is not 0. `word` is the core's.
    void gather(const Chip &chip, int core, int term, Word word, const uint8_t *learns) {
        count = 0;
        for (int n = 0; n < chip.neurons;) {
            if (n + 8 <= chip.neurons && !load<uint64_t>(learns + n)) {  // none of eight
                for (const int end = n + 8; n < end; ++n) before[n] = count;
                continue;
            }
            before[n] = count;
            neuron[count] = n;
            count += learns[n] != 0;
            ++n;
        }
        before[chip.neurons] = count;
        for (int k = 0; k < count; ++k) {
            const int64_t place = int64_t(core) * chip.neurons + neuron[k];
            const int32_t *set = chip.sets + chip.neuron_set[place] * REGISTERS;
            const int32_t own = set[TERM + term] >> 11 & 31, one = 1 << own;
            number[k] = uint16_t(neuron[k]);
            shift[k] = own;
            mask[k] = set[ROUNDING] ? 0 : one - 1;
            half[k] = set[ROUNDING] ? one >> 1 : 0;
        }
        for (int k = 0; k < count; k += LANES)
            neuron_words(word, number.data() + k, term, x.data() + k, y.data() + k);
    }
};

// The coefficients of all copies, for the neurons that have one in any of them, and their factors.
//
// Copies go by fours, because that is what machines multiply and add at once:
// value (block, copy / 4, neuron of the block, copy % 4); factor (axon of the core, copy).
struct Shares {
    int fours;
    std::vector<int8_t> value;
    std::vector<uint8_t> factor, active;  // active: has any copy a factor?
    Shares(const Chip &chip, int copies)
        : fours((copies + 3) / 4), factor(size_t(chip.axons) * fours * 4), active(chip.axons) {}

    void take_values(const Lines &lines, const std::vector<int8_t> &values, int copies, int neurons) {
        const int blocks = (lines.count + BLOCK - 1) / BLOCK;
        value.assign(size_t(blocks) * fours * BLOCK * 4, 0);
        for (int copy = 0; copy < copies; ++copy) {
            const int8_t *own = values.data() + int64_t(copy) * neurons;
            for (int k = 0; k < lines.count; ++k) {
                const size_t four = size_t(k / BLOCK) * fours + copy / 4;
                value[(four * BLOCK + k % BLOCK) * 4 + copy % 4] = own[lines.neuron[k]];
            }
        }
    }

    void take_factors(const Chip &chip, const State &state, int core, int kind) {
        std::vector<uint8_t> own(chip.axons);
        memset(active.data(), 0, active.size());
        for (int copy = 0; copy < state.copies; ++copy) {
            axon_factors(Copy{chip, state, copy}, core, kind, own.data());
            for (int a = 0; a < chip.axons; ++a) {
                factor[size_t(a) * fours * 4 + copy] = own[a];
                active[a] |= own[a];
            }
        }
    }

    // Sums over the copies of coefficient x factor, for an axon and the neurons of a block.
    void sum(int block, int axon, int32_t *products) const {
        const int8_t *values = value.data() + size_t(block) * fours * BLOCK * 4;
        const uint8_t *factors = factor.data() + size_t(axon) * fours * 4;
#ifdef __AVX512VNNI__
        __m512i sums[4] = {};
        for (int four = 0; four < fours; ++four) {
            const __m512i four_factors = _mm512_set1_epi32(load<int32_t>(factors + 4 * four));
            const int8_t *from = values + size_t(four) * BLOCK * 4;
            for (int u = 0; u < 4; ++u)
                sums[u] = _mm512_dpbusd_epi32(sums[u], four_factors, load<__m512i>(from + 64 * u));
        }
        memcpy(products, sums, sizeof sums);
#else
        memset(products, 0, sizeof(int32_t) * BLOCK);
        for (int copy = 0; copy < 4 * fours; ++copy) {
            if (!factors[copy]) continue;
            const int8_t *from = values + size_t(copy / 4) * BLOCK * 4 + copy % 4;
            for (int k = 0; k < BLOCK; ++k) products[k] += from[4 * k] * factors[copy];
        }
#endif
    }
};

}  // namespace
