// Terms that see the weight that they change, or change it by pulses (docs/contract.md, section 5,
// learn).

#pragma once

#include "learning_neurons.h"

namespace {

constexpr int MOST_PARTS = 255;  // parts of a pulse are clipped here

// What the learning neurons of a pass need beside their rounding, and their words of the hash: of the
// write in this tick, and of the synapse for good.
struct Sight {
    std::vector<int32_t> weighted, pulsed, nearest, cycle, device;
    std::vector<uint16_t> write_x, write_y, device_x, device_y;
    bool pulses = false;  // does any neuron learn by pulses?
    explicit Sight(const Chip &chip) {
        const int room = chip.memristor ? chip.neurons + BLOCK : 0;
        for (auto *each : {&weighted, &pulsed, &nearest, &cycle, &device}) each->assign(room, 0);
        for (auto *each : {&write_x, &write_y, &device_x, &device_y}) each->assign(room, 0);
    }

    // Takes over what `learning` has gathered for a term. `word` is the tick's of the core, `fixed`
    // that of tick 0.
    void gather(const Chip &chip, int core, int term, const LearningNeurons &learning, Word word,
                Word fixed) {
        pulses = false;
        for (int k = 0; k < learning.count; ++k) {
            const int64_t index = int64_t(core) * chip.neurons + learning.neuron[k];
            const int32_t *set = chip.sets + chip.neuron_set[index] * REGISTERS;
            const Term own{set[Register::TERM_0 + term]};
            weighted[k] = own.weighted();
            pulsed[k] = own.pulsed();
            nearest[k] = set[Register::ROUNDING];
            cycle[k] = set[Register::CYCLE_TO_CYCLE];
            device[k] = set[Register::DEVICE_TO_DEVICE];
            pulses |= own.pulsed();
        }
        for (int k = 0; pulses && k < learning.count; k += LANES) {
            const uint16_t *number = learning.number.data() + k;
            neuron_words(word, number, Purpose::PULSE + term, write_x.data() + k, write_y.data() + k);
            neuron_words(fixed, number, Purpose::PATTERN, device_x.data() + k, device_y.data() + k);
        }
    }
};

// The bits `low`..`low` + 7 of a word, signed.
inline int32_t signed_byte(uint32_t word, int low) { return int8_t(word >> low); }

// What a pulse of |moved| parts changes: D of the contract, for learning neuron `k`; adds a write.
inline int32_t pulse(const Sight &sight, int k, int64_t moved, bool up, int32_t headroom,
                     const int32_t *share, uint32_t drawn, uint32_t fixed, int64_t &writes) {
    const int64_t size = moved < 0 ? -moved : moved;
    const int32_t cycle = sight.cycle[k] * signed_byte(drawn, 12) >> 7;
    const int32_t device = sight.device[k] * signed_byte(fixed, up ? 0 : 8) >> 7;
    const int32_t factor = 256 + cycle + device, kept = factor < 0 ? 0 : factor;
    int32_t parts = size > MOST_PARTS ? MOST_PARTS : int32_t(size);
    parts = (parts * kept + 128) >> 8;
    if (parts > MOST_PARTS) parts = MOST_PARTS;
    writes += parts > 0;
    const int32_t noise = sight.nearest[k] ? 1 << 11 : int32_t(drawn & 0xFFF);
    return (headroom * share[parts] + noise) >> 12;
}

// As `update` of learner.h, for a pass in which terms see the weights. `tables` are those of the core:
// by polarity, words for weights that fall come first.
template <typename W>
void update_seeing(const Chip &chip, int core, W *row, int32_t *row_writes,
                   const LearningNeurons &learning, const Sight &sight, int begin, int end,
                   uint32_t code, const int32_t *__restrict products, Tally &tally) {
    const int32_t most = chip.weight_max, none = chip.no_synapse;
    const int32_t *gain = chip.gain + core * 512, *share = chip.share + core * 512;
    const int32_t *gain_shift = chip.gain_shift + core * 2;
    for (int at = begin; at < end; at += LANES) {
        const int some = end - at < LANES ? end - at : LANES;
        uint16_t low[LANES], high[LANES], write_low[LANES], write_high[LANES], fixed[LANES], unused[LANES];
        synapse_words(learning.x.data() + at, learning.y.data() + at, code, low, high);
        if (sight.pulses) {
            const uint16_t *x = sight.write_x.data() + at, *y = sight.write_y.data() + at;
            synapse_words(x, y, code, write_low, write_high);
            x = sight.device_x.data() + at, y = sight.device_y.data() + at;
            synapse_words(x, y, code, fixed, unused);
        }
        for (int lane = 0; lane < some; ++lane) {
            const int k = at + lane;
            W &weight = row[learning.neuron[k]];
            const int64_t product = products[k - begin];
            const int32_t old = weight;
            if (!product || old == none) continue;
            const bool up = product < 0;
            const int32_t headroom = up ? most - old : most + old;
            const int64_t factor = sight.weighted[k] ? gain[up * 256 + (headroom >> chip.coarse)] : 1;
            const int shift = learning.shift[k] + (sight.weighted[k] ? gain_shift[up] : 0);
            const int64_t one = int64_t(1) << shift;
            const uint32_t random = uint32_t(high[lane]) << 16 | low[lane];
            const int64_t noise = sight.nearest[k] ? one >> 1 : random & (one - 1);
            const int64_t moved = (product * factor + noise) >> shift;
            int64_t fresh = old - moved, writes = 0;
            if (sight.pulsed[k]) {
                const uint32_t drawn = uint32_t(write_high[lane]) << 16 | write_low[lane];
                const int32_t change = pulse(sight, k, moved, up, headroom, share + up * 256, drawn,
                                             fixed[lane], writes);
                fresh = up ? old + change : old - change;
            }
            fresh = fresh < -most ? -most : fresh > most ? most : fresh;
            weight = W(fresh);
            tally.visits += 1;
            tally.updates += fresh != old;
            tally.writes += writes;
            if (row_writes) row_writes[learning.neuron[k]] += int32_t(writes);
        }
    }
}

}  // namespace
