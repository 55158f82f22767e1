// The neurons of a core that learn by a term, and the sums over copies of their products with the
// factors of axons.

#pragma once

#include <vector>

#include "dots.h"
#include "terms.h"

namespace {

constexpr int BLOCK = 64;  // neurons whose updates are computed together

// The neurons of a core whose coefficient of a term is not 0, by ascending number, and how each rounds.
struct LearningNeurons {
    std::vector<int32_t> neuron;             // the number of learning neuron k in its core
    std::vector<int32_t> shift, mask, half;  // its rounding: (x + (noise & mask) + half) >> shift
    std::vector<uint16_t> number;            // `neuron` in 16 bits, for the hash
    std::vector<uint16_t> x, y;              // the neuron's word of the hash
    std::vector<int32_t> rank;  // per neuron of the core: the learning neurons of lower number
    int count = 0;
    explicit LearningNeurons(const Chip &chip) : rank(chip.neurons + 1) {
        const int room = chip.neurons + BLOCK;
        for (auto *each : {&neuron, &shift, &mask, &half}) each->assign(room, 0);
        for (auto *each : {&number, &x, &y}) each->assign(room, 0);
    }

    // Takes over the neurons of the core whose `learns` is not 0. `word` is the tick's of the core.
    void gather(const Chip &chip, int core, int term, Word word, const uint8_t *learns) {
        count = 0;
        for (int n = 0; n < chip.neurons;) {
            if (n + 8 <= chip.neurons && !load<uint64_t>(learns + n)) {  // none of eight
                for (const int end = n + 8; n < end; ++n) rank[n] = count;
                continue;
            }
            rank[n] = count;
            neuron[count] = n;
            count += learns[n] != 0;
            ++n;
        }
        rank[chip.neurons] = count;
        for (int k = 0; k < count; ++k) {
            const int64_t index = int64_t(core) * chip.neurons + neuron[k];
            const int32_t *set = chip.sets + chip.neuron_set[index] * REGISTERS;
            const int32_t own = Term{set[Register::TERM_0 + term]}.shift(), one = 1 << own;
            number[k] = uint16_t(neuron[k]);
            shift[k] = own;
            mask[k] = set[Register::ROUNDING] ? 0 : one - 1;
            half[k] = set[Register::ROUNDING] ? one >> 1 : 0;
        }
        for (int k = 0; k < count; k += LANES)
            neuron_words(word, number.data() + k, Purpose::TERM + term, x.data() + k, y.data() + k);
    }
};

// The coefficients of the learning neurons and the factors of the axons, in all copies.
//
// Copies go by fours, because machines multiply and add four bytes at once.
struct SharedFactors {
    int fours;                    // copies / 4, up to a whole number
    std::vector<int8_t> value;    // c: (block, copy / 4, learning neuron of the block, copy % 4)
    std::vector<uint8_t> factor;  // a: (axon of the core, copy)
    std::vector<uint8_t> active;  // per axon: is a not 0 in any copy?
    SharedFactors(const Chip &chip, int copies)
        : fours((copies + 3) / 4), factor(size_t(chip.axons) * fours * 4), active(chip.axons) {}

    void take_values(const LearningNeurons &learning, const std::vector<int8_t> &values, int copies,
                     int neurons) {
        const int blocks = (learning.count + BLOCK - 1) / BLOCK;
        value.assign(size_t(blocks) * fours * BLOCK * 4, 0);
        for (int copy = 0; copy < copies; ++copy) {
            const int8_t *own = values.data() + int64_t(copy) * neurons;
            for (int k = 0; k < learning.count; ++k) {
                const size_t four = size_t(k / BLOCK) * fours + copy / 4;
                value[(four * BLOCK + k % BLOCK) * 4 + copy % 4] = own[learning.neuron[k]];
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
        Dots sums[BLOCK / DOTS];
        for (int four = 0; four < fours; ++four) {
            const Dots::Factors own(factors + 4 * four);
            const int8_t *from = values + size_t(four) * BLOCK * 4;
            for (int u = 0; u < BLOCK / DOTS; ++u) sums[u].add(own, from + 4 * DOTS * u);
        }
        for (int u = 0; u < BLOCK / DOTS; ++u) sums[u].store(products + DOTS * u);
    }
};

}  // namespace
