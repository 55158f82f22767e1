// Error events, and learning when the host asks for it (docs/contract.md, section 5, learn).

#include "learner.h"

extern "C" {

// Adds error events, int32 (copies, neurons), to the sums; 0 and nothing done if a value or a sum
// would leave its range of `bits` bits.
int32_t axonloop_send_errors(const Chip *chip, const State *state, const int32_t *values,
                             int32_t ungated, int32_t bits) {
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
        int32_t events = 0;
        for (int n = 0; n < chip->neurons; ++n) {
            to[n] += from[n];
            events += from[n] != 0;
        }
        state->counters[part * COUNTERS + ERRORS] += events;
    }
    return 1;
}

// The learning step of tick `time`.
void axonloop_learn(const Chip *chip, const State *state, uint32_t time) {
    if (chip->weight_bytes == 1) Learner<int8_t>(*chip, *state).learn(time);
    else Learner<int16_t>(*chip, *state).learn(time);
}

}  // extern "C"
