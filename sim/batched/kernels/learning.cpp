// Error events, and learning when the host asks for it (docs/contract.md, section 5, learn).

#include "learner.h"

extern "C" {

// Adds error events, int32 (copies, neurons), to the error sums. `events` says how many each value
// is the sum of, of the same shape, or is null: then one where the value is not 0. Returns 0, with
// nothing done, if a sum would leave its range of `bits` bits, or a value twice that range.
int32_t axonloop_send_errors(const Chip *chip, const State *state, const int32_t *values,
                             const int32_t *events, int32_t ungated, int32_t bits) {
    int32_t *sums = ungated ? state->ungated : state->gated;
    const int32_t half = 1 << (bits - 1);
    const int64_t total = int64_t(state->copies) * chip->cores * chip->neurons;
    int32_t bad = 0;
    for (int64_t k = 0; k < total; ++k) {
        const int32_t value = values[k], sum = sums[k] + value;
        bad |= (value > 2 * half) | (value < -2 * half) | (sum >= half) | (sum < -half);
    }
    if (bad) return 0;
    for (int64_t part = 0; part < int64_t(state->copies) * chip->cores; ++part) {
        const int32_t *__restrict from = values + part * chip->neurons;
        int32_t *__restrict to = sums + part * chip->neurons;
        const int32_t *__restrict counts = events ? events + part * chip->neurons : nullptr;
        int64_t count = 0;
        for (int n = 0; n < chip->neurons; ++n) to[n] += from[n];
        for (int n = 0; n < chip->neurons; ++n) count += counts ? counts[n] : from[n] != 0;
        state->counters[part * COUNTERS + Counter::ERRORS] += count;
    }
    return 1;
}

// The learning step of tick `tick`.
void axonloop_learn(const Chip *chip, const State *state, uint32_t tick) {
    if (chip->weight_bytes == 1) Learner<int8_t>(*chip, *state).learn(tick);
    else Learner<int16_t>(*chip, *state).learn(tick);
}

}  // extern "C"
