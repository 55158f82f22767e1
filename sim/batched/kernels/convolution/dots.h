// Products of bytes, a factor (unsigned) by a coefficient (signed), added up by fours: exact.

#pragma once

#include "../chip.h"

namespace {

constexpr int DOTS = 16;  // sums that are made together, of 64 coefficients

#if defined(__AVX512VNNI__)

struct Dots {
    __m512i sums = {};
    // Four factors, each in all sums, by the four coefficients of each sum.
    struct Factors {
        __m512i four;
        explicit Factors(const uint8_t *from) : four(_mm512_set1_epi32(load<int32_t>(from))) {}
    };
    void add(const Factors &factors, const int8_t *coefficients) {
        sums = _mm512_dpbusd_epi32(sums, factors.four, load<__m512i>(coefficients));
    }
    void store(int32_t *to) const { memcpy(to, &sums, sizeof sums); }
};

#elif defined(__AVX2__)

// Two products of a byte and half a factor, at most 127, fit into 16 bits: 2 x 127 x 128 < 2^15. So
// a factor is taken as twice its half, and its lowest bit.
struct Dots {
    __m256i sums[2] = {};
    struct Factors {
        __m256i half, odd;
        explicit Factors(const uint8_t *from) {
            const __m256i four = _mm256_set1_epi32(load<int32_t>(from));
            half = _mm256_and_si256(_mm256_srli_epi16(four, 1), _mm256_set1_epi8(127));
            odd = _mm256_and_si256(four, _mm256_set1_epi8(1));
        }
    };
    void add(const Factors &factors, const int8_t *coefficients) {
        const __m256i one = _mm256_set1_epi16(1), two = _mm256_set1_epi16(2);
        for (int u = 0; u < 2; ++u) {
            const __m256i own = load<__m256i>(coefficients + 32 * u);
            const __m256i halves = _mm256_madd_epi16(_mm256_maddubs_epi16(factors.half, own), two);
            const __m256i odds = _mm256_madd_epi16(_mm256_maddubs_epi16(factors.odd, own), one);
            sums[u] = _mm256_add_epi32(sums[u], _mm256_add_epi32(halves, odds));
        }
    }
    void store(int32_t *to) const { memcpy(to, sums, sizeof sums); }
};

#else

struct Dots {
    int32_t sums[DOTS] = {};
    struct Factors {
        const uint8_t *four;
        explicit Factors(const uint8_t *from) : four(from) {}
    };
    void add(const Factors &factors, const int8_t *coefficients) {
        if (!load<uint32_t>(factors.four)) return;
        for (int o = 0; o < DOTS; ++o)
            for (int q = 0; q < 4; ++q) sums[o] += coefficients[4 * o + q] * factors.four[q];
    }
    void store(int32_t *to) const { memcpy(to, sums, sizeof sums); }
};

#endif

}  // namespace
