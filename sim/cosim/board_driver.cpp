// Drives the pins of a compiled board: a UART of its own on the other end of the line.
//
// The interface is C, so that ctypes can use it.

#include <cstdint>
#include <memory>

#include "Vchip.h"
#include "verilated.h"

namespace {

// Bytes to levels; a bit takes `period` cycles.
class Sender {
  public:
    explicit Sender(uint32_t period) : period_(period) {}
    bool busy() const { return left_ != 0; }
    void start(uint8_t byte) {
        bits_ = 0x200u | byte << 1;
        left_ = 10 * period_;
    }
    bool level() {
        if (left_ == 0) return true;
        const bool bit = bits_ >> (10 - (left_ + period_ - 1) / period_) & 1;
        --left_;
        return bit;
    }

  private:
    uint32_t period_, bits_ = 0, left_ = 0;
};

// Levels to bytes, each bit sampled in its middle.
class Receiver {
  public:
    explicit Receiver(uint32_t period) : period_(period) {}
    bool hear(bool level, uint8_t *byte) {
        if (!active_) {
            active_ = !level;
            cycle_ = 0;
            return false;
        }
        ++cycle_;
        if (cycle_ % period_ != period_ / 2) return false;
        const uint32_t bit = cycle_ / period_;
        if (bit == 0) active_ = !level;
        if (bit >= 1 && bit <= 8) bits_ = bits_ >> 1 | level << 7;
        if (bit < 9) return false;
        active_ = false;
        *byte = static_cast<uint8_t>(bits_);
        return level;
    }

  private:
    uint32_t period_, bits_ = 0, cycle_ = 0;
    bool active_ = false;
};

struct Board {
    VerilatedContext context;
    std::unique_ptr<Vchip> top;
    Sender sender;
    Receiver receiver;
    uint64_t busy = 0;  // cycles in which a byte was on its way to the board
    explicit Board(uint32_t period) : sender(period), receiver(period) {}
};

}  // namespace

extern "C" {

Board *axonloop_board_create(uint64_t seed, uint32_t period) {
    auto board = std::make_unique<Board>(period);
    board->context.randReset(2);  // what the RTL leaves undefined starts random
    board->context.randSeed(static_cast<int>(seed & 0x3FFFFFFF) + 1);
    board->top = std::make_unique<Vchip>(&board->context, "board");
    board->top->rx = 1;
    return board.release();
}

void axonloop_board_destroy(Board *board) {
    board->top->final();
    delete board;
}

// Run `cycles`. Takes bytes from `in` as the line is free; writes what comes to `out`, which has
// room for a byte per 10 bits. Returns how many bytes came; `taken` is how many went.
uint64_t axonloop_board_run(Board *board, uint64_t cycles, const uint8_t *in, uint64_t count,
                            uint8_t *out, uint64_t *taken) {
    Vchip *top = board->top.get();
    uint64_t heard = 0, sent = 0;
    for (uint64_t cycle = 0; cycle < cycles; ++cycle) {
        if (!board->sender.busy() && sent < count) board->sender.start(in[sent++]);
        board->busy += board->sender.busy();
        top->rx = board->sender.level();
        top->clk = 0;
        top->eval();
        top->clk = 1;
        top->eval();
        board->context.timeInc(1);
        if (board->receiver.hear(top->tx, &out[heard])) ++heard;
    }
    *taken = sent;
    return heard;
}

uint64_t axonloop_board_busy(const Board *board) { return board->busy; }

}  // extern "C"
