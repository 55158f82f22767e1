// Error events and the learning step of all copies (docs/contract.md, section 5, learn).

#include "errors.h"

namespace {

struct Tally {
    int64_t visits = 0, updates = 0;
};

// Updates the synapses of one row to the neurons in error `begin`..`end`, at most BLOCK of them;
// products[k - begin] is E x Pq of neuron k, and 0 up to the end of a vector. A weight is only
// touched where it has to move; `gaps`: the row lacks synapses, so those there must be counted.
template <typename W>
void update(const Chip &chip, W *row, bool gaps, const Errors &errors, int begin, int end,
            uint32_t code, const int32_t *__restrict products, Tally &tally) {
    const int limit = chip.weight_max, none = chip.no_synapse;
    for (int at = begin; at < end; at += LANES) {
        const int32_t *__restrict shift = errors.shift.data() + at;
        const int32_t *__restrict mask = errors.mask.data() + at;
        const int32_t *__restrict half = errors.half.data() + at;
        const int32_t *__restrict product = products + (at - begin);
        uint16_t low[LANES], high[LANES];
        synapse_words(errors.x.data() + at, errors.y.data() + at, code, low, high);
        int32_t steps[LANES], visits = 0;
        uint8_t moves[LANES];
        for (int k = 0; k < LANES; ++k) {
            const int32_t noise = int32_t(uint32_t(high[k]) << 16 | low[k]);
            const int32_t rounded = (product[k] + (noise & mask[k]) + half[k]) >> shift[k];
            steps[k] = product[k] ? rounded : 0;
            moves[k] = steps[k] != 0;
            visits += product[k] != 0;
        }
        const int32_t *neuron = errors.neuron.data() + at;
        if (gaps)
            for (int k = 0; k < LANES; ++k) visits -= product[k] != 0 && row[neuron[k]] == none;
        tally.visits += visits;
        each_set(moves, 0, LANES, [&](int k) {
            W &weight = row[neuron[k]];
            if (weight == none) return;
            const W fresh = W(clip(weight - steps[k], limit));
            tally.updates += fresh != weight;
            weight = fresh;
        });
    }
}

template <typename W> struct Learner {
    const Chip &chip;
    const State &state;
    uint32_t time;
    Errors errors{chip};
    const uint32_t *codes = codewords();

    Learner(const Chip &of_chip, const State &of_state, uint32_t at)
        : chip(of_chip), state(of_state), time(at) {}

    // The row of an axon of a core, and which of the neurons in error its synapses can reach.
    W *row(const Copy &c, int core, int axon, int &first, int &last, bool &gaps) const {
        const int64_t number = int64_t(core) * chip.axons + axon;
        gaps = state.gaps[c.owner * int64_t(chip.cores) * chip.axons + number];
        const int32_t *extent = c.extent() + 2 * number;
        first = errors.before[extent[0]];
        last = errors.before[extent[1]];
        return c.weights<W>() + number * chip.neurons;
    }

    void count(const Copy &c, int core, const Tally &tally) const {
        c.counters(core)[VISITS] += tally.visits;
        c.counters(core)[UPDATES] += tally.updates;
    }

    // The copy has weights of its own.
    void own(const Copy &c, int core) {
        std::vector<int8_t> values(chip.neurons);
        if (!take_errors(c, core, values.data())) return;
        const auto *wrong = reinterpret_cast<const uint8_t *>(values.data());
        errors.gather(chip, core, tick_word(state.seeds[c.copy], time, chip.first + core), wrong);
        std::vector<int32_t> error(chip.neurons + BLOCK);
        for (int k = 0; k < errors.count; ++k) error[k] = values[errors.neuron[k]];
        int32_t products[BLOCK];
        const int32_t *factors = c.of_axons(state.trace_pq) + int64_t(core) * chip.axons;
        Tally tally;
        for (int a = 0; a < chip.axons; ++a) {
            if (!factors[a]) continue;
            int first, last;
            bool gaps;
            W *weights = row(c, core, a, first, last, gaps);
            for (int begin = first, end; begin < last; begin = end) {
                end = begin + BLOCK < last ? begin + BLOCK : last;
                for (int k = 0; k < BLOCK; ++k)
                    products[k] = begin + k < end ? error[begin + k] * factors[a] : 0;
                update(chip, weights, gaps, errors, begin, end, codes[a], products, tally);
            }
        }
        count(c, core, tally);
    }

    // All copies share their weights: one update from the exact sum of theirs.
    void shared(int core) {
        std::vector<int8_t> values(size_t(state.copies) * chip.neurons);
        std::vector<uint8_t> wrong(chip.neurons);
        const Copy c{chip, state, 0};
        bool any = false;
        for (int64_t copy = 0; copy < state.copies; ++copy) {
            int8_t *own = values.data() + copy * chip.neurons;
            if (!take_errors(Copy{chip, state, copy}, core, own)) continue;
            any = true;
            for (int n = 0; n < chip.neurons; ++n) wrong[n] |= uint8_t(own[n]);
        }
        if (!any) return;
        errors.gather(chip, core, tick_word(state.seeds[0], time, chip.first + core), wrong.data());
        Shares shares(chip, state.copies);
        shares.take_values(errors, values, state.copies, chip.neurons);
        shares.take_factors(chip, state, core);
        Tally tally;
        int32_t products[2 * BLOCK] = {};
        for (int block = 0; block * BLOCK < errors.count; ++block)  // its errors stay near
            for (int a = 0; a < chip.axons; ++a) {
                if (!shares.active[a]) continue;
                int first, last;
                bool gaps;
                W *weights = row(c, core, a, first, last, gaps);
                const int start = block * BLOCK, begin = first > start ? first : start;
                const int end = last < start + BLOCK ? last : start + BLOCK;
                if (begin >= end) continue;
                shares.sum(block, a, products);
                memset(products + (end - start), 0, sizeof(int32_t) * (start + BLOCK - end));
                update(chip, weights, gaps, errors, begin, end, codes[a], products + begin - start,
                       tally);
            }
        for (int64_t copy = 0; copy < state.copies; ++copy)
            count(Copy{chip, state, copy}, core, tally);
    }
};

template <typename W> void learn(const Chip &chip, const State &state, uint32_t time) {
    Learner<W> learner(chip, state, time);
    for (int core = 0; core < chip.cores; ++core) {
        if (state.shared) learner.shared(core);
        else for (int64_t b = 0; b < state.copies; ++b) learner.own({chip, state, b}, core);
    }
}

}  // namespace

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
    if (chip->weight_bytes == 1) learn<int8_t>(*chip, *state, time);
    else learn<int16_t>(*chip, *state, time);
}

}  // extern "C"
