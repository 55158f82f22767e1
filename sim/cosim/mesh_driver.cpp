// Plays packets into the compiled mesh and logs what leaves it: one run from power-up per call.
//
// The interface is C, so that ctypes can use it. Every core has a source queue without bound
// before its `enter` port; all `leave` ports always take.

#include <cstdint>
#include <deque>
#include <memory>
#include <vector>

#include "Vchip.h"
#include "verilated.h"

extern "C" {

// The packets of a run, in the order of their cycles, and the log of what left the mesh.
struct Play {
    const uint64_t *cycles;   // in which packet k joins the queue of its source
    const uint32_t *sources;
    const uint32_t *words;    // what packet k puts on `enter`
    uint64_t count;
    uint64_t cores;
    uint64_t seed;
    uint64_t quiet;           // cycles without a packet leaving that end a run, after the last one
    uint64_t capacity;        // of the log; the run ends when it is full
    uint64_t *left_cycles;
    uint32_t *left_cores;
    uint32_t *left_payloads;
    uint64_t left;            // entries of the log
};

void axonloop_play(Play *play) {
    VerilatedContext context;
    context.randReset(2);  // what the RTL leaves undefined starts random
    context.randSeed(static_cast<int>(play->seed & 0x3FFFFFFF) + 1);
    const auto top = std::make_unique<Vchip>(&context, "mesh");
    std::vector<std::deque<uint32_t>> queues(play->cores);
    uint64_t next = 0, silence = 0;
    for (uint64_t cycle = 0; silence <= play->quiet && play->left < play->capacity; ++cycle) {
        for (; next < play->count && play->cycles[next] == cycle; ++next)
            queues[play->sources[next]].push_back(play->words[next]);
        for (uint64_t core = 0; core < play->cores; ++core) {
            top->enter_valid[core] = !queues[core].empty();
            if (!queues[core].empty()) top->enter_payload[core] = queues[core].front();
        }
        top->clk = 0;
        top->eval();
        if (next == play->count) ++silence;
        for (uint64_t core = 0; core < play->cores; ++core) {
            if (!queues[core].empty() && top->enter_ready[core]) queues[core].pop_front();
            if (!top->leave_valid[core] || play->left == play->capacity) continue;
            play->left_cycles[play->left] = cycle;
            play->left_cores[play->left] = core;
            play->left_payloads[play->left] = top->leave_payload[core];
            ++play->left;
            silence = 0;
        }
        top->clk = 1;
        top->eval();
    }
    top->final();
}

}  // extern "C"
