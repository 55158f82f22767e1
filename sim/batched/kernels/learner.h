// The learning step of all copies (docs/contract.md, section 5, learn).

#pragma once

#include <algorithm>

#include "convolution/learner.h"
#include "memristor.h"

namespace {

constexpr int MANY = LANES / 4;  // weights of a vector that move together rather than one by one

// Takes `steps` off the weights of the first `some` of LANES neurons. Returns how many weights changed.
template <typename W>
int32_t subtract(W *row, const int32_t *neuron, int some, const int32_t *__restrict steps, int limit,
                 int none) {
    W weights[LANES];
    int32_t changed = 0;
    const bool full = some == LANES && neuron[LANES - 1] - neuron[0] == LANES - 1;
    if (full) memcpy(weights, row + neuron[0], sizeof weights);
    else for (int k = 0; k < LANES; ++k) weights[k] = k < some ? row[neuron[k]] : W(none);
    for (int k = 0; k < LANES; ++k) {
        const int32_t old = weights[k], moved = clip(old - steps[k], limit);
        const int32_t fresh = old == none ? old : moved;
        changed += fresh != old;
        weights[k] = W(fresh);
    }
    if (full) memcpy(row + neuron[0], weights, sizeof weights);
    else for (int k = 0; k < some; ++k) row[neuron[k]] = weights[k];
    return changed;
}

// Updates the synapses of one row to the learning neurons `begin`..`end`, at most BLOCK of them;
// products[k - begin] is c x a of learning neuron k, and 0 up to the end of a vector. Only weights
// that have to move are written. `absent`: the row's span lacks synapses, which are no visits.
template <typename W>
void update(const Chip &chip, W *row, bool absent, const LearningNeurons &learning, int begin, int end,
            uint32_t code, const int32_t *__restrict products, Tally &tally) {
    const int limit = chip.weight_max, none = chip.no_synapse;
    for (int at = begin; at < end; at += LANES) {
        const int32_t *__restrict shift = learning.shift.data() + at;
        const int32_t *__restrict mask = learning.mask.data() + at;
        const int32_t *__restrict half = learning.half.data() + at;
        const int32_t *__restrict product = products + (at - begin);
        uint16_t low[LANES], high[LANES];
        synapse_words(learning.x.data() + at, learning.y.data() + at, code, low, high);
        int32_t steps[LANES], visits = 0, moving = 0;
        uint8_t moves[LANES];
        for (int k = 0; k < LANES; ++k) {
            const int32_t noise = int32_t(uint32_t(high[k]) << 16 | low[k]);
            const int32_t rounded = (product[k] + (noise & mask[k]) + half[k]) >> shift[k];
            steps[k] = product[k] ? rounded : 0;
            moves[k] = steps[k] != 0;
            moving += steps[k] != 0;
            visits += product[k] != 0;
        }
        const int32_t *neuron = learning.neuron.data() + at;
        if (absent)
            for (int k = 0; k < LANES; ++k) visits -= product[k] != 0 && row[neuron[k]] == none;
        tally.visits += visits;
        if (moving > MANY) {
            const int some = end - at < LANES ? end - at : LANES;
            tally.updates += subtract(row, neuron, some, steps, limit, none);
            continue;
        }
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
    LearningNeurons learning{chip};
    Sight sight{chip};
    KernelLearner<W> kernels{chip, state};
    std::vector<int8_t> errors, values;  // E and c, of one copy or of all
    std::vector<int32_t> coefficient;    // c of every learning neuron
    std::vector<uint8_t> learns, factors;
    const uint32_t *codes = codewords();

    Learner(const Chip &of_chip, const State &of_state)
        : chip(of_chip), state(of_state), coefficient(of_chip.neurons + BLOCK),
          learns(of_chip.neurons), factors(of_chip.axons) {
        const size_t copies = state.shared ? state.copies : 1;
        for (auto *each : {&errors, &values}) each->assign(copies * chip.neurons, 0);
    }

    // The row of an axon of a core, and the learning neurons `first`..`last` within its span.
    W *row(const Copy &c, int core, int axon, int &first, int &last, bool &absent) const {
        const int64_t number = int64_t(core) * chip.axons + axon;
        absent = c.spans_absent()[number];
        const int32_t *span = c.span() + 2 * number;
        first = learning.rank[span[0]];
        last = learning.rank[span[1]];
        return c.weights<W>() + number * chip.neurons;
    }

    void count(const Copy &c, int core, const Tally &tally) const {
        c.counters(core)[Counter::VISITS] += tally.visits;
        c.counters(core)[Counter::UPDATES] += tally.updates;
        c.counters(core)[Counter::WRITES] += tally.writes;
    }

    // Writes c of all neurons of a core, by a pass, to `to`; `from` is their E, `wrong` whether any E
    // is not 0. Returns whether any c is not 0.
    bool take_values(const Copy &c, int core, const Pass &pass, bool wrong, const int8_t *from,
                     int8_t *to) const {
        bool any = false;
        for (int r = 0; r < chip.neuron_run_count; ++r) {
            const Run &run = chip.neuron_runs[r];
            if (run.core != core) continue;
            const int32_t *set = chip.sets + run.set * REGISTERS;
            const Term term{set[Register::TERM_0 + pass.number]};
            if (term.axon() != pass.factor || (term.error_driven() && !wrong))
                memset(to + run.begin % chip.neurons, 0, run.end - run.begin);
            else
                any |= coefficients(c, core, set, term, run, from, to);
        }
        return any;
    }

    // Takes over the neurons whose `learns` is not 0, for a pass; `word` is the tick's of the core.
    void gather(int core, const Pass &pass, uint32_t seed, Word word, const uint8_t *learn) {
        learning.gather(chip, core, pass.number, word, learn);
        if (!pass.sees) return;
        sight.gather(chip, core, pass.number, learning, word, tick_word(seed, 0, chip.first + core));
    }

    // The learning neurons `begin`..`end` update their synapses of a row, as `update` says.
    void change(const Copy &c, int core, int axon, const Pass &pass, W *weights, bool absent, int begin,
                int end, const int32_t *products, Tally &tally) {
        if (pass.sees)
            update_seeing(chip, core, weights, c.writes(core, axon), learning, sight, begin, end,
                          codes[axon], products, tally);
        else
            update(chip, weights, absent, learning, begin, end, codes[axon], products, tally);
    }

    // One core of a copy that has weights of its own learns.
    void learn_own(const Copy &c, int core, uint32_t tick) {
        const bool wrong = take_errors(c, core, errors.data());
        const Word word = tick_word(state.seeds[c.copy], tick, chip.first + core);
        Tally tally;
        for (int p = chip.pass_first[core]; p < chip.pass_first[core + 1]; ++p) {
            const Pass &pass = chip.passes[p];
            if (!take_values(c, core, pass, wrong, errors.data(), values.data())) continue;
            if (chip.convolutions) {
                kernels.learn(c, core, pass, 1, values.data(), word, tally);
                continue;
            }
            const auto *learn = reinterpret_cast<const uint8_t *>(values.data());
            gather(core, pass, state.seeds[c.copy], word, learn);
            own_pass(c, core, pass, tally);
        }
        count(c, core, tally);
    }

    void own_pass(const Copy &c, int core, const Pass &pass, Tally &tally) {
        for (int k = 0; k < learning.count; ++k) coefficient[k] = values[learning.neuron[k]];
        axon_factors(c, core, pass.factor, factors.data());
        each_set(factors.data(), 0, chip.axons, [&](int a) {
            int first, last;
            bool absent;
            int32_t products[BLOCK];
            const int32_t factor = factors[a];
            W *weights = row(c, core, a, first, last, absent);
            for (int begin = first, end; begin < last; begin = end) {
                end = begin + BLOCK < last ? begin + BLOCK : last;
                const int32_t *__restrict from = coefficient.data() + begin;
                memset(products, 0, sizeof products);
                for (int k = 0; k < end - begin; ++k) products[k] = from[k] * factor;
                change(c, core, a, pass, weights, absent, begin, end, products, tally);
            }
        });
    }

    // One core of all copies, which share their weights, learns: one update from the sum of c x a.
    void learn_shared(int core, uint32_t tick) {
        const int neurons = chip.neurons;
        std::vector<uint8_t> wrong(state.copies);
        for (int64_t b = 0; b < state.copies; ++b)
            wrong[b] = take_errors(Copy{chip, state, b}, core, errors.data() + b * neurons);
        const Word word = tick_word(state.seeds[0], tick, chip.first + core);
        Tally tally;
        for (int p = chip.pass_first[core]; p < chip.pass_first[core + 1]; ++p) {
            const Pass &pass = chip.passes[p];
            std::fill(learns.begin(), learns.end(), 0);
            bool any = false;
            for (int64_t b = 0; b < state.copies; ++b) {
                const int64_t at = b * neurons;
                int8_t *to = values.data() + at;
                const Copy c{chip, state, b};
                if (!take_values(c, core, pass, wrong[b], errors.data() + at, to)) continue;
                any = true;
                for (int n = 0; n < neurons; ++n) learns[n] |= uint8_t(to[n]);
            }
            if (!any) continue;
            if (chip.convolutions) {
                const Copy c{chip, state, 0};
                kernels.learn(c, core, pass, state.copies, values.data(), word, tally);
                continue;
            }
            gather(core, pass, state.seeds[0], word, learns.data());
            shared_pass(core, pass, tally);
        }
        for (int64_t b = 0; b < state.copies; ++b) count(Copy{chip, state, b}, core, tally);
    }

    void shared_pass(int core, const Pass &pass, Tally &tally) {
        SharedFactors shared(chip, state.copies);
        shared.take_values(learning, values, chip.neurons);
        shared.take_factors(chip, state, core, pass.factor);
        // Block by block, so that what is known of its neurons stays in the cache.
        for (int start = 0; start < learning.count; start += BLOCK)
            for (int tile = 0; tile < shared.tiles(); ++tile)
                shared_tile(core, pass, shared, tile, start, std::min(start + BLOCK, learning.count), tally);
    }

    // The axons of a tile and the learning neurons start..stop, at most BLOCK of them.
    void shared_tile(int core, const Pass &pass, const SharedFactors &shared, int tile, int start, int stop,
                     Tally &tally) {
        struct Part {
            W *weights;
            int begin, end;
            bool absent;
        } parts[TILE];
        const Copy c{chip, state, 0};
        int begin = stop, end = start;
        for (int k = 0; k < TILE; ++k) {
            Part &part = parts[k] = {};
            if (!shared.active[tile * TILE + k]) continue;
            part.weights = row(c, core, tile * TILE + k, part.begin, part.end, part.absent);
            part.begin = std::max(part.begin, start);
            part.end = std::min(part.end, stop);
            if (part.begin >= part.end) continue;
            begin = std::min(begin, part.begin);
            end = std::max(end, part.end);
        }
        if (begin >= end) return;
        int32_t products[TILE][2 * BLOCK] = {};
        shared.sum(tile, begin, end, products);
        for (int k = 0; k < TILE; ++k) {
            const Part &part = parts[k];
            if (part.begin >= part.end) continue;
            memset(products[k] + (part.end - begin), 0, sizeof(int32_t) * (end - part.end));
            change(c, core, tile * TILE + k, pass, part.weights, part.absent, part.begin, part.end,
                   products[k] + (part.begin - begin), tally);
        }
    }

    // The learning step of tick `tick`, of all copies.
    void learn(uint32_t tick) {
        for (int core = 0; core < chip.cores; ++core) {
            if (state.shared && state.copies > 1) learn_shared(core, tick);
            else for (int64_t b = 0; b < state.copies; ++b) learn_own({chip, state, b}, core, tick);
        }
    }
};

}  // namespace
