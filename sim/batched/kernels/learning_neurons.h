// The neurons of a core that learn by a term, and the sums over copies of their products with the
// factors of axons.

#pragma once

#include <algorithm>
#include <vector>

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

constexpr int TILE = 16;  // axons whose sums are made together

// Two copies' coefficients c of a learning neuron; the second is 0 where there is no other.
struct CoefficientPair {
    uint16_t copy[2];
    int16_t c[2];
};

// Sums for the axons of a tile.
struct TileSums {
    typedef Vector<uint8_t, TILE>::type Bytes;
    typedef Vector<int32_t, TILE / 2>::type Words;
    Words sums[2] = {};

    // Adds c[0] x a + c[1] x b. A product of two bytes fits into 16 bits, so two of them into 32.
    void add(Bytes a, Bytes b, const int16_t *c) {
#ifdef __AVX2__
        const __m256i both = _mm256_set1_epi32(load<int32_t>(c));
        const __m128i low = _mm_unpacklo_epi8(__m128i(a), __m128i(b));
        const __m128i high = _mm_unpackhi_epi8(__m128i(a), __m128i(b));
        sums[0] += Words(_mm256_madd_epi16(_mm256_cvtepu8_epi16(low), both));
        sums[1] += Words(_mm256_madd_epi16(_mm256_cvtepu8_epi16(high), both));
#else
        for (int k = 0; k < TILE; ++k) sums[k / 8][k % 8] += a[k] * c[0] + b[k] * c[1];
#endif
    }
};

// The coefficients of the learning neurons that are not 0, and the factors of the axons, in all copies.
struct SharedFactors {
    int copies;
    std::vector<int32_t> first;    // pairs of learning neuron k: first[k]..first[k + 1]
    std::vector<CoefficientPair> pairs;
    std::vector<int32_t> taken;    // coefficients of each learning neuron that have been written
    std::vector<uint8_t> factor;   // a: (tile, copy, axon of the tile)
    std::vector<uint8_t> active;   // per axon, up to whole tiles: is a not 0 in any copy?
    SharedFactors(const Chip &chip, int of_copies)
        : copies(of_copies), active((chip.axons + TILE - 1) / TILE * TILE) {
        factor.resize(active.size() * copies);
    }

    int tiles() const { return int(active.size()) / TILE; }

    // `values` are those of all copies, each 0 but for learning neurons.
    void take_values(const LearningNeurons &learning, const std::vector<int8_t> &values, int neurons) {
        const auto each = [&](auto visit) {
            for (int copy = 0; copy < copies; ++copy) {
                const auto *own = values.data() + int64_t(copy) * neurons;
                each_set(reinterpret_cast<const uint8_t *>(own), 0, neurons,
                         [&](int n) { visit(learning.rank[n], copy, own[n]); });
            }
        };
        taken.assign(learning.count, 0);
        each([&](int k, int, int) { ++taken[k]; });
        first.assign(learning.count + 1, 0);
        for (int k = 0; k < learning.count; ++k) first[k + 1] = first[k] + (taken[k] + 1) / 2;
        pairs.assign(first[learning.count], {});
        std::fill(taken.begin(), taken.end(), 0);
        each([&](int k, int copy, int c) {
            CoefficientPair &pair = pairs[first[k] + taken[k] / 2];
            pair.copy[taken[k] % 2] = uint16_t(copy);
            pair.c[taken[k]++ % 2] = int16_t(c);
        });
    }

    void take_factors(const Chip &chip, const State &state, int core, int kind) {
        std::vector<uint8_t> own(active.size());
        for (int copy = 0; copy < copies; ++copy) {
            axon_factors(Copy{chip, state, copy}, core, kind, own.data());
            for (size_t a = 0; a < own.size(); ++a) active[a] |= own[a];
            for (int tile = 0; tile < tiles(); ++tile)
                memcpy(factor.data() + (size_t(tile) * copies + copy) * TILE, own.data() + tile * TILE, TILE);
        }
    }

    // Sums over the copies of coefficient x factor, for the axons of a tile and the learning neurons begin..end:
    // `products`, row by row, begins with neuron `begin`.
    void sum(int tile, int begin, int end, int32_t (*products)[2 * BLOCK]) const {
        const uint8_t *factors = factor.data() + size_t(tile) * copies * TILE;
        for (int k = begin; k < end; ++k) {
            TileSums total;
            for (int p = first[k]; p < first[k + 1]; ++p) {
                const uint16_t *copy = pairs[p].copy;
                total.add(load<TileSums::Bytes>(factors + copy[0] * TILE),
                          load<TileSums::Bytes>(factors + copy[1] * TILE), pairs[p].c);
            }
            int32_t all[TILE];
            memcpy(all, total.sums, sizeof all);
            for (int a = 0; a < TILE; ++a) products[a][k - begin] = all[a];
        }
    }
};

}  // namespace
