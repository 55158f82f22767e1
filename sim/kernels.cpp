// Whole chips in compiled code: docs/contract.md, sections 5, 8, 9 and 11, for many copies at once.
//
// Axons and neurons are numbered through the chip, core by core. State arrays have the copies in
// front: (copies, cores x n), contiguous. Copies share nothing but, if so told, their weights. The
// interface is C, so that ctypes can use it; kernels.py declares the same structures.

#include <cstdint>
#include <cstring>
#include <vector>

#if defined(__AVX512VNNI__) || defined(__AVX512VBMI2__)
#include <immintrin.h>
#endif

namespace {

// Vectors of the compiler: it maps them onto whatever the machine has.
template <typename T, int N> struct Vector { typedef T type __attribute__((vector_size(sizeof(T) * N))); };
template <typename V, typename T> inline V load(const T *from) {
    V v;
    memcpy(&v, from, sizeof v);
    return v;
}

constexpr int COUNTERS = 17;
enum Counter { TICKS, SPIKES, EVENTS, SYNOPS, ERRORS, VISITS, UPDATES, SATURATIONS, COLLISIONS };
enum Register {
    ALPHA_N, BETA_N, GAMMA, RHO, THETA, BOX, W_EXP, I_SHIFT, RESET_MODE, REFRACTORY,
    ALPHA_P, BETA_P, Q_INC, P_SHIFT, PQ_SHIFT, PQ_ON, ETA_SHIFT, ROUNDING, REGISTERS
};
enum Factor { NEVER, ALWAYS, FOLLOWS };  // Pq of a row: 0, pq_on, from P
constexpr int BLOCK = 64;  // neurons whose updates are computed together,
constexpr int LANES = 32;  // so many in a vector

}  // namespace

extern "C" {

// Neighbouring neurons or axons of one core that share a parameter set (and a Factor).
struct Run {
    int32_t core, begin, end, set, factor;
};

struct Chip {
    int32_t cores, axons, neurons, slots, first;  // axons and neurons of one core
    int32_t weight_bytes, no_synapse, weight_max, state_max, trace_max, pq_max, error_max;
    int32_t wide;  // do products or sums need more than 32 bits?
    int32_t neuron_run_count, axon_run_count;
    const int32_t *sets;  // (sets, REGISTERS)
    const Run *neuron_runs, *axon_runs;
    const int32_t *neuron_set;            // per neuron
    const int32_t *row_begin, *row_end;   // per axon: the neurons of its core that it visits
    const uint8_t *always_on, *report;    // per axon; per neuron
    const int32_t *bias;                  // per neuron
    const int32_t *fan_first, *fan_axon, *fan_delay;  // entries of neuron n: first[n]..first[n + 1]
    const int32_t *way_first, *way_counter;           // counters that an entry's way moves
};

struct State {
    int32_t copies, shared;
    void *weights;                // (copies, or 1 if shared; axons; neurons of a core)
    uint8_t *holes;               // the same copies x axons: is a visited synapse absent?
    uint8_t *gaps;                // ... : is one absent between those at its ends?
    int32_t *extent;              // ... x 2: the neurons of its core that its synapses lie between
    int32_t *current, *membrane, *reset, *countdown;
    uint8_t *box, *spike;
    int32_t *trace_q, *trace_p, *trace_pq;
    int32_t *gated, *ungated;
    uint8_t *pending;             // (slots, copies, axons)
    int64_t *counters;            // (copies, cores, COUNTERS)
    const uint32_t *seeds;        // one per weight memory
};

}  // extern "C"

namespace {

inline int32_t clip(int32_t x, int32_t limit) { return x < -limit ? -limit : x > limit ? limit : x; }

// Toward zero. Split, because a 24-bit x times a factor does not fit in 32 bits.
template <bool WIDE> inline int32_t decay(int32_t x, int32_t factor) {
    const int32_t size = x < 0 ? -x : x;
    const int32_t kept = WIDE ? (size >> 12) * factor + (((size & 4095) * factor) >> 12)
                              : (size * factor) >> 12;
    return x < 0 ? -kept : kept;
}

// A chip's arrays and one copy of its state.
struct Copy {
    const Chip &chip;
    const State &state;
    int64_t copy;
    int64_t axons = int64_t(chip.cores) * chip.axons, neurons = int64_t(chip.cores) * chip.neurons;
    int64_t owner = state.shared ? 0 : copy;  // of the weights

    template <typename T> T *of_neurons(T *all) const { return all + copy * neurons; }
    template <typename T> T *of_axons(T *all) const { return all + copy * axons; }
    template <typename W> W *weights() const {
        return static_cast<W *>(state.weights) + owner * axons * chip.neurons;
    }
    const uint8_t *holes() const { return state.holes + owner * axons; }
    const int32_t *extent() const { return state.extent + owner * axons * 2; }
    uint8_t *slot(uint32_t tick) const {
        return state.pending + (tick % chip.slots * state.copies + copy) * axons;
    }
    int64_t *counters(int core) const {
        return state.counters + (copy * chip.cores + core) * COUNTERS;
    }
};

// ---- integrate ----------------------------------------------------------------------------------

// Weights are summed in T over at most `EVENTS_AT_ONCE` rows, which cannot overflow.
template <typename W> struct Sum;
template <> struct Sum<int8_t> { typedef int16_t type; };
template <> struct Sum<int16_t> { typedef int32_t type; };
constexpr int EVENTS_AT_ONCE = 256;

// Adds `count` rows to LANES x UNROLL accumulators; sums stay in registers meanwhile.
template <typename W, int LANES, int UNROLL, bool HOLES>
inline void add_rows(const W *const *rows, int count, int64_t at, int32_t none, int32_t *acc) {
    typedef typename Sum<W>::type S;
    typedef typename Vector<W, LANES>::type Weights;
    typedef typename Vector<S, LANES>::type Sums;
    typedef typename Vector<int32_t, LANES>::type Wide;
    Sums sums[UNROLL] = {};
    const Weights absent = Weights{} + W(none);
    for (int k = 0; k < count; ++k)
        for (int u = 0; u < UNROLL; ++u) {
            Weights w = load<Weights>(rows[k] + at + u * LANES);
            if (HOLES) w &= w != absent;
            sums[u] += __builtin_convertvector(w, Sums);
        }
    for (int u = 0; u < UNROLL; ++u) {
        int32_t *to = acc + at + u * LANES;
        const Wide total = load<Wide>(to) + __builtin_convertvector(sums[u], Wide);
        memcpy(to, &total, sizeof total);
    }
}

// Adds `count` rows to the accumulators begin..end.
template <typename W, bool HOLES>
void add_span(const W *const *rows, int count, int begin, int end, int32_t none, int32_t *acc) {
    constexpr int WIDTH = 64 / sizeof(typename Sum<W>::type);
    int at = begin;
    for (; at + 4 * WIDTH <= end; at += 4 * WIDTH)
        add_rows<W, WIDTH, 4, HOLES>(rows, count, at, none, acc);
    for (; at + WIDTH <= end; at += WIDTH) add_rows<W, WIDTH, 1, HOLES>(rows, count, at, none, acc);
    for (; at + 16 <= end; at += 16) add_rows<W, 16, 1, HOLES>(rows, count, at, none, acc);
    for (; at < end; ++at)
        for (int k = 0; k < count; ++k) acc[at] += rows[k][at] == none ? 0 : rows[k][at];
}

// ACC of one core, from its events in ascending order; returns the synapses visited.
template <typename W>
int64_t integrate(const Copy &c, const int32_t *events, int count, int32_t *acc) {
    const Chip &chip = c.chip;
    const W *weights = c.weights<W>();
    const uint8_t *holes = c.holes();
    int64_t visited = 0;
    memset(acc, 0, sizeof(int32_t) * chip.neurons);
    for (int k = 0; k < count;) {  // rows with the same span, together
        const int begin = chip.row_begin[events[k]], end = chip.row_end[events[k]];
        const W *rows[EVENTS_AT_ONCE];
        int some = 0;
        bool absent = false;
        for (; k < count && some < EVENTS_AT_ONCE; ++k, ++some) {
            const int32_t axon = events[k];
            if (chip.row_begin[axon] != begin || chip.row_end[axon] != end) break;
            rows[some] = weights + int64_t(axon) * chip.neurons;
            absent |= holes[axon];
        }
        visited += int64_t(some) * (end - begin);
        if (absent) add_span<W, true>(rows, some, begin, end, chip.no_synapse, acc);
        else add_span<W, false>(rows, some, begin, end, chip.no_synapse, acc);
    }
    return visited;
}

// ---- neurons ------------------------------------------------------------------------------------

template <bool WIDE, int MODE>
void sweep(const Copy &c, const Run &run, const int32_t *__restrict acc) {
    const int32_t *set = c.chip.sets + run.set * REGISTERS;
    const int32_t alpha = set[ALPHA_N], beta = set[BETA_N], gamma = set[GAMMA], rho = set[RHO];
    const int32_t theta = set[THETA], width = set[BOX], w_exp = set[W_EXP], i_shift = set[I_SHIFT];
    const int32_t refractory = set[REFRACTORY], limit = c.chip.state_max;
    const int32_t most = (1 << 25) >> w_exp;  // what is beyond saturates all the same
    int32_t unused = 32;
    for (int32_t left = limit; left; left >>= 1) --unused;
    --unused;  // 32 - state_bits
    int32_t *__restrict current = c.of_neurons(c.state.current);
    int32_t *__restrict membrane = c.of_neurons(c.state.membrane);
    int32_t *__restrict reset = c.of_neurons(c.state.reset);
    int32_t *__restrict countdown = c.of_neurons(c.state.countdown);
    uint8_t *__restrict box = c.of_neurons(c.state.box);
    uint8_t *__restrict spike = c.of_neurons(c.state.spike);
    const int32_t *__restrict bias = c.chip.bias;
    int32_t clipped = 0;
    const int end = run.end;
#pragma GCC ivdep
    for (int n = run.begin; n < end; ++n) {
        const int32_t sum = WIDE ? clip(acc[n], most) : acc[n];
        const int32_t raised = decay<WIDE>(current[n], beta) + sum * (1 << w_exp);
        const int32_t i = clip(raised, limit);
        const int32_t free = -(countdown[n] == 0);  // masks: 0 or -1
        const int32_t drive = decay<WIDE>(membrane[n], alpha) + (i >> i_shift) + bias[n];
        const int32_t v = (clip(drive, limit) & free) | (membrane[n] & ~free);
        const int32_t above = v - reset[n] - theta;
        const int32_t fired = ~(above >> 31) & free;
        const int32_t lowered = decay<WIDE>(reset[n], gamma) + (rho & fired);
        const int32_t r = clip(lowered, limit);
        const int32_t less = int32_t(uint32_t(v - theta) << unused) >> unused;
        const int32_t after = MODE == 0 ? v : MODE == 1 ? 0 : less;
        clipped += (i != raised) + ((v != drive) & free) + (r != lowered);
        current[n] = i;
        membrane[n] = (after & fired) | (v & ~fired);
        reset[n] = r;
        countdown[n] = ((countdown[n] - 1) & ~free) | (refractory & fired);
        box[n] = (above < 0 ? -above : above) < width;
        spike[n] = fired & 1;
    }
    c.counters(run.core)[SATURATIONS] += clipped;
}

// The neurons of a run, from the sums `acc` of the whole chip.
void step_neurons(const Copy &c, const Run &run, const int32_t *acc) {
    typedef void (*Sweep)(const Copy &, const Run &, const int32_t *);
    static const Sweep ways[2][3] = {{sweep<false, 0>, sweep<false, 1>, sweep<false, 2>},
                                     {sweep<true, 0>, sweep<true, 1>, sweep<true, 2>}};
    ways[c.chip.wide][c.chip.sets[run.set * REGISTERS + RESET_MODE]](c, run, acc);
}

// ---- traces -------------------------------------------------------------------------------------

void step_traces(const Copy &c, const Run &run, const uint8_t *__restrict spikes) {
    const int32_t *set = c.chip.sets + run.set * REGISTERS;
    const int32_t alpha = set[ALPHA_P], beta = set[BETA_P], q_inc = set[Q_INC];
    const int32_t p_shift = set[P_SHIFT], pq_shift = set[PQ_SHIFT];
    const int32_t limit = c.chip.trace_max, most = c.chip.pq_max;
    int32_t *__restrict trace_q = c.of_axons(c.state.trace_q);
    int32_t *__restrict trace_p = c.of_axons(c.state.trace_p);
    int32_t *__restrict trace_pq = c.of_axons(c.state.trace_pq);
    const int32_t follows = run.factor == FOLLOWS ? -1 : 0;
    const int32_t fixed = run.factor == ALWAYS ? set[PQ_ON] : 0;
    int32_t clipped = 0;
    const int end = run.end;
#pragma GCC ivdep
    for (int a = run.begin; a < end; ++a) {
        const int32_t raised = (trace_q[a] * beta >> 12) + (spikes[a] ? q_inc : 0);
        const int32_t q = raised > limit ? limit : raised;
        const int32_t lifted = (trace_p[a] * alpha >> 12) + (q >> p_shift);
        const int32_t p = lifted > limit ? limit : lifted;
        const int32_t factor = p >> pq_shift;
        clipped += (q != raised) + (p != lifted);
        trace_q[a] = q;
        trace_p[a] = p;
        trace_pq[a] = ((factor > most ? most : factor) & follows) + fixed;
    }
    c.counters(run.core)[SATURATIONS] += clipped;
}

// ---- a tick -------------------------------------------------------------------------------------

// Calls `visit(k)` for every k in begin..end whose byte, 0 or 1, is set.
template <typename Visit> inline void each_set(const uint8_t *bytes, int begin, int end, Visit visit) {
    int k = begin;
    for (; k + 8 <= end; k += 8)
        for (uint64_t word = load<uint64_t>(bytes + k); word; word &= word - 1)
            visit(k + __builtin_ctzll(word) / 8);
    for (; k < end; ++k)
        if (bytes[k]) visit(k);
}

struct Scratch {
    std::vector<int32_t> acc, events;
    std::vector<uint8_t> spikes;
    explicit Scratch(const Chip &chip)
        : acc(size_t(chip.cores) * chip.neurons), events(chip.axons),
          spikes(size_t(chip.cores) * chip.axons) {}
};

// Steps 1 and 2 of one core; `given` are spikes that the host sends for this tick, or null.
template <typename W>
void arrive_and_integrate(const Copy &c, int core, uint8_t *slot, const uint8_t *given, Scratch &s) {
    const int begin = core * c.chip.axons, end = begin + c.chip.axons;
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
    for (int a = begin; a < end; ++a) s.spikes[a] = slot[a] | always[a];
    memset(slot + begin, 0, c.chip.axons);
    int count = 0;
    each_set(s.spikes.data(), begin, end, [&](int a) { s.events[count++] = a; });
    int32_t *acc = s.acc.data() + int64_t(core) * c.chip.neurons;
    counters[SYNOPS] += integrate<W>(c, s.events.data(), count, acc);
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

template <typename W> void tick(const Copy &c, uint32_t time, const uint8_t *given, Scratch &s) {
    const Chip &chip = c.chip;
    for (int core = 0; core < chip.cores; ++core)
        arrive_and_integrate<W>(c, core, c.slot(time), given, s);
    for (int k = 0; k < chip.neuron_run_count; ++k)
        step_neurons(c, chip.neuron_runs[k], s.acc.data());
    for (int k = 0; k < chip.axon_run_count; ++k)
        step_traces(c, chip.axon_runs[k], s.spikes.data());
    emit(c, time);
}

template <typename W>
void run(const Chip &chip, const State &state, uint32_t time, int ticks, const uint8_t *given,
         uint8_t *reported) {
    Scratch scratch(chip);
    for (int64_t copy = 0; copy < state.copies; ++copy) {  // all ticks of one: its state stays near
        const Copy c{chip, state, copy};
        const uint8_t *__restrict report = chip.report;
        for (int t = 0; t < ticks; ++t) {
            const int64_t place = int64_t(t) * state.copies + copy;
            tick<W>(c, time + t, given ? given + place * c.axons : nullptr, scratch);
            const uint8_t *__restrict spike = c.of_neurons(state.spike);
            uint8_t *__restrict out = reported + place * c.neurons;
            for (int64_t n = 0; n < c.neurons; ++n) out[n] = spike[n] & report[n];
        }
    }
}

// ---- noise --------------------------------------------------------------------------------------

struct Word {
    uint16_t x, y;
};

inline uint16_t rotl(uint16_t x, int bits) { return uint16_t(x << bits | x >> (16 - bits)); }

template <int FIRST, int LAST> inline Word rounds(Word word) {
    for (int n = FIRST; n <= LAST; ++n) {
        const uint16_t x = word.x, constant = uint16_t(0x9E37 * (n + 1));
        const uint16_t f = (rotl(x, 1) & rotl(x, 5)) ^ (rotl(x, 7) & rotl(x, 12)) ^ rotl(x, 2);
        word = {uint16_t(word.y ^ f ^ constant), x};
    }
    return word;
}

inline Word mix(Word word, uint32_t value) {
    return {uint16_t(word.x ^ value), uint16_t(word.y ^ value >> 16)};
}

inline Word tick_word(uint32_t seed, uint32_t tick, int core) {
    const Word word = rounds<0, 3>({uint16_t(tick), uint16_t(tick >> 16)});
    return rounds<8, 9>(mix(rounds<4, 7>(mix(word, seed)), uint32_t(core)));
}

// Rounds 14 to 17 of LANES neuron words and one axon's codeword.
typedef Vector<uint16_t, LANES>::type Halves;
template <int BITS> inline Halves rotl(Halves x) {
#ifdef __AVX512VBMI2__
    return Halves(_mm512_shldi_epi16(__m512i(x), __m512i(x), BITS));
#else
    return x << BITS | x >> (16 - BITS);
#endif
}
inline void synapse_words(const uint16_t *from_x, const uint16_t *from_y, uint32_t code,
                          uint16_t *to_x, uint16_t *to_y) {
    Halves x = load<Halves>(from_x) ^ uint16_t(code), y = load<Halves>(from_y) ^ uint16_t(code >> 16);
    for (int n = 14; n <= 17; ++n) {
        const Halves f = (rotl<1>(x) & rotl<5>(x)) ^ (rotl<7>(x) & rotl<12>(x)) ^ rotl<2>(x);
        const Halves mixed = y ^ f ^ uint16_t(0x9E37 * (n + 1));
        y = x;
        x = mixed;
    }
    memcpy(to_x, &x, sizeof x);
    memcpy(to_y, &y, sizeof y);
}

uint32_t codeword(int axon) {
    static const uint32_t columns[11] = {0x002C4DAB, 0x00589B55, 0x00B136A9, 0x01626D51,
                                         0x02C4DAA1, 0x0589B541, 0x0B136A81, 0x1626D501,
                                         0x2C4DAA01, 0x589B5401, 0xB136A801};
    uint32_t word = 0;
    for (int bit = 0; bit < 11; ++bit)
        if (axon >> bit & 1) word ^= columns[bit];
    return word;
}

// The codewords of all axons that a core can have.
const uint32_t *codewords() {
    static const std::vector<uint32_t> words = [] {
        std::vector<uint32_t> found(2048);
        for (int axon = 0; axon < 2048; ++axon) found[axon] = codeword(axon);
        return found;
    }();
    return words.data();
}

// ---- learning -----------------------------------------------------------------------------------

// The neurons of a core that are in error, ascending, and what rounding needs to know of them.
struct Errors {
    std::vector<int32_t> neuron, shift, mask, half;
    std::vector<uint16_t> x, y;
    std::vector<int32_t> before;  // how many of them lie before a neuron of the core
    int count = 0;
    explicit Errors(const Chip &chip) : before(chip.neurons + 1) {
        const int room = chip.neurons + BLOCK;
        for (auto *each : {&neuron, &shift, &mask, &half}) each->assign(room, 0);
        x.assign(room, 0);
        y.assign(room, 0);
    }

    // Takes over those of the core's neurons whose `wrong` is not 0.
    void gather(const Chip &chip, int core, Word word, const uint8_t *wrong) {
        count = 0;
        for (int n = 0; n < chip.neurons; ++n) {
            before[n] = count;
            if (!wrong[n]) continue;
            const int32_t *set =
                chip.sets + chip.neuron_set[int64_t(core) * chip.neurons + n] * REGISTERS;
            const Word own = rounds<10, 13>(mix(word, uint32_t(n)));
            const int32_t one = 1 << set[ETA_SHIFT];
            neuron[count] = n;
            shift[count] = set[ETA_SHIFT];
            mask[count] = set[ROUNDING] ? 0 : one - 1;
            half[count] = set[ROUNDING] ? one >> 1 : 0;
            x[count] = own.x;
            y[count] = own.y;
            ++count;
        }
        before[chip.neurons] = count;
    }
};

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

// E of a core's neurons, 0 where there is none; the sums are then 0. Is there any?
bool take_errors(const Copy &c, int core, int8_t *values) {
    const int64_t at = int64_t(core) * c.chip.neurons;
    const int32_t limit = c.chip.error_max;
    int32_t *__restrict gated = c.of_neurons(c.state.gated) + at;
    int32_t *__restrict ungated = c.of_neurons(c.state.ungated) + at;
    const uint8_t *__restrict box = c.of_neurons(c.state.box) + at;
    int32_t any = 0;
    for (int n = 0; n < c.chip.neurons; ++n) {
        const int32_t sum = clip(gated[n], limit) * box[n] + clip(ungated[n], limit);
        const int32_t error = clip(sum, limit);
        values[n] = int8_t(error);
        any |= error;
        gated[n] = ungated[n] = 0;
    }
    return any != 0;
}

// The errors of all copies, for the neurons in error in any of them, and their factors.
//
// Copies go by fours, because that is what machines multiply and add at once:
// error (block, copy / 4, neuron of the block, copy % 4); factor (axon of the core, copy).
struct Shares {
    int fours;
    std::vector<int8_t> error;
    std::vector<uint8_t> factor, active;  // active: has any copy a factor?
    Shares(const Chip &chip, int copies)
        : fours((copies + 3) / 4), factor(size_t(chip.axons) * fours * 4), active(chip.axons) {}

    void take_values(const Errors &errors, const std::vector<int8_t> &values, int copies, int neurons) {
        const int blocks = (errors.count + BLOCK - 1) / BLOCK;
        error.assign(size_t(blocks) * fours * BLOCK * 4, 0);
        for (int copy = 0; copy < copies; ++copy) {
            const int8_t *own = values.data() + int64_t(copy) * neurons;
            for (int k = 0; k < errors.count; ++k) {
                const size_t four = size_t(k / BLOCK) * fours + copy / 4;
                error[(four * BLOCK + k % BLOCK) * 4 + copy % 4] = own[errors.neuron[k]];
            }
        }
    }

    void take_factors(const Chip &chip, const State &state, int core) {
        const int64_t axons = int64_t(chip.cores) * chip.axons, at = int64_t(core) * chip.axons;
        memset(active.data(), 0, active.size());
        for (int copy = 0; copy < state.copies; ++copy) {
            const int32_t *own = state.trace_pq + copy * axons + at;
            for (int a = 0; a < chip.axons; ++a) {
                factor[size_t(a) * fours * 4 + copy] = uint8_t(own[a]);
                active[a] |= uint8_t(own[a]);
            }
        }
    }

    // Sums over the copies of E x Pq, for an axon and the neurons of a block.
    void sum(int block, int axon, int32_t *products) const {
        const int8_t *errors = error.data() + size_t(block) * fours * BLOCK * 4;
        const uint8_t *factors = factor.data() + size_t(axon) * fours * 4;
#ifdef __AVX512VNNI__
        __m512i sums[4] = {};
        for (int four = 0; four < fours; ++four) {
            const __m512i four_factors = _mm512_set1_epi32(load<int32_t>(factors + 4 * four));
            const int8_t *from = errors + size_t(four) * BLOCK * 4;
            for (int u = 0; u < 4; ++u)
                sums[u] = _mm512_dpbusd_epi32(sums[u], four_factors, load<__m512i>(from + 64 * u));
        }
        memcpy(products, sums, sizeof sums);
#else
        memset(products, 0, sizeof(int32_t) * BLOCK);
        for (int copy = 0; copy < 4 * fours; ++copy) {
            if (!factors[copy]) continue;
            const int8_t *from = errors + size_t(copy / 4) * BLOCK * 4 + copy % 4;
            for (int k = 0; k < BLOCK; ++k) products[k] += from[4 * k] * factors[copy];
        }
#endif
    }
};

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

// Steps 1 to 5 of ticks time, time + 1, ... `given`: spikes of the host, (ticks, copies, axons), or
// null; `reported` is filled with (ticks, copies, neurons). All bytes are 0 or 1.
void axonloop_run(const Chip *chip, const State *state, uint32_t time, int32_t ticks,
                  const uint8_t *given, uint8_t *reported) {
    if (chip->weight_bytes == 1) run<int8_t>(*chip, *state, time, ticks, given, reported);
    else run<int16_t>(*chip, *state, time, ticks, given, reported);
}

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

// Step 2 alone: ACC of all copies, int32 (copies, neurons), from spikes (copies, axons).
void axonloop_integrate(const Chip *chip, const State *state, const uint8_t *spikes, int32_t *acc) {
    std::vector<int32_t> events(chip->axons);
    for (int64_t copy = 0; copy < state->copies; ++copy) {
        const Copy c{*chip, *state, copy};
        for (int core = 0; core < chip->cores; ++core) {
            int count = 0;
            each_set(spikes + copy * c.axons, core * chip->axons, (core + 1) * chip->axons,
                     [&](int a) { events[count++] = a; });
            int32_t *to = acc + copy * c.neurons + int64_t(core) * chip->neurons;
            if (chip->weight_bytes == 1) integrate<int8_t>(c, events.data(), count, to);
            else integrate<int16_t>(c, events.data(), count, to);
        }
    }
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
