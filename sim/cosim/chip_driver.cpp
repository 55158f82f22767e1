// Drives the packet ports of the compiled chip: many packets, and so many ticks, per call.
//
// The interface is C, so that ctypes can use it. A handle is one chip with its own simulation
// context; handles share nothing.

#include <cstdint>
#include <memory>
#include <tuple>

#include "Vchip.h"
#include "verilated.h"
#if AXONLOOP_TRACE
#include "verilated_vcd_c.h"
#endif

namespace {

enum Status : int { DONE = 0, FULL = 1, HANG = 2 };
enum Kind : uint32_t { TICK = 3, READ = 7, DATA = 8, FAULT = 9 };

// Gaps and backpressure: a port pauses in a cycle with a chance of `pause` / 256.
class Pauses {
  public:
    void seed(uint64_t value) { state_ = value * 0x9E3779B97F4A7C15u + 1; }
    bool draw(uint32_t pause) {
        if (pause == 0) return false;
        state_ ^= state_ << 13;
        state_ ^= state_ >> 7;
        state_ ^= state_ << 17;
        return ((state_ >> 32) & 0xFF) < pause;
    }

  private:
    uint64_t state_ = 1;
};

// Follows the replies and tells the word with which the answer to a TICK or READ ends.
class Answers {
  public:
    bool ends(uint32_t word) {
        if (payload_) return --payload_ == 0;
        const uint32_t kind = word >> 28;
        if (kind == DATA) {
            payload_ = word & 0xFFFF;
            return payload_ == 0;
        }
        const uint32_t refused = (word >> 4) & 0xF;
        return kind == TICK || (kind == FAULT && (refused == TICK || refused == READ));
    }

  private:
    uint32_t payload_ = 0;
};

using Inputs = std::tuple<uint32_t, uint8_t, uint8_t>;  // word, its valid, ready for replies

struct Chip {
    VerilatedContext context;
    std::unique_ptr<Vchip> top;
    Answers answers;
    Pauses command_pauses, reply_pauses;
    uint32_t command_pause = 0, reply_pause = 0;
    bool offered = false;  // a word once offered stays until it is taken
    Inputs inputs{0, 0, 0};  // as sampled
    uint64_t cycles = 0;
#if AXONLOOP_TRACE
    std::unique_ptr<VerilatedVcdC> wave;
    void dump() { if (wave) wave->dump(context.time()); }
#else
    void dump() {}
#endif

    void settle() {  // the low half of a cycle: inputs change, outputs settle
        const Inputs now{top->commands_payload, top->commands_valid, top->replies_ready};
        top->clk = 0;
        top->sample = now != inputs;
        inputs = now;
        top->eval();
        dump();
        context.timeInc(1);
    }
    void edge() {
        top->clk = 1;
        top->sample = 0;
        top->eval();
        dump();
        context.timeInc(1);
        ++cycles;
    }
};

}  // namespace

extern "C" {

// One call's arguments and results; `expected` and `settle` count down.
struct Exchange {
    const uint32_t *commands;
    uint64_t command_count;
    uint32_t *replies;
    uint64_t capacity;
    uint64_t expected;   // answers still to come
    uint64_t patience;   // cycles without a word on either port that count as a hang
    uint64_t settle;     // cycles to run on after the last answer
    uint64_t consumed;   // commands taken
    uint64_t produced;   // words written to `replies`
};

Chip *axonloop_create(uint64_t seed) {
    auto chip = std::make_unique<Chip>();
    chip->context.randReset(2);  // what the RTL leaves undefined starts random
    chip->context.randSeed(static_cast<int>(seed & 0x3FFFFFFF) + 1);
#if AXONLOOP_TRACE
    chip->context.traceEverOn(true);
#endif
    chip->top = std::make_unique<Vchip>(&chip->context, "chip");
    chip->top->commands_payload = 0;
    chip->top->commands_valid = 0;
    chip->top->replies_ready = 0;
    chip->settle();
    chip->edge();  // the clock needs a falling edge before the first cycle
    return chip.release();
}

void axonloop_destroy(Chip *chip) {
#if AXONLOOP_TRACE
    if (chip->wave) chip->wave->close();
#endif
    chip->top->final();
    delete chip;
}

void axonloop_pauses(Chip *chip, uint64_t seed, uint32_t commands, uint32_t replies) {
    chip->command_pauses.seed(seed);
    chip->reply_pauses.seed(~seed);
    chip->command_pause = commands;
    chip->reply_pause = replies;
}

uint64_t axonloop_cycles(const Chip *chip) { return chip->cycles; }

int axonloop_exchange(Chip *chip, Exchange *call) {
    Vchip *top = chip->top.get();
    uint64_t quiet = 0;
    for (;;) {
        if (call->consumed == call->command_count && call->expected == 0) {
            if (call->settle == 0) break;
            --call->settle;
            quiet = 0;
        }
        if (call->produced == call->capacity) return FULL;
        if (quiet++ > call->patience) return HANG;
        if (!chip->offered && call->consumed < call->command_count)
            chip->offered = !chip->command_pauses.draw(chip->command_pause);
        if (chip->offered) top->commands_payload = call->commands[call->consumed];
        top->commands_valid = chip->offered;
        top->replies_ready = !chip->reply_pauses.draw(chip->reply_pause);
        chip->settle();
        const bool sent = chip->offered && top->commands_ready;
        const bool got = top->replies_ready && top->replies_valid;
        const uint32_t word = top->replies_payload;
        chip->edge();
        if (sent) {
            chip->offered = false;
            ++call->consumed;
            quiet = 0;
        }
        if (got) {
            call->replies[call->produced++] = word;
            if (chip->answers.ends(word) && call->expected) --call->expected;
            quiet = 0;
        }
    }
    top->commands_valid = 0;
    top->replies_ready = 0;
    return DONE;
}

// Start to record waveforms into a VCD file; 0 if it cannot be opened or the build cannot trace.
int axonloop_record(Chip *chip, const char *path) {
#if AXONLOOP_TRACE
    chip->wave = std::make_unique<VerilatedVcdC>();
    chip->top->trace(chip->wave.get(), 99);
    chip->wave->open(path);
    return chip->wave->isOpen();
#else
    return 0;
#endif
}

void axonloop_stop_recording(Chip *chip) {
#if AXONLOOP_TRACE
    if (chip->wave) chip->wave->close();
    chip->wave.reset();
#endif
}

}  // extern "C"
