// Ticks of all copies, and their parts alone.

#include <optional>
#include <vector>

#include "learner.h"
#include "neurons.h"
#include "synapses.h"
#include "traces.h"

namespace {

template <typename W> struct Scratch {
    std::vector<int32_t> acc, events;
    std::vector<uint8_t> spikes;
    std::vector<W> thinned;
    explicit Scratch(const Chip &chip)
        : acc(size_t(chip.cores) * chip.neurons), events(chip.axons),
          spikes(size_t(chip.cores) * chip.axons),
          thinned(chip.blanks ? size_t(EVENTS_AT_ONCE) * chip.neurons : 0) {}
};

// Steps 1 and 2 of one core; `given` are spikes that the host sends for this tick, or null.
template <typename W>
void arrive_and_integrate(const Copy &c, int core, uint32_t time, const uint8_t *given,
                          Scratch<W> &s) {
    const int begin = core * c.chip.axons, end = begin + c.chip.axons;
    uint8_t *slot = c.slot(time);
    int64_t *counters = c.counters(core);
    const uint8_t *__restrict always = c.chip.always_on;
    if (given) {
        int32_t twice = 0;
        for (int a = begin; a < end; ++a) {
            twice += given[a] & slot[a];
            slot[a] |= given[a];
        }
        counters[COLLISIONS] += twice;
    }
    uint8_t *__restrict spikes = s.spikes.data();
    for (int a = begin; a < end; ++a) spikes[a] = slot[a] | always[a];
    memset(slot + begin, 0, c.chip.axons);
    int count = 0;
    int32_t *events = s.events.data();
    each_set(spikes, begin, end, [&](int a) { events[count++] = a; });
    int32_t *acc = s.acc.data() + int64_t(core) * c.chip.neurons;
    counters[SYNOPS] += integrate(c, core, time, events, count, s.thinned.data(), acc);
    counters[EVENTS] += count;
    counters[TICKS] += 1;
}

// Step 5: the spikes of all cores on their way to slots behind `time`.
void emit(const Copy &c, uint32_t time) {
    const Chip &chip = c.chip;
    const uint8_t *spike = c.of_neurons(c.state.spike);
    for (int core = 0; core < chip.cores; ++core) {
        int64_t fired = 0;
        each_set(spike, core * chip.neurons, (core + 1) * chip.neurons, [&](int n) {
            ++fired;
            for (int e = chip.fan_first[n]; e < chip.fan_first[n + 1]; ++e) {
                uint8_t *bit = c.slot(time + 1 + chip.fan_delay[e]) + chip.fan_axon[e];
                c.counters(chip.fan_axon[e] / chip.axons)[COLLISIONS] += *bit;
                *bit = 1;
                for (int w = chip.way_first[e]; w < chip.way_first[e + 1]; ++w)
                    ++c.counters(0)[chip.way_counter[w]];
            }
        });
        c.counters(core)[SPIKES] += fired;
    }
}

template <typename W> void tick(const Copy &c, uint32_t time, const uint8_t *given, Scratch<W> &s) {
    const Chip &chip = c.chip;
    for (int core = 0; core < chip.cores; ++core)
        arrive_and_integrate(c, core, time, given, s);
    for (int k = 0; k < chip.neuron_run_count; ++k)
        step_neurons(c, chip.neuron_runs[k], s.acc.data());
    for (int k = 0; k < chip.axon_run_count; ++k)
        step_traces(c, chip.axon_runs[k], s.spikes.data());
    emit(c, time);
}

// Ticks of all copies: the spikes that the host gives, those that the chips report.
template <typename W> struct Runner {
    const Chip &chip;
    const State &state;
    const uint8_t *given;
    uint8_t *reported;
    Scratch<W> scratch{chip};
    std::optional<Learner<W>> learner{};

    // Tick `time` + `t` of a copy, the one in row `t` of `given` and `reported`.
    void step(const Copy &c, uint32_t time, int t) {
        const int64_t place = int64_t(t) * state.copies + c.copy, neurons = c.neurons;
        tick(c, time + t, given ? given + place * c.axons : nullptr, scratch);
        const uint8_t *__restrict spike = c.of_neurons(state.spike);
        const uint8_t *__restrict report = chip.report;
        uint8_t *__restrict out = reported + place * neurons;
        for (int64_t n = 0; n < neurons; ++n) out[n] = spike[n] & report[n];
    }

    void run(uint32_t time, int ticks, bool learn) {
        if (learn) learner.emplace(chip, state);
        if (learn && state.shared) {  // they learn together
            for (int t = 0; t < ticks; ++t) {
                for (int64_t copy = 0; copy < state.copies; ++copy) step({chip, state, copy}, time, t);
                learner->learn(time + t);
            }
            return;
        }
        for (int64_t copy = 0; copy < state.copies; ++copy) {  // all ticks of one: its state stays near
            const Copy c{chip, state, copy};
            for (int t = 0; t < ticks; ++t) {
                step(c, time, t);
                for (int core = 0; learn && core < chip.cores; ++core) learner->own(c, core, time + t);
            }
        }
    }
};

template <typename W>
void integrate_alone(const Chip &chip, const State &state, uint32_t time, const uint8_t *spikes,
                     int32_t *acc) {
    Scratch<W> scratch(chip);
    for (int64_t copy = 0; copy < state.copies; ++copy) {
        const Copy c{chip, state, copy};
        for (int core = 0; core < chip.cores; ++core) {
            int count = 0;
            each_set(spikes + copy * c.axons, core * chip.axons, (core + 1) * chip.axons,
                     [&](int a) { scratch.events[count++] = a; });
            int32_t *to = acc + copy * c.neurons + int64_t(core) * chip.neurons;
            integrate(c, core, time, scratch.events.data(), count, scratch.thinned.data(), to);
        }
    }
}

}  // namespace

extern "C" {

// Steps 1 to 5 of ticks time, time + 1, ...; with `learn`, learning follows each. `given`: spikes of
// the host, (ticks, copies, axons), or null; `reported` is filled with (ticks, copies, neurons). All
// bytes are 0 or 1.
void axonloop_run(const Chip *chip, const State *state, uint32_t time, int32_t ticks, int32_t learn,
                  const uint8_t *given, uint8_t *reported) {
    if (chip->weight_bytes == 1)
        Runner<int8_t>{*chip, *state, given, reported}.run(time, ticks, learn);
    else
        Runner<int16_t>{*chip, *state, given, reported}.run(time, ticks, learn);
}

// Step 2 of tick `time` alone: ACC of all copies, int32 (copies, neurons), from spikes (copies, axons).
void axonloop_integrate(const Chip *chip, const State *state, uint32_t time, const uint8_t *spikes,
                        int32_t *acc) {
    if (chip->weight_bytes == 1) integrate_alone<int8_t>(*chip, *state, time, spikes, acc);
    else integrate_alone<int16_t>(*chip, *state, time, spikes, acc);
}

// Step 3 alone, from ACC.
void axonloop_neurons(const Chip *chip, const State *state, const int32_t *acc) {
    for (int64_t copy = 0; copy < state->copies; ++copy) {
        const Copy c{*chip, *state, copy};
        for (int k = 0; k < chip->neuron_run_count; ++k)
            step_neurons(c, chip->neuron_runs[k], acc + copy * c.neurons);
    }
}

// Step 4 alone, from spikes (copies, axons).
void axonloop_traces(const Chip *chip, const State *state, const uint8_t *spikes) {
    for (int64_t copy = 0; copy < state->copies; ++copy) {
        const Copy c{*chip, *state, copy};
        for (int k = 0; k < chip->axon_run_count; ++k)
            step_traces(c, chip->axon_runs[k], spikes + copy * c.axons);
    }
}

}  // extern "C"
