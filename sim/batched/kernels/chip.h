// Common to all parts of the kernels: runs and passes, vectors, decay, one copy of the state.
//
// declarations.h, which structures.py writes, declares `Chip` (registers and tables), `State` and
// the numbers that C++ and Python share. Axons and neurons are numbered through the chip, core by
// core. State arrays have the copies in front: (copies, n), contiguous. Copies share nothing but,
// if so told, their weights. All that is not C's interface is local to each source.

#pragma once

#include <cstdint>
#include <cstring>

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

// Words in a vector of this machine: of wider ones GCC converts the words one by one.
#ifdef __AVX512F__
constexpr int WORDS = 16;
#else
constexpr int WORDS = 8;
#endif

// Vectors of the compiler: it maps them onto whatever the machine has.
template <typename T, int N> struct Vector { typedef T type __attribute__((vector_size(sizeof(T) * N))); };
template <typename V, typename T> inline V load(const T *from) {
    V v;
    memcpy(&v, from, sizeof v);
    return v;
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

// Calls `visit(k)` for every k in 0..count whose byte is not 0.
template <typename Visit> inline void each_byte(const uint8_t *bytes, int count, Visit visit) {
    for (int at = 0; at < count; at += 8)
        if (at + 8 > count || load<uint64_t>(bytes + at))
            for (int k = at; k < count && k < at + 8; ++k)
                if (bytes[k]) visit(k);
}

// Calls `visit(k)` for every k in begin..end whose byte, 0 or 1, is set.
template <typename Visit> inline void each_set(const uint8_t *bytes, int begin, int end, Visit visit) {
    int k = begin;
    for (; k + 8 <= end; k += 8)
        for (uint64_t word = load<uint64_t>(bytes + k); word; word &= word - 1)
            visit(k + __builtin_ctzll(word) / 8);
    for (; k < end; ++k)
        if (bytes[k]) visit(k);
}

}  // namespace
