// The rounding hash of the contract, for many synapses at once.

#pragma once

#include <vector>

#ifdef __AVX512VBMI2__
#include <immintrin.h>
#endif

#include "chip.h"

namespace {

constexpr int LANES = 32;  // words in a vector
constexpr int ROOM = 2048 + LANES;  // axons that the hash tells apart, and a vector

struct Word {
    uint16_t x, y;
};

inline uint16_t rotl(uint16_t x, int bits) { return uint16_t(x << bits | x >> (16 - bits)); }

template <int FIRST, int LAST> inline Word rounds(Word word) {
    for (int n = FIRST; n <= LAST; ++n) {
        const uint16_t x = word.x, constant = uint16_t(0x9E37 * (n + 1));
        const uint16_t f = (rotl(x, 1) & rotl(x, 5)) ^ (rotl(x, 7) & rotl(x, 12)) ^ rotl(x, 2);
        word = {uint16_t(word.y ^ f ^ constant), x};
    }
    return word;
}

inline Word mix(Word word, uint32_t value) {
    return {uint16_t(word.x ^ value), uint16_t(word.y ^ value >> 16)};
}

inline Word tick_word(uint32_t seed, uint32_t tick, int core) {
    const Word word = rounds<0, 3>({uint16_t(tick), uint16_t(tick >> 16)});
    return rounds<8, 9>(mix(rounds<4, 7>(mix(word, seed)), uint32_t(core)));
}

// Rounds on LANES words at once.
typedef Vector<uint16_t, LANES>::type Halves;
template <int BITS> inline Halves rotl(Halves x) {
#ifdef __AVX512VBMI2__
    return Halves(_mm512_shldi_epi16(__m512i(x), __m512i(x), BITS));
#else
    return x << BITS | x >> (16 - BITS);
#endif
}
template <int FIRST, int LAST>
inline void rounds(Halves x, Halves y, uint16_t *to_x, uint16_t *to_y) {
    for (int n = FIRST; n <= LAST; ++n) {
        const Halves f = (rotl<1>(x) & rotl<5>(x)) ^ (rotl<7>(x) & rotl<12>(x)) ^ rotl<2>(x);
        const Halves mixed = y ^ f ^ uint16_t(0x9E37 * (n + 1));
        y = x;
        x = mixed;
    }
    memcpy(to_x, &x, sizeof x);
    memcpy(to_y, &y, sizeof y);
}

// Rounds 10 to 13: words of LANES neurons, given by their numbers.
inline void neuron_words(Word word, const uint16_t *neurons, int purpose, uint16_t *to_x, uint16_t *to_y) {
    rounds<10, 13>(load<Halves>(neurons) ^ word.x, Halves{} + uint16_t(word.y ^ purpose), to_x, to_y);
}

// Rounds 14 to 17 of LANES neuron words and one axon's codeword; or of codewords and one word.
inline void synapse_words(const uint16_t *from_x, const uint16_t *from_y, uint32_t code,
                          uint16_t *to_x, uint16_t *to_y) {
    rounds<14, 17>(load<Halves>(from_x) ^ uint16_t(code), load<Halves>(from_y) ^ uint16_t(code >> 16),
                   to_x, to_y);
}

uint32_t codeword(int axon) {
    uint32_t word = 0;
    for (int bit = 0; bit < 11; ++bit)
        if (axon >> bit & 1) word ^= CODE_COLUMNS[bit];
    return word;
}

// The codewords of all axons that the hash tells apart.
const uint32_t *codewords() {
    static const std::vector<uint32_t> words = [] {
        std::vector<uint32_t> found(2048);
        for (int axon = 0; axon < 2048; ++axon) found[axon] = codeword(axon);
        return found;
    }();
    return words.data();
}

// The codewords as low halves x and high halves y, with room for a vector behind the last.
struct Codes {
    uint16_t x[ROOM] = {}, y[ROOM] = {};
};
inline const Codes &halved_codewords() {
    static const Codes halves = [] {
        Codes found;
        for (int n = 0; n < 2048; ++n) {
            found.x[n] = uint16_t(codewords()[n]);
            found.y[n] = uint16_t(codewords()[n] >> 16);
        }
        return found;
    }();
    return halves;
}

}  // namespace
