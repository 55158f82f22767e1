// What integration and learning know of the rows of weights before they read them.

#include "chip.h"

namespace {

// What the rows look like, after weights were loaded or descriptors changed.
template <typename W> void survey(const Chip &chip, const State &state) {
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
        state.holes[a] = absent;
        state.gaps[a] = last - first > present;
        state.extent[2 * a] = first < last ? first : 0;
        state.extent[2 * a + 1] = last;
    }
}

}  // namespace

extern "C" {

// To be called once weights were loaded or row descriptors changed, before anything else.
void axonloop_survey(const Chip *chip, const State *state) {
    if (chip->weight_bytes == 1) survey<int8_t>(*chip, *state);
    else survey<int16_t>(*chip, *state);
}

}  // extern "C"
