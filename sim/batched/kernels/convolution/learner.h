// How kernels learn: one sum over all pairs of a weight, one rounding, one step.

#pragma once

#include "../terms.h"
#include "sums.h"

namespace {

constexpr int HASHED_ROWS = 2048;  // kernel rows that the axon of the hash can number

// How the channels of a convolution round in a pass, and their words of the hash.
struct ChannelRounding {
    std::vector<int32_t> shift, mask, half;
    std::vector<uint16_t> number, x, y;

    void gather(const Chip &chip, const Shape &shape, int term) {
        const int room = shape.channels + LANES;
        for (auto *each : {&shift, &mask, &half}) each->assign(room, 0);
        for (auto *each : {&number, &x, &y}) each->assign(room, 0);
        const int64_t first = int64_t(shape.core) * chip.neurons + shape.neuron;
        for (int o = 0; o < shape.channels; ++o) {
            const int32_t *set = chip.sets + chip.neuron_set[first + o] * REGISTERS;
            const int32_t own = Term{set[Register::TERM_0 + term]}.shift(), one = 1 << own;
            shift[o] = own;
            mask[o] = set[Register::ROUNDING] ? 0 : one - 1;
            half[o] = set[Register::ROUNDING] ? one >> 1 : 0;
        }
    }

    // The words for the kernel rows from `row` on, a multiple of HASHED_ROWS; `word` is the tick's.
    void draw(int row, int term, Word word) {
        for (size_t k = 0; k < number.size(); ++k) number[k] = uint16_t(row + k);
        for (size_t k = 0; k + LANES <= number.size(); k += LANES)
            neuron_words(word, number.data() + k, Purpose::TERM + term, x.data() + k, y.data() + k);
    }
};

template <typename W> struct KernelLearner {
    const Chip &chip;
    const State &state;
    std::vector<KernelSums> kernels;  // of every convolution
    std::vector<uint8_t> factors;
    ChannelRounding rounding;
    const uint32_t *codes = codewords();

    KernelLearner(const Chip &of_chip, const State &of_state)
        : chip(of_chip), state(of_state), factors(of_chip.axons) {
        for (int k = 0; k < chip.shape_count; ++k)
            kernels.emplace_back(chip.shapes[k], at_once(chip.shapes[k]));
    }

    // Copies whose sums are made together.
    int at_once(const Shape &shape) const {
        const int pixels = shape.pixels() + shape.positions() * shape.channels;
        const int most = std::min(MOST_PRODUCTS / shape.positions(), IMAGE_BYTES / pixels);
        return std::max(1, std::min(most, state.shared ? state.copies : 1));
    }

    // All kernels of a core learn by a pass: from `copies` copies, of which `c` is the first. `values`
    // are the coefficients (copies, neurons of the core), `word` is the tick's of the core.
    void learn(const Copy &c, int core, const Pass &pass, int copies, const int8_t *values, Word word,
               Tally &tally) {
        for (KernelSums &kernel : kernels)
            if (kernel.shape().core == core && add_up(kernel, c, pass, copies, values))
                step(kernel, c.weights<W>(), pass, word, tally);
    }

    // Makes the sums of a kernel. Returns whether there is any coefficient.
    bool add_up(KernelSums &kernel, const Copy &c, const Pass &pass, int copies, const int8_t *values) {
        const Shape &shape = kernel.shape();
        const int together = at_once(shape);
        bool any = false;
        for (int begin = 0; begin < copies; begin += together) {
            for (int k = begin; k < copies && k < begin + together; ++k) {
                const int8_t *own = values + int64_t(k) * chip.neurons + shape.neuron;
                if (!kernel.take_values(own, k - begin)) continue;
                axon_factors({chip, state, c.copy + k}, shape.core, pass.factor, factors.data());
                kernel.images.take(factors.data() + shape.axon, k - begin);
            }
            if (!kernel.fours) continue;
            if (!any) kernel.clear();
            any = true;
            kernel.add_up();
        }
        return any;
    }

    // Changes the weights of a kernel by its sums.
    void step(const KernelSums &kernel, W *weights, const Pass &pass, Word word, Tally &tally) {
        const Shape &shape = kernel.shape();
        rounding.gather(chip, shape, pass.number);
        for (int r = 0, drawn = -1; r < shape.rows(); ++r) {
            const int row = shape.row + r;
            if (row / HASHED_ROWS != drawn) {
                drawn = row / HASHED_ROWS;
                rounding.draw(drawn * HASHED_ROWS, pass.number, word);
            }
            W *own = weights + (int64_t(shape.core) * chip.rows + row) * chip.columns;
            const int64_t first = kernel.first(r);
            step_row(own, shape.channels, codes[row % HASHED_ROWS], &kernel.total[first],
                     &kernel.pairs[first], tally);
        }
    }

    // Changes a row of a kernel. A sum of 0 is a step of 0, whatever the noise.
    void step_row(W *weights, int channels, uint32_t code, const int64_t *total, const int64_t *pairs,
                  Tally &tally) const {
        const int64_t limit = chip.weight_max;
        const int32_t none = chip.no_synapse;
        int64_t visits = 0, updates = 0;
        for (int at = 0; at < channels; at += LANES) {
            uint16_t low[LANES], high[LANES];
            synapse_words(rounding.x.data() + at, rounding.y.data() + at, code, low, high);
            const int some = std::min(LANES, channels - at);
            for (int k = 0; k < some; ++k) {
                const int o = at + k;
                const int32_t old = weights[o], noise = int32_t(uint32_t(high[k]) << 16 | low[k]);
                const int64_t x = total[o] + (noise & rounding.mask[o]) + rounding.half[o];
                const int64_t moved = old - (x >> rounding.shift[o]);
                const int64_t clipped = moved < -limit ? -limit : moved > limit ? limit : moved;
                const int64_t fresh = old == none ? old : clipped;
                visits += old == none ? 0 : pairs[o];
                updates += fresh != old;
                weights[o] = W(fresh);
            }
        }
        tally.visits += visits;
        tally.updates += updates;
    }
};

}  // namespace
