// Which part of each row of weights has synapses, so that integration and learning need not look.

#include "chip.h"

namespace {

// Fills `span`, `spans_absent` and `visits_absent` of all rows of all weight memories.
template <typename W> void row_spans(const Chip &chip, const State &state) {
    const int64_t rows = int64_t(chip.cores) * chip.rows;
    const int64_t all = (state.shared ? 1 : state.copies) * rows;
    for (int64_t a = 0; a < all; ++a) {
        const W *row = static_cast<const W *>(state.weights) + a * chip.columns;
        int32_t first = chip.columns, last = 0, present = 0;
        bool absent = false;
        for (int n = 0; n < chip.columns; ++n)
            if (row[n] != chip.no_synapse) {
                if (n < first) first = n;
                last = n + 1;
                ++present;
            } else absent |= n >= chip.row_begin[a % rows] && n < chip.row_end[a % rows];
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
