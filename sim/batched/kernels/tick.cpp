// Ticks of all copies (docs/contract.md, section 5).

#include <optional>
#include <vector>

#include "learner.h"
#include "neurons.h"
#include "synapses.h"
#include "traces.h"

namespace {

constexpr int MOST_SLOTS = 16;  // delay slots that a chip can have

// Memory that the ticks of all copies use one after the other: ACC, spikes and the noise at thresholds
// of the chip, events of a core, rows without the synapses that drop a spike.
template <typename W> struct Scratch {
    std::vector<int32_t> acc, events, noise;
    std::vector<int64_t> exact;  // of a core with a mask: sums in parts of 256
    std::vector<uint8_t> spikes;
    std::vector<W> kept;
    explicit Scratch(const Chip &chip)
        : acc(size_t(chip.cores) * chip.neurons), events(chip.axons),
          noise(chip.threshold_noise ? acc.size() : 0), exact(chip.mask ? chip.neurons : 0),
          spikes(size_t(chip.cores) * chip.axons),
          kept(chip.blank_out ? size_t(EVENTS_AT_ONCE) * chip.neurons : 0) {}
};

// Steps 1 and 2 of one core of a copy; `given`: what the host sends for tick `tick` to the copy's axons.
template <typename W>
void arrive_and_integrate(const Copy &c, int core, uint32_t tick, const uint8_t *given,
                          Scratch<W> &s) {
    const int begin = core * c.chip.axons, end = begin + c.chip.axons;
    uint8_t *slot = c.slot(tick);
    int64_t *counters = c.counters(core);
    const uint8_t *__restrict always = c.chip.always_on;
    int32_t twice = 0;
    for (int a = begin; a < end; ++a) {
        twice += given[a] & slot[a];
        slot[a] |= given[a];
    }
    counters[Counter::COLLISIONS] += twice;
    uint8_t *__restrict spikes = s.spikes.data();
    for (int a = begin; a < end; ++a) spikes[a] = slot[a] | always[a];
    memset(slot + begin, 0, c.chip.axons);
    int count = 0;
    int32_t *events = s.events.data();
    each_set(spikes, begin, end, [&](int a) { events[count++] = a; });
    int32_t *acc = s.acc.data() + int64_t(core) * c.chip.neurons;
    counters[Counter::SYNOPS] +=
        integrate(c, core, tick, events, count, s.kept.data(), s.exact.data(), acc);
    counters[Counter::EVENTS] += count;
    counters[Counter::TICKS] += 1;
}

// Step 5: sets the pending bits that the spikes of tick `tick` reach, and counts spikes by router port.
void emit(const Copy &c, uint32_t tick) {
    const Chip &chip = c.chip;
    const uint8_t *spike = c.of_neurons(c.state.spike);
    uint8_t *slots[MOST_SLOTS];  // by delay
    for (int delay = 0; delay < chip.slots; ++delay) slots[delay] = c.slot(tick + 1 + delay);
    for (int core = 0; core < chip.cores; ++core) {
        int64_t fired = 0;
        each_set(spike, core * chip.neurons, (core + 1) * chip.neurons, [&](int n) {
            ++fired;
            for (int e = chip.fan_first[n]; e < chip.fan_first[n + 1]; ++e) {
                uint8_t &bit = slots[chip.fan_delay[e]][chip.fan_axon[e]];
                if (bit) ++c.counters(chip.fan_axon[e] / chip.axons)[Counter::COLLISIONS];
                bit = 1;
                for (int r = chip.route_first[e]; r < chip.route_first[e + 1]; ++r)
                    ++c.counters(0)[chip.route_counter[r]];
            }
        });
        c.counters(core)[Counter::SPIKES] += fired;
    }
}

// Steps 1 to 5 of tick `tick` of one copy, with the host's spikes `given` for its axons.
template <typename W>
void step_copy(const Copy &c, uint32_t tick, const uint8_t *given, Scratch<W> &s) {
    const Chip &chip = c.chip;
    for (int core = 0; core < chip.cores; ++core)
        arrive_and_integrate(c, core, tick, given, s);
    if (chip.threshold_noise) draw_noise(c, tick, s.noise.data());
    for (int k = 0; k < chip.neuron_run_count; ++k)
        step_neurons(c, chip.neuron_runs[k], s.acc.data(), s.noise.data());
    for (int k = 0; k < chip.shape_count; ++k)
        if (chip.shapes[k].pool > 1) pool_boxes(c, chip.shapes[k], s.acc.data());
    for (int k = 0; k < chip.axon_run_count; ++k)
        step_traces(c, chip.axon_runs[k], s.spikes.data());
    emit(c, tick);
}

// Ticks of all copies, from the spikes that the host gives to those that the chips report.
template <typename W> struct Runner {
    const Chip &chip;
    const State &state;
    const uint8_t *given;
    uint8_t *reported;
    Scratch<W> scratch{chip};
    std::optional<Learner<W>> learner{};

    // Tick `tick` + `t` of a copy, the one in row `t` of `given` and `reported`.
    void step(const Copy &c, uint32_t tick, int t) {
        const int64_t index = int64_t(t) * state.copies + c.copy, neurons = c.neurons;
        step_copy(c, tick + t, given + index * c.axons, scratch);
        const uint8_t *__restrict spike = c.of_neurons(state.spike);
        const uint8_t *__restrict report = chip.report;
        uint8_t *__restrict out = reported + index * neurons;
        for (int64_t n = 0; n < neurons; ++n) out[n] = spike[n] & report[n];
    }

    void run(uint32_t tick, int ticks, bool learn) {
        if (learn) learner.emplace(chip, state);
        if (learn && state.shared) {  // they learn together
            for (int t = 0; t < ticks; ++t) {
                for (int64_t copy = 0; copy < state.copies; ++copy) step({chip, state, copy}, tick, t);
                learner->learn(tick + t);
            }
            return;
        }
        // All ticks of one copy before the next copy's: its state stays in the cache.
        for (int64_t copy = 0; copy < state.copies; ++copy) {
            const Copy c{chip, state, copy};
            for (int t = 0; t < ticks; ++t) {
                step(c, tick, t);
                for (int core = 0; learn && core < chip.cores; ++core)
                    learner->learn_own(c, core, tick + t);
            }
        }
    }
};

}  // namespace

extern "C" {

// Runs the ticks `tick`, `tick` + 1, ...; with `learn`, learning follows each. `given` are spikes of the
// host, (ticks, copies, axons); `reported` is filled with (ticks, copies, neurons), those of neurons
// that the host hears. All bytes are 0 or 1.
void axonloop_run(const Chip *chip, const State *state, uint32_t tick, int32_t ticks, int32_t learn,
                  const uint8_t *given, uint8_t *reported) {
    if (chip->weight_bytes == 1)
        Runner<int8_t>{*chip, *state, given, reported}.run(tick, ticks, learn);
    else
        Runner<int16_t>{*chip, *state, given, reported}.run(tick, ticks, learn);
}

}  // extern "C"
