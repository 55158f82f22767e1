// Common to all parts of the kernels: runs and passes, vectors, decay, one copy of the state.
//
// declarations.h, which structures.py writes, declares `Chip` (registers and tables), `State` and
// the numbers that C++ and Python share. Axons and neurons are numbered through the chip, core by
// core. State arrays have the copies in front: (copies, n), contiguous. Copies share nothing but,
// if so told, their weights. All that is not C's interface is local to each source.

#pragma once

#include <cstdint>
#include <cstring>
#include <type_traits>

#ifdef __AVX2__
#include <immintrin.h>
#endif

#include "convolution/shape.h"
#include "declarations.h"

// Neighbouring neurons or axons of one core that share a parameter set; for axons also the
// PqSource, which is 0 for neurons.
struct Run {
    int32_t core, begin, end, set, source;
};

// A pass of learning over a core: all terms of one number that take one factor of the axons. `sees`: do
// any of them see the weight that they change?
struct Pass {
    int32_t number, factor, sees;
};

namespace {

// Bytes and words in the vectors that sums are made in: those of AVX-512, of AVX2, or two shorter ones. GCC
// converts the words of longer ones one by one, and keeps them in memory.
#ifdef __AVX512BW__
constexpr int BYTES = 64;
#else
constexpr int BYTES = 32;
#endif
constexpr int WORDS = BYTES / 4;
constexpr int TOGETHER = 64;  // elements of which first all 32-bit results are made, then all bytes: one loop for both spills

// Vectors of the compiler: it maps them onto whatever the machine has.
template <typename T, int N> struct Vector { typedef T type __attribute__((vector_size(sizeof(T) * N))); };
template <typename V, typename T> inline V load(const T *from) {
    V v;
    memcpy(&v, from, sizeof v);
    return v;
}

// The elements of a vector in a vector of wider ones. GCC takes apart what it converts by itself.
template <typename To, typename From> inline To widen(From v) {
    [[maybe_unused]] typedef std::remove_reference_t<decltype(v[0])> Element;
#ifdef __AVX2__
    if constexpr (sizeof(From) == 16 && sizeof(To) == 32) {
        if constexpr (std::is_same_v<Element, int8_t>) return To(_mm256_cvtepi8_epi16(__m128i(v)));
        if constexpr (std::is_same_v<Element, uint8_t>) return To(_mm256_cvtepu8_epi16(__m128i(v)));
        if constexpr (std::is_same_v<Element, int16_t>) return To(_mm256_cvtepi16_epi32(__m128i(v)));
    }
#endif
#ifdef __AVX512BW__
    if constexpr (sizeof(From) == 32 && sizeof(To) == 64) {
        if constexpr (std::is_same_v<Element, int8_t>) return To(_mm512_cvtepi8_epi16(__m256i(v)));
        if constexpr (std::is_same_v<Element, int16_t>) return To(_mm512_cvtepi16_epi32(__m256i(v)));
    }
#endif
    return __builtin_convertvector(v, To);
}

inline int32_t clip(int32_t x, int32_t limit) { return x < -limit ? -limit : x > limit ? limit : x; }

// x times factor / 4096, toward zero. WIDE: high and low part of x apart, because a 24-bit x times a
// factor does not fit in 32 bits.
template <bool WIDE> inline int32_t decay(int32_t x, int32_t factor) {
    const int32_t size = x < 0 ? -x : x;
    const int32_t kept = WIDE ? (size >> 12) * factor + (((size & 4095) * factor) >> 12)
                              : (size * factor) >> 12;
    return x < 0 ? -kept : kept;
}

// One copy of a chip: where its part of each array begins.
struct Copy {
    const Chip &chip;
    const State &state;
    int64_t copy;
    int64_t axons = int64_t(chip.cores) * chip.axons, neurons = int64_t(chip.cores) * chip.neurons;
    int64_t rows = int64_t(chip.cores) * chip.rows;  // of weights
    int64_t owner = state.shared ? 0 : copy;         // of the weights

    template <typename T> T *of_neurons(T *all) const { return all + copy * neurons; }
    template <typename T> T *of_axons(T *all) const { return all + copy * axons; }
    template <typename W> W *weights() const {
        return static_cast<W *>(state.weights) + owner * rows * chip.columns;
    }
    const uint8_t *visits_absent() const { return state.visits_absent + owner * rows; }
    const uint8_t *spans_absent() const { return state.spans_absent + owner * rows; }
    const int32_t *span() const { return state.span + owner * rows * 2; }
    // Counts of writes of a row, if they are kept.
    int32_t *writes(int core, int axon) const {
        if (!state.writes) return nullptr;
        return state.writes + (owner * axons + int64_t(core) * chip.axons + axon) * chip.neurons;
    }
    uint8_t *slot(uint32_t tick) const {
        return state.pending + (tick % chip.slots * state.copies + copy) * axons;
    }
    int64_t *counters(int core) const {
        return state.counters + (copy * chip.cores + core) * COUNTERS;
    }
};

// Bit k of the result says whether byte k of `count` bytes, at most 64, is not 0.
inline uint64_t bits_of(const uint8_t *bytes, int count) {
    uint64_t bits = 0;
    int k = 0;
#ifdef __AVX2__
    for (; k + 32 <= count; k += 32) {
        const __m256i zero = _mm256_cmpeq_epi8(load<__m256i>(bytes + k), _mm256_setzero_si256());
        bits |= uint64_t(~uint32_t(_mm256_movemask_epi8(zero))) << k;
    }
#endif
    constexpr uint64_t low = 0x7f7f7f7f7f7f7f7f;
    for (; k + 8 <= count; k += 8) {
        const uint64_t word = load<uint64_t>(bytes + k);
        const uint64_t set = (((word & low) + low) | word) >> 7 & 0x0101010101010101;
        bits |= (set * 0x0102040810204080 >> 56) << k;  // byte k of `set` comes to bit 56 + k
    }
    for (; k < count; ++k) bits |= uint64_t(bytes[k] != 0) << k;
    return bits;
}

// Calls `visit(k)` for every k in begin..end whose byte is not 0.
template <typename Visit> inline void each_set(const uint8_t *bytes, int begin, int end, Visit visit) {
    for (int k = begin; k < end; k += 64)
        for (uint64_t bits = bits_of(bytes + k, end - k < 64 ? end - k : 64); bits; bits &= bits - 1)
            visit(k + __builtin_ctzll(bits));
}

}  // namespace
