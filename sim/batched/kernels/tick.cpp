// Ticks of all copies (docs/contract.md, section 5).

#include <optional>
#include <system_error>
#include <thread>
#include <vector>

#include "learner.h"
#include "neurons.h"
#include "synapses.h"
#include "traces.h"

namespace {

constexpr int MOST_SLOTS = 16;  // delay slots that a chip can have

// Memory that the ticks of the copies of a thread use one after the other: ACC, spikes and the noise at thresholds
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
    uint8_t *__restrict slot = c.slot(tick);
    int64_t *counters = c.counters(core);
    const uint8_t *__restrict always = c.chip.always_on;
    uint8_t *__restrict spikes = s.spikes.data();
    uint8_t twice = 0;
    for (int a = begin; a < end; ++a) {
        twice |= given[a] & slot[a];
        spikes[a] = given[a] | slot[a] | always[a];
    }
    for (int a = begin; twice && a < end; ++a) counters[Counter::COLLISIONS] += given[a] & slot[a];
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

// Steps 1 to 5 of tick `tick` of one copy, with the host's spikes `given` for its axons. `seen`: will what
// learning needs of this tick be read, by it or by the host?
template <typename W>
void step_copy(const Copy &c, uint32_t tick, const uint8_t *given, bool seen, Scratch<W> &s) {
    const Chip &chip = c.chip;
    for (int core = 0; core < chip.cores; ++core)
        arrive_and_integrate(c, core, tick, given, s);
    if (chip.threshold_noise) draw_noise(c, tick, s.noise.data());
    for (int k = 0; k < chip.neuron_run_count; ++k)
        step_neurons(c, chip.neuron_runs[k], s.acc.data(), s.noise.data());
    for (int k = 0; k < chip.shape_count; ++k)
        if (chip.shapes[k].pool > 1) pool_boxes(c, chip.shapes[k], s.acc.data());
    for (int k = 0; k < chip.axon_run_count; ++k) {
        step_traces(c, chip.axon_runs[k], s.spikes.data());
        if (seen) step_factors(c, chip.axon_runs[k], s.spikes.data());
    }
    emit(c, tick);
}

// Ticks `first`, `first` + 1, ..., with learning behind each or without; the spikes that the host gives, (ticks,
// copies, axons), and where those go that the chips report, (ticks, copies, neurons).
struct Ticks {
    uint32_t first;
    int32_t count;
    bool learn;
    const uint8_t *given;
    uint8_t *reported;
};

// Ticks of copies, one after the other.
template <typename W> struct Runner {
    const Chip &chip;
    const State &state;
    const Ticks &ticks;
    Scratch<W> scratch{chip};
    std::optional<Learner<W>> learner{};

    Runner(const Chip &of_chip, const State &of_state, const Ticks &of_ticks)
        : chip(of_chip), state(of_state), ticks(of_ticks) {
        if (ticks.learn) learner.emplace(chip, state);
    }

    // The `t`-th of the ticks, of a copy.
    void step(const Copy &c, int t) {
        const int64_t index = int64_t(t) * state.copies + c.copy, neurons = c.neurons;
        const uint8_t *given = ticks.given + index * c.axons;
        const bool last = t + 1 == ticks.count;
        // The next tick's spikes lie so far behind these that no machine sees them coming.
        for (int64_t a = 0; !last && a < c.axons; a += 64)
            __builtin_prefetch(given + state.copies * c.axons + a);
        step_copy(c, ticks.first + t, given, last || ticks.learn, scratch);
        const uint8_t *__restrict spike = c.of_neurons(state.spike);
        const uint8_t *__restrict report = chip.report;
        uint8_t *__restrict out = ticks.reported + index * neurons;
        for (int64_t n = 0; n < neurons; ++n) out[n] = spike[n] & report[n];
    }

    // Copies that learn together.
    void run_together() {
        for (int t = 0; t < ticks.count; ++t) {
            for (int64_t copy = 0; copy < state.copies; ++copy) step({chip, state, copy}, t);
            learner->learn(ticks.first + t);
        }
    }

    // Copies begin..end, which do not: all ticks of one before the next one's, so that its state stays in the cache.
    void run_apart(int64_t begin, int64_t end) {
        for (int64_t copy = begin; copy < end; ++copy) {
            const Copy c{chip, state, copy};
            for (int t = 0; t < ticks.count; ++t) {
                step(c, t);
                for (int core = 0; ticks.learn && core < chip.cores; ++core)
                    learner->learn_own(c, core, ticks.first + t);
            }
        }
    }
};

constexpr int64_t WORTH_A_THREAD = 1 << 22;  // neurons and axons times ticks: some ten milliseconds

// All copies, those that learn apart in at most `threads` threads.
template <typename W>
void run(const Chip &chip, const State &state, const Ticks &ticks, int threads) {
    if (ticks.learn && state.shared) return Runner<W>(chip, state, ticks).run_together();
    const int64_t each = int64_t(chip.cores) * (chip.axons + chip.neurons) * ticks.count;
    const int64_t worth = each * state.copies / WORTH_A_THREAD;
    const int64_t count = std::max<int64_t>(1, std::min<int64_t>({threads, worth, state.copies}));
    std::vector<std::thread> others;
    others.reserve(count);
    const auto part = [&](int64_t k) {
        Runner<W>(chip, state, ticks).run_apart(state.copies * k / count, state.copies * (k + 1) / count);
    };
    for (int64_t k = 1; k < count; ++k) {
        try {
            others.emplace_back(part, k);
        } catch (const std::system_error &) {  // no thread can be had
            part(k);
        }
    }
    part(0);
    for (auto &other : others) other.join();
}

}  // namespace

extern "C" {

// Runs the ticks `tick`, `tick` + 1, ..., in at most `threads` threads; with `learn`, learning follows each.
// `given` are spikes of the host, (ticks, copies, axons); `reported` is filled with (ticks, copies, neurons),
// those of neurons that the host hears. All bytes are 0 or 1.
void axonloop_run(const Chip *chip, const State *state, uint32_t tick, int32_t ticks, int32_t learn,
                  int32_t threads, const uint8_t *given, uint8_t *reported) {
    const Ticks all{tick, ticks, learn != 0, given, reported};
    if (chip->weight_bytes == 1) run<int8_t>(*chip, *state, all, threads);
    else run<int16_t>(*chip, *state, all, threads);
}

}  // extern "C"
