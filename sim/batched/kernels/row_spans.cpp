// Which part of each row of weights has synapses, so that integration and learning need not look.

#include "chip.h"

namespace {

// Fills `span`, `spans_absent` and `visits_absent` of all rows of all weight memories.
template <typename W> void row_spans(const Chip &chip, const State &state) {
    const int64_t axons = int64_t(chip.cores) * chip.axons;
    const int64_t rows = (state.shared ? 1 : state.copies) * axons;
    for (int64_t a = 0; a < rows; ++a) {
        const W *row = static_cast<const W *>(state.weights) + a * chip.neurons;
        int32_t first = chip.neurons, last = 0, present = 0;
        bool absent = false;
        for (int n = 0; n < chip.neurons; ++n)
            if (row[n] != chip.no_synapse) {
                if (n < first) first = n;
                last = n + 1;
                ++present;
            } else absent |= n >= chip.row_begin[a % axons] && n < chip.row_end[a % axons];
        state.visits_absent[a] = absent;
        state.spans_absent[a] = last - first > present;
        state.span[2 * a] = first < last ? first : 0;
        state.span[2 * a + 1] = last;
    }
}

}  // namespace

extern "C" {

// The caller calls this after weights or row descriptors were written, before a tick or a learning step.
void axonloop_row_spans(const Chip *chip, const State *state) {
    if (chip->weight_bytes == 1) row_spans<int8_t>(*chip, *state);
    else row_spans<int16_t>(*chip, *state);
}

}  // extern "C"
